package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
	choice "github.com/poolbench/poolbench/bench/verdict"
)

// first is the first cell with figures, for what is the same in all of them.
func (s scenario) first() (cell, bool) {
	cs := s.cells()
	if len(cs) == 0 {
		return cell{}, false
	}
	return cs[0], true
}

// scenario is a chapter: what it is, how to read it, what came of it and why, then the pictures, then the figures.
func (v view) scenario(d *document, s scenario, said choice.Verdict, show func(...string)) {
	d.f("## %s\n\n", prose(s.name))
	asked := v.asked(s)
	about := asked.About
	if about != "" {
		about += " "
	}
	d.f("**What it is.** %s%s\n\n", prose(about), prose(s.describe()))
	c, ok := s.first()
	if !ok {
		d.f("No trial of this scenario can be used.\n\n")
		return
	}
	d.f("**How to read it.** %s\n\n", prose(v.reading(s, asked, said)))
	for _, found := range []struct{ head, text string }{{"What we found", strings.TrimSpace(foundIn(said, s.name) + " " + v.leftOutText(s.name))}, {"Why, and what would change it", changesIn(said, s.name)}} {
		if found.text != "" {
			d.f("**%s.** %s\n\n", found.head, prose(found.text))
		}
	}
	show("repetitions-"+s.file, "sizing-"+s.file, "load-"+s.file, "heat-"+s.file, "latency-"+s.file)
	if !v.answer(d, s, asked) {
		v.compared(d, s)
	}
	s.totals(d, c.Measured)
	s.stops(d, c.Measured)
	s.others(d)
	v.trialsOf(d, s)
}

// leftOut are the scenarios that were asked for and of which there is no trial.
func (v view) leftOut() []trial.Scenario {
	return slices.DeleteFunc(slices.Clone(v.run.Env.Scenarios), func(sc trial.Scenario) bool {
		return slices.ContainsFunc(v.scenarios, func(s scenario) bool { return s.name == sc.Name })
	})
}

// notMeasured is the chapter of a scenario that was left out: a reader who looks for it finds why.
func (v view) notMeasured(d *document, sc trial.Scenario) {
	d.f("## %s\n\n**Not measured.** %s\n\n", prose(sc.Name), prose(sentence(v.whyLeftOut(sc))))
}

// whyLeftOut is the calibration that told no rate, or else that the run ended too early.
func (v view) whyLeftOut(sc trial.Scenario) string {
	var names []string
	var spoilt []trial.Trial
	known := map[string]bool{}
	for _, t := range v.run.Trials {
		known[t.Scenario] = known[t.Scenario] || t.Invalid == ""
	}
	for _, t := range v.run.Trials {
		if t.Calibrates && t.Workload == sc.Workload && t.Strategy != trial.NullServer && !known[t.Scenario] {
			addTo(&names, t.Scenario)
			spoilt = append(spoilt, t)
		}
	}
	if sc.Load.Loop == trial.Closed || len(spoilt) == 0 {
		return "the run ended before it came to this scenario"
	}
	return fmt.Sprintf("there is no rate to offer, because not one trial of %s can be used: %s", list(names, len(names), "capacity"), finding.Usual(spoilt))
}

// asked is what the run's record says of a scenario; it has no name where the record says nothing.
func (v view) asked(s scenario) trial.Scenario {
	i := slices.IndexFunc(v.run.Env.Scenarios, func(sc trial.Scenario) bool { return sc.Name == s.name })
	if i < 0 {
		return trial.Scenario{}
	}
	return v.run.Env.Scenarios[i]
}

