package epoll

import (
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/account"
	"pgregory.net/rapid"
)

// Against a list that is searched: whatever is set, moved and unset, each timer fires when it is due and not before, and
// only as often as it was set.
func TestTimersFireWhenTheyAreDue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const n = 6
		var heap timers
		own := make([]timer, n)
		due := make([]time.Duration, n)
		for i := range own {
			own[i].reset(int32(i))
			due[i] = account.Never
		}
		now := time.Duration(0)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "set") {
				i := rapid.IntRange(0, n-1).Draw(t, "timer")
				at := account.Never
				if rapid.IntRange(0, 4).Draw(t, "kind") > 0 {
					at = now + time.Duration(rapid.IntRange(0, 20).Draw(t, "in"))
				}
				heap.set(&own[i], at)
				due[i] = at
				continue
			}
			now += time.Duration(rapid.IntRange(0, 10).Draw(t, "pass"))
			for {
				fired := heap.pop(now)
				if fired == nil {
					break
				}
				if due[fired.id] > now {
					t.Fatalf("timer %d fired at %d and is due at %d", fired.id, now, due[fired.id])
				}
				due[fired.id] = account.Never
			}
			first := account.Never
			for i, d := range due {
				if d <= now {
					t.Fatalf("timer %d, due at %d, has not fired at %d", i, d, now)
				}
				first = min(first, d)
			}
			if heap.next() > first {
				t.Fatalf("nobody would look before %d, and a timer is due at %d", heap.next(), first)
			}
		}
	})
}

func TestMovingATimerBackCostsNothing(t *testing.T) {
	var heap timers
	own := make([]timer, 100)
	for i := range own {
		own[i].reset(int32(i))
		heap.set(&own[i], time.Second)
	}
	before := heap[50]
	for i := range own {
		heap.set(&own[i], 2*time.Second)
	}
	if heap[50] != before || len(heap) != len(own) {
		t.Error("the heap was put in order, which is what leaving the key as it is should spare")
	}
	if fired := heap.pop(time.Second); fired != nil {
		t.Errorf("timer %d fired a second early", fired.id)
	}
	n := 0
	for heap.pop(2*time.Second) != nil {
		n++
	}
	if n != len(own) {
		t.Errorf("%d timers fired, want %d", n, len(own))
	}
}
