package pondv1pool

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/strategytest"
)

func TestDispatcherKeepsItsContract(t *testing.T) {
	for _, l := range []strategies.Limits{
		{Workers: 1},
		{Workers: 3},
		{Workers: 3, Queue: 2},
		{Workers: 1, WhenFull: strategies.Reject},
		{Workers: 3, WhenFull: strategies.Reject},
		{Workers: 3, Queue: 2, WhenFull: strategies.Reject},
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
		{strategies.Limits{Workers: 0}, "workers=0: pond-v1 starts them all at once; allowed: 1 to 1048576"},
		{strategies.Limits{Workers: strategies.Unbounded}, "workers=unbounded: pond-v1 starts them all at once; allowed: 1 to 1048576"},
		{strategies.Limits{Workers: 1, Queue: strategies.Unbounded},
			"queue=unbounded: pond-v1's queue is a channel, allocated at once; allowed: 0 to 1048576"},
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

// The library by itself never replaces the workers, so that nobody runs what is queued.
func TestTasksThatEndTheirGoroutineTakeNoWorkerAlong(t *testing.T) {
	const workers, queue = 3, 3
	d, err := New(strategies.Limits{Workers: workers, Queue: queue})
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
	for range queue {
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
	if n := ran.Load(); n != queue {
		t.Errorf("%d of %d queued tasks ran", n, queue)
	}
}

func TestAPanicCostsNoPlace(t *testing.T) {
	d, err := New(strategies.Limits{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := d.Dispatch(context.Background(), func() { panic("on purpose") }); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// What a task does to its goroutine is not printed: a library that does would spoil a server's output and a benchmark's.
func TestFaultyTasksPrintNothing(t *testing.T) {
	out, err := exec.Command(os.Args[0], "-test.v", "-test.run", "^TestAPanicCostsNoPlace$").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if bytes.Contains(out, []byte("on purpose")) || bytes.Contains(out, []byte("goroutine ")) {
		t.Errorf("the library printed:\n%s", out)
	}
}
