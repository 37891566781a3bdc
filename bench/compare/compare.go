// Package compare says what has changed between two runs. It is pure: two runs in, values out, nothing kept and nothing
// of the caller's changed. It knows no strategy by name. It refuses to compare what was not measured alike, and says so.
// Package cli prints what it says. Strategies of one run are compared in package stat.
//
// # What is compared
//
// One key (scenario, level of load, strategy, twin) by one metric. The replicate is the trial; of a repetition that was
// measured again the first valid one counts. The two runs' trials are independent samples, since repetitions of different
// runs share no moment. Runs differ by their moments all the same: the order of trials within a run evens out a drift of
// the machine, and nothing evens out one from run to run. Where all strategies of a scenario have changed alike,
// the machine is the likelier reason.
//
// On another machine absolute figures mean nothing. Then each figure is divided by that of the scenario's baseline in the
// same repetition, and those ratios are compared ([ToBaseline]).
//
// # How sure
//
// The test is the rank-sum test, exact and with ties (Wilcoxon, Biometrics Bulletin 1, 1945; Mann and Whitney, Annals of
// Mathematical Statistics 18, 1947). The estimate and its interval belong to it: the median of all ratios of a trial of the
// new run to one of the old, and the ratios that the test would not reject (Hodges and Lehmann, Annals of Mathematical
// Statistics 34, 1963; Moses; see Hollander and Wolfe, Nonparametric Statistical Methods, sections 4.2 and 4.3). It need not
// be the ratio of the two medians, which such an interval may leave out.
//
// Two families of comparisons are tested after Holm (Scandinavian Journal of Statistics 6, 1979), each at half of alpha:
// those by the metric and at the level that decide a scenario, and all others. So two equal runs are called different
// anywhere with probability alpha at most, and the few comparisons that matter do not pay for the many. Intervals
// hold each for itself.
package compare

