package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// A column is one figure of each cell; its unit is the same in all rows.
type column struct {
	head  string
	units []unit
	value func(cell) (float64, bool)

	absent    string // why there may be no value
	atTimeOut bool   // a value at the client's time-out is no time
}

// unusable is why there is no figure at all.
const unusable = "No figure: not one of its trials can be used."

var fewSamples = fmt.Sprintf("Not shown: fewer than %d samples lie above it.", trial.MinAbove)

// fill returns the column's head with its unit, and its cells.
func (c column) fill(cells []cell, note func(string) string) (string, []string) {
	var vs []float64
	for _, cell := range cells {
		if v, ok := c.value(cell); ok {
			vs = append(vs, v)
		}
	}
	u := columnUnit(c.units, vs)
	var out []string
	for _, cell := range cells {
		v, ok := c.value(cell)
		if !ok {
			why := c.absent
			if cell.Trials == 0 {
				why = unusable
			}
			out = append(out, absent+note(why))
			continue
		}
		text := u.of(v)
		if c.atTimeOut && cell.timedOut(v) {
			text += note("This is the client's time-out: the request at this percentile was never answered.")
		}
		out = append(out, text)
	}
	if len(vs) == 0 {
		return c.head, out // there is nothing that a unit would be of
	}
	return c.head + ", " + u.name, out
}

func responseColumn(q float64, name string) column {
	return column{name, times, func(c cell) (float64, bool) { return quantile(c.Latency.Response, q) }, fewSamples, true}
}

func serviceColumn(q float64, name string) column {
	return column{name, times, func(c cell) (float64, bool) { return quantile(c.Latency.Service, q) }, fewSamples, false}
}

func cpuColumn(s scenario) column {
	return column{"CPU per " + s.measured, times, func(c cell) (float64, bool) { return c.ServerCPU.Value, c.ServerCPU.N > 0 },
		"The platform does not tell the server's CPU time, or nothing was answered.", false}
}

// tabulate sets cells against columns; columns of another kind are given as ready text, with their place.
func (s scenario) tabulate(d *document, l level, columns []any) {
	t := table{head: []string{"strategy"}}
	for _, c := range l.cells {
		t.add(c.rowName())
	}
	for _, col := range columns {
		var head string
		var values []string
		switch col := col.(type) {
		case column:
			head, values = col.fill(l.cells, d.note)
		case textColumn:
			head = col.head
			for _, c := range l.cells {
				values = append(values, col.value(c))
			}
		}
		t.head = append(t.head, head)
		for i := range t.rows {
			t.rows[i] = append(t.rows[i], values[i])
		}
	}
	t.write(&d.Builder)
}

type textColumn struct {
	head  string
	value func(cell) string
}

// rowName tells the twin from its strategy.
func (c cell) rowName() string {
	if c.Twin {
		return c.label + ", again"
	}
	return c.label
}

// goodputColumn has the median with its interval.
func goodputColumn(d *document, l level) textColumn {
	var vs []float64
	for _, c := range l.cells {
		if c.Goodput.N > 0 {
			vs = append(vs, c.Goodput.Value)
		}
	}
	u := columnUnit(rates, vs)
	head := "goodput"
	if len(vs) > 0 {
		head += ", " + u.name
	}
	return textColumn{head, func(c cell) string {
		text := withInterval(d, c.Goodput, u.of)
		if c.Goodput.N > 0 && c.Bounded() {
			text = "≥ " + text + d.note("A lower bound: the driver was the bottleneck.")
		}
		return text
	}}
}

func withInterval(d *document, e stat.Estimate, format func(float64) string) string {
	switch {
	case e.N == 0 || !finite(e.Value):
		return absent
	case !settled(e):
		return format(e.Value) + d.note("No interval: too few repetitions for one.")
	default:
		return fmt.Sprintf("%s (%s–%s)", format(e.Value), format(e.Lo), format(e.Hi))
	}
}

// decidingColumn is what decides the scenario, if none of those that a table shows anyhow is that.
func (s scenario) decidingColumn(d *document, l level, shown ...stat.Metric) []any {
	m := s.decides
	if m.Name == "" || slices.ContainsFunc(shown, func(o stat.Metric) bool { return o.Name == m.Name }) {
		return nil
	}
	estimates := map[string]stat.Estimate{} // by the row's name
	var vs []float64
	for _, c := range l.cells {
		e := stat.Median(c.values(m))
		if e.N > 0 {
			estimates[c.rowName()] = e
			vs = append(vs, e.Value)
		}
	}
	if len(vs) == 0 {
		return nil
	}
	u := columnUnit(unitsOf(m), vs)
	return []any{textColumn{m.Name + ", " + u.name, func(c cell) string { return withInterval(d, estimates[c.rowName()], u.of) }}}
}

// values are what the cell's trials say of m, those that say anything.
func (c cell) values(m stat.Metric) (vs []float64) {
	for _, t := range c.trials {
		if v, ok := m.Of(t); ok {
			vs = append(vs, v)
		}
	}
	return vs
}

