package strategies

import (
	"container/list"
	"context"
	"sync"
)

// A Gate lets a bounded number of tasks in at once. It is what most pool libraries lack to be a [Dispatcher]: callers
// that wait in turn, that a context or Close can wake, and a Close that waits for whoever is inside. Passing an open
// gate allocates nothing and costs one uncontended lock each way.
type Gate struct {
	places int
	reject bool

	mu      sync.Mutex
	inside  int
	waiting list.List // of chan error: nil is a place, an error the end of waiting
	closed  bool
	empty   chan struct{} // closed when the gate is, and the last one has left
}

// NewGate returns a gate with so many places, or Unbounded. Beyond them Enter waits, or with Reject returns ErrFull.
func NewGate(places int, whenFull Policy) *Gate {
	return &Gate{places: places, reject: whenFull == Reject, empty: make(chan struct{})}
}

// Enter takes a place, to be given back with Leave. It returns ErrFull, ErrClosed, or ctx's error if that ends while
// waiting; then no place was taken.
func (g *Gate) Enter(ctx context.Context) error {
	g.mu.Lock()
	switch {
	case g.closed:
		g.mu.Unlock()
		return ErrClosed
	case g.inside < g.places: // then nobody waits: Leave hands places on
		g.inside++
		g.mu.Unlock()
		return nil
	case g.reject:
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
		return ctx.Err()
	}
}

// Leave gives a place back, to whoever has waited longest.
func (g *Gate) Leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if first := g.waiting.Front(); first != nil {
		g.waiting.Remove(first).(chan error) <- nil
		return
	}
	if g.inside--; g.closed && g.inside == 0 {
		close(g.empty)
	}
}

// Lose gives a place up for good: for a pool that cannot replace the worker which a task has taken along.
func (g *Gate) Lose() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.places--
	if g.inside--; g.closed && g.inside == 0 {
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
	if g.inside == 0 {
		close(g.empty)
	}
	g.mu.Unlock()
	<-g.empty
}
