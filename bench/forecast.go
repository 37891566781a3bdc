package bench

import (
	"slices"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// A portion is a part of a run that is measured in one go: one trial, those that take turns, or a search.
type portion struct {
	scenario string
	steps    int           // of a search about as many
	planned  time.Duration // that the plan says it takes
	decided  bool          // it is part of a comparison, which a look may end
}

// pace is how long what was measured took against what the plan said, by scenario. What the plan does not know is in it: how
// long servers start on this machine, how many trials had to be measured again, how many a search needs.
type pace map[string]*spell

type spell struct{ planned, took time.Duration }

func (p pace) add(of portion, took time.Duration) {
	s := p[of.scenario]
	if s == nil {
		s = new(spell)
		p[of.scenario] = s
	}
	s.planned += of.planned
	s.took += took
}

// trusted is how much measuring the plan counts as much as: one trial that had to be measured three times says little of the next.
const trusted = 5 * time.Second

// over is how many times as long as planned it took, if before it, as long as trusted, it was so many times as long.
func (s spell) over(before float64) float64 {
	return (before*float64(trusted) + float64(s.took)) / float64(trusted+s.planned)
}

// expect is how long a portion is expected to take: as long as those of its scenario did, for which all scenarios stand as long as
// little of it was measured: on a slow machine all are slow.
func (p pace) expect(of portion) time.Duration {
	var all, own spell
	for name, s := range p {
		all.planned += s.planned
		all.took += s.took
		if name == of.scenario {
			own = *s
		}
	}
	return time.Duration(float64(of.planned) * own.over(all.over(1)))
}

// An outlook is what a run has ahead of it, if nothing were decided early.
type outlook struct {
	now    []portion     // the rest of the repetition under way, or of the calibration, with the portion that is being measured first
	begun  time.Duration // how long that has been
	round  time.Duration // how long the repetition under way has been
	later  [][]portion   // the repetitions behind it
	next   int           // the number of the first of them
	looks  []int
	budget time.Duration
	spent  time.Duration // of it
}

// decidedShares are how much of what is open a look may decide. Nobody knows before it has looked, so that all are taken as equally
// likely, the same at each look of a run; in runs of the standard suite it was about a third. That all is decided at once is left
// out: where much is compared it hardly happens, and where little is, a run may end sooner than was said, but not later.
var decidedShares = []float64{0, 0.25, 0.5, 0.75}

// left is how many steps and how much time are expected to be left: the mean over decidedShares. One of them alone would jump by
// the length of several repetitions when its run just fits into the budget or just does not.
func (o outlook) left(p pace) (steps int, left time.Duration) {
	var allSteps float64
	for _, share := range decidedShares {
		s, d := o.leftIf(p, share)
		allSteps += s
		left += d
	}
	n := len(decidedShares)
	return int(allSteps/float64(n) + 0.5), left / time.Duration(n)
}

// leftIf is what is left if each look decides such a share of what is open, and the run ends where its budget does.
func (o outlook) leftIf(p pace, share float64) (steps float64, left time.Duration) {
	for i, part := range o.now {
		expected := p.expect(part)
		if i == 0 {
			expected = max(0, expected-o.begun)
		}
		steps += float64(part.steps)
		left += expected
	}
	last := o.round + left
	open := 1.0
	for i, repetition := range o.later {
		rep := o.next + i
		if slices.Contains(o.looks, rep) {
			open *= 1 - share
		}
		var n float64
		var takes time.Duration
		for _, part := range repetition {
			weight := 1.0
			if part.decided {
				weight = open
			}
			n += weight * float64(part.steps)
			takes += time.Duration(weight * float64(p.expect(part)))
		}
		if takes == 0 || rep > 0 && over(o.looks, rep, o.budget, o.spent+left, last) {
			break
		}
		steps += n
		left += takes
		last = takes
	}
	return steps, left
}

// grace is the part of its budget that a run may take beyond it if it reaches its first look so: one that ends before has decided
// nothing.
const grace = 0.1

// over says whether the budget does not allow repetition rep, if so much of it is spent and each repetition takes as long as the last
// one. Behind the first look there has to be room up to the next one: what is measured between two looks decides nothing.
func over(looks []int, rep int, budget, spent, last time.Duration) bool {
	wanted := 1
	switch {
	case len(looks) == 0:
	case rep < looks[0]:
		if spent+time.Duration(looks[0]-rep)*last <= budget+time.Duration(grace*float64(budget)) {
			return false
		}
	default:
		for _, look := range slices.Backward(looks) {
			if look > rep {
				wanted = look - rep
			}
		}
	}
	return budget > 0 && spent+time.Duration(wanted)*last > budget
}

// portions are what a repetition is measured in, in its order.
func (s Suite) portions(rep int, open map[string][]string, seed uint64) []portion {
	var all []portion
	for _, block := range s.repetition(rep, open, seed) {
		all = append(all, block[0].Scenario.portions(len(block))...)
	}
	for _, sc := range s.Scenarios {
		if sc.question() == trial.Capacity {
			for range open[sc.Name] {
				all = append(all, sc.searched())
			}
		}
	}
	return all
}

// portions are those of one block with so many steps.
func (sc Scenario) portions(steps int) []portion {
	if sc.Interleaved > 0 {
		return []portion{{sc.Name, steps, sc.takes(steps), sc.question() == trial.Compare}}
	}
	return slices.Repeat([]portion{{sc.Name, 1, sc.takes(1), sc.question() == trial.Compare}}, steps)
}

// searched is one search for a capacity.
func (sc Scenario) searched() portion {
	return portion{scenario: sc.Name, steps: sc.probes(), planned: sc.takes(sc.probes())}
}

// later are the repetitions from one on, if what is open stays so.
func (s Suite) later(from int, open map[string][]string) [][]portion {
	var all [][]portion
	for rep := from; rep < s.Repetitions; rep++ {
		still := map[string][]string{}
		for _, sc := range s.Scenarios {
			if rep < s.Repeats(sc) && len(open[sc.Name]) > 0 {
				still[sc.Name] = open[sc.Name]
			}
		}
		all = append(all, s.portions(rep, still, 0))
	}
	return all
}
