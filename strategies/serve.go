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

// server is one call of Serve: the registry of live connections, and how they are accepted, ended and counted.
type server struct {
	options Options
	limits  Limits
	close   func() error // the dispatcher's or the loop's, once

	dispatching context.Context // ends when the drain time-out has passed
	giveUp      context.CancelFunc
	verbose     bool          // the logger wants to hear of each connection
	slots       chan struct{} // MaxConns, where the policy is to wait; otherwise nil
	lingering   chan struct{} // a place for each connection that is read on although it has ended

	mu    sync.Mutex
	live  map[*conn]struct{} // accepted and not yet closed
	held  int                // those of them that were not refused
	stop  bool
	force bool
	broke error          // of the listeners
	open  sync.WaitGroup // connections, and the goroutines that read them or see them off
}

func newServer(o Options, l Limits, close func() error) *server {
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
		options: o, limits: l, close: sync.OnceValue(close),
		lingering: make(chan struct{}, mostLingering),
		verbose:   o.Logger.Enabled(context.Background(), slog.LevelDebug),
		live:      map[*conn]struct{}{},
	}
	v.dispatching, v.giveUp = context.WithCancel(context.Background())
	if l.boundsConns() && l.WhenFull == Wait {
		v.slots = make(chan struct{}, l.MaxConns)
	}
	return v
}

// A serveFunc sees to it that an accepted connection is served, or refused; it returns when the next one may be
// accepted. It may be called concurrently.
type serveFunc func(ctx context.Context, c *conn)

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
	v.options.Stats.Update(func(n *Counts) { n.Panics++ })
	v.options.Logger.Error("handler panicked; its connection is closed", "panic", cause, "stack", string(debug.Stack()))
}

// refuse ends a connection that was not taken.
func (v *server) refuse(c *conn, err error) {
	if errors.Is(err, ErrFull) {
		c.shed()
		return
	}
	v.logRefusal(err)
	c.leave(queued, func(n *Counts) { n.Queued--; n.Aborted++ })
}

// logRefusal tells of a dispatcher that takes nothing although it is not full and nobody has closed it.
func (v *server) logRefusal(err error) {
	if v.dispatching.Err() == nil {
		v.options.Logger.Error("refused by the dispatcher; the connection is closed", "error", err)
	}
}

// run accepts until ctx ends or a listener breaks, then drains.
func (v *server) run(ctx context.Context, listeners []net.Listener, serve serveFunc) error {
	defer v.giveUp()
	ctx, broken := context.WithCancel(ctx)
	defer broken()
	var accepting sync.WaitGroup
	for _, ln := range listeners {
		accepting.Go(func() {
			if err := v.accept(ctx, ln, serve); err != nil {
				v.mu.Lock()
				v.broke = errors.Join(v.broke, err)
				v.mu.Unlock()
				broken() // a listener that broke is a stop as well
			}
		})
	}
	<-ctx.Done()
	v.stopAll()

	drained := make(chan error, 1)
	go func() {
		v.lastCall(ctx, listeners, serve)
		accepting.Wait()
		v.open.Wait()
		drained <- v.close()
	}()
	timer := time.NewTimer(v.options.Drain)
	defer timer.Stop()
	select {
	case err := <-drained:
		return errors.Join(v.acceptError(), err)
	case <-timer.C:
	}
	forced := v.forceAll(listeners)
	timeout := fmt.Errorf("drain time-out of %v passed, %d connections closed by force: %w", v.options.Drain, forced, ctx.Err())
	timer.Reset(lastWait)
	select {
	case err := <-drained:
		return errors.Join(timeout, v.acceptError(), err)
	case <-timer.C:
		return errors.Join(fmt.Errorf("%w; some handlers did not return although their connections were closed", timeout), v.acceptError())
	}
}

// lastWait is how long Serve waits for handlers whose connections were closed by force: they only have to notice. One that
// does not is left behind, so that the process can end.
const lastWait = time.Second

// acceptError is why the listeners broke, if they did.
func (v *server) acceptError() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.broke
}

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
func (v *server) forceAll(listeners []net.Listener) (n int) {
	closeAll(listeners)
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
	c := newConn(v, nc, slot)
	v.options.Stats.Update(func(n *Counts) { n.Accepted++; n.Queued++ })
	v.open.Add(1)
	if v.verbose {
		v.options.Logger.Debug("received connection", "remote", nc.RemoteAddr())
	}
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
	if v.verbose {
		v.options.Logger.Debug("closed connection", "remote", c.RemoteAddr())
	}
	v.open.Done()
}
