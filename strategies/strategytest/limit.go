package strategytest

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/poolbench/poolbench/strategies"
)

// over is by how many clients the rows go over a limit.
const over = 4

func refusesConns(e *env) {
	ln, accepting := failing(e.listen())
	s := e.serveOn(e.make(), ln, strategies.Options{})
	l := s.spec.Limits
	held := s.hold(l.Workers)
	queued := s.dialAll(l.Queue, "echo queued\n")
	s.becomes(func(c strategies.Counts) bool { return c.Queued == int64(l.Queue) }, "the queue is full")
	s.turnsAway(accepting)
	s.letAll()
	s.answered(held, "held")
	s.answered(queued, "queued")
	if counts := s.end(); counts.Shed != over || counts.Aborted+counts.Forced != 0 {
		s.Errorf("%d clients were refused, but the counts are %+v", over, counts)
	}
}

// turnsAway has clients come whom there is no place for, some with much to say, and sees that the busy answer arrives: a connection
// that is closed while input is under way would be reset, and the reset would overtake the answer.
func (s *server) turnsAway(accepting *acceptFaults) {
	s.Helper()
	for i := range over {
		resume := accepting.pause()
		k := s.dial()
		if i%2 == 1 {
			s.must(k.send(strings.Repeat("echo unread\n", 32<<10/12)))
		}
		resume()
		if _, err := k.line(); !errors.Is(err, errBusy) {
			s.Fatalf("client %d over the limit: got %v, want the busy answer", i+1, err)
		}
		if err := k.ends(); err != nil {
			s.Errorf("client %d over the limit, after the busy answer: %v", i+1, err)
		}
	}
	s.becomes(func(c strategies.Counts) bool { return c.Shed == over }, "every refused client is counted")
}

// answered reads one answer for each client and closes, all at once: it is not ours to say who is first.
func (s *server) answered(clients []*client, want string) {
	s.Helper()
	calls := make([]*call, len(clients))
	for i, k := range clients {
		calls[i] = start("an answer", func() error {
			defer k.Close()
			return k.gets(want)
		})
	}
	for i, c := range calls {
		if err := s.returns(c); err != nil {
			s.Errorf("client %d of %d: %v", i+1, len(calls), err)
		}
	}
}

func refusesRequests(e *env) {
	s := e.serve()
	l := s.spec.Limits
	held := s.hold(l.Workers)
	more := s.dialAll(l.Queue+over, "hold\n")
	s.becomes(func(c strategies.Counts) bool { return c.RequestsShed == over }, "the requests over the limit are refused and counted")
	s.letAll()
	s.answered(held, "held")
	refused := 0
	for i, k := range more {
		err := k.gets("held")
		if errors.Is(err, errBusy) {
			refused++
			err = s.asks(k, "echo again", "again")
		}
		if err != nil {
			s.Errorf("client %d of %d: %v", i+1, len(more), err)
		}
		k.Close()
	}
	if refused != over {
		s.Errorf("%s had the busy answer, want %d", plural(refused, "client"), over)
	}
	if counts := s.end(); counts.Shed+counts.Aborted+counts.Forced != 0 {
		s.Errorf("only requests were refused, but the counts are %+v", counts)
	}
}

func servesInTurn(e *env) {
	s := e.serve()
	l := s.spec.Limits
	held := s.hold(l.Workers)
	n := over
	if l.Queue != strategies.Unbounded {
		n += l.Queue
	}
	visits := make([]*call, n)
	for i := range visits {
		visits[i] = start("a visit", func() error { return s.visit(2) })
	}
	for _, v := range visits {
		s.blocks(v)
	}
	s.letAll()
	s.answered(held, "held")
	for i, v := range visits {
		if err := s.returns(v); err != nil {
			s.Errorf("client %d of %d over the limit: %v", i+1, n, err)
		}
	}
	if counts := s.end(); counts.Shed+counts.RequestsShed != 0 || counts.Served != int64(l.Workers+n) {
		s.Errorf("%d clients had to wait and nobody was to be refused, but the counts are %+v", n, counts)
	}
}

