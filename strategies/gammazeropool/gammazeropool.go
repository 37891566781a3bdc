// Package gammazeropool runs tasks on a pool of github.com/gammazero/workerpool: one goroutine of the library takes every
// task and hands it to a worker, or puts it into a queue that has no bound. It knows nothing about connections; package
// strategies makes a server of it.
package gammazeropool

import (
	"context"
	"errors"
	"fmt"

	"github.com/gammazero/workerpool"

	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/internal/contain"
)

// Kind is the family of strategies on this pool, as package all lists it.
func Kind() strategies.Kind {
	return strategies.Kind{
		Name:    "workerpool",
		About:   "github.com/gammazero/workerpool: up to so many workers, started when needed, behind a queue without a bound; no task is ever refused, whoever comes late waits",
		Default: strategies.Limits{Workers: strategies.DefaultWorkers, Queue: strategies.Unbounded},
		Units:   []strategies.Unit{strategies.ConnUnit, strategies.RequestUnit},
		Check:   check,
		New:     New,

		Constructor: strategies.Constructor{Import: "github.com/poolbench/poolbench/strategies/gammazeropool", Expr: "gammazeropool.New"},
	}
}

// check reports limits that this pool cannot keep. It would take 0 workers for one.
func check(l strategies.Limits) error {
	switch {
	case l.Workers < 1:
		return fmt.Errorf("workers=%d: nothing would ever be served; allowed: a whole number from 1, or unbounded", l.Workers)
	case l.Queue != strategies.Unbounded:
		return fmt.Errorf("queue=%d: workerpool's queue has no bound and cannot be given one; allowed: unbounded", l.Queue)
	}
	return nil
}

// New starts a pool. It holds the library's goroutine, and the workers that were needed in the last seconds. As the queue
// is never full, no call of Dispatch waits, and none returns [strategies.ErrFull].
func New(l strategies.Limits) (strategies.Dispatcher, error) {
	if err := check(l); err != nil {
		return nil, err
	}
	return &dispatcher{pool: workerpool.New(l.Workers)}, nil
}

type dispatcher struct {
	pool  *workerpool.WorkerPool
	tasks contain.Pool
}

// Dispatch blocks no longer than the library's goroutine takes to come to the task. The task is contained, because it could
// end its goroutine (runtime.Goexit): the library would go on counting the worker that it takes along, and wait for it
// for ever. Panics go through, as they do in the library.
func (d *dispatcher) Dispatch(_ context.Context, task func()) error {
	switch err := d.pool.Do(func() { d.tasks.Run(task) }); {
	case err == nil:
		return nil
	case errors.Is(err, workerpool.ErrStopped):
		return strategies.ErrClosed
	default:
		return fmt.Errorf("hand a task to workerpool: %w", err)
	}
}

// Close waits for tasks that run and that are queued.
func (d *dispatcher) Close() error {
	d.pool.StopWait()
	d.tasks.Close()
	return nil
}
