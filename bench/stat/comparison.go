package stat

import (
	"math"
	"slices"

	"github.com/poolbench/poolbench/bench/trial"
)

// A level is where strategies can be compared with each other: one scenario at one offered load.
type level struct {
	scenario string
	fraction float64
}

func (c Cell) level() level { return level{c.Scenario, c.Fraction} }

// Comparisons compares each strategy by one metric with the baseline of its scenario and level, the one that has a
// twin there. They come in order of first appearance; levels without a twin have none.
//
// The estimate is the median of the ratios within repetitions. A repetition is left out if either trial is missing,
// invalid or without the metric, or if the baseline's figure is 0, over which there is no ratio; Ratio.N says how many
// are in it. A strategy whose own figure is 0 is compared like any other, with ratio 0. Trials that calibrate are compared
// with nothing.
func Comparisons(trials []trial.Trial, metric Metric) []Comparison {
	trials = slices.DeleteFunc(slices.Clone(trials), func(t trial.Trial) bool { return t.Calibrates })
	keys, of := cells(trials)
	baselines := baselines(keys)
	family := map[level]int{}
	for _, key := range keys {
		if isOther(key, baselines) {
			family[key.level()]++
		}
	}
	var all []Comparison
	for _, key := range keys {
		if !isOther(key, baselines) {
			continue
		}
		baseline, twin := key, key
		baseline.Strategy = baselines[key.level()]
		twin.Strategy, twin.Twin = baseline.Strategy, true

		n := family[key.level()]
		c := Comparison{
			Cell:     key,
			Baseline: baseline.Strategy,
			Metric:   metric,
			Ratio:    median(ratios(metric, of[key], of[baseline]), each(n)),
			AA:       median(ratios(metric, of[twin], of[baseline]), each(n)),
			Family:   n,
		}
		c.conclude(whose(metric, of[key]), whose(metric, of[baseline]))
		all = append(all, c)
	}
	return all
}

// baselines finds, for each level, the strategy that has a twin. The plan gives it to one; of several, the first by
// name is as good as any and does not depend on the order of the input.
func baselines(keys []Cell) map[level]string {
	names := map[level]string{}
	for _, key := range keys {
		if !key.Twin {
			continue
		}
		if name, found := names[key.level()]; !found || key.Strategy < name {
			names[key.level()] = key.Strategy
		}
	}
	return names
}

// isOther says whether a cell is compared with a baseline: it is not the baseline, and not a twin.
func isOther(key Cell, baselines map[level]string) bool {
	baseline, found := baselines[key.level()]
	return found && key.Strategy != baseline && !key.Twin
}

// ratios returns a's figure over b's for each repetition that has both.
func ratios(m Metric, a, b []trial.Trial) []float64 {
	base := byRepetition(m, b)
	var all []float64
	for repetition, v := range byRepetition(m, a) {
		if base[repetition] > 0 {
			all = append(all, v/base[repetition])
		}
	}
	return all
}

// byRepetition returns the metric of each repetition's valid trial. Where one was repeated although it was valid, the
// first counts: taking the later one would be a second throw of the dice.
func byRepetition(m Metric, trials []trial.Trial) map[int]float64 {
	figures := map[int]float64{}
	taken := map[int]bool{}
	for _, t := range valid(trials) {
		if taken[t.Repetition] {
			continue
		}
		taken[t.Repetition] = true
		if v, ok := m.Of(t); ok {
			figures[t.Repetition] = v
		}
	}
	return figures
}

// conclude says what the ratio tells, given whose the figures of the cell and of its baseline are.
func (c *Comparison) conclude(own, base origin) {
	c.Bound = math.Inf(1)
	c.Differs = differs(c.Ratio)
	lower := c.Ratio.Value < 1
	worse, better := own, base
	if lower != c.Metric.Higher {
		worse, better = base, own
	}
	switch {
	case c.Differs && worse == bounded, !c.Differs && (own != server || base != server):
		c.Differs, c.Unranked = false, true
	case c.Differs && better == bounded && lower:
		c.Sense = AtMost
	case c.Differs && better == bounded:
		c.Sense = AtLeast
	default:
		c.Bound = max(math.Abs(c.Ratio.Lo-1), math.Abs(c.Ratio.Hi-1))
	}
}

// differs says whether a difference is both certain and large enough to act on. An infinite interval contains 1.
func differs(ratio Estimate) bool {
	return (ratio.Lo > 1 || ratio.Hi < 1) && math.Abs(ratio.Value-1) > Threshold
}
