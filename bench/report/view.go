package report

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/poolbench/poolbench/bench/report/draw"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
	choice "github.com/poolbench/poolbench/bench/verdict"
)

// A view is a run as figures and tables want it: ordered, labelled, with every cell's statistics beside it.
type view struct {
	run       trial.Run
	scenarios []scenario
	capacity  []stat.Summary        // of the trials that calibrated the open loops
	ceiling   []stat.Summary        // of those that measured the driver itself
	labels    map[string]string     // by full name
	styles    map[string]draw.Style // by label, of what is compared
	said      choice.Verdict
}

// A scenario is all that was measured under one name. In closed loop it has one level.
type scenario struct {
	name, workload, measured string
	file                     string // name of its pictures, different from all others'
	loop                     trial.Loop
	baseline                 string // label of the strategy that was measured twice; empty if none was
	levels                   []level
	elsewhere                []string    // of a closed loop: the open loops of its workload that can tell equality
	decides                  stat.Metric // what strategies are chosen by; without a name where nobody is chosen
}

// A level is one offered load.
type level struct {
	fraction float64 // of the capacity measured in the same run; 0 in closed loop
	rate     float64 // per second; 0 in closed loop
	cells    []cell  // the baseline, its twin, then the others by label, as byNumber has them
}

// A cell is one strategy at one level.
type cell struct {
	stat.Summary
	label   string
	style   draw.Style
	trials  []trial.Trial // those that are valid, in the order of their repetitions
	worst   trial.Clients // of the valid trial that served the fewest clients; of sessions they are slots, and tell nothing
	reach   trial.Reach   // of the clients in that trial, or of the sessions in all of them
	warmUp  time.Duration
	others  []trial.Other // of all valid trials, by behaviour
	against map[string]stat.Comparison
}

// metrics are what strategies are compared by, in the order in which the report tells it.
var (
	closedMetrics = []stat.Metric{stat.Goodput, stat.ServerCPU}
	openMetrics   = []stat.Metric{stat.ResponseP50, stat.ResponseP99, stat.ServerCPU}
)

func (s scenario) open() bool { return s.loop != trial.Closed }

// metrics are those of its loop, and before them the one that decides.
func (s scenario) metrics() []stat.Metric {
	all := closedMetrics
	if s.open() {
		all = openMetrics
	}
	if s.decides.Name == "" {
		return all
	}
	return union([]stat.Metric{s.decides}, all)
}

// cells are the usable ones of all levels, the twin left out: a reader compares strategies, and the twin is none.
func (s scenario) cells() []cell {
	var out []cell
	for _, l := range s.levels {
		for _, c := range l.cells {
			if c.Trials > 0 && !c.Twin {
				out = append(out, c)
			}
		}
	}
	return out
}

// unusable are the labels of those that were measured and have no valid trial.
func (s scenario) unusable() []string {
	var out []string
	for _, l := range s.levels {
		for _, c := range l.cells {
			usable := slices.ContainsFunc(s.cells(), func(o cell) bool { return o.label == c.label })
			if !usable && !c.Twin {
				addTo(&out, c.label)
			}
		}
	}
	return out
}

func newView(run trial.Run) view {
	compared, calibrating := split(run.Trials, func(t trial.Trial) bool { return !t.Calibrates })
	v := view{run: run, labels: choice.Labels(run.Trials), said: choice.Of(run)}
	for _, s := range stat.Summaries(calibrating) {
		if s.Trials == 0 {
			continue
		}
		if s.Strategy == trial.NullServer {
			v.ceiling = append(v.ceiling, s)
		} else {
			v.capacity = append(v.capacity, s)
		}
	}
	together := map[string][]string{} // labels by scenario
	for _, t := range compared {
		labels := together[t.Scenario]
		addTo(&labels, v.labels[t.Strategy])
		together[t.Scenario] = labels
	}
	v.styles = draw.Styles(slices.Collect(maps.Values(together))...)

	trials := map[stat.Cell][]trial.Trial{}
	twins := map[string]string{} // scenario → strategy measured twice
	for _, t := range compared {
		if t.Invalid == "" {
			key := stat.Cell{Scenario: t.Scenario, Fraction: t.Load.Fraction, Strategy: t.Strategy, Twin: t.Twin}
			trials[key] = append(trials[key], t)
		}
		// Of several the first by name, as in stat.Comparisons.
		if name, found := twins[t.Scenario]; t.Twin && (!found || t.Strategy < name) {
			twins[t.Scenario] = t.Strategy
		}
	}
	comparisons := map[stat.Cell]map[string]stat.Comparison{}
	for _, m := range union(union(closedMetrics, openMetrics), v.deciders()) {
		for _, c := range stat.Comparisons(compared, m, run.Env.Scenarios, run.Env.Design) {
			if comparisons[c.Cell] == nil {
				comparisons[c.Cell] = map[string]stat.Comparison{}
			}
			comparisons[c.Cell][m.Name] = c
		}
	}
	for _, s := range stat.Summaries(compared) {
		c := cell{Summary: s, label: v.labels[s.Strategy], against: comparisons[s.Cell]}
		c.style = v.styles[c.label]
		c.add(trials[s.Cell])
		v.place(c, v.labels[twins[s.Scenario]])
	}
	for i, s := range v.scenarios {
		v.scenarios[i].elsewhere = v.elsewhere(s)
		v.scenarios[i].decides = v.decider(s.name)
		slices.SortStableFunc(s.levels, func(a, b level) int {
			return cmp.Or(cmp.Compare(a.fraction, b.fraction), cmp.Compare(a.rate, b.rate))
		})
		for _, l := range s.levels {
			slices.SortStableFunc(l.cells, s.order)
		}
	}
	return v
}

