package verdict

import (
	"fmt"
	"slices"
	"strings"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/strategies"
)

// group is what a reader chooses between over several scenarios: a strategy without its numbers, which have to follow the
// number of clients. Its name is its key.
func (e evidence) group(label string) string {
	if !e.named {
		return label
	}
	var marks []string
	if e.spec.Unit == strategies.RequestUnit {
		marks = append(marks, "unit=request")
	}
	switch e.limit() {
	case enough: // what happens at the limit does not happen
		marks = append(marks, "limit at least the clients")
	case below:
		marks = append(marks, "limit below the clients", "full="+e.spec.Limits.WhenFull.String())
	}
	if len(marks) == 0 {
		return e.spec.Kind
	}
	return e.spec.Kind + " (" + strings.Join(marks, ", ") + ")"
}

// place is a class of a scenario, the better the lower.
type place int

const (
	isBest place = iota
	isUnranked
	isUndecided
	isBehind
	isOut
)

// place is the class of a strategy, and of one that is out the gravest reason.
func (s Scenario) place(name string) (place, Code) {
	if slices.Contains(s.Best, name) {
		return isBest, ""
	}
	if slices.Contains(s.Unranked, name) {
		return isUnranked, ""
	}
	if slices.ContainsFunc(s.Behind, func(b Behind) bool { return b.Strategy == name }) {
		return isBehind, ""
	}
	for _, o := range s.Out {
		if o.Strategy == name {
			return isOut, o.Reasons[0].Code
		}
	}
	return isUndecided, ""
}

func newTally(name string) Tally {
	return Tally{Name: name, Best: []string{}, Behind: []string{}, Out: []Why{}, Undecided: []string{}, Unranked: []string{}}
}

func (t *Tally) add(scenario string, p place, code Code) {
	switch p {
	case isBest:
		t.Best = append(t.Best, scenario)
	case isUnranked:
		t.Unranked = append(t.Unranked, scenario)
	case isUndecided:
		t.Undecided = append(t.Undecided, scenario)
	case isBehind:
		t.Behind = append(t.Behind, scenario)
	case isOut:
		t.Out = append(t.Out, Why{scenario, code})
	}
}

// scenarios is in how many it was asked for.
func (t Tally) scenarios() int {
	return len(t.Best) + len(t.Behind) + len(t.Out) + len(t.Undecided) + len(t.Unranked)
}

func (j *judge) overall(scenarios []Scenario) Overall {
	o := Overall{AsGood: []AsGood{}, Strategies: []Tally{}, Groups: []Tally{}}
	at := func(all *[]Tally, name string) *Tally {
		i := slices.IndexFunc(*all, func(t Tally) bool { return t.Name == name })
		if i < 0 {
			*all = append(*all, newTally(name))
			i = len(*all) - 1
		}
		return &(*all)[i]
	}
	for i, s := range scenarios {
		q := j.questions[i]
		type standing struct {
			place place
			code  Code
		}
		top := map[string]standing{}
		var order []string
		for _, name := range q.Strategies {
			p, code := s.place(name)
			at(&o.Strategies, name).add(s.Name, p, code)
			g := q.evidence[name].group(j.labels[name])
			if seen, is := top[g]; !is {
				order = append(order, g)
				top[g] = standing{p, code}
			} else if p < seen.place {
				top[g] = standing{p, code}
			}
		}
		for _, g := range order {
			at(&o.Groups, g).add(s.Name, top[g].place, top[g].code)
		}
	}
	o.Libraries = j.libraries()
	if take, asGood, ahead, found := choose(o.Groups); found {
		o.Take = take.Name
		o.AsGood = append(o.AsGood, asGood...)
		o.Sentences = append(o.Sentences, j.takeText(take, len(o.Groups) == 1, ahead, scenarios)...)
		if text := asGoodText(asGood); text != "" {
			o.Sentences = append(o.Sentences, text)
		}
	} else {
		o.Sentences = append(o.Sentences, j.nothing(scenarios))
	}
	if o.Libraries != nil {
		if text := j.librariesText(*o.Libraries); text != "" {
			o.Sentences = append(o.Sentences, text)
		}
	}
	return o
}

// choose is what to take over all scenarios: the first, in the order of the suite, which begins with the simplest, of those
// that the fewest others beat. It does not count where each is best, because that turns with every scenario that one run
// decides and the next does not. ahead are those that beat it all the same, each of which another one beats.
//
// Who was measured in less than half as many scenarios as others was not asked, and who is best nowhere has shown nothing:
// neither can be taken. Nor is one as good that was never tied with the choice, or that cannot be chosen where the choice can.
func choose(groups []Tally) (take Tally, asGood []AsGood, ahead []string, found bool) {
	most := 0
	for _, g := range groups {
		most = max(most, g.scenarios())
	}
	asked := slices.DeleteFunc(slices.Clone(groups), func(g Tally) bool { return 2*g.scenarios() < most })
	var beatenBy []string
	for _, g := range asked {
		var by []string
		for _, other := range asked {
			if other.against(g).wins() {
				by = append(by, other.Name)
			}
		}
		if len(g.Best) > 0 && (!found || len(by) < len(beatenBy)) {
			take, beatenBy, found = g, by, true
		}
	}
	for _, g := range asked {
		m := g.against(take)
		if g.Name != take.Name && m.tied > 0 && m.barred >= 0 && !m.wins() && !take.against(g).wins() {
			asGood = append(asGood, AsGood{g.Name, m.both, m.tied, m.better, m.worse})
		}
	}
	return take, asGood, beatenBy, found
}

