package steady_test

import (
	"fmt"
	"time"

	"github.com/poolbench/poolbench/bench/steady"
	"github.com/poolbench/poolbench/bench/trial"
)

// A window of a second in which the first eight slices of fifty were still warming up.
func Example() {
	t := trial.Trial{Load: trial.Load{Loop: trial.Closed, Clients: 1}, Window: time.Second}
	t.Series.Slice = 20 * time.Millisecond
	for i := range 50 {
		good := int64(1000 + i%3) // some noise
		if i < 8 {
			good = 400 + 75*int64(i)
		}
		s := &t.Series
		s.Due, s.OK, s.Good, s.Timed = append(s.Due, good), append(s.OK, good), append(s.Good, good), append(s.Timed, good)
		s.Response = append(s.Response, time.Millisecond)
		t.Counts.Intended += good
		t.Counts.Good += good
	}
	state, judged := steady.Of(t)
	fmt.Println("judged:", judged, "steady:", state.Steady())
	fmt.Println("to discard:", state.Discard, "because of", state.Warming)
	// Output:
	// judged: true steady: false
	// to discard: 160ms because of goodput
}
