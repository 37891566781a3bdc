package stat

import (
	"cmp"
	"slices"

	"github.com/poolbench/poolbench/bench/trial"
)

// cells groups trials by cell. keys are in order of first appearance; the trials of one cell are in the order in which
// they ended, so that nothing but keys depends on the order of the input.
func cells(trials []trial.Trial) (keys []Cell, of map[Cell][]trial.Trial) {
	of = map[Cell][]trial.Trial{}
	for _, t := range trials {
		key := Cell{Scenario: t.Scenario, Fraction: t.Load.Fraction, Strategy: t.Strategy, Twin: t.Twin}
		if _, seen := of[key]; !seen {
			keys = append(keys, key)
		}
		of[key] = append(of[key], t)
	}
	for key, group := range of {
		of[key] = inOrder(group)
	}
	return keys, of
}

// inOrder returns trials in the order in which they ended.
func inOrder(trials []trial.Trial) []trial.Trial {
	trials = slices.Clone(trials)
	slices.SortStableFunc(trials, func(a, b trial.Trial) int { return cmp.Compare(a.Seq, b.Seq) })
	return trials
}

// valid returns the trials that may be used.
func valid(trials []trial.Trial) []trial.Trial {
	var good []trial.Trial
	for _, t := range trials {
		if t.Invalid == "" {
			good = append(good, t)
		}
	}
	return good
}

// values returns what the metric says of each trial that has it.
func values(m Metric, trials []trial.Trial) []float64 {
	var all []float64
	for _, t := range trials {
		if v, ok := m.Of(t); ok {
			all = append(all, v)
		}
	}
	return all
}
