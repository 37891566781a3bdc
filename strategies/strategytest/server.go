package strategytest

import (
	"context"
	"errors"
	"net"
	"runtime"
	"time"

	"github.com/poolbench/poolbench/strategies"
)

// env is what one row works with: a strategy and everything that was started with it.
type env struct {
	*check
	make   func() strategies.Strategy
	spec   strategies.Spec
	begun  []*server
	dialed []*client
}

// server is one call of Serve.
type server struct {
	*env
	*service
	stats *strategies.Stats
	addr  net.Addr
	stop  context.CancelFunc
	call  *call
}

// serve starts the strategy on a port of its own.
func (e *env) serve() *server {
	e.Helper()
	return e.serveOn(e.make(), e.listen(), strategies.Options{})
}

func (e *env) listen() net.Listener {
	e.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	e.must(err)
	return ln
}

func (e *env) serveOn(strategy strategies.Strategy, ln net.Listener, o strategies.Options) *server {
	o.Busy = []byte(busy + "\n")
	o.Stats = new(strategies.Stats)
	if o.Drain == 0 {
		o.Drain = e.patience
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &server{env: e, service: newService(), stats: o.Stats, addr: ln.Addr(), stop: stop}
	s.call = start("Serve", func() error { return strategy.Serve(ctx, ln, s.handler(), o) })
	e.begun = append(e.begun, s)
	return s
}

// cleanUp ends what a row that failed has left.
func (e *env) cleanUp() {
	for _, s := range e.begun {
		s.stop()
		s.letAll()
	}
	for _, k := range e.dialed {
		k.Close()
	}
	limit := time.NewTimer(e.patience)
	defer limit.Stop()
	for _, s := range e.begun {
		select {
		case <-s.call.done:
		case <-limit.C:
			return
		}
	}
}

func (e *env) must(err error) {
	e.Helper()
	if err != nil {
		e.Fatalf("%v", err)
	}
}

// dial connects a client.
func (s *server) dial() *client {
	s.Helper()
	k, err := dial(s.addr, s.patience)
	s.must(err)
	s.dialed = append(s.dialed, k)
	return k
}

// dialAll connects n clients, each of which sends text.
func (s *server) dialAll(n int, text string) []*client {
	s.Helper()
	clients := make([]*client, n)
	for i := range clients {
		clients[i] = s.dial()
		s.must(clients[i].send(text))
	}
	return clients
}

// hold connects n clients and returns when a request of each is held.
func (s *server) hold(n int) []*client {
	s.Helper()
	clients := s.dialAll(n, "hold\n")
	for i := range n {
		event(s.check, s.held, "request %d of %d that are sent at once is worked on", i+1, n)
	}
	return clients
}

// visit connects, asks and closes, on any goroutine. A strategy that refuses may do so a moment longer than its
// limit is reached, so a refused visitor comes again.
func (s *server) visit(questions int) error {
	for limit := time.Now().Add(s.patience); ; runtime.Gosched() {
		err := s.visitOnce(questions)
		if !errors.Is(err, errBusy) || !s.rejects() || time.Now().After(limit) {
			return err
		}
	}
}

func (s *server) visitOnce(questions int) error {
	k, err := dial(s.addr, s.patience)
	if err != nil {
		return err
	}
	defer k.Close()
	for range questions {
		if err := k.ask("echo how are you", "how are you"); err != nil {
			return err
		}
	}
	return nil
}

// asks asks until it is not refused, where requests may be refused.
func (s *server) asks(k *client, request, want string) error {
	for limit := time.Now().Add(s.patience); ; runtime.Gosched() {
		err := k.ask(request, want)
		if !errors.Is(err, errBusy) || !s.rejects() || !s.perRequest() || time.Now().After(limit) {
			return err
		}
	}
}

// end stops the server, which has to end well, and returns its counts.
func (s *server) end() strategies.Counts {
	s.Helper()
	s.stop()
	s.letAll()
	if err := s.returns(s.call); err != nil {
		s.Errorf("Serve returned %v, want nil", err)
	}
	return s.finalCounts()
}

func (s *server) finalCounts() strategies.Counts {
	s.Helper()
	n := s.stats.Counts()
	if !addsUp(n) || n.Active != 0 || n.Queued != 0 {
		s.Errorf("counts after Serve do not add up: %+v", n)
	}
	if most := s.most.Load(); most > int64(s.spec.Limits.Workers) {
		s.Errorf("%d requests were worked on at once, want at most %d", most, s.spec.Limits.Workers)
	}
	return n
}

func addsUp(n strategies.Counts) bool {
	return n.Accepted == n.Active+n.Queued+n.Served+n.Shed+n.Aborted+n.Forced
}

// becomes waits until the counts are as wanted.
func (s *server) becomes(holds func(strategies.Counts) bool, what string) {
	s.Helper()
	var n strategies.Counts
	s.eventually(func() bool {
		n = s.stats.Counts()
		return holds(n)
	}, "%s; accepted %d at the start of waiting", what, s.stats.Counts().Accepted)
}

func (e *env) rejects() bool    { return e.spec.Limits.WhenFull == strategies.Reject }
func (e *env) perRequest() bool { return e.spec.Unit == strategies.RequestUnit }

// taken is how many clients that ask one thing each are certain to be served, at most most.
func (e *env) taken(most int) int {
	if !e.rejects() {
		return most
	}
	n, _ := capacity(e.spec.Limits)
	if m := e.spec.Limits.MaxConns; m > 0 {
		n = min(n, m)
	}
	return min(n, most)
}

// atOnce is how many clients, at most most, can have a request worked on at the same time.
func (e *env) atOnce(most int) int {
	n := min(e.spec.Limits.Workers, most)
	if m := e.spec.Limits.MaxConns; m > 0 {
		n = min(n, m)
	}
	return n
}