// A match is how one group does against another in the scenarios that both were measured in.
type match struct {
	both   int
	tied   int // both are best
	better int // it is best and the other behind, or it can be chosen and the other cannot
	worse  int
	barred int // the other cannot be chosen and it can, less where it is the other way round
}

func (t Tally) against(other Tally) match {
	var m match
	mine, others := t.places(), other.places()
	for scenario, a := range mine {
		b, is := others[scenario]
		if !is {
			continue
		}
		m.both++
		switch {
		case a != isOut && b == isOut:
			m.better++
			m.barred++
		case a == isOut && b != isOut:
			m.worse++
			m.barred--
		case a == isBest && b == isBest:
			m.tied++
		case a == isBest && b == isBehind:
			m.better++
		case a == isBehind && b == isBest:
			m.worse++
		}
	}
	return m
}

// decisive is the share of the scenarios by which one group has to be ahead of another to be the better one over all.
const decisive = 0.25

// wins says whether the match is decided: a scenario more or less is not decisive, unless the other cannot be chosen there,
// which weighs more than any figure.
func (m match) wins() bool {
	ahead := m.better - m.worse
	return float64(ahead) > decisive*float64(m.both) || ahead > 0 && m.barred > 0
}

// places is the class by scenario.
func (t Tally) places() map[string]place {
	all := map[string]place{}
	for p, names := range map[place][]string{isBest: t.Best, isUnranked: t.Unranked, isUndecided: t.Undecided, isBehind: t.Behind} {
		for _, name := range names {
			all[name] = p
		}
	}
	for _, w := range t.Out {
		all[w.Scenario] = isOut
	}
	return all
}

// mostExceptions is as many as a sentence bears.
const mostExceptions = 4

// takeText says what to take, in a sentence that stands alone, and then where that does not hold.
func (j *judge) takeText(take Tally, alone bool, ahead []string, scenarios []Scenario) []string {
	n := take.scenarios()
	text := fmt.Sprintf("Take %s: no other beats it over all, and it is among the best in %s of %s.", take.Name, count(len(take.Best)), counted(n, "scenario"))
	switch {
	case alone:
		text = fmt.Sprintf("Only %s was measured, so there is nothing to choose between.", take.Name)
	case len(ahead) > 0:
		text = fmt.Sprintf("Take %s: it is among the best in %s of %s.", take.Name, count(len(take.Best)), counted(n, "scenario"))
	case n == 1:
		text = fmt.Sprintf("Take %s: it is among the best in the one scenario that it was measured in.", take.Name)
	case len(take.Best) == n:
		text = fmt.Sprintf("Take %s: it is among the best in all %s scenarios that it was measured in.", take.Name, count(n))
	}
	var but []string
	for i, w := range take.Out {
		if more := len(take.Out) - i; i == mostExceptions-1 && more > 1 {
			but = append(but, fmt.Sprintf("It cannot be chosen in %d others.", more))
			break
		}
		but = append(but, fmt.Sprintf("In %s it %s%s.", w.Scenario, acts[w.Code][0], j.instead(scenarios, w.Scenario)))
	}
	if len(take.Behind) > 0 {
		but = append(but, fmt.Sprintf("It is behind in %s.", and(take.Behind)))
	}
	if len(take.Undecided) > 0 {
		but = append(but, fmt.Sprintf("Not decided: %s.", and(take.Undecided)))
	}
	if len(take.Unranked) > 0 {
		but = append(but, fmt.Sprintf("Not ranked: %s.", and(take.Unranked)))
	}
	if len(ahead) > 0 {
		but = append(but, fmt.Sprintf("%s %s better over the scenarios with both, and %s behind another one: nothing is best over all.",
			and(ahead), were(len(ahead), "is", "are"), were(len(ahead), "is", "are each")))
	}
	if more := len(scenarios) - n; more > 0 {
		but = append(but, fmt.Sprintf("It was not measured in %s.", counted(more, "other")))
	}
	out := []string{text}
	if len(but) > 0 {
		out = append(out, strings.Join(but, " "))
	}
	return out
}

// asGoodText says who else could be taken, and on what that rests.
func asGoodText(all []AsGood) string {
	if len(all) == 0 {
		return ""
	}
	var names, parts []string
	shared := 0
	for _, g := range all {
		shared = max(shared, g.Both)
		where := fmt.Sprintf("%s of the %s scenarios with both", count(g.Tied), count(g.Both))
		if g.Both == 1 {
			where = "the one scenario with both"
		}
		text := fmt.Sprintf("%s, tied with it in %s", g.Group, where)
		if g.Better > 0 {
			text += fmt.Sprintf(", better in %s", count(g.Better))
		}
		if g.Worse > 0 {
			text += fmt.Sprintf(", worse in %s", count(g.Worse))
		}
		names, parts = append(names, g.Group), append(parts, text)
	}
	if shared == 1 {
		return "As good there: " + and(names) + "."
	}
	return "Not shown to be a better or a worse choice: " + strings.Join(parts, "; ") + "."
}

