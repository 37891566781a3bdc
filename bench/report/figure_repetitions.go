package report

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"

	"github.com/poolbench/poolbench/bench/report/draw"
	"github.com/poolbench/poolbench/bench/stat"
	choice "github.com/poolbench/poolbench/bench/verdict"
)

// A spreadPoint is one strategy by one metric: every trial, their median, and its interval. It has no trials if none of
// those that can be used has the metric: then its row says so, because a strategy that is missing looks as if it had not been measured.
type spreadPoint struct {
	cell
	label  string
	trials []float64
	median stat.Estimate
}

// A spreadPanel is a scenario by one metric, at one level.
type spreadPanel struct {
	scenario
	level
	metric stat.Metric
	points []spreadPoint
	log    bool
	lo, hi float64 // of the axis
}

// linearSpan is how many times the smallest figure may lie under the largest for an axis from zero: beyond it the small
// ones all sit on the edge. Up to there zero is worth more than their exact place, which stands beside them as a number:
// on a logarithmic axis a tenth more or less cannot be seen at all.
const linearSpan = 100

// newSpreadPanel is ok if any trial has the metric.
func newSpreadPanel(s scenario, l level, m stat.Metric) (p spreadPanel, ok bool) {
	p = spreadPanel{scenario: s, level: l, metric: m}
	smallest := math.Inf(1)
	for _, c := range l.cells {
		point := spreadPoint{cell: c, label: c.rowName()}
		for _, t := range c.trials {
			if v, has := m.Of(t); has {
				point.trials = append(point.trials, v)
				p.hi = max(p.hi, v)
				if v > 0 {
					smallest = min(smallest, v)
				}
			}
		}
		if c.Trials == 0 {
			continue
		}
		if len(point.trials) > 0 {
			ok = true
			point.median = stat.Median(point.trials)
			if settled(point.median) {
				p.hi = max(p.hi, point.median.Hi)
			}
		}
		p.points = append(p.points, point)
	}
	if p.log = p.hi > linearSpan*smallest; p.log {
		p.lo, p.hi = smallest/1.5, p.hi*1.3
	} else {
		p.hi = max(p.hi*1.06, 1e-12)
	}
	return p, ok
}

// figureOf writes a value of the metric with its unit.
func figureOf(m stat.Metric, v float64) string {
	switch m.Unit {
	case "s":
		return seconds(v)
	case "B":
		return memory(v)
	case "1/s":
		return rate(v)
	default:
		return short(v) + " " + m.Unit
	}
}

// figureTicks are round in the unit that they are written in, of which not all are powers of ten. Zero is zero in any.
func figureTicks(m stat.Metric, lo, hi float64, ticks func(lo, hi float64, format func(float64) string) []draw.Tick) []draw.Tick {
	size := 1.0
	if m.Unit == "B" {
		size = unitFor(unitsOf(m), hi).size
	}
	out := ticks(lo/size, hi/size, func(v float64) string {
		if v == 0 {
			return "0"
		}
		return figureOf(m, v*size)
	})
	for i := range out {
		out[i].Value *= size
	}
	return out
}

// aboutTicks are so many on a linear axis.
func aboutTicks(n int) func(lo, hi float64, format func(float64) string) []draw.Tick {
	return func(lo, hi float64, format func(float64) string) []draw.Tick {
		return draw.LinearTicks(lo, hi, n, format)
	}
}

func (p spreadPanel) rows(notes string) draw.Rows {
	x, ticks, kind := draw.Axis{Lo: p.lo, Hi: p.hi, Scale: draw.Linear}, aboutTicks(6), "from zero"
	if p.log {
		x.Scale, ticks, kind = math.Log, draw.LogTicks, "logarithmic"
	}
	where := p.scenario.name
	if p.open() {
		where += " at " + p.level.text()
	}
	r := draw.Rows{Title: fmt.Sprintf("%s: %s (%s, %s)", where, p.metric.Name, clients(p.level), kind), Notes: notes, X: x, Ticks: figureTicks(p.metric, p.lo, p.hi, ticks)}
	for _, point := range p.points {
		r.Rows = append(r.Rows, draw.Row{
			Strategy: point.cell.label, Label: point.label, Soft: point.Twin,
			Value: p.value(point), Note: servedNote(point.cell),
			Hint: p.hint(point),
			Draw: func(d draw.Panel, y vg.Length) { point.draw(d, y, p.bounds(point)) },
		})
	}
	return r
}

// value is the figure that stands beside a row.
func (p spreadPanel) value(point spreadPoint) string {
	if len(point.trials) == 0 {
		return absent
	}
	return p.bound(point) + figureOf(p.metric, point.median.Value)
}

// bounds says whether the driver decided the figure, so that the server can do as much or more.
func (p spreadPanel) bounds(point spreadPoint) bool {
	return p.metric.Key == stat.Goodput.Key && point.Bounded()
}

