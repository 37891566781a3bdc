package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/poolbench/poolbench/bench/internal/pin"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// page is the result in Markdown.
func (r result) page() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Cross-check with other load generators\n\n")
	e := r.env
	fmt.Fprintf(&b, "- **On:** %s, %d logical CPUs, %s, %s\n", e.Platform.CPUModel, e.Platform.CPUs, strings.TrimSpace(e.Platform.GOOS+" "+e.Platform.Kernel), e.Platform.GoVersion)
	fmt.Fprintf(&b, "- **When:** %s\n", e.Started.Format("2006-01-02 15:04:05 UTC"))
	fmt.Fprintf(&b, "- **By:** `%s`, poolbench at %s\n", strings.Join(e.Command, " "), commit(e))
	fmt.Fprintf(&b, "- **Server:** workload `%s`, strategy goroutine, %s; one process for all\n", served, side(e.Server))
	fmt.Fprintf(&b, "- **Generators:** closed loop, %d connections, one after the other for %v each, rounds: %d; %s\n\n", r.task.Connections, r.task.Length, r.rounds, side(e.Driver))
	if caution := r.caution(); caution != "" {
		fmt.Fprintf(&b, "**%s**\n\n", caution)
	}
	b.WriteString(r.table())
	b.WriteString("\n\n")
	for _, line := range r.notes() {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	return b.String()
}

func commit(e trial.Env) string {
	short := e.Commit[:min(len(e.Commit), 12)]
	if e.Dirty {
		return short + " with changes"
	}
	return short
}

func side(s trial.Side) string {
	if len(s.CPUs) == 0 {
		return fmt.Sprintf("not pinned, GOMAXPROCS %d", s.GOMAXPROCS)
	}
	return fmt.Sprintf("pinned to CPU %s", pin.Format(s.CPUs))
}

// table has a row for each generator. What is said about several runs is their median.
func (r result) table() string {
	t := table.NewWriter()
	header := table.Row{
		"generator", "version", "requests/s (least to most)", "latency p50", "p99",
		"its CPU, µs per request", "of that user", "its CPU over " + r.baseline(), "server CPU, µs per request",
	}
	t.AppendHeader(header)
	columns := make([]table.ColumnConfig, len(header))
	for i := range columns {
		columns[i] = table.ColumnConfig{Number: i + 1, Align: text.AlignRight}
	}
	columns[0].Align, columns[1].Align = text.AlignLeft, text.AlignLeft
	t.SetColumnConfigs(columns)
	ratios := r.ratios()
	for _, v := range r.versions {
		figure := func(of func(run) float64) spread { return over(r.runs, v.name, of) }
		rate := figure(func(one run) float64 { return one.PerSecond })
		t.AppendRow(table.Row{
			v.name, v.text,
			fmt.Sprintf("%.0f (%.0f to %.0f)", rate.middle, rate.least, rate.most),
			r.latency(v.name, func(s said) time.Duration { return s.P50 }),
			r.latency(v.name, func(s said) time.Duration { return s.P99 }),
			micros(figure(func(one run) float64 { return one.cpu().Seconds() / float64(one.Requests) })),
			micros(figure(func(one run) float64 { return one.user.Seconds() / float64(one.Requests) })),
			ratios[v.name],
			micros(figure(func(one run) float64 { return one.server.Seconds() / float64(one.Requests) })),
		})
	}
	return t.RenderMarkdown()
}

// caution says that the machine was disturbed, if our own driver has seen so in its rounds: the others, which do not look, were measured in
// between.
func (r result) caution() string {
	rounds := 0
	codes := map[string]int{}
	for _, one := range r.runs {
		if one.name != ownName {
			continue
		}
		rounds++
		if one.Spoilt != "" {
			codes[one.Spoilt]++
		}
	}
	if len(codes) == 0 {
		return ""
	}
	var each []string
	spoilt := 0
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		spoilt += codes[code]
		each = append(each, fmt.Sprintf("%s in %d", code, codes[code]))
	}
	return fmt.Sprintf("This compares nothing: the machine was disturbed in %d of the %d rounds of poolbench's own driver, and so it was in those of the others, which do not look (%s). "+
		"`poolbench doctor` says what disturbs it; then measure again.", spoilt, rounds, strings.Join(each, ", "))
}

// baseline is the generator that the others are compared with; our own if there is no other.
func (r result) baseline() string {
	for _, one := range r.runs {
		if one.twin {
			return one.name
		}
	}
	return ownName
}

// ratios are the comparisons with the baseline, by name; the baseline's own is that with itself.
func (r result) ratios() map[string]string {
	all := map[string]string{}
	for _, v := range r.versions {
		all[v.name] = "–"
	}
	for _, c := range compare(r.runs) {
		all[c.Strategy] = estimate(c.Ratio)
		all[c.Baseline] = "itself: " + estimate(c.AA)
	}
	return all
}

// estimate prints a ratio with its interval, where there are enough pairs for one.
func estimate(e stat.Estimate) string {
	switch {
	case e.N == 0:
		return "–"
	case math.IsInf(e.Hi, 1):
		return fmt.Sprintf("%.3f", e.Value)
	}
	return fmt.Sprintf("%.3f (%.3f to %.3f)", e.Value, e.Lo, e.Hi)
}

func micros(s spread) string { return fmt.Sprintf("%.2f", s.middle*1e6) }

// latency is a generator's own figure, in the resolution in which it says it.
func (r result) latency(name string, of func(said) time.Duration) string {
	var unit time.Duration
	middle := over(r.runs, name, func(one run) float64 {
		unit = one.Unit
		return float64(of(one.said))
	}).middle
	switch d := time.Duration(middle); {
	case unit == 0:
		return "–"
	case d < unit:
		return "< " + unit.String()
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	default:
		return d.Round(10 * time.Microsecond).String()
	}
}

// notes say how to read the table, and what has gone wrong.
func (r result) notes() []string {
	notes := []string{
		"Figures are medians over rounds. A generator's CPU time is that of its whole process, from start to end, user and system, as " +
			"the kernel tells who waits for it, over the requests that were answered. How it is divided into user and system is the kernel's " +
			"estimate, by samples at its clock tick.",
		"In a closed loop the generator and the server set the pace together: requests/s is what this pair reaches, neither the server's nor the " +
			"generator's limit.",
		"Latency is as each generator says it; in a closed loop all of them leave out what would have waited.",
		"A generator changes what the server's work costs as well, by how many requests it lets come at once: compare the server's CPU between two " +
			"strategies under one generator, never between two generators.",
	}
	if base := r.baseline(); base != ownName {
		notes = append(notes, fmt.Sprintf("CPU over %s: the ratio within rounds (Hodges and Lehmann's estimate, over both of its runs), and in brackets an interval that covers it with 95 %% "+
			"confidence (there is none for too few rounds). %s runs twice in each round: what it costs over itself is what no difference looks like.", base, base))
	}
	for _, one := range r.runs {
		if one.Failed > 0 {
			notes = append(notes, fmt.Sprintf("**%d requests of %s failed** in round %d, beside %d that were answered.", one.Failed, one.name, one.round+1, one.Requests))
		}
	}
	for _, w := range r.env.Warnings {
		notes = append(notes, w.Text)
	}
	return notes
}
