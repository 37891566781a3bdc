package strategies

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"time"
)

// accept hands every connection to serve, one after the other, until ctx ends or the listener is closed; an error means
// that the listener broke.
func (v *server) accept(ctx context.Context, ln net.Listener, serve serveFunc) error {
	var delay time.Duration
	for {
		slot, ok := v.takeSlot(ctx)
		if !ok {
			return nil
		}
		nc, err := ln.Accept()
		if err == nil {
			delay = 0
			if c, ok := v.admit(nc, slot); ok {
				serve(ctx, c)
			}
			continue
		}
		if slot {
			<-v.slots
		}
		switch {
		case ctx.Err() != nil: // lastCall takes over
			return nil
		case isTemporary(err):
			delay = backOff(delay)
			v.options.Logger.Warn("accept failed, trying again", "error", err, "delay", delay)
			select {
			case <-time.After(delay):
			case <-ctx.Done():
				return nil
			}
		default:
			return fmt.Errorf("accept: %w", err)
		}
	}
}

// takeSlot waits for a place under MaxConns, where the policy is to wait, before a connection is accepted for it. slot says
// whether one was taken; ok is false when ctx has ended.
func (v *server) takeSlot(ctx context.Context) (slot, ok bool) {
	if v.slots == nil {
		return false, ctx.Err() == nil
	}
	select {
	case v.slots <- struct{}{}:
		return true, true
	case <-ctx.Done():
		return false, false
	}
}

const (
	// mostLastCalls is how many connections, at most, are accepted after a stop: Linux keeps up to 4096 handshaken ones for a
	// listener (net.core.somaxconn), so whoever comes after that many came after the stop.
	mostLastCalls = 4096

	// lastCallTime is enough to accept a full backlog at some 10 µs each, twice over. Without a bound, clients that go on
	// coming would keep the listener open.
	lastCallTime = 100 * time.Millisecond
)

// lastCall is the listeners' end: it takes the connections that the kernel has already handshaken, which a plain Close would
// reset, closes, and then hands them to serve. It takes them all before it serves any: serving may block, and whoever
// connects meanwhile has come after the stop. Where the policy is to wait they come on top of MaxConns: once a listener is
// closed there is no other place to wait in.
func (v *server) lastCall(ctx context.Context, listeners []net.Listener, serve serveFunc) {
	waiting := make([][]*conn, len(listeners))
	var taking sync.WaitGroup
	for i, ln := range listeners { // at once: while one is emptied, none may be left open to whoever comes
		taking.Go(func() {
			waiting[i] = v.empty(ln)
			ln.Close()
		})
	}
	taking.Wait()
	for _, c := range slices.Concat(waiting...) {
		serve(ctx, c)
	}
}

// empty takes what the kernel has handshaken for ln.
func (v *server) empty(ln net.Listener) (waiting []*conn) {
	var quiet silence
	for until := time.Now().Add(lastCallTime); len(waiting) < mostLastCalls; {
		deadline := time.Now().Add(grace)
		if deadline.After(until) || !setDeadline(ln, deadline) {
			break
		}
		nc, err := ln.Accept()
		switch {
		case err == nil:
			quiet = silence{}
			if c, ok := v.admit(nc, false); ok {
				waiting = append(waiting, c)
			}
		case isTemporary(err):
			time.Sleep(grace) // descriptors come free as connections end
		case !errors.Is(err, os.ErrDeadlineExceeded) || quiet.believed(deadline, time.Now()):
			return waiting
		}
	}
	return waiting
}

// silence decides when nothing more is to come: a call that ran out of its grace may not have waited. Accept and Read look at
// the deadline before they look at the socket, so a goroutine that got no CPU for as long sees nothing of what is there.
// That it was told late gives it away mostly; so the second time in a row that it was told in time is believed.
type silence struct{ inTime, times int }

// mostGraces bounds how often a silence is doubted, on a machine where everybody is late.
const mostGraces = 8

// believed takes one more call that was told at now that its deadline had passed.
func (s *silence) believed(deadline, now time.Time) bool {
	s.times++
	if now.Sub(deadline) < grace/2 {
		s.inTime++
	} else {
		s.inTime = 0
	}
	return s.inTime >= 2 || s.times >= mostGraces
}

// setDeadline reports whether ln took the deadline. One that has none can only be closed, and what the kernel has
// handshaken for it is lost.
func setDeadline(ln net.Listener, t time.Time) bool {
	d, ok := ln.(interface{ SetDeadline(time.Time) error })
	if !ok {
		return false
	}
	return d.SetDeadline(t) == nil
}

// isTemporary reports whether accepting may work again, as it does when the process is out of file descriptors. It asks as
// net/http does, and adds nothing to what the net package calls temporary.
func isTemporary(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary() && !errors.Is(err, os.ErrDeadlineExceeded)
}

// backOff doubles the delay between failing calls of Accept from 5 ms to 1 s, net/http's values.
func backOff(delay time.Duration) time.Duration {
	return min(max(2*delay, 5*time.Millisecond), time.Second)
}