// servedColumn counts clients, or the sessions that its head names.
func (s scenario) servedColumn() textColumn {
	head := "served"
	if s.loop == trial.Sessions {
		head = "sessions served"
	}
	return textColumn{head, cell.served}
}

// notOKColumn is everything intended that was not answered well.
func notOKColumn() textColumn {
	return textColumn{"not ok", func(c cell) string { return count(c.Counts.Intended - c.Counts.OK) }}
}

func (s scenario) closedTable(d *document, l level) {
	ratio := textColumn{"ratio to " + cmp.Or(s.baseline, "baseline"), func(c cell) string { return s.ratioCell(d, l, c, stat.Goodput) }}
	decides := s.decidingColumn(d, l, stat.Goodput, stat.ResponseP50, stat.ResponseP99, stat.ServerCPU)
	s.tabulate(d, l, s.rests(l, append(decides, goodputColumn(d, l), ratio, responseColumn(0.5, "p50"), responseColumn(0.99, "p99"), s.servedColumn(), cpuColumn(s), notOKColumn())))
	s.uneven(d, l)
}

func (s scenario) openTable(d *document, l level) {
	kept := textColumn{"of offered", func(c cell) string { return percent(c.kept()) }}
	ratio := textColumn{"p99 to " + cmp.Or(s.baseline, "baseline"), func(c cell) string { return s.ratioCell(d, l, c, stat.ResponseP99) }}
	lag := column{"lag p50", times, func(c cell) (float64, bool) { return quantile(c.Latency.Lag, 0.5) }, fewSamples, false}
	decides := s.decidingColumn(d, l, stat.ResponseP50, stat.ResponseP99, stat.ServiceP50, stat.ServiceP99, stat.ServerCPU)
	s.tabulate(d, l, s.rests(l, append(decides, kept, responseColumn(0.5, "p50"), responseColumn(0.99, "p99"), ratio, s.servedColumn(),
		serviceColumn(0.5, "service p50"), serviceColumn(0.99, "p99"), lag, cpuColumn(s), notOKColumn())))
	s.uneven(d, l)
}

// restsOn is how many repetitions the figures of most rows should rest on: the baseline's, or where there is none the most of any.
func (s scenario) restsOn(l level) (n int) {
	for _, c := range l.cells {
		if c.label == s.baseline && !c.Twin {
			return c.Trials
		}
		n = max(n, c.Trials)
	}
	return n
}

// fewer says whether anybody's figures rest on fewer repetitions than that.
func (s scenario) fewer(l level) bool {
	return slices.ContainsFunc(l.cells, func(c cell) bool { return c.Trials > 0 && c.Trials < s.restsOn(l) })
}

// rests adds to a table's columns how many repetitions each row rests on, where that is not the same for all.
func (s scenario) rests(l level, columns []any) []any {
	if !s.fewer(l) {
		return columns
	}
	return append([]any{textColumn{"trials", func(c cell) string {
		if c.Trials < s.restsOn(l) {
			return count(int64(c.Trials)) + " of " + count(int64(s.restsOn(l)))
		}
		return count(int64(c.Trials))
	}}}, columns...)
}

// uneven says what such rows are not good for. Who is decided leaves the run, so it is the rule and no accident.
func (s scenario) uneven(d *document, l level) {
	if !s.fewer(l) {
		return
	}
	d.f("Where it says so many trials *of* more, a row rests on fewer repetitions than the others, and the machine drifts: ratios compare, being of pairs within repetitions, and medians and percentiles do not.\n\n")
}

// senseSign is a sense as it stands in a table.
var senseSign = map[stat.Sense]string{stat.AtMost: "≤ ", stat.AtLeast: "≥ "}

// ratioCell is the paired ratio to the baseline; the twin's is the A/A pair.
func (s scenario) ratioCell(d *document, l level, c cell, m stat.Metric) string {
	const noRatio = "No ratio: it would only tell the client's time-out."
	timedOut := l.timedOut(s.baseline, m)
	if c.Twin {
		if timedOut || c.capped(m) {
			return absent + d.note(noRatio)
		}
		if j, ok := s.judge(l, m); ok {
			return withInterval(d, j.aa, sig)
		}
		return absent
	}
	if c.label == s.baseline {
		return "1"
	}
	comparison, ok := c.against[m.Name]
	if !ok {
		return absent
	}
	if c.capped(m) {
		return absent + d.note(noRatio)
	}
	if comparison.Outcome == stat.Unranked {
		return absent + d.note("Not ranked: the ratio would tell of the driver as much as of the servers.")
	}
	text := withInterval(d, comparison.Ratio, sig)
	if timedOut && settled(comparison.Ratio) {
		return senseSign[stat.AtMost] + text + d.note("The baseline is at the client's time-out: in truth it would have taken longer, and the ratio is this or less.")
	}
	if sign, found := senseSign[comparison.Sense]; found {
		text = sign + text + d.note("The driver was the bottleneck for the better of the two: in truth the ratio is as far from 1 as this, or further.")
	}
	return text
}
