package claims

import (
	"fmt"
	"slices"
	"strings"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/verdict"
)

// Places in the scenarios of pools.
const (
	eachThread = iota
	eachGoroutine
	sized
	twoWorkers
)

// A cure is a pool in one scenario: whether it is the cure, and why.
type cure struct {
	scenario trial.Scenario
	place    int
	is       answer // better: it is; worse: it is not
	why      string
}

func (c cure) pool() string {
	if c.place == sized {
		return "a worker for each client"
	}
	return "two workers"
}

// compared is how a pool stands to threads and to goroutines.
type compared struct {
	thread    stat.Decision // by goodput
	goroutine stat.Decision // by what decides the scenario
}

func (r record) pool() Claim {
	c := claim(Pool, "A fixed pool of workers that are used again is the cure.")
	scenarios := r.pools()
	if len(scenarios) == 0 {
		c.Sentence = "This was not measured: the run has no scenario " + poolPrefix + "… with a thread, a goroutine and two pools."
		return c
	}
	var questions []question
	for _, sc := range scenarios {
		for _, place := range []int{sized, twoWorkers} {
			m := decidedBy(sc)
			questions = append(questions,
				question{stat.Goodput, r.observations(sc, place, stat.Goodput), r.observations(sc, eachThread, stat.Goodput)},
				question{m, r.observations(sc, place, m), r.observations(sc, eachGoroutine, m)})
		}
	}
	ds := r.decide(questions)
	out := outs(r.run)
	var cures []cure
	for _, sc := range scenarios {
		for place, what := range []string{"a thread for each connection", "a goroutine for each connection", "a worker for each client", "two workers"} {
			r.level(&c, sc, place, stat.Goodput, what+": goodput")
			r.served(&c, sc, place, what)
		}
		for _, place := range []int{sized, twoWorkers} {
			one := cure{scenario: sc, place: place}
			d := compared{ds[0], ds[1]}
			ds = ds[2:]
			name := sc.Strategies[place]
			c.add(ratio(d.thread, sc.Name, one.pool()+" over a thread for each connection: goodput", name, sc.Strategies[eachThread]))
			c.add(ratio(d.goroutine, sc.Name, one.pool()+" over a goroutine for each connection: "+d.goroutine.Metric.Name, name, sc.Strategies[eachGoroutine]))
			one.is, one.why = d.judge(out[sc.Name][name])
			cures = append(cures, one)
		}
	}
	c.conclude(cures)
	return c
}

// decidedBy is what decides a scenario: goodput where nothing else is said that is known.
func decidedBy(sc trial.Scenario) stat.Metric {
	if m, ok := stat.DecidedBy(sc); ok {
		return m
	}
	return stat.Goodput
}

// judge says whether a pool that is out for a reason, or for none, is the cure.
func (d compared) judge(out string) (answer, string) {
	thread, goroutine := answerOf(d.thread), answerOf(d.goroutine)
	switch {
	case out != "":
		return worse, out
	case thread == worse:
		return worse, "it does less than a thread for each connection, " + times(d.thread)
	case thread == same:
		return worse, "it does no more than a thread for each connection"
	case goroutine == worse:
		return worse, "it is worse than a goroutine for each connection by " + d.goroutine.Metric.Name + ", " + times(d.goroutine)
	case thread == better && (goroutine == same || goroutine == better):
		return better, "it does more than a thread for each connection, " + times(d.thread)
	case thread == unknown:
		return unknown, wanting(d.thread)
	default:
		return unknown, wanting(d.goroutine)
	}
}

// conclude takes the cures together.
func (c *Claim) conclude(cures []cure) {
	of := map[answer][]cure{}
	for _, one := range cures {
		of[one.is] = append(of[one.is], one)
	}
	switch {
	case len(of[better]) > 0 && len(of[worse]) > 0:
		c.Verdict = Partly
	case len(of[unknown]) > 0:
	case len(of[worse]) == 0:
		c.Verdict = True
	default:
		c.Verdict = False
	}
	about := of[better]
	if c.Verdict == False {
		about = of[worse]
	}
	if c.Verdict != Undecided {
		for _, one := range about {
			if name := one.scenario.Name; !slices.Contains(c.Where, name) {
				c.Where = append(c.Where, name)
			}
		}
	}
	say := func(verb string, cures []cure) string {
		var parts []string
		for _, one := range cures {
			parts = append(parts, fmt.Sprintf("%s in %s (%s)", one.pool(), one.scenario.Name, one.why))
		}
		return verb + " " + strings.Join(parts, "; ") + "."
	}
	var sentences []string
	if len(of[better]) > 0 {
		sentences = append(sentences, say("The cure is", of[better]))
	}
	if len(of[worse]) > 0 {
		sentences = append(sentences, say("No cure is", of[worse]))
	}
	if len(of[unknown]) > 0 {
		sentences = append(sentences, say("Not decided is", of[unknown]))
	}
	c.Sentence = strings.Join(sentences, " ")
}

// served adds who was served, as a share of the clients: the least of any trial.
func (r record) served(c *Claim, sc trial.Scenario, place int, what string) {
	f := Figure{Scenario: sc.Name, What: what + ": clients served in the worst trial", Strategy: sc.Strategies[place], Value: 1}
	for _, t := range r.trials {
		if t.Invalid == "" && !t.Calibrates && t.Scenario == sc.Name && t.Strategy == f.Strategy && t.Load.Fraction == sc.DecideAt && t.Clients.Total > 0 {
			f.N++
			f.Value = min(f.Value, float64(t.Clients.Served)/float64(t.Clients.Total))
		}
	}
	c.add(f, f.N > 0)
}

// outs are the reasons for which strategies cannot be chosen, by scenario and full name.
func outs(run trial.Run) map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, sc := range verdict.Of(run).Scenarios {
		all[sc.Name] = map[string]string{}
		for _, o := range sc.Out {
			all[sc.Name][o.Strategy] = "it " + o.Reasons[0].Text
		}
	}
	return all
}
