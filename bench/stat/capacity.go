package stat

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/trial"
)

// A Breach is what kept a strategy from holding its objective. In the order of their weight:
type Breach string

const (
	Unserved Breach = "unserved" // a connection that stays got no answer at all, told or not
	NotOK    Breach = "not-ok"   // more requests than MostNotOK were refused, failed, or never answered
	TooSlow  Breach = "response" // the objective's quantile of the response time was longer than it may be
)

// MostNotOK is the share of requests that may end otherwise than with a right answer, 0 to 1, while an objective is
// held: what refuses work at a higher rate has not the capacity for it.
const MostNotOK = 0.001

// contradicts is the chance, at most, with which a server that just keeps its objective is said not to where the requests
// are too few for the quantile itself.
const contradicts = 0.05

// Holds says whether a server held the objective in t, and, if not, by the weightiest of what it broke: every connection
// that stays was served, at most MostNotOK of the requests were not ok, and the quantile of the response time was at most
// the objective's. An objective of zero asks for the first two only. It takes the record as it is: an invalid trial, or
// one that the driver limited, says nothing, and ProbeOf knows that.
//
// A session is a new connection each time, so that one that is not served is a request that is not ok and no more.
//
// The quantile q is held if no more than 1−q of all response times are longer, counted and not interpolated. With fewer
// than trial.MinAbove times beyond the quantile (p99: under 1000 requests) that is chance: one slow request in 90 would
// break p99. Then the objective is broken only if the times contradict it: if so many long ones, or more, come with a
// probability under 5 % from a server that has just 1−q of them (exact binomial test, one-sided). That errs on the
// server's side, the more the fewer requests there are; CapacityResult.Thin says where.
//
// A queue that grows by a share e of the time shows in a window w only if e·w is longer than the objective: a window of
// 200 ms cannot see that a rate is 5 % too high for 10 ms. Windows of Capacity have to be 20 times the objective or more
// for the answer to be within a step of the grid.
func Holds(t trial.Trial, o trial.Objective) (holds bool, by Breach) {
	switch {
	case t.Load.Loop != trial.Sessions && t.Clients.Nothing+t.Clients.Refused > 0:
		return false, Unserved
	case float64(t.Counts.Intended-t.Counts.OK) > MostNotOK*float64(t.Counts.Intended):
		return false, NotOK
	case o.Response > 0 && tooSlow(t.Latency.Response, o):
		return false, TooSlow
	default:
		return true, ""
	}
}

func tooSlow(h trial.Histogram, o trial.Objective) bool {
	n, long := h.Count(), h.Above(o.Response)
	if !thin(h, o) {
		return long > n-int64(math.Ceil(o.Quantile*float64(n)))
	}
	if long == 0 {
		return false
	}
	atLeast := 1 - distuv.Binomial{N: float64(n), P: 1 - o.Quantile}.CDF(float64(long-1))
	return atLeast < contradicts
}

// thin says whether the quantile has too little support to be told.
func thin(h trial.Histogram, o trial.Objective) bool {
	_, supported := h.Quantile(o.Quantile)
	return !supported
}

// ProbeOf returns what t says at its offered rate. It is Untold if t is invalid, if nothing was asked in it, or if the
// objective was broken while the driver was its own bottleneck or made a good part of the long response times. A server
// that held the objective in spite of the driver has held it.
func ProbeOf(t trial.Trial, o trial.Objective) Probe {
	p := Probe{Fraction: t.Load.Fraction, Rate: t.Load.Rate, Response: Untold, Thin: o.Response > 0 && thin(t.Latency.Response, o)}
	if t.Invalid != "" || t.Counts.Intended <= 0 {
		return p
	}
	holds, by := Holds(t, o)
	switch {
	case holds:
		p.Response = Held
	case t.Has(finding.DriverBound), t.Has(finding.DriverMissed) && by == NotOK, t.Has(finding.DriverLate) && by == TooSlow:
	default:
		p.Response, p.Limit = Broke, by
	}
	return p
}

// Probes returns those of one strategy in one repetition of a scenario, in the order of their fractions. Where a fraction
// was measured more than once the first valid trial counts. Twins and trials that calibrate are left out.
func Probes(trials []trial.Trial, sc trial.Scenario, strategy string, repetition int) []Probe {
	only := search{strategy, repetition}
	return searches(trials, sc, func(s search) bool { return s == only })[only]
}

