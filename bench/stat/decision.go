package stat

import (
	"cmp"
	"math"
	"slices"

	"github.com/poolbench/poolbench/bench/trial"
)

// An Observation is one valid trial of a comparison, with the one figure that decides and nothing else, so that a run can
// keep all of them in memory.
type Observation struct {
	Cell
	Repetition int
	Value      float64 // 0 or above; others are left out

	Bounded bool // the driver decided the figure (finding driver-bound), so that it is a bound
	Blurred bool // the driver's time is in it (finding above-half-ceiling), so that small differences do not show
}

// An Outcome is what a comparison has come to.
type Outcome string

const (
	Undecided Outcome = "undecided" // the budget is spent, or not yet
	Different Outcome = "different" // significantly, and by more than the threshold
	Tied      Outcome = "tied"      // no difference larger than the threshold, with confidence
	Unranked  Outcome = "unranked"  // the figures are the driver's and not the servers'
)

// A Decision is what is known of two strategies in one scenario at the level that decides. All but More is of the look at which
// it was decided, or of the last one, so that it stays as it was when more is measured.
type Decision struct {
	Scenario string
	Fraction float64
	Strategy string // full name
	Against  string // full name: the baseline, or the leader where that is another one
	Metric   Metric

	Ratio       Estimate // Strategy's figure over Against's, paired within repetitions, at a confidence that holds at all looks together
	P           float64  // exact, two-sided, of this comparison alone; where it was significant at an earlier look, that look's, as is Held
	Held        float64  // what P had to be at most to be significant, after Holm and the looks; 0: never looked at
	Outcome     Outcome
	Sense       Sense
	Repetitions int // that it rests on
	More        int // Undecided: about so many repetitions more than these would decide; 0: nobody can tell
}

// better says whether d's strategy was found better than who it was compared with.
func (d Decision) better() bool {
	return d.Outcome == Different && (d.Ratio.Value > 1) == d.Metric.Higher
}

func (d Decision) worse() bool { return d.Outcome == Different && !d.better() }

// Decide replays a run: it goes through the looks of the design in order, with the observations of the repetitions before
// each, and takes the decisions of every scenario that compares. The package comment has the rule.
//
// Scenarios come in their order, in each first the strategies against the baseline, then, where another one was found
// better, against that leader; where leaders changed, against each of them in turn. Of two observations of one trial
// the first counts. A look is reached once its last repetition was seen in the scenario, or a later one in any: call it
// when repetitions are complete. Before the first look all are undecided. A scenario whose metric is not known here has no
// decisions, nor has one with less than two strategies.
func Decide(obs []Observation, scenarios []trial.Scenario, d trial.Design) []Decision {
	return deciding(obs, scenarios, d).decisions()
}

func deciding(obs []Observation, scenarios []trial.Scenario, d trial.Design) *replay {
	r := &replay{alpha: perLook(d), threshold: math.Log1p(d.Threshold), family: d.Family, looks: d.Looks, leaders: true}
	for _, sc := range scenarios {
		if m, ok := DecidedBy(sc); ok && len(sc.Strategies) > 1 {
			r.add(sc.Name, sc.DecideAt, m, sc.Strategies)
		}
	}
	r.observe(obs)
	r.run()
	return r
}

// DecidedBy is the metric that decides a scenario: [DefaultMetric] where it names none. False if the scenario does not compare or the metric is not known.
func DecidedBy(sc trial.Scenario) (Metric, bool) {
	switch {
	case !compares(sc):
		return Metric{}, false
	case sc.DecidedBy == "":
		return DefaultMetric(sc.Load.Loop), true
	default:
		m, err := MetricOf(sc.DecidedBy)
		return m, err == nil
	}
}

