// Package verdict says which strategy to take: a run in, a [Verdict] out, in words and figures that somebody without
// statistics can act on. It is pure and deterministic, and knows no strategy by name: what it says of one follows from
// its trials and from the limits in its full name.
//
// It refuses to choose by figures alone. First, rules over a strategy's own trials say whether it can be chosen at all:
//
//	code        a strategy is out if                                                   where
//	dies        its process ended by itself in at least two trials and more than 5 %   any load
//	            of them
//	starves     a client was served nothing and never told: in 1 % of the clients of   connections that stay, at any load
//	            a trial or more, or at least two trials and more than 5 % of them
//	loses       more than 0.1 % of the requests in progress were lost at a stop        scenarios that stop the server
//	collapses   its goodput is less than half of its own at its highest level up to    levels beyond the capacity
//	            the capacity, in the median trial
//	fails       more than 0.1 % of requests timed out, failed, had no answer or were   up to 0.9 of the capacity, closed loops
//	            never sent, in all trials together and in most of them
//	sheds       it refuses more than 0.1 % of requests                                 up to the capacity, closed loops
//	objective   the objective is not kept, in all trials together                      the level that decides, up to the capacity
//	memory      it takes more than 3 times the least memory for each connection    scenarios decided by memory
//
// A connection that was never served disqualifies, whatever the percentiles say. Then package stat ranks those that are
// left, and only those: who is out is no measure for anybody, and who is left alone is best from as many repetitions on as a
// comparison would take. All pairs of strategies are in the family that stat corrects
// for, and the pairs of those that are left are some of them, so leaving some out costs nothing in certainty. Package
// report and the command line print what comes of it.
package verdict

