package strategies

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
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
	stats      *Stats
	limits     Limits
	dispatcher Dispatcher
	close      func() error // the dispatcher's, once

	dispatching context.Context // ends when the drain time-out has passed
	giveUp      context.CancelFunc
	slots       chan struct{} // MaxConns, where the policy is to wait; otherwise nil
	stopping    chan struct{} // closed when the stop was passed on to the listener and to every live connection

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
		options: o, stats: o.Stats, limits: l, dispatcher: d, close: sync.OnceValue(d.Close),
		stopping: make(chan struct{}), live: map[*conn]struct{}{},
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
		v.stats.update(func(n *Counts) { n.RequestsShed++ })
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
	v.stats.update(func(n *Counts) { n.Panics++ })
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
	acceptErr := make(chan error, 1)
	ctx, broken := context.WithCancel(ctx)
	defer broken()
	stopped := context.AfterFunc(ctx, func() {
		setDeadline(ln, time.Now())
		v.stopAll()
		close(v.stopping)
	})
	defer stopped()

	go func() {
		err := v.accept(ctx, ln, serve)
		broken() // a listener that broke is a stop as well
		ln.Close()
		acceptErr <- err
	}()
	<-v.stopping

	drained := make(chan error, 1)
	go func() {
		err := <-acceptErr
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

// forceAll closes everything, and returns how many connections that were.
func (v *server) forceAll(ln net.Listener) int {
	v.giveUp()
	ln.Close()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.force = true
	n := len(v.live)
	for c := range v.live {
		c.force()
	}
	go v.close() // wakes blocked calls of Dispatch in libraries that do not listen to a context
	return n
}

// backlog is how many connections, at most, are accepted once a stop was asked for: Linux keeps up to 4096 handshaken
// ones for a listener (net.core.somaxconn), so whoever comes after that many came after the stop. Without a bound a
// stop under steady load would never end.
const backlog = 4096

// accept hands every connection to serve. After a stop it goes on with what the kernel has already handshaken,
// and returns nil; an error means that the listener broke.
func (v *server) accept(ctx context.Context, ln net.Listener, serve serveFunc) error {
	var delay time.Duration
	late := 0
	for {
		if !v.acquire() {
			return nil
		}
		began, last := time.Now(), v.isStopping()
		if last {
			// The deadline is renewed each time: serve and acquire may have blocked for longer than it.
			if late++; late > backlog || !setDeadline(ln, began.Add(grace)) {
				v.release()
				return nil
			}
		}
		nc, err := ln.Accept()
		if err == nil {
			delay = 0
			if c, ok := v.admit(nc); ok {
				serve(ctx, c)
			}
			continue
		}
		v.release()
		switch {
		case last && errors.Is(err, os.ErrDeadlineExceeded) && !waited(began, time.Now()): // as in conn.regrace
		case last || v.dispatching.Err() != nil:
			return nil
		case ctx.Err() != nil: // woken by the stop: once more for what has been handshaken
			<-v.stopping
		case isTemporary(err):
			delay = backOff(delay)
			v.options.Logger.Warn("accept failed, trying again", "error", err, "delay", delay)
			select {
			case <-time.After(delay):
			case <-ctx.Done():
			}
		default:
			return fmt.Errorf("accept: %w", err)
		}
	}
}

func (v *server) isStopping() bool {
	select {
	case <-v.stopping:
		return true
	default:
		return false
	}
}

// acquire takes a connection's place under MaxConns before accepting it, where the policy is to wait. It reports false
// when the drain time-out has passed.
func (v *server) acquire() bool {
	if v.slots == nil {
		return v.dispatching.Err() == nil
	}
	select {
	case v.slots <- struct{}{}:
		return true
	case <-v.dispatching.Done():
		return false
	}
}

func (v *server) release() {
	if v.slots != nil {
		<-v.slots
	}
}

// admit registers an accepted connection; it reports false if it was refused instead.
func (v *server) admit(nc net.Conn) (*conn, bool) {
	c := &conn{Conn: nc, server: v}
	v.stats.update(func(n *Counts) { n.Accepted++; n.Queued++ })
	v.open.Add(1)
	v.mu.Lock()
	full := v.limits.boundsConns() && v.held >= v.limits.MaxConns // where the policy is to wait, acquire saw to it
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
	v.release()
	v.open.Done()
}

// setDeadline reports whether ln has deadlines. One without is closed at once instead: what the kernel has handshaken for
// it is lost.
func setDeadline(ln net.Listener, t time.Time) bool {
	d, ok := ln.(interface{ SetDeadline(time.Time) error })
	if !ok {
		ln.Close()
		return false
	}
	return d.SetDeadline(t) == nil
}

// isTemporary reports whether accepting may work again: out of file descriptors or memory, or a client that was gone
// before it was accepted. It asks as net/http does, and adds nothing to what the net package calls temporary.
func isTemporary(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary() && !errors.Is(err, os.ErrDeadlineExceeded)
}

// backOff doubles the delay between failing calls of Accept from 5 ms to 1 s, net/http's values.
func backOff(delay time.Duration) time.Duration {
	return min(max(2*delay, 5*time.Millisecond), time.Second)
}
