package strategytest

import (
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/poolbench/poolbench/strategies"
)

func survivesAcceptError(e *env) {
	ln, _ := failing(e.listen(), temporary{}, temporary{})
	s := e.serveOn(e.make(), ln, strategies.Options{})
	s.noisy = true
	if err := s.visit(1); err != nil {
		s.Errorf("after an accept error that is temporary: %v", err)
	}
	s.end()
}

// backsOff has more failures in a row than it takes to come to the longest delay, and one after a connection was accepted.
func backsOff(e *env) {
	want := []time.Duration{5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000}
	ln, faults := failing(e.listen(), slices.Repeat([]error{temporary{}}, len(want))...)
	s := e.serveOn(e.make(), ln, strategies.Options{})
	s.noisy = true
	s.must(s.visit(1))
	var got []time.Duration
	calls := faults.called()
	for i := range want {
		got = append(got, calls[i+1].Sub(calls[i])/time.Millisecond)
	}
	if !slices.Equal(got, want) {
		s.Errorf("after temporary accept errors in a row the delays were %d ms, want %d ms", got, want)
	}

	faults.fail(temporary{}) // of the call after the one that waits already
	s.must(s.visit(1))
	s.eventually(func() bool { return faults.left() == 0 }, "accepting fails again")
	began := time.Now()
	s.must(s.visit(1))
	s.within(began, 20*time.Millisecond, "coming back after an accept error that follows a success")
	s.end()
}

// stopsBackingOff stops a server in the longest of its delays.
func stopsBackingOff(e *env) {
	ln, faults := failing(e.listen(), slices.Repeat([]error{temporary{}}, 1000)...)
	s := e.serveOn(e.make(), ln, strategies.Options{})
	s.noisy = true
	s.eventually(func() bool { return faults.left() < 985 }, "accepting fails many times")
	faults.recovers()
	began := time.Now()
	s.end()
	s.within(began, 200*time.Millisecond, "a stop while accepting is put off")
}

// returnsAcceptError has the listener break at once, and while a request is in progress.
func returnsAcceptError(e *env) {
	broken := errors.New("the listener broke")
	ln, _ := failing(e.listen(), broken)
	s := e.serveOn(e.make(), ln, strategies.Options{})
	s.returnsOnce(broken)
	s.closedItsListener()

	ln, faults := failing(e.listen())
	s = e.serveOn(e.make(), ln, strategies.Options{})
	held := s.hold(1)
	faults.breaks(broken)
	if e.spec.Limits.MaxConns == 1 { // then nothing is accepted before this client has gone
		s.letAll()
		s.answered(held, "held")
	} else {
		s.blocks(s.call)
		s.letAll()
		s.allAnswered(held, "held")
	}
	s.returnsOnce(broken)
	if counts := s.finalCounts(); counts.Served != 1 {
		s.Errorf("one request was in progress when the listener broke, but the counts are %+v", counts)
	}
	s.closedItsListener()
}

// returnsOnce waits for Serve, whose error has to be why its listener broke: once, or once for each of several listeners.
func (s *server) returnsOnce(broken error) {
	s.Helper()
	err := s.returns(s.call)
	if !errors.Is(err, broken) {
		s.Errorf("Serve returned %v, want the listener's error", err)
	} else if n := strings.Count(err.Error(), broken.Error()); n > max(1, s.spec.Limits.Listeners) {
		s.Errorf("Serve returned the listener's error %d times: %v", n, err)
	}
}

// closedItsListener fails if the server's port still takes connections.
func (s *server) closedItsListener() {
	s.Helper()
	if conn, err := net.DialTimeout(s.addr.Network(), s.addr.String(), time.Second); err == nil {
		conn.Close()
		s.Errorf("Serve has returned and left its listener open")
	}
}
