// Package pondpool runs tasks on a pool of github.com/alitto/pond/v2: a worker is a goroutine that ends when the queue
// is empty, so without a queue the pool is a semaphore with counters. It knows nothing about connections; package
// strategies makes a server of it. Package pondv1pool has the version before, which keeps its workers.
package pondpool

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/alitto/pond/v2"

	"github.com/poolbench/poolbench/strategies"
)

// Kind is the family of strategies on this pool, as package all lists it.
func Kind() strategies.Kind {
	return strategies.Kind{
		Name:    "pond",
		About:   "github.com/alitto/pond/v2: up to so many goroutines, which end when nothing is queued",
		Default: strategies.Limits{Workers: strategies.DefaultWorkers},
		Units:   []strategies.Unit{strategies.ConnUnit, strategies.RequestUnit},
		Check:   check,
		New:     New,

		Constructor: strategies.Constructor{Import: "github.com/poolbench/poolbench/strategies/pondpool", Expr: "pondpool.New"},
	}
}

// check reports limits that this adapter does not keep. pond would take 0 workers for no limit, and panics below.
func check(l strategies.Limits) error {
	switch {
	case l.Workers < 1 || l.Workers == strategies.Unbounded:
		return fmt.Errorf("workers=%s: pond is used with a limit; allowed: a whole number from 1", strategies.FormatLimit(l.Workers))
	case l.Queue < 0:
		return fmt.Errorf("queue=%d: allowed: a whole number from 0, or unbounded", l.Queue)
	}
	return nil
}

// New makes a pool; it holds no goroutine while it has nothing to do. With an unbounded queue no call of Dispatch waits,
// and none returns [strategies.ErrFull].
func New(l strategies.Limits) (strategies.Dispatcher, error) {
	if err := check(l); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	d := &dispatcher{
		pool: pond.NewPool(l.Workers,
			pond.WithContext(ctx),
			pond.WithQueueSize(l.Queue), // pond's word for unbounded is the same number
			pond.WithNonBlocking(l.WhenFull == strategies.Reject)),
		cancel: cancel,
	}
	if l.WhenFull == strategies.Wait && l.Queue > 0 && l.Queue != strategies.Unbounded {
		d.turn = new(sync.Mutex)
	}
	return d, nil
}

type dispatcher struct {
	pool   pond.Pool
	cancel context.CancelFunc

	// turn lets one call at a time wait for room in a bounded queue; nil where that cannot happen. pond remembers one
	// release of room at most, and a caller that is woken and queues its task does not pass it on: of several callers
	// and several places that come free at once, the second caller would go on waiting beside an empty place.
	turn *sync.Mutex
}

// Dispatch does not listen to ctx, because pond cannot: Close wakes it. It uses Go and not Submit, which costs
// thirteen times as much and drops what is queued when the pool's context ends.
func (d *dispatcher) Dispatch(_ context.Context, task func()) error {
	if d.turn != nil {
		d.turn.Lock()
		defer d.turn.Unlock()
	}
	switch err := d.pool.Go(task); {
	case err == nil:
		return nil
	case errors.Is(err, pond.ErrQueueFull):
		return strategies.ErrFull
	case errors.Is(err, pond.ErrPoolStopped), errors.Is(err, context.Canceled):
		return strategies.ErrClosed
	default:
		return fmt.Errorf("hand a task to pond: %w", err)
	}
}

// Close wakes blocked calls, and waits for tasks that run and that are queued.
func (d *dispatcher) Close() error {
	// Stopping alone does not wake a blocked call before a task ends. Tasks from Go do not look at the context, so
	// that those that are queued still run.
	d.cancel()
	d.pool.StopAndWait()
	return nil
}
