package strategies

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"time"
)

// PerConn returns the strategy that dispatches connections: a worker serves one from its start to its end. Long
// connections beyond the limit wait for as long as the others stay.
func PerConn(kind string, n NewDispatcher, l Limits) Strategy {
	return dispatched{Spec{Kind: kind, Limits: l, Unit: ConnUnit}, n}
}

// PerRequest returns the strategy that dispatches requests: a goroutine for each connection reads until a request is
// complete, and only then a worker answers it, so that slow clients hold no workers. At the limit a request waits, or
// is answered with Options.Busy. It needs a handler in message form.
func PerRequest(kind string, n NewDispatcher, l Limits) Strategy {
	return dispatched{Spec{Kind: kind, Limits: l, Unit: RequestUnit}, n}
}

type dispatched struct {
	spec Spec
	new  NewDispatcher
}

func (s dispatched) Name() string { return s.spec.String() }

func (s dispatched) Serve(ctx context.Context, ln net.Listener, h Handler, o Options) error {
	protocol, inMessages := ProtocolOf(h)
	if s.spec.Unit == RequestUnit && !inMessages {
		ln.Close()
		return &UnsupportedError{Strategy: s.Name(), Reason: "unit=request needs a handler in message form (strategies.Messages); use unit=conn"}
	}
	if err := s.spec.Limits.Check(); err != nil {
		ln.Close()
		return fmt.Errorf("strategy %s: %w", s.Name(), err)
	}
	d, err := s.new(s.spec.Limits)
	if err != nil {
		ln.Close()
		return fmt.Errorf("strategy %s: %w", s.Name(), err)
	}
	v := newServer(o, s.spec.Limits, d)
	if s.spec.Unit == RequestUnit {
		return v.run(ctx, ln, v.perRequest(protocol))
	}
	return v.run(ctx, ln, v.perConn(h))
}

// server is one call of Serve: the registry of live connections, and how they are accepted, ended and counted.
type server struct {
	options    Options
	limits     Limits
	dispatcher Dispatcher
	close      func() error // the dispatcher's, once

	dispatching context.Context // ends when the drain time-out has passed
	giveUp      context.CancelFunc
	slots       chan struct{} // MaxConns, where the policy is to wait; otherwise nil

	mu    sync.Mutex
	live  map[*conn]struct{} // accepted and not yet closed
	held  int                // those of them that were not refused
	stop  bool
	force bool
	open  sync.WaitGroup // connections, and the goroutines that read them or see them off
}

