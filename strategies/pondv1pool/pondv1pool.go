// Package pondv1pool runs tasks on a pool of github.com/alitto/pond, version 1: workers that stay, behind a channel
// as the queue. That version is frozen; it is here because it is the only pond that keeps its workers. It knows
// nothing about connections; package strategies makes a server of it. Package pondpool has version 2.
package pondv1pool

import (
	"context"
	"fmt"

	"github.com/alitto/pond"

	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/internal/contain"
)

// Kind is the family of strategies on this pool, as package all lists it.
func Kind() strategies.Kind {
	return strategies.Kind{
		Name:    "pond-v1",
		About:   "github.com/alitto/pond v1: a fixed number of goroutines that stay, behind a channel",
		Default: strategies.Limits{Workers: strategies.DefaultWorkers},
		Units:   []strategies.Unit{strategies.ConnUnit, strategies.RequestUnit},
		Check:   check,
		New:     New,

		Constructor: strategies.Constructor{Import: "github.com/poolbench/poolbench/strategies/pondv1pool", Expr: "pondv1pool.New"},
	}
}

// most is the largest number of workers and of queued tasks: both are allocated when the pool starts, and a
// million is already far beyond what connections one process can have open.
const most = 1 << 20

func check(l strategies.Limits) error {
	switch {
	case l.Workers < 1 || l.Workers > most:
		return fmt.Errorf("workers=%s: pond-v1 starts them all at once; allowed: 1 to %d", strategies.FormatLimit(l.Workers), most)
	case l.Queue < 0 || l.Queue > most:
		return fmt.Errorf("queue=%s: pond-v1's queue is a channel, allocated at once; allowed: 0 to %d", strategies.FormatLimit(l.Queue), most)
	}
	return nil
}

// New starts a pool and all of its workers.
func New(l strategies.Limits) (strategies.Dispatcher, error) {
	if err := check(l); err != nil {
		return nil, err
	}
	return &dispatcher{
		// With fewer workers than the most, pond decides by a count of idle ones that is behind the truth: a task can
		// wait for a worker that has just been taken while others are not even started. All from the start is exact.
		pool: pond.New(l.Workers, l.Queue, pond.MinWorkers(l.Workers)),
		gate: strategies.NewGate(l.Workers+l.Queue, l.WhenFull),
	}, nil
}

// dispatcher has a gate before the pool, because the pool cannot do what a Dispatcher must: a blocked Submit cannot be
// woken, Submit after the stop panics, and TrySubmit without a queue refuses while a free worker is on its way back to
// the channel.
type dispatcher struct {
	pool  *pond.WorkerPool
	gate  *strategies.Gate
	tasks contain.Pool
}

// Dispatch returns ctx's error if that ends while it waits.
func (d *dispatcher) Dispatch(ctx context.Context, task func()) error {
	if err := d.gate.Enter(ctx); err != nil {
		return err
	}
	d.pool.Submit(func() { d.run(task) }) // there is room: it blocks no longer than a free worker takes to come back
	return nil
}

// run keeps panics from pond, which would print them; package strategies has reported them before they come here. A task
// that ends its goroutine (runtime.Goexit) is contained: it would take the worker along, which pond does not replace.
func (d *dispatcher) run(task func()) {
	defer func() {
		_ = recover()
		d.gate.Leave()
	}()
	d.tasks.Run(task)
}

// Close wakes blocked calls, and waits for tasks that run and that are queued.
func (d *dispatcher) Close() error {
	d.gate.Close()
	d.pool.StopAndWait()
	d.tasks.Close()
	return nil
}
