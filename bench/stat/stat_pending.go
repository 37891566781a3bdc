package stat

// DELETE THIS FILE when Observe, Decide, Open, Standing, Stand and NewDesign have come: it has them with the order
// statistics of Comparisons, without looks and without Holm's steps, so that what builds on them can be tested.

import (
	"math"
	"slices"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/trial"
)

// Observe takes from t what m says of it; false if t is invalid, calibrates, or does not have it.
func Observe(t trial.Trial, m Metric) (Observation, bool) {
	v, ok := m.Of(t)
	if !ok || t.Invalid != "" || t.Calibrates {
		return Observation{}, false
	}
	return Observation{
		Cell:       Cell{Scenario: t.Scenario, Fraction: t.Load.Fraction, Strategy: t.Strategy, Twin: t.Twin},
		Repetition: t.Repetition,
		Value:      v,
		Bounded:    !m.Own && t.Has(finding.DriverBound),
		Blurred:    !m.Own && t.Has(finding.AboveHalfCeiling),
	}, true
}

// NewDesign is how a run of scenarios decides.
func NewDesign(threshold float64, scenarios []trial.Scenario, most int) trial.Design {
	d := trial.Design{Alpha: 1 - confidence, Threshold: threshold, Looks: []int{most}}
	for _, sc := range scenarios {
		d.Family += len(sc.Strategies) * (len(sc.Strategies) - 1) / 2
	}
	return d
}

// Decide takes the decisions of every scenario.
func Decide(obs []Observation, scenarios []trial.Scenario, d trial.Design) []Decision {
	var all []Decision
	for _, sc := range scenarios {
		m, err := MetricOf(sc.DecidedBy)
		if err != nil || len(sc.Strategies) < 2 {
			continue
		}
		base := sc.Strategies[0]
		leader, best := base, 1.0
		var ds []Decision
		for _, name := range sc.Strategies[1:] {
			x, ok := pending(obs, sc, d, m, name, base)
			if !ok {
				continue
			}
			ds = append(ds, x)
			if r := x.Ratio.Value; x.Outcome == Different && (m.Higher && r > best || !m.Higher && r < best) {
				leader, best = name, r
			}
		}
		if leader != base {
			for _, x := range slices.Clone(ds) {
				if r := x.Ratio.Value; x.Strategy != leader && (m.Higher && r >= 1 || !m.Higher && r <= 1) {
					if y, ok := pending(obs, sc, d, m, x.Strategy, leader); ok {
						ds = append(ds, y)
					}
				}
			}
		}
		all = append(all, ds...)
	}
	return all
}

func pending(obs []Observation, sc trial.Scenario, d trial.Design, m Metric, name, against string) (Decision, bool) {
	figures := func(strategy string) (map[int]float64, bool, bool) {
		out := map[int]float64{}
		bounded, blurred := false, false
		for _, o := range obs {
			if _, taken := out[o.Repetition]; o.Scenario == sc.Name && o.Fraction == sc.DecideAt && o.Strategy == strategy && !o.Twin && !taken {
				out[o.Repetition] = o.Value
				bounded, blurred = bounded || o.Bounded, blurred || o.Blurred
			}
		}
		return out, bounded, blurred
	}
	a, aBounded, aBlurred := figures(name)
	b, bBounded, bBlurred := figures(against)
	var all []float64
	for rep, v := range a {
		if b[rep] > 0 {
			all = append(all, v/b[rep])
		}
	}
	if len(all) == 0 {
		return Decision{}, false
	}
	x := Decision{Scenario: sc.Name, Fraction: sc.DecideAt, Strategy: name, Against: against, Metric: m, Repetitions: len(all),
		Ratio: median(all, each(len(sc.Strategies)-1)), Outcome: Undecided}
	r := x.Ratio
	better := (r.Value > 1) == m.Higher
	switch {
	case (r.Lo > 1 || r.Hi < 1) && math.Abs(r.Value-1) > d.Threshold:
		x.Outcome = Different
		if better && bBounded || !better && aBounded {
			x.Outcome = Unranked
		} else if better && aBounded || !better && bBounded {
			x.Sense = AtLeast
			if r.Value < 1 {
				x.Sense = AtMost
			}
		}
	case aBounded || bBounded || aBlurred || bBlurred:
		x.Outcome = Unranked
	case r.Lo > 1/(1+d.Threshold) && r.Hi < 1+d.Threshold:
		x.Outcome = Tied
	default:
		x.More = len(all)
	}
	return x, true
}

// Open are the strategies of a scenario that need more repetitions.
func Open(ds []Decision, sc trial.Scenario) []string {
	var out []string
	for _, d := range ds {
		if d.Scenario == sc.Name && d.Outcome == Undecided {
			out = append(out, d.Strategy, d.Against)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// A Standing is how the strategies of a scenario stand to each other.
type Standing struct {
	Scenario                    string
	Best                        []string // tied, leader first
	Behind, Undecided, Unranked []Decision
}

// Stand reads the decisions of a scenario.
func Stand(ds []Decision, sc trial.Scenario) Standing {
	s := Standing{Scenario: sc.Name}
	if len(sc.Strategies) == 0 {
		return s
	}
	leader, best := sc.Strategies[0], 1.0
	for _, d := range ds {
		if r := d.Ratio.Value; d.Scenario == sc.Name && d.Against == sc.Strategies[0] && d.Outcome == Different && (d.Metric.Higher && r > best || !d.Metric.Higher && r < best) {
			leader, best = d.Strategy, r
		}
	}
	s.Best = []string{leader}
	for _, name := range sc.Strategies {
		if name == leader {
			continue
		}
		var own *Decision
		for i, d := range ds {
			if d.Scenario != sc.Name {
				continue
			}
			switch {
			case d.Strategy == name && d.Against == leader:
				own = &ds[i]
			case d.Strategy == name && own == nil, d.Strategy == leader && d.Against == name && own == nil:
				own = &ds[i]
			}
		}
		switch {
		case own == nil:
		case own.Outcome == Different, own.Against != leader && own.Strategy != leader:
			s.Behind = append(s.Behind, *own)
		case own.Outcome == Tied:
			s.Best = append(s.Best, name)
		case own.Outcome == Unranked:
			s.Unranked = append(s.Unranked, *own)
		default:
			s.Undecided = append(s.Undecided, *own)
		}
	}
	return s
}
