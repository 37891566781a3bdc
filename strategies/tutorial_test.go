package strategies_test

import (
	"context"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/strategytest"
)

func TestTutorialKeepsADispatchersContract(t *testing.T) {
	for _, l := range []strategies.Limits{
		{Workers: 1, Queue: strategies.Unbounded},
		{Workers: 3, Queue: strategies.Unbounded},
		{Workers: 3, Queue: strategies.Unbounded, WhenFull: strategies.Reject},
	} {
		t.Run(strategies.Spec{Kind: "tutorial", Limits: l}.String(), func(t *testing.T) {
			strategytest.RunDispatcher(t, strategies.Tutorial().New, l)
		})
	}
}

// The queue moves what is left in it when many have been taken, and must neither change the order nor keep what has run.
func TestTutorialRunsTasksInTheirOrderAndForgetsThem(t *testing.T) {
	d, err := strategies.Tutorial().New(strategies.Limits{Workers: 1, Queue: strategies.Unbounded})
	if err != nil {
		t.Fatal(err)
	}
	const many = 1000
	freed := make(chan int, 2*many)
	var order, want []int
	next := 0
	offer := func(n int) {
		for range n {
			i := next
			next++
			kept := new([64]byte) // stands for the connection that a task holds
			runtime.AddCleanup(kept, func(i int) { freed <- i }, i)
			want = append(want, i)
			if err := d.Dispatch(context.Background(), func() { order = append(order, i); kept[0]++ }); err != nil {
				t.Error(err)
			}
		}
	}
	step := make(chan struct{})
	for range 10 { // the queue grows and shrinks at once, and is never empty but at the end
		if err := d.Dispatch(context.Background(), func() { <-step }); err != nil {
			t.Fatal(err)
		}
		offer(17)
		step <- struct{}{}
	}
	end := make(chan struct{})
	block := func(until chan struct{}) {
		if err := d.Dispatch(context.Background(), func() { <-until }); err != nil {
			t.Fatal(err)
		}
	}
	block(step)
	offer(100)
	block(end)
	ran := next - 1 // the worker's stack may keep one
	offer(many)     // so that nothing is moved when the others have been taken
	step <- struct{}{}
	for limit := time.Now().Add(patience); len(freed) < ran; runtime.GC() {
		if time.Now().After(limit) {
			t.Errorf("%d of %d tasks were forgotten when they had run", len(freed), ran)
			break
		}
	}
	close(end)
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if !slices.Equal(order, want) {
		t.Errorf("tasks ran in the order %v", order)
	}
}
