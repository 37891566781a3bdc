package view

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/verdict"
)

// A paired is what two verdicts say of one scenario, or of all together.
type paired struct {
	Name     string
	Old, New []string // sentences; none: it is not in that run
	Moves    []move   // what is not as it was
}

// A move is a strategy, or another thing that a verdict settles, that stands elsewhere than before.
type move struct{ What, Old, New string }

// notAsked is the standing of what a run did not measure.
const notAsked = "not measured"

// pair lays two verdicts next to each other: scenarios in the new one's order, then those that only the old one has.
// Figures move from run to run; only standings count as changed.
func pair(old, new verdict.Verdict) (overall paired, scenarios []paired) {
	overall = paired{Name: "Overall", Old: old.Overall.Sentences, New: new.Overall.Sentences}
	const nothing = "nothing that can be named"
	overall.move("what to take", orElse(old.Overall.Take, nothing), orElse(new.Overall.Take, nothing))

	before, after := settledBy(old), settledBy(new)
	names := slices.Clone(after.names)
	for _, name := range before.names {
		if _, both := after.of[name]; !both {
			names = append(names, name)
		}
	}
	for _, name := range names {
		a, b := before.of[name], after.of[name]
		p := paired{Name: name, Old: a.sentences, New: b.sentences}
		things := slices.Clone(b.order)
		for _, what := range a.order {
			if _, both := b.standing[what]; !both {
				things = append(things, what)
			}
		}
		for _, what := range things {
			p.move(label(what, new, old), orElse(a.standing[what], notAsked), orElse(b.standing[what], notAsked))
		}
		scenarios = append(scenarios, p)
	}
	return overall, scenarios
}

func (p *paired) move(what, old, new string) {
	if old != new {
		p.Moves = append(p.Moves, move{what, old, new})
	}
}

// Changed reports whether anything is not as it was.
func (p paired) Changed() bool { return len(p.Moves) > 0 }

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// label is a strategy's short name, by the first verdict that has one.
func label(name string, verdicts ...verdict.Verdict) string {
	for _, v := range verdicts {
		if l := v.Labels[name]; l != "" {
			return l
		}
	}
	return name
}

// settled is what a verdict says of one scenario.
type settled struct {
	sentences []string
	order     []string          // keys of standing: full names of strategies, or what else is settled
	standing  map[string]string // in words that change only if the standing does
}

func (s *settled) set(what, standing string) {
	if s.standing == nil {
		s.standing = map[string]string{}
	}
	s.order = append(s.order, what)
	s.standing[what] = standing
}

type settledScenarios struct {
	names []string
	of    map[string]settled
}

func (all *settledScenarios) add(name string, s settled) {
	all.names = append(all.names, name)
	all.of[name] = s
}

func settledBy(v verdict.Verdict) settledScenarios {
	all := settledScenarios{of: map[string]settled{}}
	for _, sc := range v.Scenarios {
		s := settled{sentences: []string{sc.Sentence}}
		for _, name := range strategiesOf(sc) {
			word := sc.Word(name)
			for _, alone := range []string{"behind", notAsked} { // by how much is a figure, and why is the machine's
				if strings.HasPrefix(word, alone) {
					word = alone
				}
			}
			s.set(name, word)
		}
		all.add(sc.Name, s)
	}
	for _, c := range v.Capacities {
		s := settled{sentences: []string{c.Sentence}}
		for _, h := range c.Found {
			s.set(h.Strategy, highest(h))
		}
		all.add(c.Scenario, s)
	}
	for _, z := range v.Sizes {
		s := settled{sentences: []string{z.Sentence}}
		s.set("the smallest "+z.Setting+" that is enough", enough(z))
		all.add(z.Scenario, s)
	}
	return all
}

// strategiesOf are all that a scenario asked for, the best first.
func strategiesOf(sc verdict.Scenario) []string {
	names := slices.Clone(sc.Best)
	for _, b := range sc.Behind {
		names = append(names, b.Strategy)
	}
	for _, o := range sc.Undecided {
		names = append(names, o.Strategy)
	}
	names = append(names, sc.Unranked...)
	for _, o := range sc.Out {
		names = append(names, o.Strategy)
	}
	return names
}

// highest is how a capacity stands to the others.
func highest(h verdict.Highest) string {
	switch {
	case h.AtMost:
		return "kept at no rate"
	case h.Best:
		return "among the highest"
	case h.Outcome == stat.Different:
		return "lower than the highest"
	default:
		return "undecided"
	}
}

func enough(z verdict.Size) string {
	n := fmt.Sprint(z.Smallest)
	if z.Smallest == math.MaxInt { // strategies.Unbounded
		n = "no limit"
	}
	if !z.Sure {
		return n + ", not shown to be"
	}
	return n
}
