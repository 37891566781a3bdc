// Package gate holds a run to thresholds, for CI. It is pure: an expression in, a [Rule] out; a rule and a run in, the
// cells that violate it out. It refuses to judge what the run cannot tell: a percentile that too few requests support, a
// throughput that was the driver's. Package cli makes exit codes of what it says.
//
// A rule says what must not be:
//
//	p99>10ms
//	goodput<5000/s on echo
//	not-ok>0.1% on overload for ants:full=reject at 1.4
//
// First a metric, an operator (> >= < <=) and a value with its unit, then what it is about, in any order: "on SCENARIO",
// "for STRATEGY" and "at LEVEL" (offered load over the measured capacity). A strategy is a kind, or a kind with some of its
// limits; all limits given have to be those of the strategy. A name with spaces in it stands in double quotes. What is left
// out means: all scenarios, all strategies, the level that decides the scenario.
//
//	metric             unit      what it is
//	p50, p99, p99.9    10ms      response time at that percentile, any above 0 and below 100
//	goodput            5000/s    right answers inside the window, per second
//	server-cpu         20µs      CPU time of the server for each of them
//	not-ok             0.1%      share of the requests that had no right answer, for whatever reason
//	lost               0.1%      share of the requests that had no answer at all or a wrong one; a refusal is an answer
//	served             100%      share of the clients that got any right answer, in the trial with the fewest
//
// Figures are those of a cell's valid trials: percentiles of their merged histograms, shares of their counts added up,
// and medians of goodput and server-cpu. A cell whose server ended by itself in a trial has none. The second half of an A/A pair is left out: it would give one strategy two
// chances to fail.
package gate

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/internal/figures"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/strategies/spelling"
)

// A Rule is one expression. The zero value is none; [Parse] makes them.
type Rule struct {
	Metric   string // as in the package's comment
	Op       Op
	Value    float64 // in seconds, per second, or as a share from 0 to 1
	Scenario string  // empty: all
	Strategy string  // a kind, or a kind with some of its limits; empty: all
	Level    float64 // 0: the one that decides
}

// An Op compares a figure with a rule's value.
type Op string

const (
	Above   Op = ">"
	AtLeast Op = ">="
	Below   Op = "<"
	AtMost  Op = "<="
)

func (o Op) holds(figure, value float64) bool {
	switch o {
	case Above:
		return figure > value
	case AtLeast:
		return figure >= value
	case Below:
		return figure < value
	default:
		return figure <= value
	}
}

// String writes the rule as Parse reads it.
func (r Rule) String() string {
	text := r.condition()
	for _, about := range []struct{ word, name string }{{onWord, r.Scenario}, {forWord, r.Strategy}} {
		if about.name != "" {
			text += " " + about.word + " " + quoted(about.name)
		}
	}
	if r.Level != 0 {
		text += " " + atWord + " " + strconv.FormatFloat(r.Level, 'f', -1, 64)
	}
	return text
}

// condition is the rule without what it is about.
func (r Rule) condition() string {
	m, _ := metricOf(r.Metric)
	return r.Metric + string(r.Op) + m.unit.exact(r.Value)
}

// Check says whether the rule can be about anything in a run of these scenarios and strategies, whose names are full ones. The
// error lists them.
func (r Rule) Check(scenarios, strategies []string) error {
	if r.Scenario != "" && !slices.Contains(scenarios, r.Scenario) {
		return fmt.Errorf("%s: unknown scenario %q%s; allowed: %s", r, r.Scenario, spelling.Meant(r.Scenario, scenarios), strings.Join(scenarios, ", "))
	}
	if r.Strategy != "" && !slices.ContainsFunc(strategies, r.isFor) {
		kinds := map[string]bool{}
		for _, s := range strategies {
			kinds[trial.Kind(s)] = true
		}
		return fmt.Errorf("%s: no strategy is %q%s; there are: %s", r, r.Strategy, spelling.Meant(r.Strategy, slices.Sorted(maps.Keys(kinds))), strings.Join(strategies, ", "))
	}
	return nil
}

