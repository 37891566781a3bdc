package gammazeropool

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/strategytest"
)

func TestDispatcherKeepsItsContract(t *testing.T) {
	for _, l := range []strategies.Limits{
		{Workers: 1, Queue: strategies.Unbounded},
		{Workers: 3, Queue: strategies.Unbounded},
		{Workers: strategies.Unbounded, Queue: strategies.Unbounded},
	} {
		t.Run(strategies.Spec{Kind: Kind().Name, Limits: l}.String(), func(t *testing.T) {
			strategytest.RunDispatcher(t, New, l)
		})
	}
}

func TestImpossibleLimitsAreNamed(t *testing.T) {
	for _, tt := range []struct {
		limits strategies.Limits
		want   string
	}{
		{strategies.Limits{Workers: 0, Queue: strategies.Unbounded},
			"workers=0: nothing would ever be served; allowed: a whole number from 1, or unbounded"},
		{strategies.Limits{Workers: 1}, "queue=0: workerpool's queue has no bound and cannot be given one; allowed: unbounded"},
		{strategies.Limits{Workers: 1, Queue: 16}, "queue=16: workerpool's queue has no bound and cannot be given one; allowed: unbounded"},
	} {
		if _, err := New(tt.limits); err == nil || err.Error() != tt.want {
			t.Errorf("%+v: got error %v, want %s", tt.limits, err, tt.want)
		}
	}
	if err := Kind().Check(Kind().Default); err != nil {
		t.Errorf("default limits: %v", err)
	}
}

// patience is how long a test waits for what has to happen; only a failing one waits so long.
const patience = 20 * time.Second

// The library by itself never runs the queued tasks, and never stops.
func TestTasksThatEndTheirGoroutineTakeNoWorkerAlong(t *testing.T) {
	const workers = 3
	d, err := New(strategies.Limits{Workers: workers, Queue: strategies.Unbounded})
	if err != nil {
		t.Fatal(err)
	}
	dispatch := func(task func()) {
		t.Helper()
		if err := d.Dispatch(context.Background(), task); err != nil {
			t.Fatal(err)
		}
	}
	let := make(chan struct{})
	for range workers {
		dispatch(func() { <-let; runtime.Goexit() })
	}
	var ran atomic.Int64
	for range 2 * workers {
		dispatch(func() { ran.Add(1); runtime.Goexit() })
	}
	close(let)
	met := make(chan struct{}) // by as many tasks as there are workers, so that each of them is still at work
	var here atomic.Int64
	for range workers {
		dispatch(func() {
			if here.Add(1) == workers {
				close(met)
			}
			<-met
		})
	}
	closed := make(chan error, 1)
	go func() { closed <- d.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("Close waits for workers that tasks have taken along")
	}
	if n := ran.Load(); n != 2*workers {
		t.Errorf("%d of %d queued tasks ran", n, 2*workers)
	}
}