// bound is what stands before such a figure.
func (p spreadPanel) bound(point spreadPoint) string {
	if p.bounds(point) {
		return "≥ "
	}
	return ""
}

func (p spreadPanel) hint(point spreadPoint) string {
	if len(point.trials) == 0 {
		return fmt.Sprintf("%s: no trial tells %s; %s", point.label, p.metric.Name, point.reach)
	}
	text := fmt.Sprintf("%s: %s %s in the median of %s", point.label, p.metric.Name, p.value(point), counted(len(point.trials), "trial"))
	if settled(point.median) {
		text += fmt.Sprintf(", %s to %s", figureOf(p.metric, point.median.Lo), figureOf(p.metric, point.median.Hi))
	}
	if point.starved() {
		text += "; " + point.reach.String()
	}
	return text
}

// deciding is the level that decides a scenario: of a closed loop the only one; the zero level where a scenario asks for
// something that several levels tell together.
func (v view) deciding(s scenario) level {
	at := 0.0
	if s.open() {
		i := slices.IndexFunc(v.said.Scenarios, func(sc choice.Scenario) bool { return sc.Name == s.name })
		if i < 0 {
			return level{}
		}
		at = v.said.Scenarios[i].DecideAt
	}
	for _, l := range s.levels {
		if l.fraction == at {
			return l
		}
	}
	return level{}
}

// repetitionsFigure is the metric that decides a scenario: what each single trial says, and what they say together.
func repetitionsFigure(v view, s scenario, t draw.Typesetter) (draw.Figure, bool) {
	i := slices.IndexFunc(v.said.Scenarios, func(sc choice.Scenario) bool { return sc.Name == s.name })
	if i < 0 {
		return draw.Figure{}, false
	}
	if s.decides.Name == "" {
		return draw.Figure{}, false
	}
	sc := v.said.Scenarios[i]
	p, ok := newSpreadPanel(s, v.deciding(s), s.decides)
	if !ok {
		return draw.Figure{}, false
	}
	f := v.spreadFigure(t, "repetitions-"+s.file, headline(v.said, sc), []spreadPanel{p})
	if slices.ContainsFunc(p.points, p.bounds) {
		f.Subtitle += " Hollow and with “≥”: the driver was the bottleneck, so the server can do as much or more; among such, nothing is ranked."
	}
	return f, true
}

// spreadFigure has panels of spread points.
func (v view) spreadFigure(t draw.Typesetter, name, title string, panels []spreadPanel) draw.Figure {
	subtitle := "Each small marker is one trial, in a process of its own; the large one under them is their median, the bar its interval."
	any := func(of func(spreadPoint) bool) bool {
		return slices.ContainsFunc(panels, func(p spreadPanel) bool { return slices.ContainsFunc(p.points, of) })
	}
	if any(func(p spreadPoint) bool { return p.Twin }) {
		subtitle += " “Again” is the baseline measured a second time: a difference as small as that between these two is noise."
	}
	if any(func(p spreadPoint) bool { return len(p.trials) == 0 }) {
		subtitle += " " + absent + ": no trial has enough answers to tell."
	}
	var all []draw.Rows
	for _, p := range panels {
		all = append(all, p.rows(""))
	}
	g := draw.NewStack(t, all)
	return draw.Figure{
		Name:     name,
		Title:    title,
		Subtitle: subtitle,
		Alt:      "Every trial, and their median, for each strategy. " + title,
		Caption:  v.caption(),
		Height:   g.Height(),
		Draw:     g.Draw,
	}
}

// draw sets the trials above the middle of the row, in two lanes so that equal ones stay apart, and what is made of them
// under it, so that neither hides the other.
func (s spreadPoint) draw(d draw.Panel, y vg.Length, hollow bool) {
	if len(s.trials) == 0 {
		return
	}
	soft := draw.Alpha(s.style.Color, 0x80)
	for i, v := range s.trials {
		lane := 2.4 + vg.Length(i%2)*2.6
		d.Mark(draw.Style{Color: soft, Shape: s.style.Shape}, 1.7, false, d.X.At(v), y+lane)
	}
	y -= 2.6
	if settled(s.median) {
		lo, hi := d.X.At(s.median.Lo), d.X.At(s.median.Hi)
		d.Line(s.style.Color, 1.2, lo, y, hi, y)
		d.Line(s.style.Color, 1.2, lo, y-2.6, lo, y+2.6)
		d.Line(s.style.Color, 1.2, hi, y-2.6, hi, y+2.6)
	}
	look := s.style
	if s.Twin {
		look.Color = soft
	}
	d.Mark(look, 3.1, hollow, d.X.At(s.median.Value), y)
}

func servedNote(c cell) string {
	if !c.starved() {
		return ""
	}
	return c.reach.String()
}