// isFor says whether the rule is about a strategy, given its full name.
func (r Rule) isFor(strategy string) bool {
	if r.Strategy == "" {
		return true
	}
	kind, limits, _ := strings.Cut(strategy, ":")
	wantKind, want, limited := strings.Cut(r.Strategy, ":")
	if kind != wantKind {
		return false
	}
	if !limited {
		return true
	}
	has := strings.Split(limits, ",")
	return !slices.ContainsFunc(strings.Split(want, ","), func(limit string) bool { return !slices.Contains(has, limit) })
}

// A Violation is one cell that does not keep to a rule.
type Violation struct {
	stat.Cell
	Rule   Rule
	Value  float64 // in the unit of the rule's value
	Trials int     // that it rests on
}

// String says what was seen, and where.
func (v Violation) String() string {
	m, _ := metricOf(v.Rule.Metric)
	return fmt.Sprintf("%s: %s is %s in %s (%s)", v.Rule, v.Rule.Metric, m.unit.short(v.Value), place(v.Cell), figures.Counted(v.Trials, "trial"))
}

func place(c stat.Cell) string {
	text := c.Scenario
	if c.Fraction != 0 {
		text += " at " + strconv.FormatFloat(c.Fraction, 'g', 4, 64)
	}
	return text + " for " + c.Strategy
}

// Violations returns the run's cells that violate the rule, in the order in which they were measured. The error is about
// what could not be judged: that the rule is about nothing in the run, or that a cell has no figure which can be believed.
// With an error there may be violations as well, in other cells.
func (r Rule) Violations(run trial.Run) ([]Violation, error) {
	m, err := metricOf(r.Metric)
	if err != nil {
		return nil, err
	}
	var found []Violation
	var unknown []error
	cells := r.about(run)
	if len(cells) == 0 {
		return nil, fmt.Errorf("%s: nothing in the run is what it is about: %s", r, r.missing(run))
	}
	for _, s := range cells {
		if n := ended(run, s.Cell); n > 0 {
			unknown = append(unknown, fmt.Errorf("%s: cannot be judged in %s: its server ended by itself in %d of its trials, and the others are those that it survived",
				r, place(s.Cell), n))
			continue
		}
		v, why := m.of(s)
		if why != "" {
			unknown = append(unknown, fmt.Errorf("%s: cannot be judged in %s: %s", r, place(s.Cell), why))
			continue
		}
		violated := r.Op.holds(v, r.Value)
		// Where the driver was the bottleneck the server may be better than what was seen, and is not worse.
		forbidsWorse := (r.Op == Below || r.Op == AtMost) == m.higher
		if s.Bounded() && !m.own && violated == forbidsWorse {
			unknown = append(unknown, fmt.Errorf("%s: cannot be judged in %s: %s was %s, but by the driver's limit and not the server's; offer less, or give the driver more CPUs",
				r, place(s.Cell), r.Metric, m.unit.short(v)))
			continue
		}
		if violated {
			found = append(found, Violation{Cell: s.Cell, Rule: r, Value: v, Trials: s.Trials})
		}
	}
	return found, errors.Join(unknown...)
}

// ended is in how many trials of a cell the server ended by itself.
func ended(run trial.Run, c stat.Cell) int {
	n := 0
	for _, t := range run.Trials {
		if t.Scenario == c.Scenario && t.Strategy == c.Strategy && t.Load.Fraction == c.Fraction && t.Has(finding.ServerEnded) {
			n++
		}
	}
	return n
}

// about returns the cells that the rule is about.
func (r Rule) about(run trial.Run) []stat.Summary {
	trials := slices.DeleteFunc(slices.Clone(run.Trials), func(t trial.Trial) bool {
		return t.Calibrates || t.Twin || r.Scenario != "" && t.Scenario != r.Scenario || !r.isFor(t.Strategy)
	})
	decides := decidingLevels(run)
	var all []stat.Summary
	for _, s := range stat.Summaries(trials) {
		level, decided := decides[s.Scenario]
		if s.Fraction == r.Level || r.Level == 0 && decided && s.Fraction == level {
			all = append(all, s)
		}
	}
	return all
}

