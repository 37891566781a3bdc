package claims

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// A sweep is what one kind of task costs at several numbers of clients.
type sweep struct {
	noun      string // for many
	scenarios []trial.Scenario
	pairs     [][2]int // indices of scenarios that are compared, the smaller number first
	decisions []stat.Decision
}

// newSweep pairs each number of clients with each smaller one: with too few clients a server is not kept busy, so that the smallest number
// need not be the cheapest.
func newSweep(noun string, scenarios []trial.Scenario) sweep {
	s := sweep{noun: noun, scenarios: scenarios}
	for b := range scenarios {
		for a := range b {
			s.pairs = append(s.pairs, [2]int{a, b})
		}
	}
	return s
}

func (s sweep) questions(r record) []question {
	var all []question
	for _, p := range s.pairs {
		all = append(all, question{stat.ServerCPU, r.observations(s.scenarios[p[1]], 0, stat.ServerCPU), r.observations(s.scenarios[p[0]], 0, stat.ServerCPU)})
	}
	return all
}

func (s sweep) clients(i int) int { return s.scenarios[i].Load.Clients }

// worse says whether any number costs more than a smaller one; unknown only if none does and a pair is not decided.
func (s sweep) worse() answer {
	all := same
	for _, d := range s.decisions {
		switch answerOf(d) {
		case worse:
			return worse
		case unknown:
			all = unknown
		}
	}
	return all
}

// from is the smallest number that costs more than a smaller one; false if there is none.
func (s sweep) from() (index int, ok bool) {
	for i, d := range s.decisions { // in the order of the greater number
		if answerOf(d) == worse {
			return s.pairs[i][1], true
		}
	}
	return 0, false
}

// steepest is the pair that differs most among those with the greatest number that costs more.
func (s sweep) steepest() (pair int, ok bool) {
	pair = -1
	for i, d := range s.decisions {
		if answerOf(d) != worse {
			continue
		}
		if pair < 0 || s.pairs[i][1] > s.pairs[pair][1] || d.Ratio.Value > s.decisions[pair].Ratio.Value {
			pair = i
		}
	}
	return pair, pair >= 0
}

// growth is what the greatest number costs over the smallest, for each repetition and each of the two trials in it.
func (s sweep) growth(r record) []stat.Observation {
	type place struct {
		repetition int
		twin       bool
	}
	few := map[place]float64{}
	for _, o := range r.observations(s.scenarios[0], 0, stat.ServerCPU) {
		if p := (place{o.Repetition, o.Twin}); few[p] == 0 {
			few[p] = o.Value
		}
	}
	var all []stat.Observation
	for _, o := range r.observations(s.scenarios[len(s.scenarios)-1], 0, stat.ServerCPU) {
		if v := few[place{o.Repetition, o.Twin}]; v > 0 {
			o.Value /= v
			all = append(all, o)
		}
	}
	return all
}

func (s sweep) describe(r record, c *Claim) {
	for _, sc := range s.scenarios {
		what := strconv.Itoa(sc.Load.Clients) + " " + s.noun
		r.level(c, sc, 0, stat.ServerCPU, what+": server CPU per answer")
		r.level(c, sc, 0, stat.Goodput, what+": goodput")
	}
	for i, d := range s.decisions {
		a, b := s.scenarios[s.pairs[i][0]], s.scenarios[s.pairs[i][1]]
		c.add(ratio(d, b.Name, fmt.Sprintf("%d %s over %d: server CPU per answer", b.Load.Clients, s.noun, a.Load.Clients), b.Strategies[0], a.Strategies[0]))
	}
}

// where says from which number on it is worse, and by how much.
func (s sweep) where() string {
	from, _ := s.from()
	i, _ := s.steepest()
	p := s.pairs[i]
	return fmt.Sprintf("%s more for each answer at %s than at %s, from %s on", increase(s.decisions[i].Ratio), count(s.clients(p[1])), count(s.clients(p[0])), count(s.clients(from)))
}

func (r record) number() Claim {
	c := claim(Number, "Too many threads at once slow the server down.")
	threads, goroutines := newSweep("threads", r.sweep(threadsPrefix)), newSweep("goroutines", r.sweep(goroutinesPrefix))
	if len(threads.pairs) == 0 || len(goroutines.pairs) == 0 {
		c.Sentence = "This was not measured: the run lacks two scenarios " + threadsPrefix + "N or two " + goroutinesPrefix + "N with different numbers of clients."
		return c
	}
	// Growth is about the same numbers on both sides, or it says nothing.
	alike := threads.clients(0) == goroutines.clients(0) && threads.clients(len(threads.scenarios)-1) == goroutines.clients(len(goroutines.scenarios)-1)
	questions := append(threads.questions(r), goroutines.questions(r)...)
	if alike {
		questions = append(questions, question{stat.ServerCPU, threads.growth(r), goroutines.growth(r)})
	}
	ds := r.decide(questions)
	threads.decisions, goroutines.decisions = ds[:len(threads.pairs)], ds[len(threads.pairs):len(threads.pairs)+len(goroutines.pairs)]
	threads.describe(r, &c)
	goroutines.describe(r, &c)
	steeper := unknown
	if alike {
		last := threads.scenarios[len(threads.scenarios)-1]
		steeper = answerOf(ds[len(ds)-1])
		c.add(ratio(ds[len(ds)-1], last.Name, fmt.Sprintf("growth from %d to %d, threads over goroutines: server CPU per answer", threads.clients(0), last.Load.Clients),
			last.Strategies[0], goroutines.scenarios[len(goroutines.scenarios)-1].Strategies[0]))
	}

	slow, also := threads.worse(), goroutines.worse()
	switch {
	case slow == unknown:
		c.Sentence = "It is not decided whether many threads cost more than few: " + wanting(threads.decisions...) + "."
	case slow == same:
		c.Verdict = False
		c.Sentence = fmt.Sprintf("Up to %s threads at once, none of the numbers costs the server more for each answer than a smaller one.", count(threads.clients(len(threads.scenarios)-1)))
		for _, sc := range threads.scenarios {
			c.Where = append(c.Where, sc.Name)
		}
	case also == same:
		c.Verdict = True
		c.Sentence = fmt.Sprintf("Threads cost the server %s; goroutines cost no more where there are more of them.", threads.where())
	case also == worse && steeper == worse:
		c.Verdict = True
		c.Sentence = fmt.Sprintf("Threads cost the server %s. Goroutines become dearer as well, but less: %s.", threads.where(), goroutines.where())
	case also == worse && (steeper == same || steeper == better):
		c.Verdict = Partly
		c.Sentence = fmt.Sprintf("Threads cost the server %s, but goroutines grow by as much or more: %s. It is the number of connections that costs, not the threads.", threads.where(), goroutines.where())
	default:
		undecided := []stat.Decision{ds[len(ds)-1]}
		if also == unknown {
			undecided = goroutines.decisions
		}
		c.Sentence = fmt.Sprintf("Threads cost the server %s; whether goroutines grow as much is not decided: %s.", threads.where(), wanting(undecided...))
	}
	if slow == worse && c.Verdict != Undecided {
		for i, sc := range threads.scenarios {
			if slices.ContainsFunc(threads.pairs, func(p [2]int) bool {
				return p[1] == i && answerOf(threads.decisions[slices.Index(threads.pairs, p)]) == worse
			}) {
				c.Where = append(c.Where, sc.Name)
			}
		}
	}
	return c
}
