package verdict

import (
	"cmp"
	"maps"
	"slices"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/strategies"
)

// A question is a scenario that compares, with what was measured for it.
type question struct {
	trial.Scenario
	metric   stat.Metric
	trials   []trial.Trial // valid, both halves of the A/A pair
	ended    []trial.Trial // in which the server ended by itself
	spoilt   []trial.Trial // invalid for whatever reason, these among them
	evidence map[string]evidence
}

// evidence is all that is known of one strategy in one scenario: what a rule decides by.
type evidence struct {
	scenario trial.Scenario
	strategy string
	spec     strategies.Spec
	named    bool    // spec is known: the full name states its limits
	levels   []level // of offered load, rising; a closed loop has one
	ended    []trial.Trial
}

// A level is the valid trials at one offered load, never none.
type level struct {
	load   trial.Load
	trials []trial.Trial
	counts trial.Counts // added up
	stop   trial.Stop   // the same
}

// peak is what was offered at most, over the capacity: a burst goes beyond it although the plain rate does not. It is 0 in
// a closed loop, which offers what the server takes.
func (l level) peak() float64 {
	if l.load.Loop == trial.Closed {
		return 0
	}
	factor := 1.0
	for _, s := range l.load.Profile {
		factor = max(factor, s.Begin, s.End)
	}
	return factor * l.load.Fraction
}

// steady says that the rate does not change, so that goodput can be compared with that of another level.
func (l level) steady() bool { return len(l.load.Profile) == 0 }

// questions are the run's scenarios that compare, in its order, those that its record does not list behind.
func questions(run trial.Run) []question {
	of := map[string][]trial.Trial{}
	var order []string
	for _, t := range run.Trials {
		if t.Calibrates {
			continue
		}
		if of[t.Scenario] == nil {
			order = append(order, t.Scenario)
		}
		of[t.Scenario] = append(of[t.Scenario], t)
	}
	var out []question
	add := func(sc trial.Scenario) {
		all := of[sc.Name]
		delete(of, sc.Name)
		if sc.Question != "" && sc.Question != trial.Compare || sc.Question == "" && len(all) == 0 {
			return
		}
		sc = completed(sc, all)
		m, err := stat.MetricOf(sc.DecidedBy)
		if err != nil { // of a newer program; its strategies stay undecided
			m = stat.Metric{Key: sc.DecidedBy, Name: sc.DecidedBy}
		}
		q := question{Scenario: sc, metric: m, evidence: map[string]evidence{}}
		for _, t := range all {
			switch {
			case t.Invalid == "":
				q.trials = append(q.trials, t)
				continue
			case t.Has(finding.ServerEnded):
				q.ended = append(q.ended, t)
			}
			q.spoilt = append(q.spoilt, t)
		}
		// The order in which trials ended has no part in anything that is said.
		for _, trials := range [][]trial.Trial{q.trials, q.ended} {
			slices.SortStableFunc(trials, func(a, b trial.Trial) int {
				return cmp.Or(cmp.Compare(a.Load.Fraction, b.Load.Fraction), cmp.Compare(a.Repetition, b.Repetition), cmp.Compare(a.Strategy, b.Strategy),
					compareBool(a.Twin, b.Twin), cmp.Compare(a.Attempt, b.Attempt), cmp.Compare(a.Seq, b.Seq))
			})
		}
		for _, name := range sc.Strategies {
			q.evidence[name] = q.of(name)
		}
		out = append(out, q)
	}
	for _, sc := range run.Env.Scenarios {
		add(sc)
	}
	slices.Sort(order)
	for _, name := range order {
		if of[name] != nil {
			add(trial.Scenario{Name: name})
		}
	}
	return out
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// completed sets what the record leaves open from the trials.
func completed(sc trial.Scenario, trials []trial.Trial) trial.Scenario {
	if len(trials) > 0 && sc.Workload == "" {
		sc.Workload = trials[0].Workload
	}
	if len(sc.Strategies) == 0 {
		sc.Strategies = named(trials)
	}
	if len(trials) > 0 && sc.Load.Loop == "" {
		sc.Load = trials[0].Load
		sc.Load.Rate, sc.Load.Fraction, sc.Load.Ceiling = 0, 0, 0
	}
	open := sc.Load.Loop != trial.Closed
	sc.DecidedBy = cmp.Or(sc.DecidedBy, stat.DefaultMetric(sc.Load.Loop).Key)
	if open && sc.DecideAt == 0 {
		sc.DecideAt = decideAt(trials)
	}
	return sc
}

// named are the strategies of trials: the one that was measured twice, which is the baseline, and the others by name.
func named(trials []trial.Trial) []string {
	twin := map[string]bool{}
	for _, t := range trials {
		twin[t.Strategy] = twin[t.Strategy] || t.Twin
	}
	return slices.SortedFunc(maps.Keys(twin), func(a, b string) int { return cmp.Or(-compareBool(twin[a], twin[b]), cmp.Compare(a, b)) })
}

// decideAt is the highest level up to the capacity, or the lowest there is.
func decideAt(trials []trial.Trial) float64 {
	at := 0.0
	for _, t := range trials {
		f := t.Load.Fraction
		if at == 0 || at > 1 && f < at || f <= 1 && f > at {
			at = f
		}
	}
	return at
}

// of is what q's trials say of one strategy.
func (q question) of(name string) evidence {
	e := evidence{scenario: q.Scenario, strategy: name}
	if spec, err := strategies.ParseSpec(name); err == nil {
		e.spec, e.named = spec, true
	}
	for _, t := range q.trials {
		if t.Strategy != name {
			continue
		}
		i := len(e.levels) - 1
		if i < 0 || e.levels[i].load.Fraction != t.Load.Fraction {
			e.levels = append(e.levels, level{load: t.Load})
			i++
		}
		l := &e.levels[i]
		l.trials = append(l.trials, t)
		l.counts = l.counts.Plus(t.Counts)
		if t.Stop != nil {
			l.stop = l.stop.Plus(*t.Stop)
		}
	}
	for _, t := range q.ended {
		if t.Strategy == name {
			e.ended = append(e.ended, t)
		}
	}
	return e
}

// spoiltBy is what most often made a strategy's trials invalid; empty if none of them is.
func (q question) spoiltBy(name string) string {
	return finding.Usual(slices.DeleteFunc(slices.Clone(q.spoilt), func(t trial.Trial) bool { return t.Strategy != name }))
}

// deciding are the trials at the level that decides.
func (e evidence) deciding() []trial.Trial {
	for _, l := range e.levels {
		if l.load.Fraction == e.scenario.DecideAt {
			return l.trials
		}
	}
	return nil
}

// middle is the median of a metric over trials that have it, as reports show it: the twin's have a line of their own there.
func middle(m stat.Metric, trials []trial.Trial) (float64, bool) {
	if m.Of == nil {
		return 0, false
	}
	var all []float64
	for _, t := range trials {
		if v, ok := m.Of(t); ok && !t.Twin {
			all = append(all, v)
		}
	}
	return stat.Median(all).Value, len(all) > 0
}

func scenariosOf(qs []question) []trial.Scenario {
	out := make([]trial.Scenario, len(qs))
	for i, q := range qs {
		out[i] = q.Scenario
	}
	return out
}
