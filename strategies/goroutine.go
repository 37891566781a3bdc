package strategies

import (
	"context"
	"runtime"
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

		Constructor: ownConstructor("Goroutine().New"),
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

		Constructor: ownConstructor("Thread().New"),
		OwnThreads:  true,
	}
}

// spawner runs each task on a goroutine of its own.
type spawner struct {
	gate      *Gate
	ownThread bool
}

func newSpawner(l Limits, ownThread bool) (Dispatcher, error) {
	if err := noQueue(l); err != nil {
		return nil, err
	}
	return &spawner{gate: NewGate(l.Workers, l.WhenFull), ownThread: ownThread}, nil
}

func (s *spawner) Dispatch(ctx context.Context, task func()) error {
	if err := s.gate.Enter(ctx); err != nil {
		return err
	}
	go func() {
		defer s.gate.Leave()
		if s.ownThread {
			runtime.LockOSThread() // without an unlock: the runtime ends the thread when the goroutine ends
		}
		task()
	}()
	return nil
}

func (s *spawner) Close() error {
	s.gate.Close()
	return nil
}
