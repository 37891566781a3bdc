package strategytest

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/poolbench/poolbench/strategies"
)

// env is what one row works with: a strategy and everything that was started with it.
type env struct {
	*check
	make    func() strategies.Strategy
	spec    strategies.Spec
	seed    uint64 // of rows that choose at random
	outside string // why no bubble may be used; empty: one may
	virtual bool   // in a bubble, over connections in memory
	begun   []*server
	dialed  []*client
}

// server is one call of Serve.
type server struct {
	*env
	*service
	stats *strategies.Stats
	log   *logbook
	addr  net.Addr
	stop  context.CancelFunc
	call  *call

	connected atomic.Int64 // clients that have come
	turned    atomic.Int64 // busy answers that they have read
	noisy     bool         // something is to be logged that is no mishap
}

// serve starts the strategy on a port of its own.
func (e *env) serve() *server {
	e.Helper()
	return e.serveOn(e.make(), e.listen(), strategies.Options{})
}

// listen makes the listener that the strategy asks for.
func (e *env) listen() net.Listener {
	e.Helper()
	if e.virtual {
		return listenPipe()
	}
	ln, err := strategies.Listen("tcp", "127.0.0.1:0", e.make())
	e.must(err)
	return ln
}

func (e *env) serveOn(strategy strategies.Strategy, ln net.Listener, o strategies.Options) *server {
	o.Busy = []byte(busy + "\n")
	o.Stats = new(strategies.Stats)
	if o.Drain == 0 {
		o.Drain = e.patience
	}
	log := new(logbook)
	o.Logger = slog.New(log)
	ctx, stop := context.WithCancel(context.Background())
	s := &server{env: e, service: newService(e.t.Name()), stats: o.Stats, log: log, addr: ln.Addr(), stop: stop}
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

// connect makes a client, which whoever asks for it closes. Any goroutine may call it.
func (s *server) connect() (*client, error) {
	k, err := dial(s.addr, s.patience)
	if err == nil {
		s.connected.Add(1)
		k.turned = &s.turned
	}
	return k, err
}

// dial connects a client that is closed at the row's end if it is not before.
func (s *server) dial() *client {
	s.Helper()
	k, err := s.connect()
	s.must(err)
	s.dialed = append(s.dialed, k)
	return k
}

// enter connects a client and has it greeted. A strategy that refuses may do so a moment longer than its limit is reached, so
// a refused client comes again.
func (s *server) enter() (k *client) {
	s.Helper()
	s.eventually(func() bool {
		k = s.dial()
		err := k.welcome()
		if errors.Is(err, errBusy) && s.rejects() {
			k.Close()
			return false
		}
		s.must(err)
		return true
	}, "a client is let in")
	return k
}

// holds has a client's request held, however often it is refused before, and returns the call that reads its answer.
func (s *server) holds(k *client) (answer *call) {
	s.Helper()
	s.eventually(func() bool {
		s.must(k.send("hold\n"))
		answer = start("an answer", func() error { return k.gets("held") })
		select {
		case <-s.held:
			return true
		case <-answer.done:
			if err := answer.err; !errors.Is(err, errBusy) || !s.rejects() {
				s.Fatalf("a request that is to be held: %v", err)
			}
		case <-time.After(s.patience):
			s.Fatalf("waited in vain: one more request is worked on, beside %d", s.working.Load())
		}
		return false
	}, "a request is worked on")
	return answer
}

// holder is a client whose request is held.
type holder struct {
	*client
	answer *call
}

// holdFully has n clients hold a request each, however often one is refused before.
func (s *server) holdFully(n int) []holder {
	s.Helper()
	s.holdAgain()
	holders := make([]holder, n)
	for i := range holders {
		k := s.enter()
		holders[i] = holder{k, s.holds(k)}
	}
	return holders
}

// fullCapacity sees that as many requests can be worked on at once as the limits say, and ends them.
func (s *server) fullCapacity() {
	s.Helper()
	// Where connections are dealt to workers before they ask, those that are still leaving may have two dealt to one.
	s.gone()
	holders := s.holdFully(s.atOnce(fillable))
	s.letAll()
	for _, h := range holders {
		if err := s.returns(h.answer); err != nil {
			s.Errorf("at full capacity: %v", err)
		}
		h.Close()
	}
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
	k, err := s.connect()
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
	n := s.finalCounts()
	// Where the backlog is short, the system may drop a client that believes itself connected.
	if met := s.connected.Load(); n.Accepted > met || n.Accepted < met && s.spec.Limits.Backlog == 0 {
		s.Errorf("%s connected, but the counts are %+v", plural(int(met), "client"), n)
	}
	if turned := s.turned.Load(); n.Shed+n.RequestsShed < turned {
		s.Errorf("clients have read %s, but the counts are %+v", plural(int(turned), "busy answer"), n)
	}
	return n
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
	stacks, others := s.log.sorted()
	if int64(len(stacks)) != n.Panics {
		s.Errorf("%d stacks were logged, want one for each of %d panics: a record with the stack of the handler where it panicked or ended its goroutine", len(stacks), n.Panics)
	}
	if len(others) > 0 && !s.noisy {
		s.Errorf("logged without need (nothing but panics, with the handler's stack, and trouble with accepting is): %q", others)
	}
	return n
}

func addsUp(n strategies.Counts) bool {
	return n.Accepted == n.Active+n.Queued+n.Served+n.Shed+n.Aborted+n.Forced
}

// gone waits until nobody is connected.
func (s *server) gone() {
	s.Helper()
	s.becomes(func(c strategies.Counts) bool { return c.Active+c.Queued == 0 }, "all clients are gone")
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
