package stat

import (
	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/trial"
)

// An origin says of how many pairs, of those that a comparison rests on, the figures are the driver's doing.
type origin struct {
	pairs   int
	own     int // the driver decided the one strategy's figure: it may be better, and is not worse
	against int // the same of the other's, in one of its trials at least
	bounded int // of either, or both
	unclear int // bounded, or with so much of the driver's time in either that small differences do not show
}

// most of the pairs decide for a comparison: it rests on the middle of their ratios, and from half of them on the middle may be
// one that the driver decided.
const most = 0.5

func (o origin) most(n int) bool { return o.pairs > 0 && float64(n) >= most*float64(o.pairs) }

// count adds a pair.
func (o *origin) count(own figure, against []figure) {
	bounded, unclear := own.bounded, own.blurred
	other := false
	for _, f := range against {
		other = other || f.bounded
		unclear = unclear || f.blurred
	}
	o.pairs++
	o.own += one(bounded)
	o.against += one(other)
	o.bounded += one(bounded || other)
	o.unclear += one(bounded || other || unclear)
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// judge says whether a difference can be named, with a ratio below 1 or above, and how the ratio is to be read then.
func (o origin) judge(lower, higherIsBetter bool) (named bool, s Sense) {
	worse := o.against
	if lower == higherIsBetter {
		worse = o.own
	}
	switch {
	case o.most(worse):
		return false, AsSeen
	case !o.most(o.bounded):
		return true, AsSeen
	case lower:
		return true, AtMost
	default:
		return true, AtLeast
	}
}

// hopeless says whether nothing can be named whatever the ratio: whichever of the two is worse, its figures are the driver's.
func (o origin) hopeless() bool { return o.most(o.own) && o.most(o.against) }

// equal says whether equality can be concluded.
func (o origin) equal() bool { return !o.most(o.unclear) }

// Bounded says whether the driver, and not the server, decided the figures of enough trials that the cell is not ranked.
func (s Summary) Bounded() bool {
	return s.Trials > 0 && float64(s.DriverBound) >= most*float64(s.Trials)
}

// mostly says whether so many of the trials have the finding with this code that it decides for all.
func mostly(code string, trials []trial.Trial) bool {
	return len(trials) > 0 && float64(having(code, trials)) >= most*float64(len(trials))
}

// having is how many trials have the finding with this code.
func having(code string, trials []trial.Trial) int {
	n := 0
	for _, t := range trials {
		if t.Has(code) {
			n++
		}
	}
	return n
}

// Observe takes from t what m says of it; false if t is invalid, calibrates, or does not have it.
func Observe(t trial.Trial, m Metric) (Observation, bool) {
	if t.Invalid != "" || t.Calibrates {
		return Observation{}, false
	}
	v, ok := m.Of(t)
	if !ok {
		return Observation{}, false
	}
	return Observation{
		Cell:       Cell{Scenario: t.Scenario, Fraction: t.Load.Fraction, Strategy: t.Strategy, Twin: t.Twin},
		Repetition: t.Repetition,
		Value:      v,
		// What the server accounts for itself is its own whatever the driver did.
		Bounded: !m.Own && t.Has(finding.DriverBound),
		Blurred: !m.Own && t.Has(finding.AboveHalfCeiling),
	}, true
}
