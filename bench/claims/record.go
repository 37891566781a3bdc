package claims

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// The names of scenarios, and how those begin of which there are several.
const (
	spawnName        = "spawn"
	threadsPrefix    = "threads-"
	goroutinesPrefix = "goroutines-"
	poolPrefix       = "pool-"
)

// A record is a run with what its claims are judged by.
type record struct {
	run    trial.Run
	trials []trial.Trial
	design trial.Design
}

func newRecord(run trial.Run) record {
	d := run.Env.Design
	if !(d.Alpha > 0 && d.Threshold > 0) {
		d = stat.NewDesign(0, run.Env.Scenarios, 1)
	}
	d.Alpha /= float64(max(len(d.Looks), 1))
	return record{run: run, trials: inOrder(run.Trials), design: d}
}

// first is the scenario with that name, if it has strategies for so many places.
func (r record) first(name string, places int) *trial.Scenario {
	for i, sc := range r.run.Env.Scenarios {
		if sc.Name == name && len(sc.Strategies) >= places {
			return &r.run.Env.Scenarios[i]
		}
	}
	return nil
}

// sweep is one strategy at several numbers of clients, the smallest first.
func (r record) sweep(prefix string) []trial.Scenario {
	var all []trial.Scenario
	for _, sc := range r.run.Env.Scenarios {
		if strings.HasPrefix(sc.Name, prefix) && len(sc.Strategies) > 0 {
			all = append(all, sc)
		}
	}
	slices.SortStableFunc(all, func(a, b trial.Scenario) int { return cmp.Compare(a.Load.Clients, b.Load.Clients) })
	return slices.CompactFunc(all, func(a, b trial.Scenario) bool { return a.Load.Clients == b.Load.Clients })
}

func (r record) pools() []trial.Scenario {
	var all []trial.Scenario
	for _, sc := range r.run.Env.Scenarios {
		if strings.HasPrefix(sc.Name, poolPrefix) && len(sc.Strategies) > twoWorkers {
			all = append(all, sc)
		}
	}
	return all
}

// observations are what m says of a scenario's strategy, at the level that decides.
func (r record) observations(sc trial.Scenario, place int, m stat.Metric) []stat.Observation {
	var all []stat.Observation
	for _, t := range r.trials {
		if t.Scenario != sc.Name || t.Strategy != sc.Strategies[place] || t.Load.Fraction != sc.DecideAt {
			continue
		}
		if o, ok := stat.Observe(t, m); ok {
			all = append(all, o)
		}
	}
	return all
}

// A question is one comparison: own over against, of which both trials of a repetition count where it is a baseline; own's twin does not.
type question struct {
	metric       stat.Metric
	own, against []stat.Observation
}

// Names for the two sides of a comparison, whose strategies may be the same one.
const (
	ownSide     = "own"
	againstSide = "against"
)

// decide answers questions that are one family. Each becomes a scenario of two strategies, so that what is compared may come from two scenarios
// of the run: repetitions are its outer loop, and what has the same number was measured within seconds.
func (r record) decide(questions []question) []stat.Decision {
	var obs []stat.Observation
	var scenarios []trial.Scenario
	last := 0
	for i, q := range questions {
		name := strconv.Itoa(i)
		scenarios = append(scenarios, trial.Scenario{Name: name, DecidedBy: q.metric.Key, Strategies: []string{againstSide, ownSide}})
		add := func(side string, all []stat.Observation) {
			for _, o := range all {
				last = max(last, o.Repetition+1)
				o.Cell = stat.Cell{Scenario: name, Strategy: side, Twin: o.Twin}
				obs = append(obs, o)
			}
		}
		add(ownSide, q.own)
		add(againstSide, q.against)
	}
	// A look is reached by a later repetition in any scenario: one more makes it reached where the last of a question is not valid.
	const over = "over"
	scenarios = append(scenarios, trial.Scenario{Name: over, DecidedBy: stat.Goodput.Key, Strategies: []string{againstSide, ownSide}})
	obs = append(obs, stat.Observation{Cell: stat.Cell{Scenario: over, Strategy: ownSide}, Repetition: last})
	design := r.design
	design.Family, design.Looks = len(questions), []int{max(last, 1)}
	ds := make([]stat.Decision, len(questions))
	for _, d := range stat.Decide(obs, scenarios, design) {
		if i, err := strconv.Atoi(d.Scenario); err == nil && d.Strategy == ownSide {
			ds[i] = d
		}
	}
	return ds
}

// An answer is a decision, seen from its own side.
type answer int

const (
	unknown answer = iota
	better
	same
	worse
)

func answerOf(d stat.Decision) answer {
	switch {
	case d.Outcome == stat.Tied:
		return same
	case d.Outcome != stat.Different:
		return unknown
	case (d.Ratio.Value > 1) == d.Metric.Higher:
		return better
	default:
		return worse
	}
}
