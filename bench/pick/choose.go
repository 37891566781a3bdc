package pick

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/poolbench/poolbench/bench/internal/figures"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/verdict"
	"github.com/poolbench/poolbench/strategies"
)

// An Outcome is how sure a choice is.
type Outcome string

const (
	Chosen    Outcome = "chosen"    // shown to be among the best
	Undecided Outcome = "undecided" // nobody is shown to be: the simplest of those that may be, to take meanwhile
	Missed    Outcome = "missed"    // nobody keeps the objective: the one that comes nearest
	None      Outcome = "none"      // nobody can be chosen at all
)

// A Choice is what to use in a situation. Strategies are full names; lists are empty and never null.
type Choice struct {
	Situation Situation `json:"situation"`
	Outcome   Outcome   `json:"outcome"`
	Sentence  string    `json:"sentence"` // the answer in one sentence
	Take      string    `json:"take"`     // empty: nobody can be chosen
	Measured  string    `json:"measured"` // who stands for Take in Rows: it differs in its number of workers where that was sized
	Limit     *Limit    `json:"limit"`    // null: Take has no limit, or none that was chosen
	Code      string    `json:"go"`       // the expression that constructs Take; empty: Take is, or its kind does not say what constructs it
	Imports   []string  `json:"imports"`
	Offered   float64   `json:"offered_per_s"`
	Fraction  float64   `json:"offered_fraction"` // of the measured capacity
	AsGood    []string  `json:"as_good"`          // tied with Measured
	Why       []string  `json:"why"`              // sentences
	Changes   []string  `json:"changes"`          // what would change it
	Rows      []Row     `json:"rows"`             // all candidates
}

// A Limit is why Take has as many workers as it has.
type Limit struct {
	Workers int    `json:"workers"`
	Enough  int    `json:"enough"` // the fewest that are: Workers is this and the headroom
	Sure    bool   `json:"sure"`   // Enough follows from the connections, or is measured to be within the threshold of the best
	Why     string `json:"why"`
}

// A Row is what one candidate did at the rate that is expected, over its valid trials. Figures that nobody can tell are 0.
type Row struct {
	Strategy string        `json:"strategy"`
	Label    string        `json:"label"`
	Verdict  string        `json:"verdict"` // as [verdict.Scenario.Word]
	Beyond   string        `json:"beyond"`  // the same beyond the capacity, for who is out there: "collapses"; otherwise "holds", or empty
	Goodput  float64       `json:"goodput_per_s"`
	Response time.Duration `json:"response_ns"` // the objective's quantile, or p99
	CPU      time.Duration `json:"server_cpu_ns"`
	Fewest   int           `json:"served"` // connections in the trial that left most without an answer, or of several the one in which fewest wanted one
	Total    int           `json:"wanted"` // connections in that trial that wanted anything
}

// Choose is the choice by a run of Suite's suite, and v, the verdict on it. It errs only for a run that is none of those.
func (s Situation) Choose(run trial.Run, v verdict.Verdict, kinds strategies.Kinds) (Choice, error) {
	c := Choice{Situation: s, Outcome: None, Imports: []string{}, AsGood: []string{}, Why: []string{}, Changes: []string{}, Rows: []Row{}}
	i := slices.IndexFunc(run.Env.Scenarios, func(sc trial.Scenario) bool { return sc.Name == choiceName })
	j := slices.IndexFunc(v.Scenarios, func(sc verdict.Scenario) bool { return sc.Name == choiceName })
	if i < 0 || j < 0 {
		return c, fmt.Errorf("the run has no scenario %q: it was not measured to pick from", choiceName)
	}
	asked, at := run.Env.Scenarios[i], v.Scenarios[j]
	var over *verdict.Scenario
	if k := slices.IndexFunc(v.Scenarios, func(sc verdict.Scenario) bool { return sc.Name == beyondName }); k >= 0 {
		over = &v.Scenarios[k]
	}
	c.Fraction = asked.DecideAt
	for _, name := range asked.Strategies {
		c.Rows = append(c.Rows, row(run.Trials, name, s.quantile(), v, at, over))
	}
	c.Offered = offered(run.Trials, choiceName)
	c.take(asked, at, over)
	if c.Measured == "" {
		c.Sentence = at.Sentence // it says why
		return c, nil
	}
	sizing, sized, err := sizingOf(run)
	if err != nil {
		return c, err
	}
	short := 1.0 // of the two capacities that the rates are fractions of, the pool's may be the smaller one
	if rate := offered(run.Trials, sizeName); rate > 0 {
		short = max(1, c.Offered/rate)
	}
	if err := c.size(sizing, sized, short); err != nil {
		return c, err
	}
	if code, imports, err := kinds.Go(c.Take); err == nil {
		c.Code, c.Imports = code, imports
	}
	c.explain(v, at, over, sizing, sized)
	return c, nil
}

