package stat

import (
	"math"

	"github.com/poolbench/poolbench/bench/trial"
)

// A Standing is where the strategies of one scenario stand. Each of them is in one of the four.
type Standing struct {
	Scenario  string
	Best      []string   // full names: the leader, then those that are tied with it
	Behind    []Decision // of each strategy that is: against the leader, or against one that is itself behind it
	Undecided []Decision // against the leader
	Unranked  []Decision // the same
}

// Stand says where the strategies of a scenario stand, by what Decide has decided. The leader is the baseline unless another
// strategy was found better; the baseline then is behind, with the decision between them turned round. It has no one if the
// scenario has no strategy.
func Stand(ds []Decision, sc trial.Scenario) Standing {
	s := Standing{Scenario: sc.Name}
	if len(sc.Strategies) == 0 {
		return s
	}
	var own []Decision
	for _, d := range ds {
		if d.Scenario == sc.Name {
			own = append(own, d)
		}
	}
	leader, _ := lead(own, sc.Strategies)
	s.Best = []string{leader}
	for _, name := range sc.Strategies {
		if name == leader {
			continue
		}
		d, ok := place(own, name, leader)
		switch {
		case !ok: // nothing is known of it
			s.Undecided = append(s.Undecided, Decision{Scenario: sc.Name, Fraction: sc.DecideAt, Strategy: name, Against: leader, P: 1, Outcome: Undecided})
		case d.worse():
			s.Behind = append(s.Behind, d)
		case d.Outcome == Tied:
			s.Best = append(s.Best, name)
		case d.Outcome == Unranked:
			s.Unranked = append(s.Unranked, d)
		default:
			s.Undecided = append(s.Undecided, d)
		}
	}
	return s
}

// place finds the decision that says most of where a strategy stands: with the leader, or else one that puts it behind
// another, of several the last.
func place(ds []Decision, name, leader string) (Decision, bool) {
	var behind Decision
	found := false
	for _, d := range ds {
		if d.Against == name {
			d = d.Turned()
		}
		if d.Strategy != name {
			continue
		}
		if d.Against == leader {
			return d, true
		}
		if d.worse() {
			behind, found = d, true
		}
	}
	return behind, found
}

// Turned is the same decision with the strategies' places changed.
func (d Decision) Turned() Decision {
	d.Strategy, d.Against = d.Against, d.Strategy
	d.Ratio = d.Ratio.inverse()
	switch d.Sense {
	case AtMost:
		d.Sense = AtLeast
	case AtLeast:
		d.Sense = AtMost
	}
	return d
}

// inverse is the estimate of the ratio the other way round.
func (e Estimate) inverse() Estimate {
	if e.N == 0 {
		return e
	}
	over := func(v float64) float64 {
		switch {
		case v == 0:
			return math.Inf(1)
		case math.IsInf(v, 1):
			return 0
		}
		return 1 / v
	}
	e.Value, e.Lo, e.Hi = over(e.Value), over(e.Hi), over(e.Lo)
	return e
}
