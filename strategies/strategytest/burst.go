package strategytest

import (
	"errors"
	"runtime"

	"github.com/poolbench/poolbench/strategies"
)

// takesBursts has burst after burst of more clients than there is room for come to a server that is at its limit. Each has to
// have as many served as the first, and leave nothing behind.
func takesBursts(e *env) {
	s := e.serve()
	n := e.atOnce(fillable)
	room := s.taken(n+2*over) - n // for so many beside those that are held
	var first burst
	for i := range 3 {
		b := s.burst(n, room+over)
		s.eventually(func() bool { c := s.stats.Counts(); return c.Active+c.Queued == 0 }, "all clients of burst %d are gone", i+1)
		switch {
		case i == 0:
			first = b
			if s.rejects() && (b.served < room || b.refused > over) {
				s.Errorf("of %d clients over %d at work %d were served and %d refused, want %d and %d", room+over, n, b.served, b.refused, room, over)
			}
		case b.served < first.served:
			s.Errorf("burst %d had %s served, the first had %d", i+1, plural(b.served, "client"), first.served)
		}
		if i > 0 {
			most := first.goroutines + s.moreWorkers()
			s.eventually(func() bool { return runtime.NumGoroutine() <= most }, "the goroutines of burst %d are gone", i+1)
			continue
		}
		first.goroutines = s.goroutinesAtRest()
	}
	s.end()
}

// burst is what became of one.
type burst struct {
	served, refused int
	goroutines      int // afterwards
}

// burst has extra clients come beside n whose requests are held, lets all go, and returns what became of the others.
func (s *server) burst(n, extra int) (b burst) {
	s.Helper()
	held := s.holdFully(n)
	before := s.stats.Counts()
	clients := s.dialAll(extra, "echo well\n")
	watch := s.watchQueue(s.queueBound())
	if s.rejects() {
		s.becomes(func(c strategies.Counts) bool {
			return c.Shed+c.RequestsShed >= before.Shed+before.RequestsShed+over
		}, "whoever comes over the limit is refused")
	}
	watch()
	watch = s.watchQueue(s.queueBound() + int64(min(n, s.spec.Limits.Workers))) // those who are given to a worker, which has not begun
	s.letAll()
	for _, h := range held {
		s.must(s.returns(h.answer))
		h.Close()
	}
	answers := make([]*call, len(clients))
	for i, k := range clients { // at once: it is not ours to say who is first
		answers[i] = start("an answer", func() error {
			defer k.Close()
			return k.gets("well")
		})
	}
	for i, a := range answers {
		switch err := s.returns(a); {
		case err == nil:
			b.served++
		case errors.Is(err, errBusy) && s.rejects():
			b.refused++
		default:
			s.Errorf("client %d of %d in a burst: %v", i+1, extra, err)
		}
	}
	watch()
	return b
}

// queueBound is how many connections may be queued while all workers are at work: beside the queue, one in the hands of each
// accept loop. In the request unit requests are queued, and connections only until somebody begins to read them.
func (s *server) queueBound() int64 {
	l := s.spec.Limits
	if l.Queue == strategies.Unbounded || s.perRequest() {
		return strategies.Unbounded >> 1
	}
	return int64(l.Queue + max(1, l.Listeners))
}

// watchQueue looks at the counts until the function that it returns is called.
func (s *server) watchQueue(most int64) func() {
	s.Helper()
	done := make(chan struct{})
	watch := start("watching the queue", func() error {
		for {
			if n := s.stats.Counts(); n.Queued > most {
				s.Errorf("%d connections are queued, want at most %d: %+v", n.Queued, most, n)
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
	return func() {
		s.Helper()
		close(done)
		_ = s.returns(watch)
	}
}

// moreWorkers is how many more of them than were at work at full capacity chance may have started since, and they stay: where
// maxconns keeps some from being needed at once, a client can come in while the worker of the one before is not free yet. Of
// connections nothing may stay.
func (e *env) moreWorkers() int {
	n := e.atOnce(fillable)
	return min(e.spec.Limits.Workers, 2*n, fillable) - n
}

// goroutinesAtRest is how many there are when those of connections are gone: it has been the same for a while.
func (e *env) goroutinesAtRest() (n int) {
	e.Helper()
	same := 0
	e.eventually(func() bool {
		if now := runtime.NumGoroutine(); now != n {
			n, same = now, 0
		}
		same++
		return same == 5
	}, "the number of goroutines is settled")
	return n
}
