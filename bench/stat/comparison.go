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
// It is the rule of [Decide], with the scenarios and the design of the run. Where the metric decides a scenario, at the level that
// does, the comparison is what Decide says. All others of one metric, of all scenarios and levels together, are a family of
// their own, which is looked at with the same looks: a reader who goes through several metrics takes several chances to
// be told a difference that is not there. A run without a design, which is older, has one look at all that it measured, and
// nothing that decides.
//
// A repetition is left out if either side has no valid trial with the metric; one trial of the baseline is enough.
// Ratio.N says how many are in it. A figure of 0 counts as less than any other, and the ratio is 0 then, or infinite over
// a baseline of 0. Trials that calibrate are compared with nothing.
func Comparisons(trials []trial.Trial, metric Metric, scenarios []trial.Scenario, d trial.Design) []Comparison {
	trials = slices.DeleteFunc(slices.Clone(trials), func(t trial.Trial) bool { return t.Calibrates })
	d, designed := made(d, trials)
	keys, of := cells(trials)
	baselines := baselines(keys)

	decided := map[Cell]Decision{}
	if designed {
		for _, one := range Decide(observeAll(trials, scenarios), scenarios, d) {
			if cell := (Cell{one.Scenario, one.Fraction, one.Strategy, false}); one.Metric.Key == metric.Key && one.Against == baselines[cell.level()] {
				decided[cell] = one
			}
		}
	}
	others := &replay{alpha: perLook(d), threshold: math.Log1p(d.Threshold), looks: d.Looks}
	names := map[level][]string{}
	var levels []level
	for _, key := range keys {
		if _, found := decided[key]; found || !isOther(key, baselines) {
			continue
		}
		l := key.level()
		if names[l] == nil {
			levels, names[l] = append(levels, l), []string{baselines[l]}
		}
		names[l] = append(names[l], key.Strategy)
		others.family++
	}
	for _, l := range levels {
		others.add(l.scenario, l.fraction, metric, names[l])
	}
	others.observe(observations(trials, metric))
	others.run()
	for _, one := range others.decisions() {
		decided[Cell{one.Scenario, one.Fraction, one.Strategy, false}] = one
	}

	var all []Comparison
	for _, key := range keys {
		if !isOther(key, baselines) {
			continue
		}
		one, family := decided[key], others.family
		if !slices.Contains(names[key.level()], key.Strategy) {
			family = d.Family
		}
		baseline := Cell{key.Scenario, key.Fraction, baselines[key.level()], false}
		twin := baseline
		twin.Twin = true
		all = append(all, Comparison{
			Cell: key, Baseline: baseline.Strategy, Metric: metric,
			Ratio: one.Ratio, AA: pairs(of[twin], of[baseline], metric).ratio(perLook(d)), Family: family,
			P: one.P, Held: one.Held, Outcome: one.Outcome, Sense: one.Sense, More: one.More, Bound: one.bound(),
		})
	}
	return all
}

// bound is the largest difference that the interval leaves possible; +Inf if it says nothing of the servers.
func (d Decision) bound() float64 {
	if d.Outcome == Unranked || d.Sense != AsSeen {
		return math.Inf(1)
	}
	return max(math.Abs(d.Ratio.Lo-1), math.Abs(d.Ratio.Hi-1))
}

// observeAll has of each trial the figure that decides its scenario.
func observeAll(trials []trial.Trial, scenarios []trial.Scenario) []Observation {
	metrics := map[string]Metric{}
	for _, sc := range scenarios {
		if m, ok := DecidedBy(sc); ok {
			metrics[sc.Name] = m
		}
	}
	var obs []Observation
	for _, t := range inOrder(trials) {
		if m, ok := metrics[t.Scenario]; ok {
			if o, ok := Observe(t, m); ok {
				obs = append(obs, o)
			}
		}
	}
	return obs
}

func observations(trials []trial.Trial, m Metric) []Observation {
	var obs []Observation
	for _, t := range inOrder(trials) {
		if o, ok := Observe(t, m); ok {
			obs = append(obs, o)
		}
	}
	return obs
}

// Ratio is own over against by a metric, of the trials of two cells, from the pairs that they make within repetitions, with
// its 95 % interval. It is what compares two strategies where medians do not: those of different repetitions tell of the machine's drift
// as well. N is 0 where no repetition has both. It is an estimate that stands alone, for a picture; what is concluded is the
// business of [Comparisons] and [Decide].
func Ratio(own, against []trial.Trial, m Metric) Estimate { return pairs(own, against, m).ratio(alpha) }

// pairs are the blocks of two of two cells.
func pairs(own, against []trial.Trial, m Metric) *aligned {
	base := byRepetition(m, against)
	var blocks []block
	for _, o := range observations(own, m) {
		if v, ok := base[o.Repetition]; ok {
			blocks = append(blocks, block{own: o.Value, against: [2]float64{v}, n: 1})
			delete(base, o.Repetition) // the first counts
		}
	}
	return align(blocks)
}

// byRepetition returns the metric of each repetition's valid trial. Where one was repeated although it was valid, the
// first counts: taking the later one would be a second throw of the dice.
func byRepetition(m Metric, trials []trial.Trial) map[int]float64 {
	figures := map[int]float64{}
	for _, o := range observations(trials, m) {
		if _, taken := figures[o.Repetition]; !taken {
			figures[o.Repetition] = o.Value
		}
	}
	return figures
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
