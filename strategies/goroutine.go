package strategies

import (
	"context"
	"runtime"
	"sync"
)

// Goroutine is the kind that starts a goroutine for each task, as net/http does for each connection.
func Goroutine() Kind {
	return Kind{
		Name:    "goroutine",
		About:   "a new goroutine for each task; workers bounds how many there are at once (by default nothing does)",
		Default: Limits{Workers: Unbounded},
		Units:   []Unit{ConnUnit, RequestUnit},
		Check:   noQueue,
		New:     func(l Limits) (Dispatcher, error) { return newSpawner(l, false) },
	}
}

// Thread is the kind that starts an operating system thread for each task and ends it with the task: the first server
// of the tutorial that poolbench started from. Go ends a process that needs more than 10,000 threads.
func Thread() Kind {
	return Kind{
		Name:    "thread",
		About:   "a new OS thread for each task, which ends with it: the tutorial's first server; workers bounds how many there are at once",
		Default: Limits{Workers: Unbounded},
		Units:   []Unit{ConnUnit, RequestUnit},
		Check:   noQueue,
		New:     func(l Limits) (Dispatcher, error) { return newSpawner(l, true) },
	}
}

func noQueue(l Limits) error {
	if l.Queue != 0 {
		return limitError("queue", l.Queue, "a task runs at once or not at all; allowed: 0")
	}
	return nil
}

// spawner runs each task on a goroutine of its own.
type spawner struct {
	gate      *gate
	ownThread bool
}

func newSpawner(l Limits, ownThread bool) (Dispatcher, error) {
	if err := noQueue(l); err != nil {
		return nil, err
	}
	return &spawner{gate: newGate(l.Workers, l.WhenFull), ownThread: ownThread}, nil
}

func (s *spawner) Dispatch(ctx context.Context, task func()) error {
	if err := s.gate.enter(ctx); err != nil {
		return err
	}
	go func() {
		defer s.gate.leave()
		if s.ownThread {
			runtime.LockOSThread() // without an unlock: the runtime ends the thread when the goroutine ends
		}
		task()
	}()
	return nil
}

func (s *spawner) Close() error {
	s.gate.close()
	return nil
}

// gate lets at most a number of tasks in, and knows when all have left.
type gate struct {
	places chan struct{} // nil: no limit
	reject bool
	closed chan struct{}

	mu     sync.Mutex // orders enter and close, so that nobody enters a gate that close has seen empty
	shut   bool
	inside sync.WaitGroup
}

func newGate(places int, whenFull Policy) *gate {
	g := &gate{reject: whenFull == Reject, closed: make(chan struct{})}
	if places != Unbounded {
		g.places = make(chan struct{}, places)
	}
	return g
}

func (g *gate) enter(ctx context.Context) error {
	if err := g.takePlace(ctx); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		g.givePlace()
		return ErrClosed
	}
	g.inside.Add(1)
	return nil
}

func (g *gate) takePlace(ctx context.Context) error {
	if g.places == nil {
		return nil
	}
	select {
	case g.places <- struct{}{}:
		return nil
	default:
	}
	if g.reject {
		return ErrFull
	}
	select {
	case g.places <- struct{}{}:
		return nil
	case <-g.closed:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *gate) givePlace() {
	if g.places != nil {
		<-g.places
	}
}

func (g *gate) leave() {
	g.givePlace()
	g.inside.Done()
}

func (g *gate) close() {
	g.mu.Lock()
	g.shut = true
	g.mu.Unlock()
	close(g.closed)
	g.inside.Wait()
}
