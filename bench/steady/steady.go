// Package steady says of one trial whether its window was of one piece: whether it began with a warm-up that the time
// before it was too short for, and whether the rest had a trend. It is pure: a trial's series in, a state out. It judges no
// server: package finding makes a note of what it says, and package stat leaves a warm-up out of a closed loop's goodput.
//
// # Warm-up
//
// Where to cut is the marginal standard error rule, MSER (K. P. White: An effective truncation heuristic for bias reduction
// in simulation output, Simulation 69(6), 1997; its batches are the series' slices): cutting off d of n values is best
// where the standard error of the mean of the rest,
//
//	Σ (x_i − mean)² / (n − d)²    over i = d+1 … n
//
// is least, with d at most n/2. The rule always finds a best d, also in noise, so what it would cut off counts as a warm-up
// only
//
//   - if its mean differs from the rest's by [certain] standard errors (J. Geweke: Evaluating the accuracy of sampling-based
//     approaches to the calculation of posterior moments, Bayesian Statistics 4, 1992), where the variance of a mean takes
//     into account that neighbouring slices resemble each other,
//   - if it moves the mean over the window by more than the practical threshold,
//   - and if it was other than the rest from its first slice on: a server that stood still a fifth into the window was warm
//     before, and its stall must not be left out.
//
// # Trend
//
// The trend of the rest is tested after Mann and Kendall (H. B. Mann: Nonparametric tests against trend, Econometrica 13,
// 1945; M. G. Kendall: Rank Correlation Methods, 1975), by the normal approximation with ties, its variance inflated for
// the resemblance of neighbours (K. H. Hamed, A. R. Rao: A modified Mann-Kendall trend test for autocorrelated data, Journal
// of Hydrology 204, 1998, with the correlations of a first-order process). Its size is the median of all slopes between two
// values (P. K. Sen: Estimates of the regression coefficient based on Kendall's tau, JASA 63, 1968).
package steady

import (
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"

	"github.com/poolbench/poolbench/bench/trial"
)

const (
	// practical is the smallest difference that is ever named (stat.Threshold): a warm-up that moves a figure by less makes
	// none of that size.
	practical = 0.05

	// practicalTrend: what changes by so much from first to last is off by half of it at either end.
	practicalTrend = 2 * practical

	// certain is how many standard errors a warm-up lies from the rest. So much is never seen by chance in one cut, but the rule
	// has chosen the one of 25 that shows most, and resemblance of neighbours is estimated from few: the tests' simulations
	// have 0.1 % in independent noise, 1 to 2 % where neighbours resemble each other by 0.8.
	certain = 5

	// certainTrend is the same for a trend, where nothing was chosen: one in 1,000.
	certainTrend = 3.3

	// fewest slices: with half of them cut off, fewer do not tell how much neighbours resemble each other, and the rules find
	// something in three times as many steady series. It is a window of 200 ms.
	fewest = 40

	// shortest warm-up: a single slice that is off may be anything that happens to a machine now and then.
	shortest = 2

	// keptUp is the part of what an open loop offers that has to be answered well (finding has the same): a server that is behind
	// has response times that grow for as long as one looks, and no window is long enough for them.
	keptUp = 0.99
)

// A Figure is one of those that are looked at.
type Figure string

const (
	Goodput  Figure = "goodput"
	Response Figure = "mean response time"
)

// A State is what one trial's window was like. The zero value is steady.
type State struct {
	// Discard is how much of the window's beginning differs from the rest, by the figure that needs most, and Share what part
	// of the window that is, 0 to 1/2. Both are 0 if nothing has to be discarded.
	Discard time.Duration
	Share   float64
	Warming Figure
	Slices  int // Discard in slices of the series

	// Trend is the relative change of the rest from first to last, by the figure that changes most: 0.2 is a rise of 20 %.
	// 0 if there is none that is both significant and larger than the practical threshold.
	Trend    float64
	Trending Figure
}

// Steady says that there is nothing to discard, and no trend.
func (s State) Steady() bool { return s.Slices == 0 && s.Trend == 0 }

// Of looks at goodput and mean response time. It is false for trials that cannot be judged: those without a series or with
// too few slices, those whose load changes (Load.Profile) or comes in turns, and open loops in which the server did not keep up, where time
// must show.
func Of(t trial.Trial) (State, bool) {
	s := t.Series
	if s.Len() < fewest || len(t.Load.Profile) > 0 || t.Turns != nil ||
		t.Load.Loop != trial.Closed && (t.Load.Fraction > 1 || float64(t.Counts.Good) < keptUp*float64(t.Counts.Intended)) {
		return State{}, false
	}
	var state State
	good, response := rates(s), means(s)
	for _, look := range []struct {
		figure         Figure
		values, scaled []float64
	}{{Goodput, good, good}, {Response, response, logs(response)}} {
		if len(look.scaled) == 0 {
			continue
		}
		discard, trend := judge(look.values, look.scaled)
		if discard > state.Slices {
			state.Slices, state.Warming = discard, look.figure
		}
		if math.Abs(trend) > math.Abs(state.Trend) {
			state.Trend, state.Trending = trend, look.figure
		}
	}
	state.Discard = time.Duration(state.Slices) * s.Slice
	state.Share = float64(state.Slices) / float64(s.Len())
	return state, true
}

