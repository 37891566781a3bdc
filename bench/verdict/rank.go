package verdict

import (
	"fmt"
	"math"
	"slices"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// judge holds what is needed to judge any one scenario: differences are corrected for all that are looked for in the run.
type judge struct {
	questions []question
	design    trial.Design
	labels    map[string]string
	obs       []stat.Observation // of the metric and at the level that decide
	out       map[string][]Out   // by scenario: by the rules over one strategy
	whole     []stat.Decision    // among all
	decisions []stat.Decision    // among those that are left
}

// newJudge has decided what can be decided.
func newJudge(run trial.Run) *judge {
	j := &judge{questions: questions(run), design: run.Env.Design}
	if d := j.design; len(d.Looks) == 0 || d.Alpha <= 0 || d.Threshold <= 0 { // of an older program
		j.design = stat.NewDesign(stat.Threshold, scenariosOf(j.questions), repetitions(run))
	}
	j.observe()
	return j
}

// observe takes from the trials what decides, sends out who cannot be chosen, and compares those that are left.
func (j *judge) observe() {
	j.out = map[string][]Out{}
	for _, q := range j.questions {
		if q.metric.Of != nil {
			for _, t := range q.trials {
				if t.Load.Fraction != q.DecideAt {
					continue
				}
				if o, ok := stat.Observe(t, q.metric); ok {
					j.obs = append(j.obs, o)
				}
			}
		}
		for _, name := range q.Strategies {
			if rs := reasons(q.evidence[name]); len(rs) > 0 {
				j.out[q.Name] = append(j.out[q.Name], Out{Strategy: name, Reasons: rs})
			}
		}
	}
	j.whole = stat.Decide(j.obs, scenariosOf(j.questions), j.design)
	var left []trial.Scenario
	for _, q := range j.questions {
		left = append(left, j.contest(q))
	}
	j.decisions = known(stat.Decide(j.obs, left, j.design), j.whole)
	for _, d := range j.whole { // with fewer rejections the replay may not have come to ask it
		is := func(other stat.Decision) bool {
			return other.Scenario == d.Scenario && other.Strategy == d.Strategy && other.Against == d.Against
		}
		in := slices.ContainsFunc(left, func(sc trial.Scenario) bool {
			return sc.Name == d.Scenario && slices.Contains(sc.Strategies, d.Strategy) && slices.Contains(sc.Strategies, d.Against)
		})
		if in && d.Outcome != stat.Undecided && !slices.ContainsFunc(j.decisions, is) && !slices.ContainsFunc(j.decisions, func(other stat.Decision) bool { return is(other.Turned()) }) {
			j.decisions = append(j.decisions, d)
		}
	}
}

// known takes for each decision the one that has been taken before on the same two strategies, whichever way they were asked. The
// hypotheses are the same, and so is the family; among more strategies more are rejected, and Holm then asks less of those that
// are left.
func known(ds, before []stat.Decision) []stat.Decision {
	for i, d := range ds {
		for _, b := range before {
			if b.Strategy == d.Against {
				b = b.Turned()
			}
			if b.Scenario == d.Scenario && b.Strategy == d.Strategy && b.Against == d.Against && b.Outcome != stat.Undecided {
				ds[i] = b
			}
		}
	}
	return ds
}

// contest is the scenario of q with those strategies that can be chosen. The first that was measured is whom the others are
// compared with. The design's family holds every pair, whoever is left, so that leaving some out costs nothing in certainty.
func (j *judge) contest(q question) trial.Scenario {
	sc := q.Scenario
	sc.Strategies = slices.DeleteFunc(slices.Clone(q.Strategies), func(name string) bool { return j.barred(q, name) })
	if first := slices.IndexFunc(sc.Strategies, func(name string) bool { return j.seen(q, name) }); first > 0 {
		baseline := sc.Strategies[first]
		sc.Strategies = slices.Insert(slices.Delete(sc.Strategies, first, first+1), 0, baseline)
	}
	return sc
}

func (j *judge) barred(q question, name string) bool {
	return slices.ContainsFunc(j.out[q.Name], func(o Out) bool { return o.Strategy == name })
}

// seen says whether there is a figure of it.
func (j *judge) seen(q question, name string) bool {
	return slices.ContainsFunc(j.obs, func(o stat.Observation) bool { return o.Scenario == q.Name && o.Strategy == name })
}

// lacks is how many repetitions more a strategy has to be measured in before it can be named best where no other is left that it could
// be compared with: by then it has as many as the first look at a comparison, and as any difference takes. One that was asked for
// alone lacks none: it is said to be.
func (j *judge) lacks(q question, name string) int {
	if len(q.Strategies) == 1 {
		return 0
	}
	seen := map[int]bool{}
	for _, o := range j.obs {
		if o.Scenario == q.Name && o.Strategy == name {
			seen[o.Repetition] = true
		}
	}
	return max(0, max(j.design.Looks[0], stat.Repetitions(j.design.Family))-len(seen))
}

// waiting is the strategy of q that nothing but further repetitions of its own keeps from being named; empty: none is, or the last
// look comes too early for it.
func (j *judge) waiting(q question) string {
	left := slices.DeleteFunc(j.contest(q).Strategies, func(name string) bool { return !j.seen(q, name) })
	if len(left) != 1 {
		return ""
	}
	measured := 0
	for _, t := range slices.Concat(q.trials, q.spoilt) {
		measured = max(measured, t.Repetition+1)
	}
	if n := j.lacks(q, left[0]); n == 0 || measured+n > slices.Max(j.design.Looks) {
		return ""
	}
	return left[0]
}

// among decides between some strategies of a scenario, each with the first of them. What is decided among more of them stays so.
func (j *judge) among(q question, names []string) []stat.Decision {
	sc := q.Scenario
	sc.Strategies = names
	return known(known(stat.Decide(j.obs, []trial.Scenario{sc}, j.design), j.whole), j.decisions)
}

// scenario is the verdict on q.
func (j *judge) scenario(q question) Scenario {
	s := Scenario{
		Name: q.Name, About: q.About, DecidedBy: q.DecidedBy, DecideAt: q.DecideAt,
		Best: []string{}, Behind: []Behind{}, Out: []Out{}, Undecided: []Open{}, Unranked: []string{}, Holds: []string{}, Elsewhere: []string{}, Changes: []Change{},
	}
	s.Out = append(s.Out, j.out[q.Name]...)
	in := j.contest(q)
	tied := j.rank(q, &s, in)
	if q.DecidedBy == stat.Memory.Key {
		j.heavy(q, &s, in.Strategies)
	}
	for _, name := range q.Strategies {
		if holds(q.evidence[name]) && !s.isOut(name) {
			s.Holds = append(s.Holds, name)
		}
	}
	if q.Load.Loop == trial.Closed {
		for _, other := range j.questions {
			if other.Load.Loop != trial.Closed && other.Workload == q.Workload {
				s.Elsewhere = append(s.Elsewhere, other.Name)
			}
		}
	}
	s.Changes = append(s.Changes, j.changes(q, s)...)
	s.Sentence = j.sentence(q, s, tied)
	return s
}

func (s Scenario) isOut(name string) bool {
	return slices.ContainsFunc(s.Out, func(o Out) bool { return o.Strategy == name })
}

// rank puts each strategy of in into one class of s. It returns the largest difference that the decisions leave possible between
// the leader and the others of the best; +Inf where one of them was not compared with it.
func (j *judge) rank(q question, s *Scenario, in trial.Scenario) (tied float64) {
	tied = math.Inf(1)
	var measured []string
	for _, name := range in.Strategies {
		if j.seen(q, name) {
			measured = append(measured, name)
			continue
		}
		o := Open{Strategy: name, Text: "none of its trials tells the " + called(q.metric.Key)}
		if len(q.evidence[name].levels) == 0 {
			o = Open{Strategy: name, Text: "not one of its trials can be used", NotMeasured: true, Spoilt: q.spoiltBy(name)}
		}
		s.Undecided = append(s.Undecided, o)
	}
	switch len(measured) {
	case 0:
		return tied
	case 1:
		if n := j.lacks(q, measured[0]); n > 0 {
			s.Undecided = slices.Insert(s.Undecided, 0, Open{Strategy: measured[0], More: n, Text: "too few of its trials can be used to name it by them"})
		} else {
			s.Best = append(s.Best, measured[0])
		}
		return tied
	}
	in.Strategies = measured
	standing := stat.Stand(j.decisions, in)
	best := standing.Best
	placed := slices.Clone(best)
	for _, d := range standing.Behind {
		placed = append(placed, d.Strategy)
		s.Behind = append(s.Behind, Behind{d.Strategy, d.Against, d.Metric.Key, ratioOf(d.Ratio), d.Sense})
	}
	most := 0
	for _, d := range standing.Undecided {
		placed = append(placed, d.Strategy)
		s.Undecided = append(s.Undecided, Open{Strategy: d.Strategy, More: d.More, Text: j.undecidedText(d)})
		most = max(most, d.More)
	}
	for _, d := range standing.Unranked {
		placed = append(placed, d.Strategy)
		s.Unranked = append(s.Unranked, d.Strategy)
	}
	if open := len(s.Undecided) + len(s.Unranked); len(best) == 1 && open > 0 {
		// Nobody is shown to be as good as the leader, and some may be better: it leads by nothing but having been first.
		switch leader := best[0]; {
		case len(s.Unranked) > 0 && !slices.ContainsFunc(s.Undecided, func(o Open) bool { return o.More > 0 }):
			s.Unranked = slices.Insert(s.Unranked, 0, leader)
			best = nil
		case slices.ContainsFunc(standing.Undecided, func(d stat.Decision) bool { return d.Strategy == leader || d.Against == leader }):
			s.Undecided = slices.Insert(s.Undecided, 0, Open{Strategy: leader, More: most, Text: "nobody is shown to be as good, and some may be better"})
			best = nil
		}
	}
	s.Best = append(s.Best, best...)
	for _, name := range measured { // so that nobody is ever left out
		if !slices.Contains(placed, name) {
			s.Undecided = append(s.Undecided, Open{Strategy: name, Text: notPaired})
		}
	}
	var with []float64
	for _, d := range j.decisions {
		if d.Scenario == q.Name && d.Outcome == stat.Tied && len(best) > 0 && slices.Contains(best, d.Strategy) && slices.Contains(best, d.Against) && (d.Strategy == best[0] || d.Against == best[0]) {
			with = append(with, possible(d.Ratio))
		}
	}
	if len(with) > 0 && len(with) == len(best)-1 {
		tied = slices.Max(with)
	}
	return tied
}

// possible is the largest difference that an interval leaves possible.
func possible(e stat.Estimate) float64 { return max(math.Abs(e.Lo-1), math.Abs(e.Hi-1)) }

// notPaired is why two strategies could not be compared although both have trials that can be used.
const notPaired = "too few of its trials were in a repetition with another's"

func (j *judge) undecidedText(d stat.Decision) string {
	if d.Repetitions == 0 {
		return notPaired
	}
	text := fmt.Sprintf("%s times the %s of %s so far", times(d.Ratio.Value), called(d.Metric.Key), j.labels[d.Against])
	if d.Ratio.Confidence > 0 {
		text += fmt.Sprintf(", and from %s to %s times is possible", times(d.Ratio.Lo), times(d.Ratio.Hi))
	}
	return text
}

// ratioOf leaves out what is no number, which JSON cannot hold. A ratio to nothing is larger than any: the largest number.
func ratioOf(e stat.Estimate) Ratio {
	finite := func(v float64) float64 { return min(v, math.MaxFloat64) }
	r := Ratio{Value: finite(e.Value)}
	if e.Confidence > 0 && !math.IsInf(e.Hi, 1) {
		r.Lo, r.Hi, r.Confidence = e.Lo, e.Hi, e.Confidence
	}
	return r
}

// heavy moves those out that are behind by more memory than can be made good. The measure is who of those that are in takes
// the least, shown to be best or not: what decides here is a factor of two.
func (j *judge) heavy(q question, s *Scenario, in []string) {
	lightest, least := "", math.Inf(1)
	for _, name := range in {
		if v, known := middle(q.metric, q.evidence[name].deciding()); known && v < least {
			lightest, least = name, v
		}
	}
	s.Behind = slices.DeleteFunc(s.Behind, func(b Behind) bool {
		own, _ := middle(q.metric, q.evidence[b.Strategy].deciding())
		r, is := memory(own, least, q.metric.Unit, j.labels[lightest])
		if is {
			s.Out = append(s.Out, Out{Strategy: b.Strategy, Reasons: []Reason{r}})
		}
		return is
	})
}