// Open are the strategies of a scenario, by full name and in its order, that need more repetitions, because a comparison of
// theirs is undecided and the design's last look may decide it; none: all is settled. A baseline among them needs its twin as
// well. A scenario that does not compare has no decisions, so that none of its strategies are open.
//
// To give up what would take too long lets a run spend its time on what it can tell; it finds no difference that is not there
// (Lan, Simon and Halperin 1982: stopping for futility does not raise the error rate).
func Open(ds []Decision, sc trial.Scenario, design trial.Design) []string {
	wanted := map[string]bool{}
	for _, d := range ds {
		if d.Scenario == sc.Name && d.Outcome == Undecided && d.hopeful(design) {
			wanted[d.Strategy], wanted[d.Against] = true, true
		}
	}
	return slices.DeleteFunc(slices.Clone(sc.Strategies), func(name string) bool { return !wanted[name] })
}

// hopeful says whether what is undecided may be decided at the last look. What a decision takes is known roughly at an early
// look: no estimate, or one of up to four times as many repetitions as are left, is no reason to give up, and a simulation in
// the tests says what that loses and saves.
func (d Decision) hopeful(design trial.Design) bool {
	if d.Held == 0 || len(design.Looks) == 0 { // not looked at
		return true
	}
	left := slices.Max(design.Looks) - d.Repetitions
	return d.More <= 4*left
}

// A replay takes the decisions of one family.
type replay struct {
	alpha     float64 // of each look
	threshold float64 // as a logarithm
	family    int
	looks     []int
	leaders   bool // compare with who was found better than the baseline as well
	rejected  int  // so many hypotheses, at any look
	contests  []*contest
	seen      int // the greatest repetition of any contest, plus 1
}

// A contest is the strategies of one scenario at one level.
type contest struct {
	names   []string // the first is the baseline
	figures map[Cell]map[int]figure
	seen    int // the greatest repetition, plus 1
	pairs   []*pair
}

// A figure is one trial's.
type figure struct {
	value            float64
	bounded, blurred bool
}

// A pair is one comparison as it goes on.
type pair struct {
	Decision
	contest  *contest
	rejected bool
	done     bool

	test   *aligned // of the last look
	origin origin
}

func (r *replay) add(scenario string, fraction float64, m Metric, names []string) {
	c := &contest{names: names, figures: map[Cell]map[int]figure{}}
	for i, name := range names {
		c.figures[Cell{scenario, fraction, name, false}] = map[int]figure{}
		if i == 0 {
			c.figures[Cell{scenario, fraction, name, true}] = map[int]figure{}
		} else {
			c.compare(name, names[0], scenario, fraction, m)
		}
	}
	r.contests = append(r.contests, c)
}

func (c *contest) compare(name, against, scenario string, fraction float64, m Metric) {
	c.pairs = append(c.pairs, &pair{contest: c, Decision: Decision{
		Scenario: scenario, Fraction: fraction, Strategy: name, Against: against, Metric: m, P: 1, Outcome: Undecided,
	}})
}

func (r *replay) observe(obs []Observation) {
	of := map[Cell]*contest{}
	for _, c := range r.contests {
		for cell := range c.figures {
			of[cell] = c
		}
	}
	for _, o := range obs {
		c := of[o.Cell]
		if c == nil || !(o.Value >= 0) || math.IsInf(o.Value, 1) {
			continue
		}
		if _, taken := c.figures[o.Cell][o.Repetition]; taken {
			continue
		}
		c.figures[o.Cell][o.Repetition] = figure{o.Value, o.Bounded, o.Blurred}
		c.seen = max(c.seen, o.Repetition+1)
		r.seen = max(r.seen, o.Repetition+1)
	}
}

