package strategytest

import (
	"errors"
	"runtime"
)

// countsAddUp looks at the counts all the while that connections end in every way, and are stopped.
func countsAddUp(e *env) {
	s := e.serve()
	done := make(chan struct{})
	watch := start("watching the counts", func() error {
		for {
			n := s.stats.Counts()
			switch {
			case !addsUp(n):
				s.Errorf("counts do not add up: %+v", n)
				return nil
			case !s.perRequest() && n.Active > int64(s.spec.Limits.Workers):
				s.Errorf("%d connections are served at once, want at most %d: %+v", n.Active, s.spec.Limits.Workers, n)
				return nil
			}
			select {
			case <-done:
				return nil
			default:
				runtime.Gosched()
			}
		}
	})
	s.eventually(func() bool { return len(watch.id) > 0 }, "watching the counts starts")
	var visits []*call
	leave := func() {
		for _, v := range visits {
			if err := s.returns(v); err != nil {
				s.Errorf("%v", err)
			}
		}
		visits = nil
	}
	for range 3 {
		for _, last := range []string{"echo bye\n", "bye\n", "fail\n", "panic\n", "echo ha", ""} {
			visits = append(visits, start("a visit", func() error { return s.leaveWith(last) }))
			if len(visits) == s.spec.Limits.Backlog { // who finds no room in it comes again after a second
				leave()
			}
		}
	}
	leave()
	s.end()
	close(done)
	_ = s.returns(watch)
}

// leaveWith connects, sends last and goes, answered or not.
func (s *server) leaveWith(last string) error {
	k, err := s.connect()
	if err != nil {
		return err
	}
	defer k.Close()
	if err := k.send(last); err != nil {
		return nil // refused and closed already
	}
	if last == "" || last == "echo ha" {
		return nil
	}
	if _, err := k.line(); err != nil && last == "echo bye\n" && !(errors.Is(err, errBusy) && s.rejects()) {
		return err
	}
	return nil
}
