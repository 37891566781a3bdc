// Package antspool runs tasks on a pool of github.com/panjf2000/ants/v2: workers are goroutines that are started
// when needed and kept. It knows nothing about connections; package strategies makes a server of it.
//
// Importing ants starts two goroutines of its own default pool, which nothing here uses.
package antspool

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"

	"github.com/panjf2000/ants/v2"

	"github.com/poolbench/poolbench/strategies"
)

// Kind is the family of strategies on this pool, as package all lists it.
func Kind() strategies.Kind {
	return strategies.Kind{
		Name:    "ants",
		About:   "github.com/panjf2000/ants/v2: up to so many workers, started when needed and kept; no queue",
		Default: strategies.Limits{Workers: strategies.DefaultWorkers},
		Units:   []strategies.Unit{strategies.ConnUnit, strategies.RequestUnit},
		Check:   check,
		New:     New,

		Constructor: strategies.Constructor{Import: "github.com/poolbench/poolbench/strategies/antspool", Expr: "antspool.New"},
	}
}

// check reports limits that ants cannot keep: it takes a size under 1 for no limit and holds it in 32 bits, and its callers
// can wait, but its tasks cannot.
func check(l strategies.Limits) error {
	switch {
	case l.Workers < 1 || l.Workers > math.MaxInt32:
		return fmt.Errorf("workers=%s: ants is used with a limit; allowed: 1 to %d", strategies.FormatLimit(l.Workers), math.MaxInt32)
	case l.Queue != 0:
		return fmt.Errorf("queue=%s: ants has no queue; allowed: 0", strategies.FormatLimit(l.Queue))
	}
	return nil
}

// New starts a pool. Workers that have no task stay until Close.
func New(l strategies.Limits) (strategies.Dispatcher, error) {
	if err := check(l); err != nil {
		return nil, err
	}
	pool, err := ants.NewPool(l.Workers,
		// The purge takes idle workers off the list before they have counted themselves out: in that moment a pool with
		// nothing to do calls itself full. It would also end workers after a second, and how long they stay is stated here.
		ants.WithDisablePurge(true),
		// The gate is what callers wait at. In ants, a caller who is about to wait is not told about a worker that a task
		// has just taken along (runtime.Goexit), and could wait for ever.
		ants.WithNonblocking(true),
		// Without a handler ants prints panics. package strategies has reported them before they come here.
		ants.WithPanicHandler(func(any) {}),
	)
	if err != nil {
		return nil, fmt.Errorf("start ants pool: %w", err)
	}
	return &dispatcher{pool, strategies.NewGate(l.Workers, l.WhenFull)}, nil
}

// dispatcher has a gate before the pool, because ants cannot do what a Dispatcher must: callers that come to wait in
// Submit while Release is under way are woken one at most for each worker that ends, and some of them never; a task
// handed over in that moment can outlast ReleaseContext; and a worker on its way back from a task still counts as busy,
// so that a non-blocking Submit refuses without need.
type dispatcher struct {
	pool *ants.Pool
	gate *strategies.Gate
}

// Dispatch returns ctx's error if that ends while it waits.
func (d *dispatcher) Dispatch(ctx context.Context, task func()) error {
	if err := d.gate.Enter(ctx); err != nil {
		return err
	}
	gated := func() {
		defer d.gate.Leave()
		task()
	}
	err := d.pool.Submit(gated)
	for errors.Is(err, ants.ErrPoolOverload) { // a worker has left the gate and is some instructions away from being free
		runtime.Gosched()
		err = d.pool.Submit(gated)
	}
	if err != nil {
		d.gate.Leave()
		return fmt.Errorf("submit to ants pool: %w", err)
	}
	return nil
}

// Close wakes blocked calls, and waits for tasks and for the pool's own goroutines.
func (d *dispatcher) Close() error {
	d.gate.Close()
	if err := d.pool.ReleaseContext(context.Background()); err != nil {
		return fmt.Errorf("release ants pool: %w", err)
	}
	return nil
}
