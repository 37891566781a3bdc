package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// first is the first cell with figures, for what is the same in all of them.
func (s scenario) first() (cell, bool) {
	cs := s.cells()
	if len(cs) == 0 {
		return cell{}, false
	}
	return cs[0], true
}

func (v view) scenario(d *document, s scenario) {
	d.f("## %s\n\n", prose(s.name))
	for _, asked := range v.run.Env.Scenarios {
		if asked.Name == s.name {
			d.f("%s ", prose(asked.About))
		}
	}
	d.f("%s\n\n", prose(s.describe()))
	c, ok := s.first()
	if !ok {
		d.f("No trial of this scenario can be used.\n\n")
		return
	}
	d.f("%s\n\n", prose(v.limits(s)))
	if v.answer(d, s) {
		s.totals(d, c.Measured)
		s.others(d)
		return
	}
	for _, c := range s.starving() {
		what := "Refused"
		if c.worst.Nothing > 0 {
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
	s.totals(d, c.Measured)
	s.others(d)
}

// describe says what was asked of the server.
func (s scenario) describe() string {
	l := s.levels[0]
	what := noun(s.measured, 2)
	windows := ""
	if c, ok := s.first(); ok {
		windows = fmt.Sprintf(" Windows of %s after %s of warm-up, client's time-out %s.", s.windows(), s.warmUp(), duration(c.TimeOut))
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
		return fmt.Sprintf("Workload %s, sessions at a given rate (%s arrivals), each on a new connection, %s.", s.workload, arrivals(load), clients(l)) + windows
	default:
		return fmt.Sprintf("Workload %s, open loop: %s are due by a schedule (%s arrivals) on %s.", s.workload, what, arrivals(load), counted(load.Clients, "connection")+" that stay") + windows
	}
}

func arrivals(l trial.Load) string { return cmp.Or(string(l.Arrivals), "scheduled") }

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
	return "Limits: " + strings.Join(full, "; ") + "."
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
		for _, text := range []string{sentence(j.sameText(12), j.mediansText()), sentence(j.differsText()), sentence(j.unrankedText(12, s.elsewhere)), sentence(j.undecidedText(12)), sentence(j.unsettledText(12))} {
			if text != "" {
				d.f("  - %s\n", prose(text))
			}
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
	d.f("What became of all %s, over all trials that can be used (intended = sent + unsent; sent = ok + rejected + failed + timed out + unanswered):\n\n", noun(measured, 2))
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
}