import (
	"slices"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// Schema is the version of the JSON form. It changes when a field changes its meaning or goes away, not when one is added.
const Schema = 1

// A Verdict is what a run says about which strategy to take. Strategies are full names throughout; texts call them by
// their labels. Shares and thresholds are ratios: 0.05 is 5 %. Lists are empty and never null.
type Verdict struct {
	Schema    int               `json:"schema"`
	Alpha     float64           `json:"alpha"`     // as in [trial.Design]
	Threshold float64           `json:"threshold"` // the smallest difference that matters
	Overall   Overall           `json:"overall"`
	Scenarios []Scenario        `json:"scenarios"` // those that compare, in the run's order
	Labels    map[string]string `json:"labels"`    // short names in the texts, by full name

	Capacities []Capacity `json:"capacities"` // of the scenarios that search for them
	Sizes      []Size     `json:"sizes"`      // of the scenarios that sweep a limit
}

// A Scenario is the verdict on one question. Each strategy that was asked for is in exactly one of Best, Behind, Out,
// Undecided and Unranked.
type Scenario struct {
	Name      string   `json:"name"`
	About     string   `json:"about"`
	DecidedBy string   `json:"decided_by"` // key of the metric
	DecideAt  float64  `json:"decide_at"`  // offered load over the measured capacity; 0 in closed loop
	Best      []string `json:"best"`       // tied with each other, the leader first; empty if nobody is shown to be

	Behind    []Behind `json:"behind"`
	Out       []Out    `json:"out"`
	Undecided []Open   `json:"undecided"`
	Unranked  []string `json:"unranked"` // the figures are the driver's and not the servers'

	Holds     []string `json:"holds"`     // who, beyond the capacity, still has 90 % of its own goodput up to it
	Elsewhere []string `json:"elsewhere"` // of a closed loop: the scenarios that ask the same at fixed rates
	Sentence  string   `json:"sentence"`  // what to do
	Changes   []Change `json:"changes"`   // what would change it
}

// Behind is a strategy that could be chosen and is worse than another one, by more than the threshold.
type Behind struct {
	Strategy string     `json:"strategy"`
	Against  string     `json:"against"`
	Metric   string     `json:"metric"` // key
	Ratio    Ratio      `json:"ratio"`  // Strategy's figure over Against's
	Sense    stat.Sense `json:"sense"`  // "at most" or "at least" where one of the two figures is a bound
}

// A Ratio is a median ratio with its interval. Confidence 0: too few repetitions for an interval, and Lo and Hi are 0.
type Ratio struct {
	Value      float64 `json:"value"`
	Lo         float64 `json:"low"`
	Hi         float64 `json:"high"`
	Confidence float64 `json:"confidence"`
}

// Out is a strategy that cannot be chosen, and why: the gravest reason first.
type Out struct {
	Strategy string   `json:"strategy"`
	Reasons  []Reason `json:"reasons"`
}

// A Reason is what a rule says.
type Reason struct {
	Code      Code    `json:"code"`
	Value     float64 `json:"value"`     // what the rule looked at: a share, or a ratio
	Threshold float64 `json:"threshold"` // what it may be
	Text      string  `json:"text"`      // what the strategy did: "left 62 of 64 clients without an answer"
	Change    string  `json:"change"`    // under which condition it would not: "a limit of at least 64"; empty if the record does not tell
}

// Open is a strategy about which nothing can be said yet.
type Open struct {
	Strategy string `json:"strategy"`
	More     int    `json:"more_repetitions"` // about so many would decide; 0: nobody can tell
	Text     string `json:"text"`

	// NotMeasured says that not one of its trials can be used, so that no repetition more would help on a machine like this;
	// Spoilt is what most often made them so: a code of package finding, or what the record says; empty if there was no trial.
	NotMeasured bool   `json:"not_measured,omitempty"`
	Spoilt      string `json:"spoilt,omitempty"`
}

// A Change is a condition under which the verdict on a strategy would be another one.
type Change struct {
	Strategy string `json:"strategy"`
	Text     string `json:"text"`
}

// Overall is the verdict over all scenarios.
type Overall struct {
	Sentences  []string `json:"sentences"`  // what to take; where not, if anywhere; whether libraries differ, if that was asked
	Take       string   `json:"take"`       // the group of the choice; empty if there is none
	AsGood     []AsGood `json:"as_good"`    // groups that could be taken as well
	Strategies []Tally  `json:"strategies"` // by full name
	Groups     []Tally  `json:"groups"`     // by kind, unit, policy, and whether the limit was below the number of clients
	Libraries  *Equals  `json:"libraries"`  // null where no scenario has two kinds with equal limits
}

// AsGood is a group that is neither clearly better nor clearly worse than the choice, over the scenarios that both were
// measured in. In Both - Tied - Better - Worse of these nothing is shown.
type AsGood struct {
	Group  string `json:"group"`
	Both   int    `json:"both"`
	Tied   int    `json:"tied"` // both are among the best; never 0
	Better int    `json:"better"`
	Worse  int    `json:"worse"`
}

// A Tally is where a strategy or a group was what. A group stands as its best member does.
type Tally struct {
	Name      string   `json:"name"`
	Best      []string `json:"best"` // scenarios
	Behind    []string `json:"behind"`
	Out       []Why    `json:"out"`
	Undecided []string `json:"undecided"`
	Unranked  []string `json:"unranked"`
}

// Why is a scenario that a strategy is out of.
type Why struct {
	Scenario string `json:"scenario"`
	Code     Code   `json:"code"`
}

// Equals is what is known of kinds whose limits, unit and policy are the same.
type Equals struct {
	Kinds     []string `json:"kinds"`     // of the pairs without a difference, in order of first appearance
	Tied      int      `json:"tied"`      // pairs without a difference, over all scenarios
	Largest   float64  `json:"largest"`   // the largest difference that is left possible in any of them, as a ratio
	Different []Behind `json:"different"` // pairs with a difference
	Where     []string `json:"where"`     // the scenario of each of Different
	Undecided []string `json:"undecided"` // scenarios with a pair that is not decided
}

// Of is the verdict on a run. A run whose record does not say what its scenarios ask, as older ones do not, is judged
// by what Suites take where nothing is said: closed loops by goodput, others by the median response time at their highest
// level up to the capacity, with the threshold of package stat. It leaves run as it is, and may be called concurrently.
func Of(run trial.Run) Verdict {
	j := newJudge(run)
	v := Verdict{
		Schema: Schema, Alpha: j.design.Alpha, Threshold: j.design.Threshold,
		Scenarios: []Scenario{}, Labels: Labels(run.Trials), Capacities: []Capacity{}, Sizes: []Size{},
	}
	j.labels = v.Labels
	asked := slices.Clone(run.Trials)
	for _, q := range j.questions {
		for _, name := range q.Strategies {
			asked = append(asked, trial.Trial{Scenario: q.Name, Strategy: name})
		}
	}
	for name, label := range Labels(asked) {
		if v.Labels[name] == "" { // never measured
			v.Labels[name] = label
		}
	}
	for _, q := range j.questions {
		v.Scenarios = append(v.Scenarios, j.scenario(q))
	}
	v.Overall = j.overall(v.Scenarios)
	return v.with(capacitiesOf(run), sizesOf(run, j.design))
}

// Unsettled are, by scenario that compares, the strategies that need more repetitions for a verdict on it, in its order; none: all
// that can be chosen is decided, or will not be by the last look (see [stat.Open]). Who cannot be chosen is not waited for. It asks at the looks that the run's design has
// and the run has reached, as Of does, so that a run that ends where nothing is open has a verdict on everything.
func Unsettled(run trial.Run) map[string][]string {
	j := newJudge(run)
	open := map[string][]string{}
	for _, q := range j.questions {
		names := stat.Open(j.decisions, q.Scenario, j.design)
		if name := j.waiting(q); name != "" && len(names) == 0 {
			names = []string{name}
		}
		open[q.Name] = names
	}
	return open
}

// repetitions is how many the run has at most.
func repetitions(run trial.Run) int {
	n := run.Env.Repetitions
	for _, t := range run.Trials {
		if !t.Calibrates {
			n = max(n, t.Repetition+1)
		}
	}
	return n
}