// offered is the rate per second of a scenario at the level that decides; 0: nothing was offered.
func offered(trials []trial.Trial, scenario string) float64 {
	for _, t := range trials {
		if t.Scenario == scenario && t.Load.Rate > 0 {
			return t.Load.Rate
		}
	}
	return 0
}

func (s Situation) quantile() float64 {
	if s.Objective.Quantile > 0 {
		return s.Objective.Quantile
	}
	return 0.99
}

// take sets who is taken, how surely, and who is as good.
func (c *Choice) take(asked trial.Scenario, at verdict.Scenario, over *verdict.Scenario) {
	inOrder := func(in func(string) bool) []string {
		var out []string
		for _, name := range asked.Strategies {
			if in(name) {
				out = append(out, name)
			}
		}
		return out
	}
	// Of those that are as good, whoever also stands beyond the capacity; then the simplest, which is the first.
	first := func(names []string) string {
		return slices.MinFunc(names, func(a, b string) int { return trouble(over, a) - trouble(over, b) })
	}
	if best := inOrder(func(name string) bool { return slices.Contains(at.Best, name) }); len(best) > 0 {
		c.Outcome, c.Measured = Chosen, first(best)
		c.AsGood = append(c.AsGood, slices.DeleteFunc(best, func(name string) bool { return name == c.Measured })...)
		return
	}
	open := inOrder(func(name string) bool {
		return slices.Contains(at.Unranked, name) || slices.ContainsFunc(at.Undecided, func(o verdict.Open) bool { return o.Strategy == name })
	})
	measured := slices.DeleteFunc(slices.Clone(open), func(name string) bool { return c.row(name).Goodput == 0 })
	if len(measured) > 0 {
		c.Outcome, c.Measured = Undecided, first(measured)
		return
	}
	nearest := -1.0
	for _, o := range at.Out {
		// Somebody who breaks any other rule is no candidate for the lesser evil, whatever the percentiles say.
		if len(o.Reasons) == 1 && o.Reasons[0].Code == verdict.Objective && (nearest < 0 || o.Reasons[0].Value < nearest) {
			c.Outcome, c.Measured, nearest = Missed, o.Strategy, o.Reasons[0].Value
		}
	}
}

// trouble is 0 for who is not out beyond the capacity, 1 for who was not measured there, and 2 for who is out.
func trouble(over *verdict.Scenario, name string) int {
	switch {
	case over == nil:
		return 0
	case out(over, name) != "":
		return 2
	case over.Word(name) == "–":
		return 1
	default:
		return 0
	}
}

// out is the gravest reason why a strategy is out; empty: it is not.
func out(sc *verdict.Scenario, name string) verdict.Code {
	if i := slices.IndexFunc(sc.Out, func(o verdict.Out) bool { return o.Strategy == name }); i >= 0 {
		return sc.Out[i].Reasons[0].Code
	}
	return ""
}

func (c *Choice) row(name string) Row {
	return c.Rows[slices.IndexFunc(c.Rows, func(r Row) bool { return r.Strategy == name })]
}

func row(trials []trial.Trial, name string, quantile float64, v verdict.Verdict, at verdict.Scenario, over *verdict.Scenario) Row {
	r := Row{Strategy: name, Label: v.Labels[name], Verdict: at.Word(name)}
	if over != nil {
		switch {
		case out(over, name) != "":
			r.Beyond = string(out(over, name))
		case slices.Contains(over.Holds, name):
			r.Beyond = "holds"
		}
	}
	var responses trial.Histogram
	var goodput, cpu []float64
	first := true
	for _, t := range trials {
		if t.Scenario != choiceName || t.Strategy != name || t.Invalid != "" || t.Calibrates {
			continue
		}
		responses.Merge(t.Latency.Response)
		if g, ok := stat.Goodput.Of(t); ok {
			goodput = append(goodput, g)
		}
		if v, ok := stat.ServerCPU.Of(t); ok {
			cpu = append(cpu, v)
		}
		left, most := t.Clients.Total-t.Clients.Served, r.Total-r.Fewest
		if first || left > most || left == most && t.Clients.Total < r.Total {
			r.Fewest, r.Total, first = t.Clients.Served, t.Clients.Total, false
		}
	}
	r.Goodput = middle(goodput)
	r.CPU = time.Duration(middle(cpu) * float64(time.Second))
	if d, supported := responses.Quantile(quantile); supported {
		r.Response = d
	}
	return r
}

