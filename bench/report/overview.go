package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/poolbench/poolbench/bench/stat"
)

// An overview is what can be said of the whole run in a paragraph and in a title.
type overview struct {
	strategies []string // labels, in order of first appearance
	unusable   groups   // by scenario: the strategies that have not one valid trial there
	scenarios  int
	starved    groups  // by scenario: "thread (2 of 64)", "thread (10 of 90 sessions)"
	starving   askers  // of starved
	asking     askers  // of all
	goodput    tally   // in closed loop
	median     tally   // of the response time, in open loop
	short      groups  // by scenario: "at 48k/s goroutine (81 %) and thread (74 %)"
	threshold  float64 // the smallest difference that matters, as a ratio
}

// A tally is what the comparisons of several scenarios say together, by one metric.
type tally struct {
	baselines []string
	differing []string // labels that differ anywhere
	ratios    groups   // by scenario: "thread × 0.42"
	same      []string // labels that differ nowhere, and were settled wherever they are ranked
	places    []string // for same: where they were compared, and empty if that is everywhere
	bound     float64  // for same: what is left possible
	aa        float64  // the largest of the A/A pairs beside them; NaN if one has no interval
	undecided []string // labels that are undecided anywhere, with the scenario
	unsettled []string
	unranked  groups              // by scenario: the labels that are not ranked
	elsewhere map[string][]string // by scenario of unranked: the open loops that asked the same
}

func (v view) overview() overview {
	o := overview{threshold: v.threshold(), scenarios: len(v.scenarios)}
	for _, s := range v.scenarios {
		for _, c := range s.cells() {
			addTo(&o.strategies, c.label)
		}
		for _, label := range s.unusable() {
			o.unusable.add(s.name, label)
		}
		o.asking.add(s.worstCells()...)
		var starved groups // by load, where there are several
		for _, c := range s.starving() {
			o.starving.add(c)
			at := ""
			if len(s.levels) > 1 {
				at = "at " + percent(c.Fraction) + " of the capacity "
			}
			starved.add(at, fmt.Sprintf("%s (%s)", c.label, strings.TrimPrefix(c.reach.String(), "served ")))
		}
		for _, at := range starved.labels {
			o.starved.add(s.name, at+strings.Join(starved.remarks[at], ", "))
		}
		var short groups
		for _, c := range s.shortfalls() {
			short.add(rate(c.Load.Rate), fmt.Sprintf("%s (%s)", c.label, shareKept(c.kept())))
		}
		for _, at := range short.labels {
			o.short.add(s.name, "at "+at+" "+list(short.remarks[at], 12, "strategy"))
		}
	}
	o.goodput = v.tally(stat.Goodput, func(s scenario) bool { return !s.open() })
	o.median = v.tally(stat.ResponseP50, scenario.open)
	return o
}

// threshold is the smallest difference that matters to the run.
func (v view) threshold() float64 {
	if t := v.run.Env.Design.Threshold; t > 0 {
		return t
	}
	return stat.Threshold
}

// askers are what some cells are about: clients that stay, sessions, or both.
type askers struct {
	clients, sessions bool
	left              bool // of a cell that is not starved: accidents left sessions without an answer
}

func (a *askers) add(cells ...cell) {
	for _, c := range cells {
		a.clients = a.clients || !c.reach.Sessions
		a.sessions = a.sessions || c.reach.Sessions
		a.left = a.left || c.reach.Served < c.reach.Total && !c.starved()
	}
}

// pick joins what is said of those that there are.
func (a askers) pick(clients, sessions, sep string) string {
	switch {
	case a.clients && a.sessions:
		return clients + sep + sessions
	case a.sessions:
		return sessions
	default:
		return clients
	}
}

func (a askers) some() string { return a.pick("clients", "sessions", " or ") }

// every is all of them, if nobody is starved.
func (a askers) every() string {
	sessions := "every session"
	if a.left {
		sessions = "all sessions, or all but " + percent(stat.MostNotOK)
	}
	return a.pick("every client", sessions, " and ")
}

// counted says what the figures are of.
func (a askers) counted() string {
	return a.pick("of clients that stay, in the trial that served the fewest of them", "of sessions, in all trials together", "; ")
}

func addTo(set *[]string, s string) {
	if !slices.Contains(*set, s) {
		*set = append(*set, s)
	}
}