// between gives the blocks of two strategies before a repetition. Of the other's two trials one is enough.
func (c *contest) between(p *pair, before int) ([]block, origin) {
	own := c.figures[Cell{p.Scenario, p.Fraction, p.Strategy, false}]
	var others []map[int]figure
	for _, twin := range []bool{false, true} {
		if of := c.figures[Cell{p.Scenario, p.Fraction, p.Against, twin}]; of != nil {
			others = append(others, of)
		}
	}
	var repetitions []int
	for repetition := range own {
		if repetition < before {
			repetitions = append(repetitions, repetition)
		}
	}
	slices.Sort(repetitions) // maps have no order, and sums depend on it in their last digit
	var blocks []block
	var o origin
	for _, repetition := range repetitions {
		var against []figure
		b := block{own: own[repetition].value}
		for _, of := range others {
			if f, ok := of[repetition]; ok {
				b.against[b.n] = f.value
				b.n++
				against = append(against, f)
			}
		}
		if b.n == 0 {
			continue
		}
		blocks = append(blocks, b)
		o.count(own[repetition], against)
	}
	return blocks, o
}

func (r *replay) run() {
	for i, look := range r.looks {
		r.look(look, i == len(r.looks)-1)
	}
}

// look takes the decisions that are due after so many repetitions.
func (r *replay) look(n int, last bool) {
	for looked := map[*pair]bool{}; ; {
		var active []*pair
		for _, c := range r.contests {
			if c.seen < n && r.seen <= n {
				continue // not reached
			}
			for _, p := range c.pairs {
				if p.done {
					continue
				}
				active = append(active, p)
				if !looked[p] {
					looked[p] = true
					p.look(n)
				}
			}
		}
		r.holm(active)
		for _, p := range active {
			r.conclude(p, last)
		}
		grown := false
		for _, c := range r.contests {
			grown = r.leaders && c.follow() || grown
		}
		if !grown {
			return
		}
	}
}

func (p *pair) look(n int) {
	blocks, o := p.contest.between(p, n)
	p.test, p.origin = align(blocks), o
	p.Repetitions = p.test.n()
	if !p.rejected {
		p.P = p.test.p(0)
	}
}

// holm rejects, from the least p up, what is at most the look's share of alpha over the hypotheses that are left.
func (r *replay) holm(active []*pair) {
	var open []*pair
	for _, p := range active {
		if !p.rejected {
			open = append(open, p)
		}
	}
	slices.SortStableFunc(open, func(a, b *pair) int { return cmp.Compare(a.P, b.P) })
	failed := false
	for _, p := range open {
		p.Held = r.alpha / float64(max(r.family-r.rejected, 1))
		if failed = failed || p.P > p.Held; !failed {
			p.rejected = true
			r.rejected++
		}
	}
}

// conclude says what the look's figures come to.
func (r *replay) conclude(p *pair, last bool) {
	decide := func(o Outcome) { p.Outcome, p.done = o, true }
	p.Outcome, p.Sense = Undecided, AsSeen
	if p.rejected {
		if shift := p.test.shift(); math.Abs(shift) > r.threshold {
			p.Ratio.Value = p.test.toRatio(shift) // who leads depends on it
			named, sense := p.origin.judge(shift < 0, p.Metric.Higher)
			if !named {
				decide(Unranked)
				return
			}
			p.Sense = sense
			decide(Different)
			return
		}
	}
	if p.origin.hopeless() {
		decide(Unranked)
		return
	}
	switch near := p.test.within(r.alpha, r.threshold); {
	case near && p.origin.equal():
		decide(Tied)
	case (near || last) && !p.origin.equal():
		decide(Unranked)
	}
}

// follow adds the comparisons with a leader that has none yet: of all that are not known to be behind it. It says whether
// it did.
func (c *contest) follow() bool {
	ds := c.decisions()
	leader, behind := lead(ds, c.names)
	if leader == c.names[0] || slices.ContainsFunc(ds, func(d Decision) bool { return d.Against == leader }) {
		return false
	}
	grown := false
	for _, name := range c.names {
		if name != leader && !behind[name] {
			first := c.pairs[0]
			c.compare(name, leader, first.Scenario, first.Fraction, first.Metric)
			grown = true
		}
	}
	return grown
}

func (c *contest) decisions() []Decision {
	var ds []Decision
	for _, p := range c.pairs {
		ds = append(ds, p.Decision)
	}
	return ds
}