// decidingLevels is by scenario; older records do not tell it, and then it is the highest. A search for the capacity goes
// wherever it has to, and no level of it decides.
func decidingLevels(run trial.Run) map[string]float64 {
	levels := map[string]float64{}
	for _, t := range run.Trials {
		if !t.Calibrates {
			levels[t.Scenario] = max(levels[t.Scenario], t.Load.Fraction)
		}
	}
	for _, sc := range run.Env.Scenarios {
		switch {
		case sc.Question == trial.Capacity:
			delete(levels, sc.Name)
		case sc.DecideAt != 0:
			levels[sc.Name] = sc.DecideAt
		}
	}
	return levels
}

// missing says which part of the rule the run has nothing of, with what it has there. A strategy is named by its kind where the kind is
// not there, because full names are many and long.
func (r Rule) missing(run trial.Run) string {
	trials := slices.DeleteFunc(slices.Clone(run.Trials), func(t trial.Trial) bool { return t.Calibrates })
	names := func(of func(trial.Trial) string) string {
		set := map[string]bool{}
		for _, t := range trials {
			if name := of(t); name != "" {
				set[name] = true
			}
		}
		if len(set) == 0 {
			return "nothing"
		}
		return strings.Join(slices.Sorted(maps.Keys(set)), ", ")
	}
	keep := func(fits func(trial.Trial) bool) bool {
		left := slices.DeleteFunc(slices.Clone(trials), func(t trial.Trial) bool { return !fits(t) })
		if len(left) > 0 {
			trials = left
		}
		return len(left) > 0
	}
	where := ""
	if r.Scenario != "" {
		if !keep(func(t trial.Trial) bool { return t.Scenario == r.Scenario }) {
			return fmt.Sprintf("no scenario is %q; there are: %s", r.Scenario, names(func(t trial.Trial) string { return t.Scenario }))
		}
		where = " in " + r.Scenario
	}
	if r.Strategy != "" && !keep(func(t trial.Trial) bool { return r.isFor(t.Strategy) }) {
		name := trial.Kind
		if keep(func(t trial.Trial) bool { return trial.Kind(t.Strategy) == trial.Kind(r.Strategy) }) {
			name = func(full string) string { return full }
		}
		return fmt.Sprintf("no strategy%s is %q; there are: %s", where, r.Strategy, names(func(t trial.Trial) string { return name(t.Strategy) }))
	}
	return fmt.Sprintf("there is no such level%s; there are: %s", where, names(func(t trial.Trial) string {
		if t.Load.Fraction == 0 {
			return ""
		}
		return strconv.FormatFloat(t.Load.Fraction, 'g', 4, 64)
	}))
}

// A metric is what a rule can be about.
type metric struct {
	name   string
	unit   unit
	higher bool // higher is better
	own    bool // not the driver's, even where it was the bottleneck: that bounds rates and times, and fails no request
	of     func(stat.Summary) (value float64, why string)
}

const noTrial = "it has no valid trial"

var plain = []metric{
	{name: "goodput", unit: perSecond, higher: true, of: func(s stat.Summary) (float64, string) {
		if s.Goodput.N == 0 {
			return 0, noTrial
		}
		return s.Goodput.Value, ""
	}},
	{name: "server-cpu", unit: seconds, own: true, of: func(s stat.Summary) (float64, string) {
		switch {
		case s.Trials == 0:
			return 0, noTrial
		case s.ServerCPU.N == 0:
			return 0, "there was no right answer, or the platform does not tell the CPU time"
		}
		return s.ServerCPU.Value, ""
	}},
	{name: "not-ok", unit: share, own: true, of: func(s stat.Summary) (float64, string) {
		return requests(s, s.Counts.Intended-s.Counts.OK)
	}},
	{name: "lost", unit: share, own: true, of: func(s stat.Summary) (float64, string) {
		return requests(s, s.Counts.Intended-s.Counts.OK-s.Counts.Rejected)
	}},
	{name: "served", unit: share, higher: true, own: true, of: func(s stat.Summary) (float64, string) {
		if s.Clients.Total == 0 {
			return 0, noTrial
		}
		return float64(s.Clients.Fewest) / float64(s.Clients.Total), ""
	}},
}

