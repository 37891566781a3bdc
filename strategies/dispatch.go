package strategies

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// PerConn returns the strategy that dispatches connections: a worker serves one from its start to its end. Long
// connections beyond the limit wait for as long as the others stay.
func PerConn(kind string, n NewDispatcher, l Limits) Strategy {
	return dispatched{Spec{Kind: kind, Limits: l, Unit: ConnUnit}, n}
}

// PerRequest returns the strategy that dispatches requests: a goroutine for each connection reads until a request is
// complete, only then a worker finds the answer, and the goroutine writes it, so that neither clients that send slowly
// nor clients that do not read hold a worker. At the limit a request waits, or is answered with Options.Busy; where that
// is empty its connection is aborted. It needs a handler in message form, and Limits.MaxConns where the goroutines that
// read are to have a bound.
func PerRequest(kind string, n NewDispatcher, l Limits) Strategy {
	return dispatched{Spec{Kind: kind, Limits: l, Unit: RequestUnit}, n}
}

type dispatched struct {
	spec Spec
	new  NewDispatcher
}

func (s dispatched) Name() string { return s.spec.String() }

// needsMessages is why a handler cannot be run.
const needsMessages = "it needs a handler in message form (strategies.Messages)"

func (s dispatched) Serve(ctx context.Context, ln net.Listener, h Handler, o Options) error {
	protocol, inMessages := ProtocolOf(h)
	if s.spec.Unit == RequestUnit && !inMessages {
		ln.Close()
		return &UnsupportedError{Strategy: s.Name(), Reason: needsMessages + "; or use unit=conn"}
	}
	if err := s.spec.Limits.Check(); err != nil {
		ln.Close()
		return fmt.Errorf("strategy %s: %w", s.Name(), err)
	}
	listeners, err := siblings(ln, s.spec.Limits.Listeners)
	if err != nil {
		ln.Close()
		return fmt.Errorf("strategy %s: %w", s.Name(), err)
	}
	d, err := s.new(s.spec.Limits)
	if err != nil {
		closeAll(listeners)
		return fmt.Errorf("strategy %s: %w", s.Name(), err)
	}
	v := newServer(o, s.spec.Limits, d.Close)
	if s.spec.Unit == RequestUnit {
		return v.run(ctx, listeners, v.perRequest(d, protocol))
	}
	return v.run(ctx, listeners, v.perConn(d, h))
}

// perConn serves a connection in one task.
func (v *server) perConn(d Dispatcher, h Handler) serveFunc {
	return func(ctx context.Context, c *conn) {
		err := d.Dispatch(v.dispatching, func() {
			if c.start() {
				v.guard(c, func() error {
					if err := c.handshake(ctx); err != nil {
						return err
					}
					return h.ServeConn(ctx, c)
				})
			} else {
				v.remove(c)
			}
		})
		if err != nil {
			v.refuse(c, err)
		}
	}
}

// perRequest serves a connection in a goroutine that reads and writes, and finds each of its answers in a task.
func (v *server) perRequest(d Dispatcher, p Protocol) serveFunc {
	return func(ctx context.Context, c *conn) {
		go func() {
			if c.start() {
				v.guard(c, func() error {
					if err := c.handshake(ctx); err != nil {
						return err
					}
					return converse(ctx, c, p, v.oneByOne(d))
				})
			} else {
				v.remove(c)
			}
		}()
	}
}

// oneByOne returns how one connection's answers are found: each in a task of its own, one after the other. What it needs
// is made once for the connection.
func (v *server) oneByOne(d Dispatcher) answerFunc {
	var x *exchange
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
		err = x.find()
	}
	return func(next *exchange) error {
		x = next
		err := d.Dispatch(v.dispatching, task)
		if err == nil {
			return <-result
		}
		if !errors.Is(err, ErrFull) {
			v.logRefusal(err)
			return err
		}
		v.options.Stats.Update(func(n *Counts) { n.RequestsShed++ })
		if len(v.options.Busy) == 0 {
			return err // nothing can be said, so the client learns it from the end of the stream
		}
		x.answer = append(x.answer[:0], v.options.Busy...)
		return nil
	}
}