func showsQueued(e *env) {
	s := e.serve()
	l := s.spec.Limits
	held := s.hold(l.Workers)
	n := s.taken(l.Workers+over) - l.Workers
	queued := s.dialAll(n, "echo queued\n")
	least := int64(max(1, min(n, l.Queue))) // one at least is accepted before the strategy finds that there is no room
	s.becomes(func(c strategies.Counts) bool { return c.Queued >= least && c.Active == int64(l.Workers) },
		"connections beyond the workers are queued")
	s.letAll()
	s.answered(held, "held")
	s.answered(queued, "queued")
	s.end()
}

func boundsHeld(e *env) {
	ln, accepting := failing(e.listen())
	s := e.serveOn(e.make(), ln, strategies.Options{})
	most := s.spec.Limits.MaxConns
	served := most
	if !s.perRequest() {
		served = e.atOnce(most) // and the others are queued
	}
	clients := make([]*client, most)
	for i := range clients {
		clients[i] = s.dial()
		if i < served {
			s.must(s.asks(clients[i], "echo in", "in"))
		} else {
			s.must(clients[i].send("echo in\n"))
		}
	}
	s.becomes(func(c strategies.Counts) bool { return c.Active == int64(served) && c.Queued == int64(most-served) },
		"as many connections are held as maxconns says")
	leave := func() {
		for i, k := range clients {
			if i >= served {
				s.must(k.gets("in"))
			}
			k.Close()
		}
	}
	if s.rejects() {
		s.turnsAway(accepting)
		leave()
	} else {
		v := start("a visit", func() error { return s.visit(1) })
		s.blocks(v)
		if n := s.stats.Counts(); n.Accepted != int64(most) {
			s.Errorf("%d connections are accepted, want %d: %+v", n.Accepted, most, n)
		}
		leave()
		if err := s.returns(v); err != nil {
			s.Errorf("a client that waited until others had left: %v", err)
		}
	}
	s.end()
}

// framesFirst has more clients with half a request than there are workers.
func framesFirst(e *env) {
	s := e.serve()
	slow := make([]*client, e.atOnce(64)+1)
	for i := range slow {
		slow[i] = s.dial()
		s.must(s.asks(slow[i], "echo first", "first"))
		s.must(slow[i].send("echo ha"))
		event(s.check, s.half, "half of request %d of %d is read", i+1, len(slow))
	}
	fast := s.dial()
	for _, letter := range "lf of it" {
		for _, k := range slow {
			s.must(k.send(string(letter)))
		}
		if err := s.asks(fast, "echo fast", "fast"); err != nil {
			s.Fatalf("while %s send a request letter by letter: %v", plural(len(slow), "client"), err)
		}
	}
	fast.Close()
	for _, k := range slow {
		s.must(k.send("\n"))
		if err := k.gets("half of it"); errors.Is(err, errBusy) && s.rejects() {
			err = s.asks(k, "echo half", "half")
			s.must(err)
		} else {
			s.must(err)
		}
		k.Close()
	}
	s.end()
}

func refusesPlainHandler(e *env) {
	plain := strategies.HandlerFunc(func(context.Context, net.Conn) error { return nil })
	strategy := e.make()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ln := e.listen()
	defer ln.Close()
	err := e.returns(start("Serve", func() error { return strategy.Serve(ctx, ln, plain, strategies.Options{}) }))
	var unsupported *strategies.UnsupportedError
	if !errors.As(err, &unsupported) {
		e.Fatalf("Serve returned %v, want an UnsupportedError", err)
	}
	if unsupported.Strategy != strategy.Name() {
		e.Errorf("the error names strategy %q, want %q", unsupported.Strategy, strategy.Name())
	}
}