func newServer(o Options, l Limits, d Dispatcher) *server {
	if o.Stats == nil {
		o.Stats = new(Stats)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Drain == 0 {
		o.Drain = DefaultDrain
	}
	v := &server{
		options: o, limits: l, dispatcher: d, close: sync.OnceValue(d.Close),
		live: map[*conn]struct{}{},
	}
	v.dispatching, v.giveUp = context.WithCancel(context.Background())
	if l.boundsConns() && l.WhenFull == Wait {
		v.slots = make(chan struct{}, l.MaxConns)
	}
	return v
}

// A serveFunc sees to it that an accepted connection is served, or refused; it returns when the next one may be
// accepted.
type serveFunc func(ctx context.Context, c *conn)

// perConn serves a connection in one task.
func (v *server) perConn(h Handler) serveFunc {
	return func(ctx context.Context, c *conn) {
		err := v.dispatcher.Dispatch(v.dispatching, func() {
			if c.start() {
				v.guard(c, func() error { return h.ServeConn(ctx, c) })
			} else {
				v.remove(c)
			}
		})
		if err != nil {
			v.refuse(c, err)
		}
	}
}

// perRequest serves a connection in a goroutine that reads, and each of its requests in a task.
func (v *server) perRequest(p Protocol) serveFunc {
	return func(ctx context.Context, c *conn) {
		go func() {
			if c.start() {
				v.guard(c, func() error { return converse(ctx, c, p, v.oneByOne(c)) })
			} else {
				v.remove(c)
			}
		}()
	}
}

// oneByOne returns how c's requests are answered: each in a task of its own, one after the other. What it needs is
// made once for the connection.
func (v *server) oneByOne(c *conn) func(answer func() error) error {
	var answer func() error
	result := make(chan error, 1)
	task := func() {
		err := errPanicked
		defer func() {
			if err == errPanicked {
				v.logPanic(recover())
				err = errAnswerPanicked
			}
			result <- err
		}()
		err = answer()
	}
	return func(a func() error) error {
		answer = a
		err := v.dispatcher.Dispatch(v.dispatching, task)
		if err == nil {
			return <-result
		}
		if !errors.Is(err, ErrFull) {
			return err
		}
		v.options.Stats.update(func(n *Counts) { n.RequestsShed++ })
		if len(v.options.Busy) == 0 {
			return err // nothing can be said, so the client learns it from the end of the stream
		}
		_, err = c.Write(v.options.Busy)
		return err
	}
}

var (
	errPanicked       = errors.New("handler panicked, or ended its goroutine")
	errAnswerPanicked = errors.New("answering a request panicked") // and is logged already
)

// guard runs one connection to its end, and takes a panic for that connection's own.
func (v *server) guard(c *conn, serve func() error) {
	err := errPanicked
	defer func() {
		if err == errPanicked {
			v.logPanic(recover())
		}
		c.finish(err)
	}()
	err = serve()
}

// logPanic counts and logs what recover returned; nil stands for runtime.Goexit.
func (v *server) logPanic(cause any) {
	if cause == nil {
		cause = "runtime.Goexit"
	}
	v.options.Stats.update(func(n *Counts) { n.Panics++ })
	v.options.Logger.Error("handler panicked; its connection is closed", "panic", cause, "stack", string(debug.Stack()))
}

// refuse ends a connection that was not taken.
func (v *server) refuse(c *conn, err error) {
	if errors.Is(err, ErrFull) {
		c.shed()
		return
	}
	if v.dispatching.Err() == nil {
		v.options.Logger.Error("dispatcher refused a connection", "error", err)
	}
	c.leave(queued, func(n *Counts) { n.Queued--; n.Aborted++ })
}

// run accepts until ctx ends or the listener breaks, then drains.
func (v *server) run(ctx context.Context, ln net.Listener, serve serveFunc) error {
	defer v.giveUp()
	ctx, broken := context.WithCancel(ctx)
	defer broken()
	accepted := make(chan error, 1)
	go func() {
		err := v.accept(ctx, ln, serve)
		broken() // a listener that broke is a stop as well
		accepted <- err
	}()
	<-ctx.Done()
	v.stopAll()

	drained := make(chan error, 1)
	go func() {
		v.lastCall(ctx, ln, serve)
		err := <-accepted
		v.open.Wait()
		drained <- errors.Join(err, v.close())
	}()
	timer := time.NewTimer(v.options.Drain)
	defer timer.Stop()
	select {
	case err := <-drained:
		return err
	case <-timer.C:
	}
	forced := v.forceAll(ln)
	timeout := fmt.Errorf("drain time-out of %v passed, %d connections closed by force: %w", v.options.Drain, forced, ctx.Err())
	timer.Reset(lastWait)
	select {
	case err := <-drained:
		return errors.Join(timeout, err)
	case <-timer.C:
		return fmt.Errorf("%w; some handlers did not return although their connections were closed", timeout)
	}
}

// lastWait is how long Serve waits for handlers whose connections were closed by force: they only have to notice. One that
// does not is left behind, so that the process can end.
const lastWait = time.Second

// stopAll passes the stop on to every live connection, and to those that are still accepted.
func (v *server) stopAll() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.stop = true
	for c := range v.live {
		c.stop()
	}
}

// forceAll closes everything, and returns how many connections that ended.
func (v *server) forceAll(ln net.Listener) (n int) {
	ln.Close()
	v.mu.Lock()
	v.force = true
	for c := range v.live {
		if c.force() {
			n++
		}
	}
	v.mu.Unlock()
	v.giveUp()   // not before: connections that it wakes would be counted as aborted
	go v.close() // wakes blocked calls of Dispatch in libraries that do not listen to a context
	return n
}

// admit registers an accepted connection, with the slot under MaxConns that was taken for it, if any; it reports false if it
// was refused instead.
func (v *server) admit(nc net.Conn, slot bool) (*conn, bool) {
	c := &conn{Conn: nc, server: v, slot: slot}
	v.options.Stats.update(func(n *Counts) { n.Accepted++; n.Queued++ })
	v.open.Add(1)
	v.mu.Lock()
	full := v.limits.boundsConns() && v.limits.WhenFull == Reject && v.held >= v.limits.MaxConns
	if c.held = !full; c.held {
		v.held++
	}
	v.live[c] = struct{}{}
	stop, force := v.stop, v.force
	v.mu.Unlock()
	switch {
	case force:
		c.force()
		v.remove(c)
		return nil, false
	case full:
		v.refuse(c, ErrFull)
		return nil, false
	case stop:
		c.stop()
	}
	return c, true
}

// remove takes a closed connection out of the registry.
func (v *server) remove(c *conn) {
	v.mu.Lock()
	delete(v.live, c)
	if c.held {
		v.held--
	}
	v.mu.Unlock()
	if c.slot {
		<-v.slots
	}
	v.open.Done()
}