// decider is the metric that a scenario's strategies are chosen by; without a name if it asks something else.
func (v view) decider(scenario string) stat.Metric {
	for _, sc := range v.said.Scenarios {
		if sc.Name == scenario {
			m, _ := stat.MetricOf(sc.DecidedBy) // one of another version's is not told
			return m
		}
	}
	return stat.Metric{}
}

// deciders are those of all scenarios.
func (v view) deciders() (all []stat.Metric) {
	for _, sc := range v.said.Scenarios {
		if m := v.decider(sc.Name); m.Name != "" {
			all = union(all, []stat.Metric{m})
		}
	}
	return all
}

// order is that of cells in every figure, legend and table.
func (s scenario) order(a, b cell) int {
	return cmp.Or(rank(a, s.baseline)-rank(b, s.baseline), byNumber(a.label, b.label), cmp.Compare(a.Strategy, b.Strategy))
}

// byNumber compares labels as text, but where both have a number by what it counts: 16 workers come before 128.
func byNumber(a, b string) int {
	for a != "" && b != "" {
		m, n := leadingDigits(a), leadingDigits(b)
		if m == 0 || n == 0 {
			if a[0] != b[0] {
				return cmp.Compare(a[0], b[0])
			}
			a, b = a[1:], b[1:]
			continue
		}
		// Without zeros before them the longer of two numbers is the larger, however many digits they have.
		x, y := strings.TrimLeft(a[:m], "0"), strings.TrimLeft(b[:n], "0")
		if c := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)); c != 0 {
			return c
		}
		a, b = a[m:], b[n:]
	}
	return cmp.Compare(a, b)
}

func leadingDigits(s string) int { return len(s) - len(strings.TrimLeft(s, "0123456789")) }

func rank(c cell, baseline string) int {
	switch {
	case c.Twin:
		return 1
	case c.label == baseline:
		return 0
	default:
		return 2
	}
}

// add takes from the single trials what a summary does not keep.
func (c *cell) add(trials []trial.Trial) {
	slices.SortStableFunc(trials, func(a, b trial.Trial) int { return cmp.Compare(a.Repetition, b.Repetition) })
	c.trials = trials
	for i, t := range trials {
		c.others = addOthers(c.others, t.Others)
		if i == 0 || t.Clients.Served < c.worst.Served {
			c.worst, c.warmUp = t.Clients, t.WarmUp
		}
		switch r := t.Reach(); {
		case r.Sessions:
			c.reach = c.reach.Plus(r)
		case i == 0 || r.Served < c.reach.Served:
			c.reach = r
		}
	}
}

// place puts c into its scenario and level, which it makes if they are new.
func (v *view) place(c cell, baseline string) {
	i := slices.IndexFunc(v.scenarios, func(s scenario) bool { return s.name == c.Scenario })
	if i < 0 {
		v.scenarios = append(v.scenarios, scenario{name: c.Scenario, file: v.file(c.Scenario), workload: c.Workload, measured: c.Measured, loop: c.Load.Loop, baseline: baseline})
		i = len(v.scenarios) - 1
	}
	s := &v.scenarios[i]
	j := slices.IndexFunc(s.levels, func(l level) bool { return l.fraction == c.Fraction })
	if j < 0 {
		s.levels = append(s.levels, level{fraction: c.Fraction, rate: c.Load.Rate})
		j = len(s.levels) - 1
	}
	s.levels[j].cells = append(s.levels[j].cells, c)
}

// elsewhere names the open loops in which strategies are told apart that a closed loop cannot rank.
func (v view) elsewhere(closed scenario) []string {
	var names []string
	for _, s := range v.scenarios {
		if !closed.open() && s.open() && s.workload == closed.workload && slices.ContainsFunc(s.levels, level.tells) {
			names = append(names, s.name)
		}
	}
	return names
}

