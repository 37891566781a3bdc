package antspool

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"testing"

	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/strategytest"
)

func TestDispatcherKeepsItsContract(t *testing.T) {
	for _, l := range []strategies.Limits{
		{Workers: 1},
		{Workers: 3},
		{Workers: 1, WhenFull: strategies.Reject},
		{Workers: 3, WhenFull: strategies.Reject},
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
		{strategies.Limits{Workers: 0}, "workers=0: ants is used with a limit; allowed: 1 to 2147483647"},
		{strategies.Limits{Workers: strategies.Unbounded}, "workers=unbounded: ants is used with a limit; allowed: 1 to 2147483647"},
		{strategies.Limits{Workers: math.MaxInt32, Queue: 16}, "queue=16: ants has no queue; allowed: 0"},
		{strategies.Limits{Workers: 1, Queue: strategies.Unbounded}, "queue=unbounded: ants has no queue; allowed: 0"},
	} {
		if _, err := New(tt.limits); err == nil || err.Error() != tt.want {
			t.Errorf("%+v: got error %v, want %s", tt.limits, err, tt.want)
		}
	}
	if err := Kind().Check(Kind().Default); err != nil {
		t.Errorf("default limits: %v", err)
	}
}

func TestATaskThatEndsItsGoroutineCostsNoPlace(t *testing.T) {
	d, err := New(strategies.Limits{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, end := range []func(){func() { panic("on purpose") }, runtime.Goexit, func() {}} {
		ran := make(chan struct{})
		if err := d.Dispatch(context.Background(), func() { close(ran); end() }); err != nil {
			t.Fatal(err)
		}
		<-ran
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// Workers go for good while others are on their way back from a task; ants calls itself full in that moment.
func TestAPlaceIsATaskAtOnceWhileWorkersComeAndGo(t *testing.T) {
	for _, policy := range []strategies.Policy{strategies.Wait, strategies.Reject} {
		t.Run("full="+policy.String(), func(t *testing.T) {
			const workers = 2
			d, err := New(strategies.Limits{Workers: workers, WhenFull: policy})
			if err != nil {
				t.Fatal(err)
			}
			var callers sync.WaitGroup
			for range workers {
				callers.Go(func() {
					ended := make(chan struct{}, 1)
					for i := range 2000 {
						task := func() {
							ended <- struct{}{}
							if i%3 == 0 {
								runtime.Goexit()
							}
						}
						err := d.Dispatch(context.Background(), task)
						for policy == strategies.Reject && errors.Is(err, strategies.ErrFull) { // the last one has not left yet
							runtime.Gosched()
							err = d.Dispatch(context.Background(), task)
						}
						if err != nil {
							t.Error(err)
							return
						}
						<-ended
					}
				})
			}
			callers.Wait()
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// What a task does to its goroutine is not printed: a library that does would spoil a server's output and a benchmark's.
func TestFaultyTasksPrintNothing(t *testing.T) {
	out, err := exec.Command(os.Args[0], "-test.v", "-test.run", "^TestATaskThatEndsItsGoroutineCostsNoPlace$").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if bytes.Contains(out, []byte("on purpose")) || bytes.Contains(out, []byte("goroutine ")) {
		t.Errorf("the library printed:\n%s", out)
	}
}