// reading is what a reader has to know before the figures tell anything.
func (v view) reading(s scenario, asked trial.Scenario, said choice.Verdict) string {
	pace := map[bool]string{
		false: "Each client waits for its answer before it asks again, so the server sets the pace, and a slow one is asked less.",
		true:  "Requests come by a schedule, whether or not the server keeps up, and times are counted from when they were due: so waiting shows.",
	}[s.open()]
	switch asked.Question {
	case trial.Capacity:
		return pace + " The load goes up until the objective breaks; what counts is the highest rate at which it held."
	case trial.Size:
		return pace + fmt.Sprintf(" The same strategy with more and more %s; what counts is the smallest limit that is within %s of the best.", settingNoun(v.sizeSetting(s, asked)), percent(v.threshold()))
	}
	i := slices.IndexFunc(said.Scenarios, func(sc choice.Scenario) bool { return sc.Name == s.name })
	if i < 0 {
		return pace
	}
	sc := said.Scenarios[i]
	m := s.decides
	if m.Name == "" {
		return pace
	}
	better := "the less the better"
	if m.Higher {
		better = "the more the better"
	}
	at := ""
	if s.open() && len(s.levels) > 1 {
		at = fmt.Sprintf(" at %s of the capacity", percent(sc.DecideAt))
	}
	return fmt.Sprintf("%s It is decided by %s%s, %s; differences of less than %s do not count. %s",
		pace, m.Name, at, better, percent(said.Threshold), s.barred())
}

// barred is who cannot be chosen, in words that hold for the scenario: where more is offered than can be done, some have to
// go without an answer.
func (s scenario) barred() string {
	text := "Who leaves " + noun(s.asker(), 2) + " without an answer is out, whatever the other figures say"
	if slices.ContainsFunc(s.levels, func(l level) bool { return l.fraction > 1 || len(l.cells[0].Load.Profile) > 0 }) {
		return text + ", as long as there is room; where more is offered than can be done, some have to go without."
	}
	return text + "."
}

// sizeSetting is the limit that a scenario sweeps.
func (v view) sizeSetting(s scenario, asked trial.Scenario) string {
	z, err := stat.Sizes(v.run.Trials, asked, v.run.Env.Design)
	if err != nil {
		return "workers"
	}
	return z.Setting
}

// foundIn is the verdict's sentence on a scenario, whatever it asks.
func foundIn(said choice.Verdict, name string) string {
	for _, sc := range said.Scenarios {
		if sc.Name == name {
			return sc.Sentence
		}
	}
	for _, c := range said.Capacities {
		if c.Scenario == name {
			return c.Sentence
		}
	}
	for _, z := range said.Sizes {
		if z.Scenario == name {
			return z.Sentence
		}
	}
	return ""
}

// changesIn is what would change the verdict on a scenario's strategies.
func changesIn(said choice.Verdict, name string) string {
	for _, sc := range said.Scenarios {
		if sc.Name == name {
			return sentence(changes(said, sc))
		}
	}
	return ""
}

// compared has the strategies' comparisons and their figures, at each offered load.
func (v view) compared(d *document, s scenario) {
	d.f("- **Limits:** %s.\n", prose(v.limits(s)))
	for _, c := range s.starving() {
		what := "Refused"
		switch {
		case c.reach.Nothing > 0 && c.reach.Sessions:
			what = "Unanswered"
		case c.reach.Nothing > 0:
			what = "Starved"
		}
		d.f("- **%s:** %s.\n", what, prose(starvedText(c)))
	}
	d.f("- **The driver's own lag**, part of every response time: %s.\n", s.lagText())
	if s.open() {
		d.f("\n")
	}
	for _, l := range s.levels {
		if s.open() {
			d.f("### %s: %s\n\n", prose(s.name), prose(l.text()))
			s.judgements(d, l)
			d.f("\n")
			s.openTable(d, l)
		} else {
			s.judgements(d, l)
			d.f("\n")
			s.closedTable(d, l)
		}
	}
}

// trialsOf leads from a scenario's figures to the trials that they come from.
func (v view) trialsOf(d *document, s scenario) {
	type row struct {
		name     string
		fraction float64
	}
	used, spoilt := map[row][]string{}, map[row][]string{}
	var rows []row
	for _, t := range v.run.Trials {
		if t.Scenario != s.name || t.Calibrates {
			continue
		}
		r := row{v.label(t.Strategy), t.Load.Fraction}
		if t.Twin {
			r.name += ", again"
		}
		if !slices.Contains(rows, r) {
			rows = append(rows, r)
		}
		line := strconv.Itoa(lineOf(t.Seq))
		if t.Invalid == "" {
			used[r] = append(used[r], line)
		} else {
			spoilt[r] = append(spoilt[r], line)
		}
	}
	by, head := "strategy", []string{"strategy"}
	if len(s.levels) > 1 {
		by, head = "strategy and load", append(head, "offered, of capacity")
	}
	d.f("Every figure above can be followed to its trials, each of which is a line of [trials.jsonl](trials.jsonl).\n\nThe lines, by %s:\n\n", by)
	t := table{head: append(head, "trials", "lines", "left out, as invalid"), text: true}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Or(byNumber(a.name, b.name), cmp.Compare(a.fraction, b.fraction)) })
	for _, r := range rows {
		cells := []string{r.name}
		if len(s.levels) > 1 {
			cells = append(cells, percent(r.fraction))
		}
		t.add(append(cells, count(int64(len(used[r]))), cmp.Or(strings.Join(used[r], " "), absent), cmp.Or(strings.Join(spoilt[r], " "), absent))...)
	}
	t.write(&d.Builder)
}

