package strategytest

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/poolbench/poolbench/strategies"
)

func stopsIdle(e *env) {
	s := e.serve()
	n := e.atOnce(4)
	clients := make([]*client, n)
	for i := range clients {
		clients[i] = s.dial()
		s.must(s.asks(clients[i], "echo here", "here"))
	}
	s.stop()
	s.allEnd(clients)
	if counts := s.end(); counts.Served != int64(n) {
		s.Errorf("%s idle at stop, but the counts are %+v", plural(n, "client"), counts)
	}
	s.closedItsListener()
}

// allEnd sees every client's stream to a clean end.
func (s *server) allEnd(clients []*client) {
	s.Helper()
	calls := make([]*call, len(clients))
	for i, k := range clients {
		calls[i] = start("the end of a stream", k.ends)
	}
	for i, c := range calls {
		if err := s.returns(c); err != nil {
			s.Errorf("client %d of %d: %v", i+1, len(calls), err)
		}
	}
}

// allAnswered sees every client have its answer and then a clean end.
func (s *server) allAnswered(clients []*client, want string) {
	s.Helper()
	calls := make([]*call, len(clients))
	for i, k := range clients {
		calls[i] = start("an answer", func() error {
			if err := k.gets(want); err != nil {
				k.Close()
				return err
			}
			return k.ends()
		})
	}
	for i, c := range calls {
		if err := s.returns(c); err != nil {
			s.Errorf("client %d of %d: %v", i+1, len(calls), err)
		}
	}
}

// stopsInProgress has an idle client beside those in progress where there is a worker for it: the end of its stream shows
// that the stop has come through before the others are let go.
func stopsInProgress(e *env) {
	s := e.serve()
	n := e.atOnce(4)
	var witness []*client
	if n > 1 {
		n--
		k := s.dial()
		s.must(s.asks(k, "echo here", "here"))
		witness = append(witness, k)
	}
	held := s.hold(n)
	s.stop()
	s.allEnd(witness)
	s.letAll()
	s.allAnswered(held, "held")
	if counts := s.end(); counts.Served != int64(n+len(witness)) {
		s.Errorf("%s at stop, but the counts are %+v", plural(n+len(witness), "client"), counts)
	}
}

func stopsHalfway(e *env) {
	s := e.serve()
	var witness []*client
	if e.atOnce(2) > 1 {
		k := s.dial()
		s.must(s.asks(k, "echo here", "here"))
		witness = append(witness, k)
	}
	k := s.dial()
	s.must(k.send("echo ha"))
	event(s.check, s.half, "half a request is read")
	s.stop()
	s.allEnd(witness)
	s.must(k.send("lf\n"))
	s.allAnswered([]*client{k}, "half")
	s.end()
}

func stopsQueued(e *env) {
	s := e.serve()
	w := s.spec.Limits.Workers
	held := s.hold(w)
	queued := s.dialAll(s.taken(w+over)-w, "echo queued\n")
	s.becomes(func(c strategies.Counts) bool { return c.Queued > 0 }, "a connection is queued")
	s.stop()
	s.letAll()
	s.allAnswered(held, "held")
	s.allAnswered(queued, "queued")
	if counts := s.end(); counts.Served != int64(len(held)+len(queued)) {
		s.Errorf("%d clients at stop, but the counts are %+v", len(held)+len(queued), counts)
	}
}

// stopsConnected does not wait until anybody is accepted: the kernel has shaken hands with all of them.
func stopsConnected(e *env) {
	s := e.serve()
	clients := s.dialAll(s.taken(12), "echo hello\n")
	s.stop()
	s.allAnswered(clients, "hello")
	if counts := s.end(); counts.Served != int64(len(clients)) {
		s.Errorf("%s at stop, but the counts are %+v", plural(len(clients), "client"), counts)
	}
}

// forces has requests under way whose rest never comes, and, where connections queue, some that wait behind them.
func forces(e *env) {
	const drain = 30 * time.Millisecond
	s := e.serveOn(e.make(), e.listen(), strategies.Options{Drain: drain})
	n := e.atOnce(8)
	clients := s.dialAll(n, "echo ha")
	for range n {
		event(s.check, s.half, "half a request is read")
	}
	if queuesConns(s.spec) && n == s.spec.Limits.Workers {
		clients = append(clients, s.dialAll(s.taken(n+over)-n, "echo queued\n")...)
		s.becomes(func(c strategies.Counts) bool { return c.Queued > 0 }, "a connection is queued")
	}
	s.stop()
	if err := s.returns(s.call); !errors.Is(err, context.Canceled) {
		s.Errorf("the drain time-out passed and Serve returned %v, want an error that wraps the context's", err)
	}
	for i, k := range clients {
		if _, err := k.line(); err == nil {
			s.Errorf("client %d of %d had an answer to half a request", i+1, len(clients))
		} else if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
			s.Errorf("client %d of %d: its connection was left open", i+1, len(clients))
		}
		k.Close()
	}
	if counts := s.finalCounts(); counts.Forced < int64(n) || counts.Served != 0 {
		s.Errorf("%s were closed by force, but the counts are %+v", plural(n, "client"), counts)
	}
}

func stoppedBefore(e *env) {
	strategy, ln := e.make(), e.listen()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s := &server{env: e, service: newService(), addr: ln.Addr(), stop: cancel}
	s.call = start("Serve", func() error { return strategy.Serve(ctx, ln, s.handler(), strategies.Options{}) })
	e.begun = append(e.begun, s)
	if err := s.returns(s.call); err != nil {
		s.Errorf("Serve returned %v, want nil", err)
	}
	s.closedItsListener()
}

func servedTwice(e *env) {
	strategy := e.make()
	a := e.serveOn(strategy, e.listen(), strategies.Options{})
	b := e.serveOn(strategy, e.listen(), strategies.Options{})
	for _, s := range []*server{a, b} {
		if err := s.visit(2); err != nil {
			s.Errorf("served twice at once: %v", err)
		}
	}
	a.end()
	if err := b.visit(2); err != nil {
		b.Errorf("after the other server had ended: %v", err)
	}
	b.end()
	again := e.serveOn(strategy, e.listen(), strategies.Options{})
	if err := again.visit(2); err != nil {
		again.Errorf("served again: %v", err)
	}
	again.end()
}
