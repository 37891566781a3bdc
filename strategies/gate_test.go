package strategies_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/poolbench/poolbench/strategies"
)

// A caller that gives up waiting in the very moment when its turn comes must neither keep the place nor lose it.
func TestAGateNeitherLosesNorInventsPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := strategies.NewGate(1, strategies.Reject)
		waiting := strategies.NewGate(1, strategies.Wait)
		if err := waiting.Enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 100 { // the caller may or may not have left before its turn comes
			ctx, cancel := context.WithCancel(t.Context())
			came := make(chan error, 1)
			go func() { came <- waiting.Enter(ctx) }()
			synctest.Wait()
			cancel()
			waiting.Leave()
			if err := <-came; err != nil {
				if !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
				if err := waiting.Enter(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		second, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := waiting.Enter(second); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one place too many: %v", err)
		}
		waiting.Leave()
		if err := gate.Enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := gate.Enter(t.Context()); !errors.Is(err, strategies.ErrFull) {
			t.Errorf("a full gate that rejects returns %v, want ErrFull", err)
		}
	})
}

func TestAGateLetsWhoeverHasWaitedLongestInFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := strategies.NewGate(1, strategies.Wait)
		if err := gate.Enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		var order []int
		for i := range 5 {
			go func() {
				if err := gate.Enter(t.Context()); err != nil {
					t.Error(err)
				}
				order = append(order, i) // one is inside at a time
				gate.Leave()
			}()
			synctest.Wait()
		}
		gate.Leave()
		synctest.Wait()
		for i, who := range order {
			if who != i {
				t.Fatalf("let in in the order %v", order)
			}
		}
		if len(order) != 5 {
			t.Errorf("%d of 5 were let in", len(order))
		}
	})
}

func TestClosingAGateSendsWaitersAwayAndWaitsForThoseInside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := strategies.NewGate(1, strategies.Wait)
		if err := gate.Enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		sent := make(chan error, 1)
		go func() { sent <- gate.Enter(t.Context()) }()
		synctest.Wait()
		closed := false
		go func() { gate.Close(); closed = true }()
		synctest.Wait()
		if err := <-sent; !errors.Is(err, strategies.ErrClosed) {
			t.Errorf("whoever waited got %v, want ErrClosed", err)
		}
		if closed {
			t.Error("closed with somebody inside")
		}
		gate.Leave()
		synctest.Wait()
		if !closed {
			t.Error("not closed when the last one had left")
		}
		if err := gate.Enter(t.Context()); !errors.Is(err, strategies.ErrClosed) {
			t.Errorf("a closed gate returns %v, want ErrClosed", err)
		}
	})
}

// Most of the time a gate is passed without its lock; nobody may be forgotten where that time begins and ends. A caller
// that is forgotten leaves the bubble with nothing that could go on, which ends the test.
func TestAGateIsExactWhileItFillsAndEmpties(t *testing.T) {
	for _, places := range []int{1, 3} {
		synctest.Test(t, func(t *testing.T) { fillAndEmpty(t, places) })
	}
}

func fillAndEmpty(t *testing.T, places int) {
	gate := strategies.NewGate(places, strategies.Wait)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	var inside, most, gaveUp atomic.Int64
	var callers sync.WaitGroup
	for i := range 2 * places {
		callers.Go(func() {
			// Where callers go in step, each comes with either context at every phase of the others sooner or later.
			for j := 0; j < 2000 || gaveUp.Load() == 0 && j < 1_000_000; j++ {
				ctx := t.Context()
				if j%(7+i) == 0 {
					ctx = over
				}
				if err := gate.Enter(ctx); err != nil {
					if !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
					gaveUp.Add(1)
					continue
				}
				n := inside.Add(1)
				for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
				}
				runtime.Gosched()
				inside.Add(-1)
				gate.Leave()
			}
		})
	}
	callers.Wait()
	if n := most.Load(); int(n) != places {
		t.Errorf("%d were inside at once, want %d", n, places)
	}
	if gaveUp.Load() == 0 {
		t.Error("no caller gave up, so that was not tested")
	}
	for range places {
		if err := gate.Enter(over); err != nil {
			t.Errorf("a place was lost: %v", err)
		}
	}
	if err := gate.Enter(over); !errors.Is(err, context.Canceled) {
		t.Errorf("a place was invented: %v", err)
	}
	for range places {
		gate.Leave()
	}
	gate.Close()
}
