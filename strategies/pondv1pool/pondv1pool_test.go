package pondv1pool

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"testing"

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

// A lost worker is lost for good; what must not happen is that the pool takes tasks for it that nobody runs.
func TestATaskThatEndsItsGoroutineTakesItsPlaceAlong(t *testing.T) {
	d, err := New(strategies.Limits{Workers: 2, WhenFull: strategies.Reject})
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan struct{})
	if err := d.Dispatch(context.Background(), func() { close(ran); runtime.Goexit() }); err != nil {
		t.Fatal(err)
	}
	<-ran
	let := make(chan struct{})
	if err := d.Dispatch(context.Background(), func() { <-let }); err != nil {
		t.Fatal(err)
	}
	if err := d.Dispatch(context.Background(), func() {}); !errors.Is(err, strategies.ErrFull) {
		t.Errorf("one worker is lost and one busy: got %v, want ErrFull", err)
	}
	close(let)
	if err := d.Close(); err != nil {
		t.Error(err)
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
