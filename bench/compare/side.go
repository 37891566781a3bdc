package compare

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"time"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// served is compared beside stat's metrics, because none of those tells of a starved client: a pool that serves 2 of 64
// long connections has the best response times of all. A driver that is the bottleneck starves no client.
var served = stat.Metric{Key: "served", Name: "clients served", Higher: true, Own: true, Of: func(t trial.Trial) (float64, bool) {
	return float64(t.Clients.Served) / float64(t.Clients.Total), t.Clients.Total > 0
}}

func metrics() []stat.Metric { return append(slices.Clip(stat.Metrics()), served) }

// A side is one of the two runs by key.
type side struct {
	keys      []stat.Cell                 // in order of first appearance
	of        map[stat.Cell][]trial.Trial // valid ones, the first of each repetition, in the order in which they ended
	scenarios map[string]trial.Scenario
	baselines map[string]string // full name, by scenario
	levels    map[string]float64
}

func newSide(run trial.Run) side {
	s := side{of: map[stat.Cell][]trial.Trial{}, scenarios: map[string]trial.Scenario{}, baselines: map[string]string{}, levels: map[string]float64{}}
	for _, sc := range run.Env.Scenarios {
		s.scenarios[sc.Name] = sc
		if len(sc.Strategies) > 0 {
			s.baselines[sc.Name] = sc.Strategies[0]
		}
	}
	trials := slices.SortedStableFunc(slices.Values(run.Trials), func(a, b trial.Trial) int { return cmp.Compare(a.Seq, b.Seq) })
	for _, t := range trials {
		if t.Calibrates {
			continue
		}
		key := stat.Cell{Scenario: t.Scenario, Fraction: t.Load.Fraction, Strategy: t.Strategy, Twin: t.Twin}
		if _, seen := s.of[key]; !seen {
			s.keys = append(s.keys, key)
			s.of[key] = nil
		}
		again := slices.ContainsFunc(s.of[key], func(other trial.Trial) bool { return other.Repetition == t.Repetition })
		if t.Invalid == "" && !again {
			s.of[key] = append(s.of[key], t)
		}
		s.levels[t.Scenario] = max(s.levels[t.Scenario], t.Load.Fraction)
		// Older records do not name the baseline; it is the one that has a twin.
		if _, known := s.baselines[t.Scenario]; t.Twin && !known {
			s.baselines[t.Scenario] = t.Strategy
		}
	}
	return s
}

// decidedBy is the key of the metric that decides a scenario. Older records do not tell it: then it is what a suite takes
// where nothing is said.
func (s side) decidedBy(scenario string, trials []trial.Trial) string {
	loop := trial.Closed
	if len(trials) > 0 {
		loop = trials[0].Load.Loop
	}
	return cmp.Or(s.scenarios[scenario].DecidedBy, stat.DefaultMetric(loop).Key)
}

// decideAt is the level that decides a scenario: in older records the highest.
func (s side) decideAt(scenario string) float64 {
	return cmp.Or(s.scenarios[scenario].DecideAt, s.levels[scenario])
}

// values of the metric, one for each repetition that has it.
func (s side) values(m stat.Metric, key stat.Cell, basis Basis) []float64 {
	base := map[int]float64{}
	if basis == ToBaseline {
		for _, t := range s.of[s.baselineOf(key)] {
			if v, ok := m.Of(t); ok {
				base[t.Repetition] = v
			}
		}
	}
	var all []float64
	for _, t := range s.of[key] {
		v, ok := m.Of(t)
		if ok && basis == ToBaseline {
			v, ok = v/base[t.Repetition], base[t.Repetition] > 0
		}
		if ok {
			all = append(all, v)
		}
	}
	return all
}

func (s side) baselineOf(key stat.Cell) stat.Cell {
	key.Strategy, key.Twin = s.baselines[key.Scenario], false
	return key
}

// An origin says whose doing figures are; the same notion as in package stat.
type origin int