// middle is the median, the lower one of two; 0 for none. It sorts its argument.
func middle(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[(len(values)-1)/2]
}

// sizingOf is what the run says of the limit that it swept; false: it swept none.
func sizingOf(run trial.Run) (stat.Sizing, bool, error) {
	i := slices.IndexFunc(run.Env.Scenarios, func(sc trial.Scenario) bool { return sc.Name == sizeName })
	if i < 0 {
		return stat.Sizing{}, false, nil
	}
	sizing, err := stat.Sizes(run.Trials, run.Env.Scenarios[i], run.Env.Design)
	return sizing, err == nil, err
}

// size sets Take: Measured, with the smallest limit that is enough and headroom where that was measured.
// The rate that is expected is short times the one that the limits were measured at, at least 1.
func (c *Choice) size(sizing stat.Sizing, sized bool, short float64) error {
	c.Take = c.Measured
	spec, err := strategies.ParseSpec(c.Measured)
	if err != nil {
		return err
	}
	n := c.Situation.Connections
	switch {
	case spec.Limits.Workers == strategies.Unbounded:
	case spec.Unit == strategies.ConnUnit && spec.Limits.Workers >= n:
		c.Limit = &Limit{Workers: spec.Limits.Workers, Enough: n, Sure: true, Why: fmt.Sprintf(
			"%s keep a worker each, and 3·√%d more leave room for a number that changes: whoever came beyond the limit would get nothing until one ends", figures.Counted(n, "connection"), n)}
	case sized && sizing.Smallest >= 0 && sweeps(sizing, spec):
		i := sizing.Smallest
		if !sizing.Sure { // what is only not shown to be too small is no promise
			i = max(sizing.From, i)
		}
		measured := sizing.Limits[i].N
		enough := min(int(math.Ceil(float64(measured)*short-1e-9)), n)
		spec.Limits.Workers = min(Spare(enough), n)
		c.Take = spec.String()
		why := fmt.Sprintf("%d are enough by measurement", measured)
		switch {
		case !sizing.Sure:
			why = fmt.Sprintf("%d do as well as any, and fewer are not decided", measured)
		case i == 0:
			why = fmt.Sprintf("%d are enough, and fewer were not tried", measured)
		}
		if enough > measured {
			why += fmt.Sprintf("; they were asked a little less than is expected, which makes it %d", enough)
		}
		if spec.Limits.Workers == n {
			why += "; there are no more connections that could be at work at once"
		} else {
			why += fmt.Sprintf("; 3·√%d more hold the peaks of what comes at random, 999 times in 1,000", enough)
		}
		c.Limit = &Limit{Workers: spec.Limits.Workers, Enough: enough, Sure: sizing.Sure, Why: why}
	default:
		c.Limit = &Limit{Workers: spec.Limits.Workers, Enough: spec.Limits.Workers, Why: "it is the limit that was measured, and no smaller one is known to be enough"}
	}
	return nil
}

// sweeps says that spec is what the sizing is about, but for its workers.
func sweeps(sizing stat.Sizing, spec strategies.Spec) bool {
	if sizing.Setting != "workers" || len(sizing.Limits) == 0 {
		return false
	}
	swept, err := strategies.ParseSpec(sizing.Limits[0].Strategy)
	swept.Limits.Workers = spec.Limits.Workers
	return err == nil && swept == spec
}