// A search is one replicate of a capacity.
type search struct {
	strategy   string
	repetition int
}

// searches returns the probes of the searches that are wanted. What a trial says is worked out for those alone, because it
// means going through a histogram.
func searches(trials []trial.Trial, sc trial.Scenario, wanted func(search) bool) map[search][]Probe {
	mine := slices.DeleteFunc(slices.Clone(trials), func(t trial.Trial) bool {
		return t.Scenario != sc.Name || t.Calibrates || t.Twin || !wanted(search{t.Strategy, t.Repetition})
	})
	slices.SortStableFunc(mine, func(a, b trial.Trial) int {
		return cmp.Or(cmp.Compare(a.Load.Fraction, b.Load.Fraction), cmp.Compare(a.Seq, b.Seq))
	})
	type place struct {
		search
		fraction float64
	}
	valid := map[place]bool{}
	all := map[search][]Probe{}
	for _, t := range mine {
		s := search{t.Strategy, t.Repetition}
		at := place{s, t.Load.Fraction}
		was, seen := valid[at]
		switch {
		case !seen:
			all[s] = append(all[s], ProbeOf(t, sc.Objective))
		case !was && t.Invalid == "":
			all[s][len(all[s])-1] = ProbeOf(t, sc.Objective)
		}
		valid[at] = was || t.Invalid == ""
	}
	return all
}

// A CapacityResult is the highest offered rate at which one strategy held the objective, and how that compares.
type CapacityResult struct {
	Strategy string // full name

	// The median over replicates of the highest rate that held, as a fraction of the measured capacity and per second.
	// The interval reaches from what held to what broke, so that it is wider than the answers by a step of the grid.
	Fraction, Rate Estimate

	AtLeast bool // it held the highest rate that could be told: Value is a lower bound, and Hi is +Inf
	AtMost  bool // it broke at the lowest that was offered: Value is that rate, an upper bound, and Lo is 0

	Limit      Breach // what broke first, in most of the replicates; empty: nothing did
	Replicates int    // repetitions that were searched to the end
	Unfinished int    // repetitions that were not, or in which nothing could be told; left out
	Thin       int    // of Replicates: an end of the answer rests on too few requests for its quantile

	Best    bool     // none has a higher Fraction
	Ratio   Estimate // to the best, paired within repetitions
	Outcome Outcome  // against the best
}

// Capacities returns what each strategy of a Capacity scenario can do, in the scenario's order.
//
// A replicate is one search, of one strategy in one repetition, and its answer is a bracket: the capacity of that
// moment lies between what held and what broke. Intervals are order statistics, at the lower ends
// of the brackets for Lo and the upper ones for Hi. Since every bracket contains its true value, every order statistic of
// the true values lies between that of the lower and that of the upper ends, so the interval covers at least as often as
// one of exact values would. Rates near the edge hold by chance; what is estimated is the rate at which they do in
// half of the searches.
//
// Ratios are to the strategy with the highest median, with Bonferroni's correction for all others. An answer is a step of
// the grid wide, at most 6 %: no difference below a step is ever told, and one above two steps is if the searches agree.
// Two strategies are called tied if no difference of more than two steps is left possible, which is as equal as the grid
// can show.
func Capacities(trials []trial.Trial, sc trial.Scenario) []CapacityResult {
	if len(sc.Levels) == 0 {
		return nil
	}
	lo, hi := sc.Levels[0], sc.Levels[len(sc.Levels)-1]
	answers := map[string]map[int]Bracket{}
	unfinished := map[string]int{}
	for s, probes := range searches(trials, sc, func(search) bool { return true }) {
		b := Bracketed(probes)
		told := b.Held.Fraction > 0 || !math.IsInf(b.Broke.Fraction, 1)
		if _, done := (Search{Lo: lo, Hi: hi}).Next(probes); !done || !told {
			unfinished[s.strategy]++
			continue
		}
		if answers[s.strategy] == nil {
			answers[s.strategy] = map[int]Bracket{}
		}
		answers[s.strategy][s.repetition] = b
	}
	var all []CapacityResult
	for _, name := range sc.Strategies {
		r := capacity(answers[name])
		r.Strategy, r.Unfinished = name, unfinished[name]
		all = append(all, r)
	}
	markBest(all)
	for i := range all {
		all[i].against(answers[all[i].Strategy], answers[best(all)], len(all)-1, gridRatio(lo, hi))
	}
	return all
}