const (
	server  origin = iota
	blurred        // the server's, with so much of the driver's time in them that small differences do not show
	bounded        // the driver's: the server may be better, and is not worse
)

// whose the key's figures are: those that half of the trials or more have, because from there on the median has them.
func (s side) whose(m stat.Metric, key stat.Cell, basis Basis) origin {
	if m.Own {
		return server
	}
	worst := server
	keys := []stat.Cell{key}
	if basis == ToBaseline {
		keys = append(keys, s.baselineOf(key))
	}
	for _, k := range keys {
		bound, half := 0, 0
		for _, t := range s.of[k] {
			bound += btoi(t.Has(finding.DriverBound))
			half += btoi(t.Has(finding.AboveHalfCeiling))
		}
		switch n := len(s.of[k]); {
		case n == 0:
		case 2*bound >= n:
			worst = bounded
		case 2*half >= n:
			worst = max(worst, blurred)
		}
	}
	return worst
}

// windowTolerance: windows are recorded as they really were, and are cut some milliseconds late on a busy machine; from a
// tenth on a trial is invalid for it (finding late-edge).
const windowTolerance = 0.1

// unlike says why the two sides of a key were not measured alike; empty if they were.
func (r Result) unlike(a, b side, key stat.Cell) string {
	old, new := a.of[key], b.of[key]
	if len(old) == 0 || len(new) == 0 {
		return oldOrNew(len(old) == 0) + " has no valid trial of it"
	}
	if r.Basis == ToBaseline {
		x, y := a.baselines[key.Scenario], b.baselines[key.Scenario]
		if x == "" || y == "" {
			return oldOrNew(x == "") + " has no baseline in this scenario, the only thing that carries over from one machine to another"
		}
		if x != y {
			return fmt.Sprintf("the baselines are %s and %s, and only ratios to one and the same carry over from one machine to another", x, y)
		}
		if len(a.of[a.baselineOf(key)]) == 0 || len(b.of[b.baselineOf(key)]) == 0 {
			return oldOrNew(len(a.of[a.baselineOf(key)]) == 0) + " has no valid trial of the baseline"
		}
	}
	x, y := old[0], new[0]
	for _, what := range []struct {
		name     string
		old, new any
	}{
		{"workload", x.Workload, y.Workload},
		{"loop", x.Load.Loop, y.Load.Loop},
		{"clients", x.Load.Clients, y.Load.Clients},
		{"think time", x.Load.Think, y.Load.Think},
		{"arrivals", x.Load.Arrivals, y.Load.Arrivals},
		{"profile of the rate", x.Load.Profile, y.Load.Profile},
		{"other clients", x.Load.Others, y.Load.Others},
		{"warm-up", x.WarmUp, y.WarmUp},
		{"time-out", x.TimeOut, y.TimeOut},
	} {
		if !reflect.DeepEqual(what.old, what.new) {
			return fmt.Sprintf("%s: %v and %v", what.name, what.old, what.new)
		}
	}
	if v, w := window(old), window(new); apart(v.Seconds(), w.Seconds()) > windowTolerance {
		return fmt.Sprintf("window: %v and %v", v.Round(time.Millisecond), w.Round(time.Millisecond))
	}
	// Rates are fractions of a capacity that each run measures for itself, so that they are never quite equal. On another
	// machine the fraction alone is the load.
	if v, w := x.Load.Rate, y.Load.Rate; r.Basis == Absolute && apart(v, w) > r.Threshold {
		return fmt.Sprintf("offered load: %.0f/s and %.0f/s, because the capacities measured were %.0f/s and %.0f/s", v, w, v/key.Fraction, w/key.Fraction)
	}
	return ""
}

// apart is how much larger the larger of two is, as a ratio; 0 for equal ones.
func apart(a, b float64) float64 {
	if a == b {
		return 0
	}
	return math.Max(a, b)/math.Min(a, b) - 1
}

func window(trials []trial.Trial) time.Duration {
	var all []float64
	for _, t := range trials {
		all = append(all, float64(t.Window))
	}
	return time.Duration(median(all))
}
