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
	"strconv"
	"sync"

	"github.com/panjf2000/ants/v2"

	"github.com/poolbench/poolbench/strategies"
)

// Kind is the family of strategies on this pool, as package all lists it.
func Kind() strategies.Kind {
	return strategies.Kind{
		Name:    "ants",
		About:   "github.com/panjf2000/ants/v2: up to so many workers, started when needed and kept; no queue",
		Default: strategies.Limits{Workers: 64},
		Units:   []strategies.Unit{strategies.ConnUnit, strategies.RequestUnit},
		Check:   check,
		New:     New,
	}
}

// check reports limits that ants cannot keep: it takes a size under 1 for no limit and holds it in 32 bits, and its callers
// can wait, but its tasks cannot.
func check(l strategies.Limits) error {
	switch {
	case l.Workers < 1 || l.Workers > math.MaxInt32:
		return fmt.Errorf("workers=%s: ants is used with a limit; allowed: 1 to %d", limit(l.Workers), math.MaxInt32)
	case l.Queue != 0:
		return fmt.Errorf("queue=%s: ants has no queue; allowed: 0", limit(l.Queue))
	}
	return nil
}

func limit(n int) string {
	if n == strategies.Unbounded {
		return "unbounded"
	}
	return strconv.Itoa(n)
}

// New starts a pool. Workers that have no task stay until Close.
func New(l strategies.Limits) (strategies.Dispatcher, error) {
	if err := check(l); err != nil {
		return nil, err
	}
	pool, err := ants.NewPool(l.Workers,
		ants.WithNonblocking(l.WhenFull == strategies.Reject),
		// The purge takes idle workers off the list before they have counted themselves out: in that moment a pool with
		// nothing to do calls itself full, refuses, or lets a caller wait whom nobody wakes.
		ants.WithDisablePurge(true),
		// Without a handler ants prints panics. package strategies has reported them before they come here.
		ants.WithPanicHandler(func(any) {}),
	)
	if err != nil {
		return nil, fmt.Errorf("start ants pool: %w", err)
	}
	return &dispatcher{pool: pool}, nil
}

type dispatcher struct {
	pool  *ants.Pool
	calls sync.RWMutex // read-locked by calls of Submit, which may block in it
	tasks sync.WaitGroup
}

// Dispatch does not listen to ctx, because ants cannot: Close wakes it.
func (d *dispatcher) Dispatch(_ context.Context, task func()) error {
	d.calls.RLock()
	defer d.calls.RUnlock()
	if d.pool.IsClosed() {
		return strategies.ErrClosed
	}
	d.tasks.Add(1)
	err := d.pool.Submit(func() {
		defer d.tasks.Done()
		task()
	})
	if err == nil {
		return nil
	}
	d.tasks.Done()
	switch {
	case errors.Is(err, ants.ErrPoolOverload):
		return strategies.ErrFull
	case errors.Is(err, ants.ErrPoolClosed):
		return strategies.ErrClosed
	}
	return fmt.Errorf("submit to ants pool: %w", err)
}

// Close wakes blocked calls and waits for tasks.
func (d *dispatcher) Close() error {
	d.pool.Release()
	// Submit asks whether the pool is closed and only then takes a worker, so a call that overlaps Release may still have
	// its task run, and ants' own wait can end before that. Once this lock was held no call is under way.
	d.calls.Lock()
	//lint:ignore SA2001 the lock is a barrier
	d.calls.Unlock()
	d.tasks.Wait()
	return nil
}