// tally goes through the scenarios that are wanted.
func (v view) tally(m stat.Metric, wanted func(scenario) bool) tally {
	t := tally{elsewhere: map[string][]string{}}
	var same, skip []string
	bounds := map[string]float64{}
	var judged []string // the scenarios in which anything was compared
	var measured groups // by label: where it is the same
	for _, s := range v.scenarios {
		if !wanted(s) {
			continue
		}
		for _, l := range s.levels {
			j, ok := s.judge(l, m)
			if !ok {
				continue
			}
			addTo(&t.baselines, s.baseline)
			addTo(&judged, s.name)
			for _, c := range j.differs {
				addTo(&t.differing, c.label)
				d := c.against[m.Name]
				t.ratios.add(s.name, fmt.Sprintf("%s %s× %s", c.label, sense(d), sig(d.Ratio.Value)))
			}
			for _, c := range j.unranked {
				t.unranked.add(s.name, c.label)
				t.elsewhere[s.name] = s.elsewhere
			}
			for _, c := range slices.Concat(j.undecided, j.anything) {
				addTo(&t.undecided, fmt.Sprintf("%s on %s", c.label, s.name))
				addTo(&skip, c.label)
			}
			for _, c := range j.unsettled {
				addTo(&t.unsettled, c.label)
				addTo(&skip, c.label)
			}
			for _, c := range slices.Concat(j.capped, j.uncapped) { // who ran into the client's time-out is not the same as anybody
				addTo(&skip, c.label)
			}
			for _, c := range j.same {
				if c.starved() { // as much for fewer clients is not the same
					addTo(&skip, c.label)
					continue
				}
				addTo(&same, c.label)
				measured.add(c.label, s.name)
				bounds[c.label] = max(bounds[c.label], c.against[m.Name].Bound)
			}
			if len(j.same) > 0 {
				if settled(j.aa) {
					t.aa = max(t.aa, bound(j.aa))
				} else {
					t.aa = math.NaN()
				}
			}
		}
	}
	for _, label := range same {
		if !slices.Contains(t.differing, label) && !slices.Contains(skip, label) {
			t.same = append(t.same, label)
			t.bound = max(t.bound, bounds[label])
			t.places = append(t.places, places(measured.remarks[label], ranked(t, judged, label)))
		}
	}
	return t
}

// ranked are those of scenarios in which the driver did not hide what the strategy with that label can do.
func ranked(t tally, scenarios []string, label string) (n int) {
	for _, name := range scenarios {
		if !slices.Contains(t.unranked.remarks[name], label) {
			n++
		}
	}
	return n
}

// places names the scenarios, which may repeat, unless they are all of so many: a strategy that was measured in one of ten
// must not be said to be the same in any.
func places(names []string, all int) string {
	names = slices.Compact(slices.Clone(names))
	switch n := len(names); {
	case n >= all:
		return ""
	case n <= 3:
		return " on " + list(names, n, "scenario")
	default:
		return " in " + counted(n, "scenario")
	}
}

// sameText is empty if there is nothing of the kind to say; where is what the claim holds for, if all were compared everywhere.
func (t tally) sameText(loop, what, where string) string {
	if len(t.same) == 0 {
		return ""
	}
	aa := "too few pairs of trials"
	if finite(t.aa) {
		aa = "up to " + atMost(t.aa)
	}
	names := slices.Clone(t.same)
	for i, place := range t.places {
		if place != "" {
			where = ""
		}
		names[i] += place
	}
	who := list(names, 12, "other")
	if where != "" {
		who += " " + where
	}
	return fmt.Sprintf("In %[1]s no difference in %[2]s larger than %[3]s was seen between %[4]s and %[5]s (%[4]s against itself: %[6]s).",
		loop, what, atMost(t.bound), t.baseline(), who, aa)
}

// unrankedText says where the driver was in the way, and what to look at instead.
func (t tally) unrankedText() string {
	if len(t.unranked.labels) == 0 {
		return ""
	}
	var parts []string
	for _, name := range t.unranked.labels {
		parts = append(parts, fmt.Sprintf("%s for %s (%s)", name, list(t.unranked.remarks[name], 12, "strategy"), sameInOpenLoop(t.elsewhere[name])))
	}
	return fmt.Sprintf("Goodput is not ranked against %s, because the driver was the bottleneck: on %s.", possessive(t.baseline()), strings.Join(parts, "; on "))
}

