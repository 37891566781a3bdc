package strategies

import (
	"context"
	"fmt"
	"net"
	"strings"

	"github.com/poolbench/poolbench/strategies/internal/contain"
)

// A Loop serves connections without a goroutine for each: event loops that a library runs. It reads and writes; what the
// bytes mean, when a connection has to end and how it is counted is its [Talk]'s business.
type Loop interface {
	// Adopt takes conn over, and may wait for the loop to do so. The loop calls t's methods, one at a time: Begin first, and
	// Leave or End last. After an error it calls none, and has let go of conn, which need not be closed. Adopt may be called
	// concurrently, and after Close, when it returns an error.
	Adopt(conn net.Conn, t *Talk) error

	// Close ends the loops, and the connections that are left, which are none unless the drain time-out has passed. It
	// waits for handlers under way. It is called once.
	Close() error
}

// NewLoop starts loops within limits: Limits.Workers of them. It returns an error for limits that they cannot keep.
type NewLoop func(Limits) (Loop, error)

// PerEvent returns the strategy whose accepted connections are adopted by event loops: few goroutines answer the requests of
// all connections, one after the other, so that a handler that waits holds up all who share its loop. It needs a handler
// in message form, and connections that are sockets: no TLS. A connection that is none, from a listener of somebody's own, is
// refused when it has been accepted, and counted as aborted.
func PerEvent(kind string, n NewLoop, l Limits) Strategy {
	return looped{Spec{Kind: kind, Limits: l, Unit: RequestUnit}, n}
}

type looped struct {
	spec Spec
	new  NewLoop
}

func (s looped) Name() string { return s.spec.String() }

func (s looped) Serve(ctx context.Context, ln net.Listener, h Handler, o Options) error {
	protocol, inMessages := ProtocolOf(h)
	var reason string
	switch network := ln.Addr().Network(); {
	case !inMessages:
		reason = needsMessages
	case o.TLS != nil:
		reason = "an event loop reads sockets; it cannot do TLS; use another strategy, or a proxy that ends TLS"
	case !strings.HasPrefix(network, "tcp") && network != "unix":
		reason = fmt.Sprintf("an event loop reads sockets; a %s listener has none", network)
	}
	if reason != "" {
		ln.Close()
		return &UnsupportedError{Strategy: s.Name(), Reason: reason}
	}
	loop, listeners, err := s.start(ln)
	if err != nil {
		ln.Close()
		return fmt.Errorf("strategy %s: %w", s.Name(), err)
	}
	var handlers contain.Pool
	v := newServer(o, s.spec.Limits, func() error {
		defer handlers.Close()
		return loop.Close()
	})
	return v.run(ctx, listeners, v.perEvent(loop, protocol, &handlers))
}

// start makes what Serve needs. After an error all but ln is closed.
func (s looped) start(ln net.Listener) (Loop, []net.Listener, error) {
	if err := s.spec.Limits.Check(); err != nil {
		return nil, nil, err
	}
	listeners, err := siblings(ln, s.spec.Limits.Listeners)
	if err != nil {
		return nil, nil, err
	}
	loop, err := s.new(s.spec.Limits)
	if err != nil {
		closeAll(listeners[1:])
		return nil, nil, err
	}
	return loop, listeners, nil
}

// perEvent has a loop adopt the connection, on a goroutine that ends when it has: a loop that is busy must not keep
// those from being accepted whom others would serve. Until then the connection is queued.
func (v *server) perEvent(l Loop, p Protocol, handlers *contain.Pool) serveFunc {
	return func(ctx context.Context, c *conn) {
		t := &Talk{conn: c, protocol: p, exchange: exchange{ctx: ctx}, handlers: handlers}
		t.call = t.guard
		socket := c.Conn // of a TLS connection it is not the socket under it: a loop would read and write past the TLS
		c.becomes(looping{socket, t})
		go func() {
			if err := l.Adopt(socket, t); err != nil {
				c.becomes(socket)
				v.refuse(c, fmt.Errorf("adopt a connection: %w", err))
			}
		}()
	}
}
