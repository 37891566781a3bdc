package stat

import (
	"slices"
	"time"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/trial"
)

// Summaries returns one for each cell, in order of first appearance. Invalid trials are counted and otherwise left
// out; a cell that has no others says so with Trials 0.
func Summaries(trials []trial.Trial) []Summary {
	keys, of := cells(trials)
	summaries := make([]Summary, 0, len(keys))
	for _, key := range keys {
		summaries = append(summaries, summarise(key, of[key]))
	}
	return summaries
}

// summarise needs at least one trial, valid or not.
func summarise(key Cell, all []trial.Trial) Summary {
	good := valid(all)
	first := all[0] // for what is the same in all
	if len(good) > 0 {
		first = good[0]
	}
	s := Summary{
		Cell:     key,
		Workload: first.Workload,
		Measured: first.Measured,
		Load:     first.Load,
		TimeOut:  first.TimeOut,
		Trials:   len(good),
		Invalid:  len(all) - len(good),

		DriverBound: having(finding.DriverBound, good),
		AboveHalf:   having(finding.AboveHalfCeiling, good),

		Goodput:   median(values(Goodput, good), confidence),
		ServerCPU: median(values(ServerCPU, good), confidence),
		Clients:   served(good),
	}
	var windows []time.Duration
	for _, t := range good {
		windows = append(windows, t.Window)
		s.Counts = s.Counts.Plus(t.Counts)
		s.Latency.Merge(t.Latency)
	}
	s.Window = middle(windows)
	return s
}

func served(trials []trial.Trial) Served {
	var s Served
	if len(trials) == 0 {
		return s
	}
	var counts []int
	var jain []float64
	for _, t := range trials {
		c := t.Clients
		s.Total = max(s.Total, c.Total)
		s.Refused = max(s.Refused, c.Refused)
		s.Nothing = max(s.Nothing, c.Nothing)
		counts = append(counts, c.Served)
		jain = append(jain, c.Jain)
	}
	s.Fewest = slices.Min(counts)
	s.Median = middle(counts)
	s.Jain = median(jain, confidence).Value
	return s
}

// middle is the median, the lower one of two: a value that was really seen. It is 0 for none.
func middle[T int | float64 | time.Duration](values []T) T {
	if len(values) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(values))[(len(values)-1)/2]
}