// restricted is where's end if not everything is ranked: the claim must not cover what was not judged.
func (t tally) restricted(where, end string) string {
	if len(t.unranked.labels) == 0 {
		return where
	}
	return where + end
}

// groups are remarks by strategy, in the order in which they came.
type groups struct {
	labels  []string
	remarks map[string][]string
}

func (g *groups) add(label, remark string) {
	if g.remarks == nil {
		g.remarks = map[string][]string{}
	}
	if g.remarks[label] == nil {
		g.labels = append(g.labels, label)
	}
	g.remarks[label] = append(g.remarks[label], remark)
}

// lines has each label with all that is remarked of it, with sep between.
func (g groups) lines(sep string) []line {
	var out []line
	for _, label := range g.labels {
		out = append(out, line{label, strings.Join(g.remarks[label], sep)})
	}
	return out
}

// baseline is what strategies were compared with, as prose.
func (t tally) baseline() string {
	if len(t.baselines) == 1 {
		return t.baselines[0]
	}
	return "the baseline"
}

// shareKept is never rounded up to what counts as kept up.
func shareKept(share float64) string {
	if text := percent(share); text != percent(keptUp) {
		return text
	}
	return fmt.Sprintf("%.1f %%", math.Floor(share*1000)/10)
}

// A point is one thing that there is to say of the whole run: in a sentence that says how far it goes, or, where that
// takes more, in a line for each scenario.
type point struct {
	text  string
	lines []line
}

// A line is what there is to say of a scenario.
type line struct{ scenario, text string }

func (p point) String() string {
	all := []string{p.text}
	for _, l := range p.lines {
		all = append(all, l.scenario+": "+l.text)
	}
	return strings.Join(all, "\n")
}

// mostNamed of strategies are named in a sentence about all scenarios. Where there are more, they are counted: each
// scenario's chapter has their names.
const mostNamed = 4

// points is the summary of the whole run.
func (o overview) points() []point {
	var out []point
	add := func(text string, lines ...line) {
		if text != "" {
			out = append(out, point{text, lines})
		}
	}
	if n := len(o.starved.labels); n > 0 {
		add(fmt.Sprintf("In %d of %s %s went without an answer. Served (%s):", n, counted(o.scenarios, "scenario"), o.starving.some(), o.starving.counted()), o.starved.lines("; ")...)
	} else if len(o.strategies) > 0 && len(o.unusable.labels) > 0 {
		add("Every strategy served " + o.asking.every() + ", as far as trials can be used.")
	} else if len(o.strategies) > 0 {
		add("Every strategy served " + o.asking.every() + ".")
	}
	if len(o.strategies) > 0 && len(o.unusable.labels) > 0 {
		var parts []string
		for _, name := range o.unusable.labels {
			parts = append(parts, name+" for "+list(o.unusable.remarks[name], 12, "strategy"))
		}
		add("Not one trial can be used, so that nothing is said, on " + strings.Join(parts, "; on ") + ".")
	}
	add(o.goodput.sameText("closed loop", "goodput", o.goodput.restricted("in any scenario", " in which they are ranked")))
	add(o.goodput.unrankedText())
	if len(o.goodput.ratios.labels) > 0 {
		add(fmt.Sprintf("In closed loop goodput differs from %s:", possessive(o.goodput.baseline())), o.goodput.ratios.lines(", ")...)
	}
	if len(o.goodput.undecided) > 0 {
		add("Undecided, because a difference above " + percent(o.threshold) + " is neither shown nor excluded: the goodput of " + list(o.goodput.undecided, mostNamed, "other") + " against " + possessive(o.goodput.baseline()) + ".")
	}
	if len(o.goodput.unsettled) > 0 {
		add("Too few pairs of trials to compare the goodput of " + list(o.goodput.unsettled, mostNamed, "other") + " with " + possessive(o.goodput.baseline()) + ".")
	}
	add(o.median.sameText("open loop", "the median response time", o.median.restricted("at any offered load", " up to half of the driver's ceiling")))
	if len(o.short.labels) > 0 {
		add(fmt.Sprintf("In open loop goodput fell under %s of the offered load, for each strategy first:", percent(keptUp)), o.short.lines("; ")...)
	}
	return out
}

func possessive(s string) string { return s + "'s" }
