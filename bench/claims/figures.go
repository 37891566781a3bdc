package claims

import (
	"math"
	"slices"

	"github.com/aclements/go-moremath/stats"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// confidence of an interval that stands alone.
const confidence = 0.95

// estimate is the median of values with an interval of order statistics (stats.QuantileCI). None of both is infinite.
func estimate(values []float64) (f Figure) {
	f.N = len(values)
	if f.N == 0 {
		return f
	}
	sample := stats.Sample{Xs: slices.Sorted(slices.Values(values)), Sorted: true}
	ci := stats.QuantileCI(f.N, 0.5, confidence)
	_, lo, hi := ci.SampleCI(sample)
	f.Value = (sample.Xs[(f.N-1)/2] + sample.Xs[f.N/2]) / 2
	if !math.IsInf(lo, 0) && !math.IsInf(hi, 0) {
		f.Lo, f.Hi, f.Confidence = lo, hi, ci.Confidence
	}
	return f
}

// ratio is the figure of a comparison; false if it is none, as with too few trials.
func ratio(d stat.Decision, scenario, what, strategy, against string) (Figure, bool) {
	e := d.Ratio
	if e.N == 0 || math.IsInf(e.Value, 0) {
		return Figure{}, false
	}
	f := Figure{Scenario: scenario, What: what, Outcome: string(d.Outcome), Sense: string(d.Sense), Value: e.Value, N: e.N, Strategy: strategy, Against: against}
	if e.Confidence > 0 && !math.IsInf(e.Hi, 0) {
		f.Lo, f.Hi, f.Confidence = e.Lo, e.Hi, e.Confidence
	}
	return f, true
}

func (c *Claim) add(f Figure, ok bool) {
	if ok {
		c.Figures = append(c.Figures, f)
	}
}

// level adds what one strategy does by a metric, in all valid trials.
func (r record) level(c *Claim, sc trial.Scenario, place int, m stat.Metric, what string) {
	var values []float64
	bounded := 0
	for _, o := range r.observations(sc, place, m) {
		if !o.Twin {
			values = append(values, o.Value)
			if o.Bounded {
				bounded++
			}
		}
	}
	f := estimate(values)
	if f.N == 0 {
		return
	}
	f.Scenario, f.What, f.Unit, f.Strategy = sc.Name, what, m.Unit, sc.Strategies[place]
	if 2*bounded >= f.N { // the middle one may be
		f.Sense = string(stat.AtLeast)
	}
	c.add(f, true)
}

// paired gives a value for each repetition in which both sides have one; of the other side's two trials the mean.
func paired(own, against []stat.Observation, of func(own, against float64) float64) []float64 {
	sum, n, done := map[int]float64{}, map[int]float64{}, map[int]bool{}
	for _, o := range against {
		sum[o.Repetition] += o.Value
		n[o.Repetition]++
	}
	var values []float64
	for _, o := range own {
		if !o.Twin && n[o.Repetition] > 0 && !done[o.Repetition] {
			done[o.Repetition] = true
			values = append(values, of(o.Value, sum[o.Repetition]/n[o.Repetition]))
		}
	}
	return values
}