// instead says who is best in a scenario; empty if nobody is.
func (j *judge) instead(scenarios []Scenario, name string) string {
	i := slices.IndexFunc(scenarios, func(s Scenario) bool { return s.Name == name })
	switch best := scenarios[i].Best; {
	case len(best) == 0:
		return ""
	case len(best) > mostExceptions:
		return fmt.Sprintf("; %s and %d others are best there", j.labels[best[0]], len(best)-1)
	default:
		return fmt.Sprintf("; %s %s best there", and(j.short(best)), were(len(best), "is", "are"))
	}
}

// nothing is what can be said if no group is best anywhere.
func (j *judge) nothing(scenarios []Scenario) string {
	switch {
	case len(scenarios) == 0:
		return "No scenario compares strategies, so there is nothing to choose between."
	case !slices.ContainsFunc(j.questions, func(q question) bool { return len(q.trials) > 0 }):
		return "Not one trial can be used, so nothing can be said."
	case slices.ContainsFunc(scenarios, func(s Scenario) bool { return len(s.Best) > 0 }):
		return "Nothing can be named for all scenarios: who is best in one of them was measured in too few, and of the others none is shown to be best in any."
	case slices.ContainsFunc(scenarios, func(s Scenario) bool { return len(s.Undecided) > 0 }):
		return "Nothing is decided yet: no strategy is shown to be among the best in any scenario."
	case slices.ContainsFunc(scenarios, func(s Scenario) bool { return len(s.Unranked) > 0 }):
		return "Nothing can be ranked: the driver was at its own limit or near it in every scenario."
	default:
		return "None of the strategies can be chosen in any scenario."
	}
}

// libraries compares kinds whose limits, unit and policy are the same, each pair directly. A kind without a limit is no
// pool, and has its own way of running work rather than a library's.
func (j *judge) libraries() *Equals {
	var e *Equals
	for _, q := range j.questions {
		var order []strategies.Spec
		sets := map[strategies.Spec][]string{}
		for _, name := range q.Strategies {
			ev := q.evidence[name]
			if !ev.named || j.barred(q, name) || ev.spec.Limits.Workers == strategies.Unbounded {
				continue
			}
			key := ev.spec
			key.Kind = ""
			if sets[key] == nil {
				order = append(order, key)
			}
			sets[key] = append(sets[key], name)
		}
		for _, key := range order {
			names := sets[key]
			for len(names) > 1 {
				if e == nil {
					e = &Equals{Kinds: []string{}, Different: []Behind{}, Where: []string{}, Undecided: []string{}}
				}
				j.pairs(q, names, e)
				names = names[1:]
			}
		}
	}
	return e
}

// pairs adds the comparisons of the first of names with each other one.
func (j *judge) pairs(q question, names []string, e *Equals) {
	for _, d := range j.among(q, names) {
		if d.Against != names[0] {
			continue
		}
		switch d.Outcome {
		case stat.Tied:
			e.Tied++
			for _, name := range []string{d.Against, d.Strategy} {
				if kind := q.evidence[name].spec.Kind; !slices.Contains(e.Kinds, kind) {
					e.Kinds = append(e.Kinds, kind)
				}
			}
			e.Largest = max(e.Largest, possible(d.Ratio))
		case stat.Different:
			e.Different = append(e.Different, Behind{d.Strategy, d.Against, d.Metric.Key, ratioOf(d.Ratio), d.Sense})
			e.Where = append(e.Where, q.Name)
		case stat.Undecided:
			if d.Repetitions > 0 && !slices.Contains(e.Undecided, q.Name) {
				e.Undecided = append(e.Undecided, q.Name)
			}
		}
	}
}

func (j *judge) librariesText(e Equals) string {
	var parts []string
	if e.Tied > 0 {
		parts = append(parts, fmt.Sprintf("no difference larger than %s is left possible (%s of %s)", bound(e.Largest), counted(e.Tied, "comparison"), and(e.Kinds)))
	}
	for i, d := range e.Different {
		if i == mostExceptions {
			parts = append(parts, fmt.Sprintf("and %d more differ", len(e.Different)-i))
			break
		}
		parts = append(parts, fmt.Sprintf("in %s %s has %s times the %s of %s", e.Where[i], j.labels[d.Strategy],
			strings.TrimSpace(string(d.Sense)+" "+times(d.Ratio.Value)), called(d.Metric), j.labels[d.Against]))
	}
	if len(e.Undecided) > 0 {
		text := "not decided in "
		if len(parts) > 0 {
			text = "other pairs of them are not decided, in "
		}
		parts = append(parts, text+and(e.Undecided))
	}
	if len(parts) == 0 {
		return ""
	}
	return "Between libraries at equal limits: " + strings.Join(parts, "; ") + "."
}