// gridRatio is the ratio of neighbours on a grid.
func gridRatio(lo, hi float64) float64 {
	grid := Grid(lo, hi)
	if len(grid) < 2 {
		return gridStep
	}
	return math.Pow(hi/lo, 1/float64(len(grid)-1))
}

// capacity is of one strategy by itself.
func capacity(of map[int]Bracket) CapacityResult {
	r := CapacityResult{Replicates: len(of)}
	var held, broke, heldRate, brokeRate []float64
	limits := map[Breach]int{}
	for _, b := range of {
		held, broke = append(held, b.Held.Fraction), append(broke, b.Broke.Fraction)
		heldRate, brokeRate = append(heldRate, b.Held.Rate), append(brokeRate, b.Broke.Rate)
		limits[b.Broke.Limit]++
		if b.Held.Thin || b.Broke.Thin {
			r.Thin++
		}
	}
	r.Fraction, r.AtLeast, r.AtMost = bracketed(held, broke)
	r.Rate, _, _ = bracketed(heldRate, brokeRate)
	for _, by := range []Breach{Unserved, NotOK, TooSlow} {
		if limits[by] > limits[r.Limit] || r.Limit == "" && limits[by] > 0 && limits[by] == limits[""] {
			r.Limit = by
		}
	}
	return r
}

// bracketed is the median of values of which only the ends are known. If it has no upper end, or no lower one, it is a bound.
func bracketed(lower, upper []float64) (e Estimate, atLeast, atMost bool) {
	e = median(lower, confidence)
	if e.N == 0 {
		return e, false, false
	}
	top := median(upper, confidence)
	e.Hi = top.Hi
	if middle(lower) == 0 {
		e.Value = middle(upper)
		return e, false, true
	}
	return e, math.IsInf(top.Value, 1), false
}

// markBest marks the best: the highest median, of equal ones the one that is surer, then the first.
func markBest(all []CapacityResult) {
	found := -1
	for i, r := range all {
		switch {
		case r.Replicates == 0:
		case found < 0, better(r, all[found]):
			found = i
		}
	}
	if found >= 0 {
		all[found].Best = true
	}
}

func better(a, b CapacityResult) bool {
	if a.AtMost != b.AtMost {
		return b.AtMost
	}
	return cmp.Or(cmp.Compare(a.Fraction.Value, b.Fraction.Value), cmp.Compare(a.Fraction.Lo, b.Fraction.Lo)) > 0
}

func best(all []CapacityResult) string {
	if i := slices.IndexFunc(all, func(r CapacityResult) bool { return r.Best }); i >= 0 {
		return all[i].Strategy
	}
	return ""
}

// against compares with the best. A repetition in which the best held nothing has no ratio.
func (r *CapacityResult) against(own, best map[int]Bracket, family int, step float64) {
	confidence := 1 - alpha/float64(max(family, 1))
	r.Outcome = Undecided
	if r.Best {
		r.Outcome = Tied
		r.Ratio = Estimate{Value: 1, Lo: 1, Hi: 1, N: r.Replicates, Confidence: 1}
		return
	}
	var values, lower, upper []float64
	for repetition, b := range best {
		mine, found := own[repetition]
		if !found || b.Held.Fraction == 0 {
			continue
		}
		values = append(values, mine.Held.Fraction/b.Held.Fraction)
		lower = append(lower, mine.Held.Fraction/b.Broke.Fraction)
		upper = append(upper, mine.Broke.Fraction/b.Held.Fraction)
	}
	r.Ratio = median(values, confidence)
	r.Ratio.Lo, r.Ratio.Hi = median(lower, confidence).Lo, median(upper, confidence).Hi
	floor := step * step * (1 + 1e-3) // the grid's points are rounded
	switch {
	case (r.Ratio.Lo > 1 || r.Ratio.Hi < 1) && math.Abs(r.Ratio.Value-1) > Threshold:
		r.Outcome = Different
	case r.Ratio.Lo >= 1/floor && r.Ratio.Hi <= floor:
		r.Outcome = Tied
	}
}
