package strategies

import (
	"container/list"
	"context"
	"math"
	"sync"
	"sync/atomic"
)

// A Gate lets a bounded number of tasks in at once. It is what most pool libraries lack to be a [Dispatcher]: callers
// that wait in turn, that a context or Close can wake, and a Close that waits for whoever is inside. Passing an open
// gate allocates nothing and costs one atomic operation each way.
type Gate struct {
	places int64
	reject bool

	// state is how many are inside. With the sign bit, set while anybody waits and after Close, the count is guarded by mu
	// and everybody has to stop for it; without, Enter and Leave change it in passing. While anybody waits no place is free.
	state atomic.Int64

	mu      sync.Mutex
	waiting list.List // of chan error: nil is a place, an error the end of waiting
	closed  bool
	empty   chan struct{} // closed when the gate is, and the last one has left
}

const guarded = math.MinInt64 // the sign bit of Gate.state

// NewGate returns a gate with so many places, or Unbounded. Beyond them Enter waits, or with Reject returns ErrFull.
func NewGate(places int, whenFull Policy) *Gate {
	return &Gate{places: int64(places), reject: whenFull == Reject, empty: make(chan struct{})}
}

// Enter takes a place, to be given back with Leave. It returns ErrFull, ErrClosed, or ctx's error if that ends while
// waiting; then no place was taken.
func (g *Gate) Enter(ctx context.Context) error {
	for {
		inside := g.state.Load()
		switch {
		case inside < 0:
			return g.enterGuarded(ctx)
		case inside < g.places:
			if g.state.CompareAndSwap(inside, inside+1) {
				return nil
			}
		case g.reject:
			return ErrFull
		default:
			return g.enterGuarded(ctx)
		}
	}
}

func (g *Gate) enterGuarded(ctx context.Context) error {
	g.mu.Lock()
	switch inside := g.guard(); {
	case g.closed:
		g.mu.Unlock()
		return ErrClosed
	case inside < g.places: // somebody has left since
		g.state.Add(1)
		g.unguard()
		g.mu.Unlock()
		return nil
	case g.reject:
		g.unguard()
		g.mu.Unlock()
		return ErrFull
	}
	turn := make(chan error, 1)
	place := g.waiting.PushBack(turn)
	g.mu.Unlock()

	select {
	case err := <-turn:
		return err
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case err := <-turn: // it was our turn in the same moment
		return err
	default:
		g.waiting.Remove(place)
		g.unguard()
		return ctx.Err()
	}
}

// Leave gives a place back, to whoever has waited longest.
func (g *Gate) Leave() {
	for inside := g.state.Load(); inside >= 0; inside = g.state.Load() {
		if g.state.CompareAndSwap(inside, inside-1) {
			return
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if first := g.waiting.Front(); first != nil {
		g.waiting.Remove(first).(chan error) <- nil
		g.unguard()
	} else if g.state.Add(-1) == guarded && g.closed {
		close(g.empty)
	}
}

// Close sends away whoever waits, lets nobody in any more, and returns when the last one has left. It is called once.
func (g *Gate) Close() {
	g.mu.Lock()
	g.closed = true
	for first := g.waiting.Front(); first != nil; first = g.waiting.Front() {
		g.waiting.Remove(first).(chan error) <- ErrClosed
	}
	if g.guard() == 0 {
		close(g.empty)
	}
	g.mu.Unlock()
	<-g.empty
}

// guard has everybody stop for mu, which is held, and returns how many are inside.
func (g *Gate) guard() int64 { return g.state.Or(guarded) &^ guarded }

// unguard lets everybody pass again, unless there still is a reason to stop. mu is held.
func (g *Gate) unguard() {
	if !g.closed && g.waiting.Len() == 0 {
		g.state.And(^guarded)
	}
}