import (
	"cmp"
	"math"
	"slices"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// confidence of each interval for itself.
const confidence = 0.95

// alpha of runs whose record does not tell one.
const alpha = 0.05

// A Basis says which figures are compared.
type Basis string

const (
	Absolute   Basis = "absolute"    // as they were measured
	ToBaseline Basis = "to-baseline" // divided by the baseline's of the same repetition
)

// An Outcome is what a comparison has come to.
type Outcome string

const (
	Regressed Outcome = "regressed" // significantly, and by more than the threshold
	Improved  Outcome = "improved"  // the same to the other side
	Same      Outcome = "same"      // no difference larger than the threshold, with the interval's confidence
	Undecided Outcome = "undecided" // neither: too few trials, or too much noise
	Unranked  Outcome = "unranked"  // the figures are the driver's and not the servers'
)

// A Figure is one side of a comparison.
type Figure struct {
	Median float64 // in the metric's unit, or with ToBaseline as a ratio
	N      int     // trials
}

// A Pair is one key by one metric in both runs.
type Pair struct {
	stat.Cell
	Metric   stat.Metric
	Decides  bool // it is the metric and the level that decide the scenario
	Old, New Figure
	Ratio    stat.Estimate // new over old; N is the smaller of the two
	P        float64       // exact, two-sided, of this comparison alone
	Adjusted float64       // after Holm, in its family: significant if at most the family's Alpha
	Outcome  Outcome
	AtLeast  bool    // with Regressed and Improved: the driver was the better side's bottleneck, so that the true difference may be larger
	Bound    float64 // Same: the largest difference that the interval leaves possible, 0.04 is 4 %
	More     int     // Undecided: about so many repetitions more, in each run, would decide; 0: nobody can tell
}

// A Family is comparisons that are tested together.
type Family struct {
	Decides bool // those by which scenarios are decided; false: all others
	Size    int
	Alpha   float64 // the most that any of them is called different where none is, as a probability
}

// A Skip is a key that both runs have and that cannot be compared; with a Metric, it cannot by that one.
type Skip struct {
	stat.Cell
	Metric string // key; empty: by none
	Why    string
}

// A Result is all that can be said.
type Result struct {
	Basis     Basis
	Machine   []Change // what makes absolute figures incomparable; none: the same machine
	Changed   []Change // what else is different: versions, seeds
	Alpha     float64
	Threshold float64 // the smallest difference that matters, as a ratio
	Families  []Family
	Pairs     []Pair // in the old run's order; of a key the metric that decides first
	Skipped   []Skip
	OnlyOld   []stat.Cell
	OnlyNew   []stat.Cell
	Lost      []stat.Cell // that OLD has and NEW was asked for and has not: nobody can tell whether they have become worse
}

// Count is how many comparisons have come to an outcome.
func (r Result) Count(o Outcome) int {
	n := 0
	for _, p := range r.Pairs {
		if p.Outcome == o {
			n++
		}
	}
	return n
}

// Runs compares two runs. A threshold of 0 is the larger of the runs' own, or [stat.Threshold] where neither tells one.
func Runs(old, new trial.Run, threshold float64) Result {
	r := Result{
		Basis:     Absolute,
		Machine:   machine(old, new),
		Changed:   changed(old.Env, new.Env),
		Alpha:     cmp.Or(min(old.Env.Design.Alpha, new.Env.Design.Alpha), alpha),
		Threshold: cmp.Or(threshold, max(old.Env.Design.Threshold, new.Env.Design.Threshold), stat.Threshold),
	}
	if len(r.Machine) > 0 {
		r.Basis = ToBaseline
	}
	a, b := newSide(old), newSide(new)
	var ranks ranks
	for _, key := range a.keys {
		if _, both := b.of[key]; !both {
			r.OnlyOld = append(r.OnlyOld, key)
			continue
		}
		if why := r.unlike(a, b, key); why != "" {
			r.Skipped = append(r.Skipped, Skip{Cell: key, Why: why})
			continue
		}
		if r.Basis == ToBaseline && key.Strategy == a.baselines[key.Scenario] && !key.Twin {
			continue // it is what the others are compared with: 1 in both
		}
		r.compare(a, b, key, &ranks)
	}
	for _, key := range b.keys {
		if _, both := a.of[key]; !both {
			r.OnlyNew = append(r.OnlyNew, key)
		}
	}
	r.Lost = lost(a, b, r.Basis)
	for _, decides := range []bool{true, false} {
		r.adjust(decides)
	}
	for i := range r.Pairs {
		p := &r.Pairs[i]
		p.conclude(r.Alpha/families, r.Threshold, a.whose(p.Metric, p.Cell, r.Basis), b.whose(p.Metric, p.Cell, r.Basis))
	}
	r.estimateMore()
	return r
}

// families share alpha equally.
const families = 2

// compare appends the key's comparisons by every metric that both have, without their outcomes.
func (r *Result) compare(a, b side, key stat.Cell, ranks *ranks) {
	decides := b.decidedBy(key.Scenario, b.of[key])
	metrics := slices.Clone(metrics())
	slices.SortStableFunc(metrics, func(x, y stat.Metric) int {
		return cmp.Compare(btoi(y.Key == decides), btoi(x.Key == decides))
	})
	for _, m := range metrics {
		before, after := a.values(m, key, r.Basis), b.values(m, key, r.Basis)
		switch {
		case len(before) == 0 && len(after) == 0:
			continue
		case len(before) == 0 || len(after) == 0:
			r.Skipped = append(r.Skipped, Skip{Cell: key, Metric: m.Key, Why: "only " + oldOrNew(len(after) == 0) + " has it in any valid trial"})
			continue
		}
		if r.Basis == ToBaseline {
			m.Unit = "" // of a ratio
		}
		r.Pairs = append(r.Pairs, Pair{
			Cell:    key,
			Metric:  m,
			Decides: m.Key == decides && key.Fraction == b.decideAt(key.Scenario),
			Old:     Figure{Median: median(before), N: len(before)},
			New:     Figure{Median: median(after), N: len(after)},
			Ratio:   ranks.ratio(before, after),
			P:       rankSum(before, after),
		})
	}
}

// adjust adjusts the p-values of a family.
func (r *Result) adjust(decides bool) {
	var of []*Pair
	var ps []float64
	for i := range r.Pairs {
		if p := &r.Pairs[i]; p.Decides == decides {
			of, ps = append(of, p), append(ps, p.P)
		}
	}
	for i, adjusted := range holm(ps) {
		of[i].Adjusted = adjusted
	}
	r.Families = append(r.Families, Family{Decides: decides, Size: len(of), Alpha: r.Alpha / families})
}

// conclude says what the ratio tells, given whose the figures of the two sides are.
func (p *Pair) conclude(alpha, threshold float64, old, new origin) {
	margin := math.Log1p(threshold) // in logarithms, so that old and new can change places
	differs := p.Adjusted <= alpha && (p.Ratio.Lo > 1 || p.Ratio.Hi < 1) && math.Abs(math.Log(p.Ratio.Value)) > margin
	improved := p.Ratio.Value > 1 == p.Metric.Higher
	worse, better := new, old
	if improved {
		worse, better = old, new
	}
	switch {
	case differs && worse == bounded, !differs && (old != server || new != server):
		p.Outcome = Unranked
	case differs && improved:
		p.Outcome, p.AtLeast = Improved, better == bounded
	case differs:
		p.Outcome, p.AtLeast = Regressed, better == bounded
	case math.Log(p.Ratio.Lo) >= -margin && math.Log(p.Ratio.Hi) <= margin:
		p.Outcome, p.Bound = Same, max(p.Ratio.Hi, 1/p.Ratio.Lo)-1
	default:
		p.Outcome = Undecided
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func oldOrNew(old bool) string {
	if old {
		return "OLD"
	}
	return "NEW"
}