// tells says whether equality can be judged at the level: someone was measured there, and the driver had enough left.
func (l level) tells() bool {
	return !l.aboveHalf() && slices.ContainsFunc(l.cells, func(c cell) bool { return c.Trials > 0 && !c.Twin })
}

// aboveHalf says whether more than half of what the driver can do was offered.
func (l level) aboveHalf() bool {
	return slices.ContainsFunc(l.cells, func(c cell) bool { return c.AboveHalf > 0 })
}

// bounded says whether the driver decided the figures of the strategy with this label.
func (l level) bounded(label string) bool {
	return slices.ContainsFunc(l.cells, func(c cell) bool { return c.label == label && !c.Twin && c.Bounded() })
}

// timedOut says whether what m compares is the client's time-out for the strategy with this label.
func (l level) timedOut(label string, m stat.Metric) bool {
	return slices.ContainsFunc(l.cells, func(c cell) bool { return c.label == label && !c.Twin && c.capped(m) })
}

// file is a name for the pictures of a scenario.
func (v *view) file(name string) string {
	base := fileName(name)
	file := base
	for n := 2; slices.ContainsFunc(v.scenarios, func(s scenario) bool { return s.file == file }); n++ {
		file = fmt.Sprintf("%s-%d", base, n)
	}
	return file
}

// starved says whether any trial of the cell left a client without an answer, told or not; of sessions, whether all trials together
// left more of them than accidents do.
func (c cell) starved() bool {
	left := c.reach.Total - c.reach.Served
	if c.reach.Sessions {
		return float64(left) > stat.MostNotOK*float64(c.reach.Total)
	}
	return left > 0
}

// served is how many got an answer, of how many.
func (c cell) served() string {
	if c.Trials == 0 {
		return absent
	}
	return count(c.reach.Served) + " of " + count(c.reach.Total)
}

// mark is the label, followed by "served n of N" where that is not everyone.
func (c cell) mark() string {
	if c.starved() {
		return c.label + " (" + c.reach.String() + ")"
	}
	return c.label
}

// asker is what wants an answer, and is served or not.
func (s scenario) asker() string { return trial.Reach{Sessions: s.loop == trial.Sessions}.Who() }

// quantile is a quantile of the merged histogram in seconds, if enough samples lie above it.
func quantile(h trial.Histogram, q float64) (float64, bool) {
	d, ok := h.Quantile(q)
	return d.Seconds(), ok
}

// timedOut says whether s, a response time in seconds, stands for the client's time-out: the histogram keeps two
// digits, so it may come back a little beside it.
func (c cell) timedOut(s float64) bool {
	return c.TimeOut > 0 && s >= c.TimeOut.Seconds()*0.992
}

// p99 is the response time's, in seconds.
func (s scenario) p99(c cell) (float64, bool) { return quantile(c.Latency.Response, 0.99) }

// capped says whether a response quantile that m compares is the client's time-out: then a ratio says nothing but how
// long the client was told to wait.
func (c cell) capped(m stat.Metric) bool {
	for _, r := range []struct {
		name string
		q    float64
	}{{stat.ResponseP50.Name, 0.5}, {stat.ResponseP99.Name, 0.99}} {
		if m.Name == r.name {
			v, ok := quantile(c.Latency.Response, r.q)
			return ok && c.timedOut(v)
		}
	}
	return false
}

// latency writes a response time, and says so if it is no time but the end of waiting.
func (c cell) latency(s float64) string {
	if c.timedOut(s) {
		return duration(c.TimeOut) + " (time-out)"
	}
	return seconds(s)
}

// kept is the share of the offered load that came back as goodput: of what the schedule really had due in the windows,
// because random arrivals are seldom just as many as their rate says.
func (c cell) kept() float64 {
	if c.Counts.Intended == 0 {
		return math.NaN()
	}
	return float64(c.Counts.Good) / float64(c.Counts.Intended)
}

// keptUp is the share of the offered load that has to come back as goodput for a level to count as sustained.
const keptUp = 0.99

func middle(vs []float64) float64 {
	sorted := slices.Sorted(slices.Values(vs))
	return sorted[(len(sorted)-1)/2]
}

// split divides trials by a rule, in their order.
func split(trials []trial.Trial, rule func(trial.Trial) bool) (yes, no []trial.Trial) {
	for _, t := range trials {
		if rule(t) {
			yes = append(yes, t)
		} else {
			no = append(no, t)
		}
	}
	return yes, no
}

func union(a, b []stat.Metric) []stat.Metric {
	out := slices.Clone(a)
	for _, m := range b {
		if !slices.ContainsFunc(out, func(o stat.Metric) bool { return o.Name == m.Name }) {
			out = append(out, m)
		}
	}
	return out
}
