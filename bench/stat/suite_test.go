package stat

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// A suite simulates the trials of one scenario: the goodput of each strategy with noise.
type suite struct {
	repetitions int
	strategies  map[string]float64 // true goodput per second, by name
	noise       float64            // standard deviation of a trial, as a ratio
	drift       float64            // the same of a repetition, which all of its trials share
}

const baseline = "goroutine"

// run returns trials in random order within each repetition; the baseline has its twin.
func (s suite) run(rng *rand.Rand) []trial.Trial {
	var all []trial.Trial
	for repetition := range s.repetitions {
		moment := 1 + s.drift*rng.NormFloat64()
		var block []trial.Trial
		add := func(name string, twin bool) {
			good := s.strategies[name] * moment * (1 + s.noise*rng.NormFloat64())
			block = append(block, withGoodput(name, twin, repetition, int64(good)))
		}
		for i := range len(s.strategies) {
			add(s.names()[i], false)
		}
		add(baseline, true)
		rng.Shuffle(len(block), func(i, j int) { block[i], block[j] = block[j], block[i] })
		all = append(all, block...)
	}
	for i := range all {
		all[i].Seq = i
	}
	return all
}

// names are in a fixed order, or the seed would not determine the trials.
func (s suite) names() []string {
	names := []string{baseline}
	for i := range len(s.strategies) - 1 {
		names = append(names, fmt.Sprint("other-", i))
	}
	return names
}

func withGoodput(strategy string, twin bool, repetition int, good int64) trial.Trial {
	return trial.Trial{
		Scenario:    "echo",
		Workload:    "echo",
		Measured:    "request",
		Strategy:    strategy,
		Twin:        twin,
		Repetition:  repetition,
		Load:        trial.Load{Loop: trial.Closed, Clients: 2},
		Window:      time.Second,
		TimeOut:     time.Second,
		Counts:      trial.Counts{Good: good},
		ServerUsage: trial.Usage{CPU: time.Second},
	}
}

// others makes the strategies of a suite: the baseline and n with the given figure.
func others(n int, figure float64) map[string]float64 {
	all := map[string]float64{baseline: 100_000}
	for i := range n {
		all[fmt.Sprint("other-", i)] = figure
	}
	return all
}
