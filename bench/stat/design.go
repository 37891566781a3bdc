package stat

import (
	"math"

	"github.com/poolbench/poolbench/bench/trial"
)

// alpha is how often, at most, a run calls any difference where there is none, and how often an interval may miss.
const alpha = 0.05

// mostLooks: each look costs a share of alpha. With four a decision that is due waits for at most half as many repetitions
// again, and more would save little.
const mostLooks = 4

// growth is about the ratio of one look's repetitions to those of the look before: errors shrink by a sixth.
const growth = math.Sqrt2

// NewDesign is how a run of the scenarios decides that measures at most so many repetitions; a threshold of 0 is [Threshold].
func NewDesign(threshold float64, scenarios []trial.Scenario, most int) trial.Design {
	if threshold <= 0 {
		threshold = Threshold
	}
	family := Family(scenarios)
	return trial.Design{Alpha: alpha, Threshold: threshold, Family: family, Looks: Looks(family, most)}
}

// Pairs is how many comparisons there are between so many strategies.
func Pairs(strategies int) int { return max(0, strategies*(strategies-1)/2) }

// Family is how many comparisons the scenarios can make: all pairs in each that compares, because which of them are made
// depends on who leads.
func Family(scenarios []trial.Scenario) int {
	n := 0
	for _, sc := range scenarios {
		if compares(sc) {
			n += Pairs(len(sc.Strategies))
		}
	}
	return n
}

func compares(sc trial.Scenario) bool { return sc.Question == trial.Compare || sc.Question == "" }

// Looks says after how many repetitions a family is looked at, at most so many and the last of them always. The first is the
// earliest that can tell any difference; each of the others has about √2 times the repetitions of the one before, more where
// four would not reach the most otherwise. If the most is fewer than any difference needs, it is the only look. None for a
// most below 1.
func Looks(family, most int) []int {
	if most < 1 {
		return nil
	}
	for k := mostLooks; k > 1; k-- {
		first := earliest(family, k)
		if first >= most {
			continue
		}
		// As many as fit, half a step more or less.
		span := math.Log(float64(most) / float64(first))
		if math.Round(span/math.Log(growth)) < float64(k-1) {
			continue
		}
		looks := []int{first}
		for i := 1; i < k; i++ {
			n := int(math.Round(float64(first) * math.Exp(span*float64(i)/float64(k-1))))
			looks = append(looks, max(n, looks[i-1]+1))
		}
		return looks
	}
	return []int{most}
}

// Repetitions is the least number with which any difference can be told in a family of so many comparisons, if there is one
// look at them: 8 for 55 to 164.
func Repetitions(family int) int { return earliest(family, 1) }

// PairRepetitions is the least number with which any of so many differences can be told where neither side is measured twice
// in a repetition, and there is one look: 8 for up to 6.
func PairRepetitions(comparisons int) int { return fewest(2, alpha/float64(max(comparisons, 1))) }

// earliest is the fewest repetitions with which the least possible p, 2/3ⁿ, can be significant at one of so many looks.
func earliest(family, looks int) int {
	return fewest(3, alpha/float64(looks)/float64(max(family, 1)))
}

// fewest blocks of so many trials whose least possible p, 2 over trials to the power of blocks, is at most the bar.
func fewest(trials, bar float64) int {
	for n := 1; ; n++ {
		// The bar is above 0, so that this ends; it may be equal but for rounding.
		if 2*math.Pow(trials, float64(-n)) <= bar*(1+1e-12) {
			return n
		}
	}
}

// perLook is what each look may spend of alpha.
func perLook(d trial.Design) float64 { return d.Alpha / float64(max(len(d.Looks), 1)) }

// made is the design of a run, and whether it has one: a run that says none is older, and has one look at all that it measured.
func made(d trial.Design, trials []trial.Trial) (trial.Design, bool) {
	if len(d.Looks) > 0 && d.Alpha > 0 && d.Threshold > 0 {
		return d, true
	}
	d = trial.Design{Alpha: alpha, Threshold: Threshold}
	repetitions := 0
	for _, t := range trials {
		repetitions = max(repetitions, t.Repetition+1)
	}
	if repetitions > 0 {
		d.Looks = []int{repetitions}
	}
	return d, false
}