// explain sets the texts.
func (c *Choice) explain(v verdict.Verdict, at verdict.Scenario, over *verdict.Scenario, sizing stat.Sizing, sized bool) {
	r := c.row(c.Measured)
	s := c.Situation
	called := c.called()
	rate := fmt.Sprintf("%s per second (%s of the capacity)", number(c.Offered), percent(c.Fraction))
	response := ""
	if r.Response > 0 {
		response = fmt.Sprintf(", p%s %s", trial.FormatPercent(s.quantile()), round(r.Response))
	}
	switch c.Outcome {
	case Chosen:
		c.Sentence = fmt.Sprintf("Take %s: at %s it serves %s%s%s.", called, rate, s.served(r), response, s.kept(r))
	case Undecided:
		more := 0
		for _, o := range at.Undecided {
			more = max(more, o.More)
		}
		hint := ""
		if more > 0 {
			hint = fmt.Sprintf(" (about %s would decide: give it a longer --budget)", figures.Counted(more, "more repetition"))
		}
		c.Sentence = fmt.Sprintf("Not decided at %s%s; take %s meanwhile, the simplest that may be among the best%s.", rate, hint, called, response)
	case Missed:
		c.Sentence = fmt.Sprintf("No candidate keeps %s at %s: %s comes nearest%s.", s.Objective, rate, called, response)
	}
	if c.Outcome != Missed {
		c.Why = append(c.Why, at.Sentence)
	}
	if c.Limit != nil {
		c.Why = append(c.Why, fmt.Sprintf("%s: %s.", figures.Counted(c.Limit.Workers, "worker"), c.Limit.Why))
	}
	if s.Hold > 0 && sized && c.Take != c.Measured {
		c.Why = append(c.Why, fmt.Sprintf("Little's law asks for %d on average: %s per second, each held for %v.", Little(c.Offered, s.Hold), number(c.Offered), s.Hold))
	}
	if over != nil {
		c.Why = append(c.Why, c.beyondText(v, over)...)
	}
	if c.Fraction > 1 {
		c.Changes = append(c.Changes, fmt.Sprintf("a faster machine or fewer requests: %s per second is more than this one can do", number(c.Offered)))
	}
	for _, ch := range at.Changes {
		if ch.Strategy != c.Measured || c.Outcome == Missed {
			c.Changes = append(c.Changes, fmt.Sprintf("%s: %s", v.Labels[ch.Strategy], ch.Text))
		}
	}
}

// called is the choice as a sentence has it: its kind and the limit.
func (c *Choice) called() string {
	spec, err := strategies.ParseSpec(c.Take)
	if err != nil {
		return c.Take
	}
	parts := []string{}
	if spec.Limits.Workers == strategies.Unbounded {
		parts = append(parts, "no limit")
	} else {
		parts = append(parts, fmt.Sprintf("workers=%d", spec.Limits.Workers))
	}
	if spec.Limits.WhenFull == strategies.Reject {
		parts = append(parts, "full=reject")
	}
	return fmt.Sprintf("%s (%s, unit=%s)", spec.Kind, strings.Join(parts, ", "), spec.Unit)
}

// served says who was seen to be. At a low rate not every connection is used within a window, and nobody has seen what
// would become of the others.
func (s Situation) served(r Row) string {
	text := "all " + figures.Counted(r.Total, "connection")
	if r.Fewest < r.Total { // the verdict takes one that came too late for an accident
		text = fmt.Sprintf("%d of %s", r.Fewest, figures.Counted(r.Total, "connection"))
	}
	if r.Total < s.Connections {
		text += fmt.Sprintf(" that were used within a window, of %s in all", figures.Count(s.Connections))
	}
	return text
}

// kept says whether the objective is, for who is among the best and so is not shown to miss it.
func (s Situation) kept(r Row) string {
	switch {
	case s.Objective == (trial.Objective{}):
		return ""
	case r.Response == 0:
		return fmt.Sprintf("; too few answers to tell %s, so nobody is shown to miss %s", s.Objective.Percentile(), s.Objective)
	case r.Response <= s.Objective.Response:
		return fmt.Sprintf(", which keeps %s", s.Objective)
	default: // the verdict asks for it only up to the capacity
		return fmt.Sprintf(", which does not keep %s", s.Objective)
	}
}

// beyondText says what happens beyond the capacity, and who would do better there.
func (c *Choice) beyondText(v verdict.Verdict, over *verdict.Scenario) []string {
	at := percent(over.DecideAt)
	code := out(over, c.Measured)
	switch {
	case code == "" && slices.Contains(over.Holds, c.Measured):
		return []string{fmt.Sprintf("At %s of the capacity it holds its goodput.", at)}
	case code == "":
		return nil
	}
	var better []string
	for _, name := range over.Holds {
		if out(over, name) == "" {
			better = append(better, v.Labels[name])
		}
	}
	text := fmt.Sprintf("At %s of the capacity it %s", at, code)
	if len(better) > 0 {
		text += "; if so much can come, rather take " + strings.Join(better, " or ") + ", which holds"
	}
	return []string{text + "."}
}

// number writes a rate with three digits at most.
func number(v float64) string {
	if v >= 100 {
		return figures.Count(int64(math.Round(v)))
	}
	return fmt.Sprintf("%.3g", v)
}

func percent(share float64) string { return fmt.Sprintf("%.3g %%", 100*share) }

// round leaves a time as many digits as anybody acts on.
func round(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit)
}
