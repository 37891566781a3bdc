package epoll

import (
	"testing"

	"pgregory.net/rapid"
)

func TestAFifoGivesInOrderWhatItWasGiven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q fifo[int]
		pushed, popped := 0, 0
		for range rapid.IntRange(0, 200).Draw(t, "steps") {
			if q.len() == 0 || rapid.Bool().Draw(t, "push") {
				q.push(pushed)
				pushed++
			} else {
				if got := q.pop(); got != popped {
					t.Fatalf("got %d, want %d", got, popped)
				}
				popped++
			}
			if q.len() != pushed-popped {
				t.Fatalf("length %d, want %d", q.len(), pushed-popped)
			}
		}
	})
}

func TestAFifoThatIsNeverEmptyDoesNotGrow(t *testing.T) {
	var q fifo[int]
	q.push(0)
	for i := range 100_000 {
		q.push(i)
		q.pop()
	}
	if cap(q.items) > 8 {
		t.Errorf("room for %d, and never more than two were in it", cap(q.items))
	}
}
