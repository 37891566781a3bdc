package strategies

import (
	"errors"
	"math"
)

// Unbounded stands for "no limit" in [Limits].
const Unbounded = math.MaxInt

// Limits says how much a strategy does at once, how much it lets wait, and what happens beyond. A limit is never a
// library's default: it is stated, and part of the strategy's name.
type Limits struct {
	Workers  int    // tasks that run at once, at least 1, or Unbounded
	Queue    int    // tasks that wait beside the running ones, at least 0, or Unbounded
	MaxConns int    // connections held at once, accepted and not yet ended; 0 or Unbounded: no limit
	WhenFull Policy // what happens to the next one
}

// Policy is what happens to work that arrives at the limit.
type Policy int

const (
	Wait   Policy = iota // stop accepting until there is room; the kernel's backlog is the queue
	Reject               // refuse it at once, with Options.Busy
)

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
