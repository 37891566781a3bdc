package stat_test

import (
	"fmt"
	"slices"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// How a run decides: each repetition has one figure of each strategy, and the design says when they are looked at. Between
// a and b there is nothing but noise; c needs a fifth more.
func Example() {
	scenario := trial.Scenario{Name: "echo", Question: trial.Compare, Strategies: []string{"a", "b", "c"},
		Load: trial.Load{Loop: trial.Closed}, DecidedBy: "server-cpu"}
	design := stat.NewDesign(0.05, []trial.Scenario{scenario}, 10)
	var seen []stat.Observation
	for repetition, noise := range []float64{2, -4, 3, 1, -2, -1, 4, 0, -3, 2} {
		for strategy, value := range map[string]float64{"a": 100, "b": 100 + noise, "c": 120 - noise} {
			cell := stat.Cell{Scenario: "echo", Strategy: strategy}
			seen = append(seen, stat.Observation{Cell: cell, Repetition: repetition, Value: value})
		}
	}
	for _, d := range stat.Decide(seen, []trial.Scenario{scenario}, design) {
		fmt.Printf("%s against %s: %s, × %.2f (%.2f to %.2f), after %d repetitions\n",
			d.Strategy, d.Against, d.Outcome, d.Ratio.Value, d.Ratio.Lo, d.Ratio.Hi, d.Repetitions)
	}
	// Output:
	// b against a: tied, × 1.00 (0.97 to 1.02), after 10 repetitions
	// c against a: different, × 1.20 (1.17 to 1.22), after 10 repetitions
}

// A median of few trials has an interval only if there are enough of them for one: that of six is all that they span.
func ExampleMedian() {
	trials := []float64{98, 103, 101, 99, 100, 102}
	m := stat.Median(trials)
	fmt.Printf("%.1f (%.0f to %.0f, at %.1f %%)\n", m.Value, m.Lo, m.Hi, 100*m.Confidence)
	fmt.Println("of five:", stat.Median(trials[:5]).Confidence)
	// Output:
	// 100.5 (98 to 103, at 96.9 %)
	// of five: 0
}

// How many repetitions a comparison of so many pairs takes before it can tell any difference.
func ExampleRepetitions() {
	for family := range slices.Values([]int{3, 6, 21, 100}) {
		fmt.Printf("%d comparisons: %d repetitions\n", family, stat.Repetitions(family))
	}
	// Output:
	// 3 comparisons: 5 repetitions
	// 6 comparisons: 5 repetitions
	// 21 comparisons: 7 repetitions
	// 100 comparisons: 8 repetitions
}
