package main

import (
	"slices"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// cost is a generator's CPU time for each answered request, user and system.
var cost = stat.Metric{Name: "generator CPU per request", Unit: "s", Of: func(t trial.Trial) (float64, bool) {
	if t.Counts.Good <= 0 || t.DriverUsage.CPU <= 0 {
		return 0, false
	}
	return t.DriverUsage.CPU.Seconds() / float64(t.Counts.Good), true
}}

// compare compares what the generators cost with the baseline, in pairs within rounds.
func compare(runs []run) []stat.Comparison {
	var trials []trial.Trial
	for i, one := range runs {
		trials = append(trials, trial.Trial{
			Seq: i, Scenario: served, Strategy: one.name, Twin: one.twin, Repetition: one.round,
			Counts:      trial.Counts{Good: one.Requests},
			DriverUsage: trial.Usage{CPU: one.cpu(), UserCPU: one.user},
		})
	}
	return stat.Comparisons(trials, cost, nil, trial.Design{})
}

// A spread is what several runs say of one figure.
type spread struct{ least, middle, most float64 }

// over takes one figure of each of a generator's runs, the twin's left out.
func over(runs []run, name string, figure func(run) float64) spread {
	var values []float64
	for _, one := range runs {
		if one.name == name && !one.twin {
			values = append(values, figure(one))
		}
	}
	slices.Sort(values)
	n := len(values)
	if n == 0 {
		return spread{}
	}
	return spread{values[0], (values[(n-1)/2] + values[n/2]) / 2, values[n-1]}
}
