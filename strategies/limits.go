package strategies

import (
	"errors"
	"fmt"
	"math"
)

// Unbounded stands for "no limit" in [Limits].
const Unbounded = math.MaxInt

// Limits says how much a strategy does at once, how much it lets wait, and what happens beyond. A limit is never a
// library's default: it is stated, and part of the strategy's name.
//
// Workers has no default: zero is an error. The zero value of everything else is ready to use.
type Limits struct {
	// Workers is how many tasks run at once: at least 1, or Unbounded.
	Workers int

	// Queue is how many tasks wait beside the running ones: at least 0, or Unbounded.
	Queue int

	// MaxConns is how many connections are held at once, accepted and not yet ended; 0 or Unbounded means no limit. In
	// the request unit each of them has a goroutine that reads, so this is the only bound on their number.
	MaxConns int

	// Listeners is how many sockets accept on the same port (SO_REUSEPORT), for kinds that can; 0 means one, and a plain
	// one. See Listen.
	Listeners int

	// Backlog is how many connections the kernel keeps for each listener until they are accepted; 0 means the system's
	// own number. See Listen, which sets it.
	Backlog int

	// WhenFull is what happens to work that arrives at a limit.
	WhenFull Policy
}

// boundsConns reports whether MaxConns is a limit at all.
func (l Limits) boundsConns() bool { return l.MaxConns != 0 && l.MaxConns != Unbounded }

// mostListeners is more than any machine has CPUs to accept with; a slip of the finger must not take all descriptors.
const mostListeners = 1 << 10

// Check reports limits that mean nothing, whatever the strategy.
func (l Limits) Check() error {
	switch {
	case l.Workers < 1:
		return fmt.Errorf("workers=%d: nothing would ever be served; allowed: a whole number from 1, or unbounded", l.Workers)
	case l.Queue < 0:
		return fmt.Errorf("queue=%d: allowed: a whole number from 0, or unbounded", l.Queue)
	case l.MaxConns < 0:
		return fmt.Errorf("maxconns=%d: allowed: a whole number from 1, or unbounded", l.MaxConns)
	case l.Listeners < 0 || l.Listeners > mostListeners:
		return fmt.Errorf("listeners=%d: allowed: 1 to %d", l.Listeners, mostListeners)
	case l.Backlog < 0 || l.Backlog > math.MaxInt32: // which the system would take modulo 2^32
		return fmt.Errorf("backlog=%d: allowed: 1 to %d", l.Backlog, math.MaxInt32)
	case l.WhenFull != Wait && l.WhenFull != Reject:
		return fmt.Errorf("full: there is no policy %d; allowed: wait, reject", int(l.WhenFull))
	case l.WhenFull == Reject && l.Queue == Unbounded && !l.boundsConns():
		return errors.New("full=reject with queue=unbounded: an unbounded queue is never full; allowed: full=wait, or maxconns=N to refuse by (or a bounded queue, for kinds that have one)")
	case l.Listeners > 1 && l.boundsConns() && l.WhenFull == Wait:
		return fmt.Errorf("listeners=%d with maxconns=%d and full=wait: a place is taken before a connection is accepted, and a listener that nobody connects to would keep it; allowed: one listener, or full=reject", l.Listeners, l.MaxConns)
	}
	return nil
}

// DefaultWorkers is the number of workers where a name says nothing, for kinds that need a number. It is no
// recommendation: which number is right is what poolbench measures.
const DefaultWorkers = 64

// mostAtOnce bounds what a pool starts or allocates beforehand, workers as well as places in a queue: a million is
// already far beyond the connections that one process can have open, and a slip of the finger must not take all memory.
const mostAtOnce = 1 << 20

// Policy is what happens to work that arrives at the limit.
type Policy int

const (
	// Wait has connections wait, by not accepting until there is room: the kernel's backlog is the queue (Limits.Backlog).
	// In the request unit a request waits, and its connection is not read on.
	Wait Policy = iota

	// Reject refuses at once, with Options.Busy: the connection, or in the request unit the request.
	Reject
)

// String returns wait or reject, as names have it.
func (p Policy) String() string {
	if p == Reject {
		return "reject"
	}
	return "wait"
}

// Unit is what one task is: all of a connection, or one request of it.
type Unit int

const (
	ConnUnit    Unit = iota // a worker serves a connection from its start to its end
	RequestUnit             // a worker answers one complete request; reading is not its business
)

// String returns conn or request, as names have it.
func (u Unit) String() string {
	if u == RequestUnit {
		return "request"
	}
	return "conn"
}

// ErrFull is what Dispatch returns at its limit if it was made to reject.
var ErrFull = errors.New("at the limit")

// ErrClosed is what Dispatch returns after Close.
var ErrClosed = errors.New("dispatcher is closed")

// noQueue is the check of kinds that have none.
func noQueue(l Limits) error {
	if l.Queue != 0 {
		return limitError("queue", l.Queue, "a task runs at once or not at all; allowed: 0")
	}
	return nil
}

// limitError says which limit a kind cannot keep, why, and what it can.
func limitError(key string, value int, why string) error {
	return fmt.Errorf("%s=%s: %s", key, FormatLimit(value), why)
}