// lead finds the leader among strategies of which the first is the baseline: who was found better than the baseline, or who was
// found better than that one, and so on; of several the best. It stays the leader until another is found better, so that
// leaders do not change with the noise. behind are those that were found worse than any of them.
func lead(ds []Decision, names []string) (leader string, behind map[string]bool) {
	behind = map[string]bool{}
	leader = names[0]
	for {
		var next *Decision
		for i := range ds {
			d := &ds[i]
			if d.Against != leader {
				continue
			}
			if d.worse() {
				behind[d.Strategy] = true
			}
			if !d.better() || behind[d.Strategy] {
				continue
			}
			if next == nil || ahead(ds, d, next) {
				next = d
			}
		}
		if next == nil {
			return leader, behind
		}
		behind[leader] = true
		leader = next.Strategy
	}
}

// ahead says which of two that were found better than the same third comes first: who others were compared with earlier, or
// else who is better by its figure.
func ahead(ds []Decision, a, b *Decision) bool {
	first := func(name string) int {
		if i := slices.IndexFunc(ds, func(d Decision) bool { return d.Against == name }); i >= 0 {
			return i
		}
		return len(ds)
	}
	if led := cmp.Compare(first(a.Strategy), first(b.Strategy)); led != 0 {
		return led < 0
	}
	if a.Metric.Higher {
		return a.Ratio.Value > b.Ratio.Value
	}
	return a.Ratio.Value < b.Ratio.Value
}

// decisions finishes what no decision depends on: estimates with their intervals, and what is still missing.
func (r *replay) decisions() []Decision {
	var all []Decision
	for _, c := range r.contests {
		for _, p := range c.pairs {
			if p.test == nil { // no look yet
				p.look(math.MaxInt)
				p.Ratio = p.test.ratio(0)
			} else {
				p.Ratio = p.test.ratio(r.alpha, 0, -r.threshold, r.threshold)
			}
			if p.Outcome == Undecided {
				p.More = r.more(p)
			}
			all = append(all, p.Decision)
		}
	}
	return all
}

// more is about how many repetitions would decide a pair: rounded up to the look at which they would, where there is one.
func (r *replay) more(p *pair) int {
	need, n := r.need(p), p.Repetitions
	if need <= 0 {
		return 0
	}
	for _, look := range r.looks {
		if look >= need && look > n {
			return look - n
		}
	}
	return max(need-n, 1)
}

// need is about how many repetitions a decision takes, in all. Either the interval shrinks with the square root of their number
// until it lies within the threshold; or z, which p stands for, grows with it until it is significant. Which of the two
// depends on the side of the threshold on which the estimate lies; within half a standard error of it nobody can tell.
func (r *replay) need(p *pair) int {
	bar := r.alpha / float64(max(r.family-r.rejected, 1))
	if bar <= 0 || len(r.looks) == 0 {
		return 0
	}
	least := fewest(p.trials(), bar)
	if p.Held == 0 || p.Ratio.Confidence == 0 {
		return max(least, r.looks[0])
	}
	n, away := float64(p.Repetitions), math.Abs(math.Log(p.Ratio.Value))
	half := math.Log(p.Ratio.Hi/p.Ratio.Lo) / 2
	standard := half / normal(r.alpha/2)
	switch room := r.threshold - away; {
	case !(half < math.Inf(1)) || !(math.Abs(room) >= standard/2): // the first also for figures of 0, which have no logarithm
		return 0
	case room > 0:
		return int(math.Ceil(n * square(half/room)))
	default:
		return max(int(math.Ceil(n*square(normal(bar/2)*standard/away))), least)
	}
}

// trials is how many each of the pair's blocks has, if none is missing.
func (p *pair) trials() float64 {
	if p.Against == p.contest.names[0] {
		return 3
	}
	return 2
}

// normal is the value that a standard normal variable exceeds with probability q, 0 to 1.
func normal(q float64) float64 { return math.Sqrt2 * math.Erfcinv(2*q) }

func square(x float64) float64 { return x * x }