// lineOf is the line of trials.jsonl that a trial stands in.
func lineOf(seq int) int { return seq + 1 }

// calibrationLines leads from a figure of the method to the trials that it comes from.
func (v view) calibrationLines(scenario string) string {
	var used, spoilt []string
	for _, t := range v.run.Trials {
		switch line := strconv.Itoa(lineOf(t.Seq)); {
		case !t.Calibrates || t.Scenario != scenario:
		case t.Invalid == "":
			used = append(used, line)
		default:
			spoilt = append(spoilt, line)
		}
	}
	text := capital(noun("line", len(used))) + " " + list(used, len(used), "line") + " of [trials.jsonl](trials.jsonl)"
	if len(spoilt) > 0 {
		text += "; left out, as invalid: " + noun("line", len(spoilt)) + " " + list(spoilt, len(spoilt), "line")
	}
	return text + "."
}

// describe says what was asked of the server.
func (s scenario) describe() string {
	l := s.levels[0]
	what := noun(s.measured, 2)
	windows := ""
	if c, ok := s.first(); ok {
		windows = fmt.Sprintf(" Windows of %s after %s of warm-up, client's time-out %s.", s.windows(), s.warmUp(), duration(c.TimeOut)) + s.turnsText()
	}
	load := l.cells[0].Load
	for _, extra := range []string{othersText(load.Others), profileText(load.Profile)} {
		if extra != "" {
			windows = " " + extra + windows
		}
	}
	switch s.loop {
	case trial.Closed:
		text := fmt.Sprintf("Workload %s, closed loop: %s, each starts its next %s when it has the answer", s.workload, clients(l), s.measured)
		if load.Think > 0 {
			text += " and has thought for " + duration(load.Think)
		}
		return text + "." + windows
	case trial.Sessions:
		return fmt.Sprintf("Workload %s, sessions at a given rate, %s, each on a new connection, %s.", s.workload, arrivals(load), clients(l)) + windows
	default:
		return fmt.Sprintf("Workload %s, open loop: %s are due by a schedule, %s, on %s.", s.workload, what, arrivals(load), counted(load.Clients, "connection")+" that stay") + windows
	}
}

// arrivals is when requests or sessions are due; random is what no word for it means.
func arrivals(l trial.Load) string {
	if l.Arrivals == trial.Constant {
		return "at even distances"
	}
	return "at random moments (Poisson)"
}

func (s scenario) windows() string {
	var ds []time.Duration
	for _, c := range s.cells() {
		ds = append(ds, c.Window)
	}
	return between(ds)
}

func (s scenario) warmUp() string {
	var ds []time.Duration
	for _, c := range s.cells() {
		ds = append(ds, c.warmUp)
	}
	return between(ds)
}

// limits gives the full name of every strategy, which states each of its limits.
func (v view) limits(s scenario) string {
	var full []string
	for _, c := range s.worstCells() {
		full = append(full, c.Strategy)
	}
	return strings.Join(full, "; ")
}