func requests(s stat.Summary, n int64) (float64, string) {
	switch {
	case s.Trials == 0:
		return 0, noTrial
	case s.Counts.Intended == 0:
		return 0, "no request was due in it"
	}
	return float64(n) / float64(s.Counts.Intended), ""
}

// metricOf finds a metric; the error lists what is allowed.
func metricOf(name string) (metric, error) {
	names := []string{"a percentile such as p99"}
	for _, m := range plain {
		if m.name == name {
			return m, nil
		}
		names = append(names, m.name)
	}
	digits, isPercentile := strings.CutPrefix(name, "p")
	if percent, err := number(digits); isPercentile && err == nil && percent > 0 && percent < 100 && digits == strconv.FormatFloat(percent, 'f', -1, 64) {
		q, _ := strconv.ParseFloat(digits+"e-2", 64) // nearest to what was written, which dividing is not
		return metric{name: name, unit: seconds, of: func(s stat.Summary) (float64, string) { return quantile(s, q) }}, nil
	}
	return metric{}, fmt.Errorf("unknown metric %q%s; allowed: %s", name, spelling.Meant(name, names[1:]), strings.Join(names, ", "))
}

func quantile(s stat.Summary, q float64) (float64, string) {
	if s.Trials == 0 {
		return 0, noTrial
	}
	d, supported := s.Latency.Response.Quantile(q)
	if !supported {
		return 0, fmt.Sprintf("%s in %s are too few for it; measure for longer",
			figures.Counted(s.Latency.Response.Count(), "request"), figures.Counted(s.Trials, "trial"))
	}
	return d.Seconds(), ""
}

// A unit is how a metric's values are written.
type unit int

const (
	seconds unit = iota
	perSecond
	share
)

// read reads a value; the error says what one looks like.
func (u unit) read(text string) (float64, error) {
	switch u {
	case seconds:
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 || d > time.Hour { // as an hour stands in histograms what took longer
			return 0, errors.New("not a time above 0 and up to 1h, such as 10ms")
		}
		return d.Seconds(), nil
	case perSecond:
		digits, ok := strings.CutSuffix(text, "/s")
		v, err := number(digits)
		if !ok || err != nil {
			return 0, errors.New("not a rate, such as 5000/s")
		}
		return v, nil
	default:
		digits, ok := strings.CutSuffix(text, "%")
		share, err := trial.ParsePercent(digits)
		if !ok || err != nil || share > 1 {
			return 0, errors.New("not a share from 0% to 100%, such as 0.1%")
		}
		return share, nil
	}
}

// exact writes what read reads as the same value.
func (u unit) exact(v float64) string {
	switch u {
	case seconds:
		return time.Duration(math.Round(v * 1e9)).String()
	case perSecond:
		return strconv.FormatFloat(v, 'f', -1, 64) + "/s"
	default:
		return trial.FormatPercent(v) + "%"
	}
}

// short writes a measured value, three digits of it.
func (u unit) short(v float64) string {
	const digits = 3
	switch u {
	case seconds:
		for _, in := range []struct {
			name string
			size float64
		}{{"s", 1}, {"ms", 1e-3}, {"µs", 1e-6}, {"ns", 1e-9}} {
			if v >= 0.9995*in.size || in.size == 1e-9 {
				return significant(v/in.size, digits) + in.name
			}
		}
		return ""
	case perSecond:
		return significant(v, digits) + "/s"
	default:
		return significant(100*v, digits) + "%"
	}
}

// significant writes v without exponent, with at most so many digits that are not for its magnitude alone.
func significant(v float64, digits int) string {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64)
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// number reads digits with at most one point between them: no sign, no exponent, no infinity.
func number(text string) (float64, error) {
	whole, part, pointed := strings.Cut(text, ".")
	if !isDigits(whole) || pointed && !isDigits(part) {
		return 0, fmt.Errorf("%q is no number", text)
	}
	return strconv.ParseFloat(text, 64)
}

func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}
