package pondpool

import (
	"bytes"
	"context"
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
		{Workers: 1, Queue: 2},
		{Workers: 8, Queue: 8},
		{Workers: 2, Queue: strategies.Unbounded},
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
		{strategies.Limits{Workers: 0}, "workers=0: pond is used with a limit; allowed: a whole number from 1"},
		{strategies.Limits{Workers: strategies.Unbounded}, "workers=unbounded: pond is used with a limit; allowed: a whole number from 1"},
		{strategies.Limits{Workers: 1, Queue: -1}, "queue=-1: allowed: a whole number from 0, or unbounded"},
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
	d, err := New(strategies.Limits{Workers: 1, Queue: 1})
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