func (s scenario) judgements(d *document, l level) {
	if s.baseline == "" {
		d.f("- **Not compared:** no strategy was measured twice, so there is no telling noise from difference.\n")
		return
	}
	for _, m := range s.metrics() {
		j, ok := s.judge(l, m)
		if !ok {
			continue
		}
		d.f("- **%s:**\n", capital(m.Name))
		for _, text := range []string{sentence(j.sameText(12), j.mediansText()), sentence(j.cappedText(12)), sentence(j.differsText()), sentence(j.unrankedText(12, s.elsewhere)), sentence(j.undecidedText(12)), sentence(j.anythingText(12)), sentence(j.unsettledText(12)), sentence(j.nothingText(12))} {
			if text != "" {
				d.f("  - %s\n", prose(text))
			}
		}
	}
	if s.open() {
		return
	}
	// What a closed loop is compared by says nothing of its tail, which stands in the table all the same.
	if j, ok := s.judge(l, stat.ResponseP99); ok {
		if text := sentence(j.sameText(12), j.differsText()); text != "" {
			d.f("- **%s:** %s\n", capital(stat.ResponseP99.Name), prose(text))
		}
	}
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// lagText gives the merged lag of all strategies, and whose was the largest.
func (s scenario) lagText() string {
	var all trial.Histogram
	var worst cell
	high := -1.0
	for _, c := range s.cells() {
		all.Merge(c.Latency.Lag)
		if p, ok := quantile(c.Latency.Lag, 0.99); ok && p > high {
			worst, high = c, p
		}
	}
	p50, ok50 := quantile(all, 0.5)
	p99, ok99 := quantile(all, 0.99)
	if !ok50 || !ok99 || high < 0 {
		return "too few samples to tell"
	}
	return fmt.Sprintf("p50 %s, p99 %s over all strategies; the largest p99 was %s, with %s", seconds(p50), seconds(p99), seconds(high), prose(worst.label))
}

// totals adds up what became of everything that was intended, over all trials that count.
func (s scenario) totals(d *document, measured string) {
	d.f("What became of all %s, over all trials that can be used:\n\n", noun(measured, 2))
	t := table{head: []string{"strategy", "intended", "unsent", "sent", "ok", "rejected", "failed", "timed out", "unanswered"}}
	var names []string
	sums := map[string]trial.Counts{}
	for _, l := range s.levels {
		for _, c := range l.cells {
			if c.Trials == 0 {
				continue
			}
			name := c.rowName()
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
			sums[name] = sums[name].Plus(c.Counts)
		}
	}
	var total trial.Counts
	row := func(name string, c trial.Counts) {
		t.add(name, count(c.Intended), count(c.Unsent), count(c.Sent), count(c.OK), count(c.Rejected), count(c.Failed), count(c.TimedOut), count(c.Unanswered))
	}
	for _, name := range names {
		row(name, sums[name])
		total = total.Plus(sums[name])
	}
	row("all", total)
	t.write(&d.Builder)
	if text := s.earlyText(measured); text != "" {
		d.f("%s\n\n", prose(text))
	}
}

// stops is what became of what was in progress when servers were told to stop, over all trials that can be used.
func (s scenario) stops(d *document, measured string) {
	t := table{head: []string{"strategy", "in progress", "answered", "rejected", "lost", "connections closed by force"}}
	for _, l := range s.levels {
		for _, c := range l.cells {
			var sum trial.Stop
			stopped := false
			for _, t := range c.trials {
				if t.Stop != nil {
					sum, stopped = sum.Plus(*t.Stop), true
				}
			}
			if stopped {
				t.add(c.rowName(), count(sum.InProgress), count(sum.Answered), count(sum.Rejected), count(sum.Lost), count(sum.Forced))
			}
		}
	}
	if len(t.rows) == 0 {
		return
	}
	d.f("What became of the %s in progress when servers were told to stop, over all trials that can be used:\n\n", noun(measured, 2))
	t.write(&d.Builder)
}

// earlyText says of whom more is counted than the schedule had due in the windows, and why.
func (s scenario) earlyText(measured string) string {
	var parts []string
	for _, l := range s.levels {
		for _, c := range l.cells {
			early := int64(0)
			for _, t := range c.trials {
				early += t.Series.Early.Due
			}
			if early > 0 {
				name := c.rowName()
				if len(s.levels) > 1 {
					name += " at " + percent(l.fraction)
				}
				parts = append(parts, fmt.Sprintf("%s of %s", count(early), name))
			}
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("Counted with them are %s that were due before a window and still open at its end, because they show in it what a server holds up: %s. The schedule had so many fewer due in the windows.",
		noun(measured, 2), list(parts, len(parts), "strategy"))
}
