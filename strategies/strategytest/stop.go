package strategytest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"sync/atomic"
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

// witness is an idle client, where there is a worker for it beside another one: the end of its stream shows that a stop has
// come through before others are let go.
func (s *server) witness() []*client {
	s.Helper()
	if s.atOnce(2) < 2 {
		return nil
	}
	k := s.dial()
	s.must(s.asks(k, "echo here", "here"))
	return []*client{k}
}

func stopsInProgress(e *env) {
	s := e.serve()
	witness := s.witness()
	n := e.atOnce(4) - len(witness)
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
	witness := s.witness()
	k := s.dial()
	s.must(k.send("echo ha"))
	event(s.check, s.half, "half a request is read")
	s.stop()
	s.allEnd(witness)
	s.must(k.send("lf\n"))
	s.allAnswered([]*client{k}, "half")
	s.end()
}

// stopsTogether has one write bring several requests, of which the last ones have not come to their turn at the stop.
func stopsTogether(e *env) {
	s := e.serve()
	witness := s.witness()
	k := s.dial()
	s.must(k.send("hold\necho one\necho two\n"))
	event(s.check, s.held, "the first request is worked on")
	s.stop()
	s.allEnd(witness)
	s.letAll()
	for _, want := range []string{"held", "one", "two"} {
		s.inOrder(k, want)
	}
	s.must(k.ends())
	if counts := s.end(); counts.Served != int64(1+len(witness)) {
		s.Errorf("%s at stop, but the counts are %+v", plural(1+len(witness), "client"), counts)
	}
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
	if counts := s.finalCounts(); counts.Forced < int64(n) || counts.Forced != counts.Accepted {
		s.Errorf("%s or more were closed by force, and nobody left before, but the counts are %+v", plural(n, "client"), counts)
	}
}

func stoppedBefore(e *env) {
	strategy, ln := e.make(), e.listen()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s := &server{env: e, service: newService(e.t.Name()), log: new(logbook), addr: ln.Addr(), stop: cancel}
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

// losesNothing stops a server whose clients ask again as soon as they are answered, at a random moment: each has then a request
// under way. Of those that the server has begun to read, each has to have its answer.
func losesNothing(e *env) {
	random := rand.New(rand.NewPCG(e.seed, 0))
	for range 3 {
		s := e.serve()
		n := s.taken(e.atOnce(8))
		var answered atomic.Int64
		clients := make([]*call, n)
		for i := range clients {
			k := s.enter()
			clients[i] = start("a client", func() error {
				defer k.Close()
				return s.asksOn(k, &answered)
			})
		}
		stopAfter := int64(n + random.IntN(50*n))
		s.eventually(func() bool { return answered.Load() >= stopAfter }, "%d requests are answered", stopAfter)
		s.stop()
		for i, c := range clients {
			if err := s.returns(c); err != nil {
				s.Errorf("client %d of %d: %v", i+1, n, err)
			}
		}
		counts := s.end()
		if begun, got := s.cut.Load(), answered.Load(); begun != got {
			s.Errorf("%d requests were read, and %d answers have come (seed %d)", begun, got, e.seed)
		}
		if counts.Served+counts.Aborted != int64(n) || counts.Forced != 0 {
			s.Errorf("%s at stop, but the counts are %+v", plural(n, "client"), counts)
		}
	}
}

// asksOn asks, and asks again as soon as it is answered, until a clean end of the stream; busy answers are answers here.
func (s *server) asksOn(k *client, answered *atomic.Int64) error {
	for i := 0; ; i++ {
		want := strconv.Itoa(i)
		if err := k.send("echo " + want + "\n"); err != nil {
			return fmt.Errorf("request %d: %w", i, err)
		}
		text, err := k.lines.ReadString('\n')
		switch {
		case err == io.EOF && text == "":
			return nil
		case err != nil:
			return fmt.Errorf("want an answer to request %d or a clean end, got %q: %w", i, text, err)
		case text == busy+"\n" && s.rejects() && s.perRequest():
		case text != want+"\n":
			return fmt.Errorf("request %d had answer %q", i, text)
		}
		answered.Add(1)
	}
}

// leavesBehind has a handler that does not return although its connection was closed.
func leavesBehind(e *env) {
	drain := 30 * time.Millisecond
	switch {
	case e.virtual:
		drain = 10 * time.Second
	case e.outside != "":
		e.Skipf("this takes a second over sockets, and could run in virtual time if not: %s", e.outside)
	}
	s := e.serveOn(e.make(), e.listen(), strategies.Options{Drain: drain})
	held := s.hold(1)
	began := time.Now()
	s.stop()
	err := s.returns(s.call)
	s.within(began, 2*drain, "Serve, with a handler that does not return,")
	if !errors.Is(err, context.Canceled) {
		s.Errorf("a handler did not return and Serve returned %v, want an error that wraps the context's", err)
	}
	if _, err := held[0].line(); err == nil {
		s.Errorf("a request whose connection was closed by force had an answer")
	}
	s.letAll()
	if counts := s.finalCounts(); counts.Forced != 1 {
		s.Errorf("one was closed by force, but the counts are %+v", counts)
	}
}

// drainsInTime has the drain time-out pass with the rest of a request still to come.
func drainsInTime(e *env) {
	const drain = 10 * time.Second
	s := e.serveOn(e.make(), e.listen(), strategies.Options{Drain: drain})
	k := s.dial()
	s.must(k.send("echo ha"))
	event(s.check, s.half, "half a request is read")
	began := time.Now()
	s.stop()
	if err := s.returns(s.call); !errors.Is(err, context.Canceled) {
		s.Errorf("the drain time-out passed and Serve returned %v, want an error that wraps the context's", err)
	}
	s.took(began, drain, "a stop with a request that does not come to its end")
	s.finalCounts()
}

// waitsForNoRefused has refused clients that neither read nor leave.
func waitsForNoRefused(e *env) {
	s := e.serve()
	held := s.hold(e.atOnce(fillable))
	s.dialAll(s.spec.Limits.Queue, "echo queued\n")
	for range over {
		s.dial()
	}
	s.becomes(func(c strategies.Counts) bool { return c.Shed >= over }, "clients over the limit are refused")
	s.letAll()
	s.answered(held, "held")
	began := time.Now()
	s.end()
	s.within(began, 5*time.Second, "a stop with refused clients that stay")
}