// rates are the good answers per second in each slice. That the last is some nanoseconds shorter does not matter.
func rates(s trial.Series) []float64 {
	all := make([]float64, s.Len())
	for i, good := range s.Good {
		all[i] = float64(good) / s.Slice.Seconds()
	}
	return all
}

// means are the mean response times; none if a slice has none, because its neighbours would not be neighbours then.
func means(s trial.Series) []float64 {
	if slices.Min(s.Timed) == 0 {
		return nil
	}
	all := make([]float64, s.Len())
	for i, d := range s.Response {
		all[i] = d.Seconds()
	}
	return all
}

// logs are the logarithms of values; none if one has none. Mean response times near a server's capacity have a long tail,
// with which a quiet beginning would pass for a warm-up in up to 10 % of trials; their logarithms are nearly normal.
func logs(values []float64) []float64 {
	all := make([]float64, len(values))
	for i, x := range values {
		if x <= 0 {
			return nil
		}
		all[i] = math.Log(x)
	}
	return all
}

// judge returns how many of the first values are a warm-up, and the relative change of the others from first to last.
// scaled are the same values on a scale on which their noise is about normal.
func judge(values, scaled []float64) (discard int, trend float64) {
	if d := mser(scaled); d >= shortest && differs(scaled, d) && matters(values, d) {
		discard = d
	}
	return discard, trendOf(values[discard:])
}

// mser is the number of values that the marginal standard error rule cuts off, at most half of them.
func mser(values []float64) int {
	best, least := 0, math.Inf(1)
	for d := 0; d <= len(values)/2; d++ {
		rest := values[d:]
		mean := stat.Mean(rest, nil)
		sum := 0.0
		for _, x := range rest {
			sum += (x - mean) * (x - mean)
		}
		if e := sum / float64(len(rest)*len(rest)); e < least {
			best, least = d, e
		}
	}
	return best
}

// differs says whether the mean of the first d values is surely another than that of the rest.
func differs(values []float64, d int) bool {
	first, rest := values[:d], values[d:]
	mean, variance := stat.MeanVariance(rest, nil)
	deviation := math.Sqrt(variance * inflation(rest) * (1/float64(d) + 1/float64(len(rest))))
	return math.Abs(stat.Mean(first, nil)-mean) > certain*deviation
}

// matters says whether leaving the first d values out moves the mean, and they lie on one side of it from the first on.
func matters(values []float64, d int) bool {
	mean, all := stat.Mean(values[d:], nil), stat.Mean(values, nil)
	if !(mean > 0 && math.Abs(all-mean) > practical*mean) { // behind a warm-up something works
		return false
	}
	sum := 0.0
	for i, x := range values[:d] {
		sum += x
		if off := sum/float64(i+1) - mean; off*(all-mean) <= 0 || math.Abs(off) <= practical*mean {
			return false
		}
	}
	return true
}

// trendOf is the relative change from first to last, 0 if it is not significant or does not matter.
func trendOf(values []float64) float64 {
	n := len(values)
	slope, middle := sen(values), median(values)
	change := slope * float64(n-1) / middle
	if !(middle > 0 && math.Abs(change) > practicalTrend) {
		return 0
	}
	// What is left without the trend, or the trend itself would count as resemblance.
	left := make([]float64, n)
	for i, x := range values {
		left[i] = x - slope*float64(i)
	}
	if z := mannKendall(values) / math.Sqrt(inflation(left)); !(math.Abs(z) > certainTrend) {
		return 0
	}
	return change
}

// sen is the median of the slopes between all pairs of values.
func sen(values []float64) float64 {
	var slopes []float64
	for i, x := range values {
		for j := i + 1; j < len(values); j++ {
			slopes = append(slopes, (values[j]-x)/float64(j-i))
		}
	}
	return median(slopes)
}

// mannKendall is the test's z, with the correction for continuity and for ties; 0 where all values are the same.
func mannKendall(values []float64) float64 {
	n := float64(len(values))
	s := 0.0
	ties := map[float64]float64{}
	for i, x := range values {
		ties[x]++
		for _, y := range values[i+1:] {
			switch {
			case y > x:
				s++
			case y < x:
				s--
			}
		}
	}
	variance := n * (n - 1) * (2*n + 5)
	for _, t := range ties {
		variance -= t * (t - 1) * (2*t + 5)
	}
	if variance /= 18; variance <= 0 || s == 0 {
		return 0
	}
	return (s - math.Copysign(1, s)) / math.Sqrt(variance)
}

// inflation is by how much the variance of a mean is larger than that of independent values, (1+ρ)/(1−ρ) for a process of
// first order. ρ is estimated too low from few values, by about (1+3ρ)/n (F. H. C. Marriott, J. A. Pope: Bias in the
// estimation of autocorrelations, Biometrika 41, 1954), which is made up for. Values that avoid their neighbours gain nothing.
func inflation(values []float64) float64 {
	n := float64(len(values))
	mean, variance := stat.MeanVariance(values, nil)
	if !(variance > 0) {
		return 1
	}
	sum := 0.0
	for i, x := range values[1:] {
		sum += (x - mean) * (values[i] - mean)
	}
	r := sum / (variance * (n - 1))
	r = (r + 1/n) / (1 - 3/n)
	r = min(max(0, r), closest)
	return (1 + r) / (1 - r)
}

// closest resemblance of neighbours that is believed: beyond it a window holds hardly more than one independent value.
const closest = 0.95

// median is 0 for none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
