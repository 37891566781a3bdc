package report

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"

	"github.com/poolbench/poolbench/bench/stat"
)

// goodputPoint is one strategy's goodput in closed loop: every trial, their median, and its interval.
type goodputPoint struct {
	cell
	label    string
	trials   []float64 // per second
	median   float64
	lo, hi   float64
	interval bool // false: too few trials for one
}

// goodputPanel is a closed-loop scenario.
type goodputPanel struct {
	scenario
	points []goodputPoint
	log    bool
	lo, hi float64 // of the axis, per second
}

// linearSpan is how many times the smallest goodput may lie under the largest for an axis from zero: beyond it the small
// ones all sit on the edge. Up to there zero is worth more than their exact place, which stands beside them as a number:
// on a logarithmic axis a tenth more or less cannot be seen at all.
const linearSpan = 100

func goodputPanels(v view) []goodputPanel {
	var out []goodputPanel
	for _, s := range v.scenarios {
		if s.open() {
			continue
		}
		p := goodputPanel{scenario: s}
		smallest := math.Inf(1)
		for _, l := range s.levels {
			for _, c := range l.cells {
				if c.Trials == 0 || len(c.goodputs) == 0 {
					continue
				}
				g := goodputPoint{cell: c, label: c.label, trials: c.goodputs, median: c.Goodput.Value,
					lo: c.Goodput.Lo, hi: c.Goodput.Hi, interval: settled(c.Goodput)}
				if c.Twin {
					g.label = c.label + ", again"
				}
				for _, t := range g.trials {
					p.hi = max(p.hi, t)
					if t > 0 {
						smallest = min(smallest, t)
					}
				}
				if g.interval {
					p.hi = max(p.hi, g.hi)
				}
				p.points = append(p.points, g)
			}
		}
		if len(p.points) == 0 {
			continue
		}
		if p.log = p.hi > linearSpan*smallest; p.log {
			p.lo, p.hi = smallest/1.5, p.hi*1.3
		} else {
			p.hi = max(p.hi*1.06, 1e-9)
		}
		out = append(out, p)
	}
	return out
}

func (p goodputPanel) axis() (axis, []tick) {
	if p.log {
		return axis{lo: p.lo, hi: p.hi, scale: math.Log}, logTicks(p.lo, p.hi, rateTick)
	}
	return axis{lo: p.lo, hi: p.hi, scale: linear}, linearTicks(p.lo, p.hi, 5, rateTick)
}

// rateTick is a rate without "/s", which the panel's title says.
func rateTick(v float64) string {
	u := unitFor(rates, v)
	return short(v/u.size) + u.prefix()
}

func (p goodputPanel) title() string {
	kind := "from zero"
	if p.log {
		kind = "logarithmic"
	}
	return fmt.Sprintf("%s, %s (%s/s, %s)", p.name, clients(p.levels[0]), noun(p.measured, 2), kind)
}

// notes is the panel's finding.
func (p goodputPanel) notes() string {
	j, ok := p.judge(p.levels[0], stat.Goodput)
	if !ok {
		return "Nothing to compare with: no strategy was measured twice."
	}
	return sentence(j.sameText(3), j.differsShort(), j.unrankedShort(p.elsewhere), j.undecidedText(3), j.unsettledText(3))
}

// differsShort gives ratios without intervals, for a panel that shows those.
func (v verdict) differsShort() string {
	if len(v.differs) == 0 {
		return ""
	}
	var parts []string
	for _, c := range v.differs {
		d := c.against[v.metric.Name]
		parts = append(parts, c.label+" "+sense(d)+"× "+sig(d.Ratio.Value))
	}
	return "differs: " + list(parts, 6, "strategy")
}

// unrankedShort leaves out who, which the panel's markers tell.
func (v verdict) unrankedShort(elsewhere []string) string {
	switch {
	case len(v.unranked) == 0:
		return ""
	case len(elsewhere) == 0:
		return "not ranked: the driver was the bottleneck"
	default:
		return "not ranked: the driver was the bottleneck; open loop: " + list(elsewhere, 3, "scenario")
	}
}

func throughputFigure(v view, t typesetter) (figure, bool) {
	panels := goodputPanels(v)
	if len(panels) == 0 {
		return figure{}, false
	}
	var rs []rows
	for _, p := range panels {
		x, ticks := p.axis()
		r := rows{title: p.title(), notes: p.notes(), x: x, ticks: ticks}
		u := unitFor(rates, p.hi)
		for _, g := range p.points {
			if p.log {
				u = unitFor(rates, g.median)
			}
			r.rows = append(r.rows, row{label: g.label, soft: g.Twin, value: g.lowerBound() + u.of(g.median) + u.prefix(), note: servedNote(g.cell), draw: g.draw})
		}
		rs = append(rs, r)
	}
	grid := newRowGrid(t, rs)
	title := v.overview().goodput.throughputTitle()
	subtitle := "Closed loop: answers that were right and in time, per second. Each small dot is one trial in a process of its own; the large marker under them is their median, the bar its interval. “Again” is the baseline measured a second time: a difference as small as that between these two is noise."
	if slices.ContainsFunc(panels, goodputPanel.bounded) {
		subtitle += " Hollow and with “≥”: the driver was the bottleneck, so the server can do as much or more; among such, nothing is ranked."
	}
	return figure{
		name:     "throughput",
		title:    title,
		subtitle: subtitle,
		alt:      "Goodput of each strategy in each closed-loop scenario, every trial and the median. " + title,
		caption:  v.caption(),
		height:   grid.height(),
		draw:     grid.draw,
	}, true
}

func (t tally) throughputTitle() string {
	switch {
	case len(t.same) > 0 && len(t.differing) > 0:
		return fmt.Sprintf("Goodput of %s differs from %s; no difference above %s for %s",
			list(t.differing, 4, "strategy"), possessive(t.baseline()), atMost(t.bound), list(t.same, 4, "other")) + t.restricted("", ", where they are ranked")
	case len(t.same) > 0:
		return fmt.Sprintf("No difference in goodput above %s between %s and %s", atMost(t.bound), t.baseline(), list(t.same, 4, "other")) + t.restricted("", ", where they are ranked")
	case len(t.differing) > 0:
		return fmt.Sprintf("Goodput of %s differs from %s", list(t.differing, 4, "strategy"), possessive(t.baseline()))
	case len(t.unranked.labels) > 0:
		return "Goodput in closed loop is not ranked: the driver was the bottleneck"
	default:
		return "Goodput in closed loop: measured, not compared"
	}
}

func (p goodputPanel) bounded() bool {
	return slices.ContainsFunc(p.points, func(g goodputPoint) bool { return g.Bounded() })
}

// lowerBound is what stands before a goodput that the driver decided.
func (c cell) lowerBound() string {
	if c.Bounded() {
		return "≥ "
	}
	return ""
}

// draw sets the trials above the middle of the row, in two lanes so that equal ones stay apart, and what is made of them
// under it, so that neither hides the other.
func (g goodputPoint) draw(d panel, y vg.Length) {
	soft := alpha(g.style.color, 0x80)
	for i, v := range g.trials {
		lane := 2.4 + vg.Length(i%2)*2.6
		d.mark(style{color: soft, shape: g.style.shape}, 1.7, false, d.x.at(v), y+lane)
	}
	y -= 2.6
	if g.interval {
		lo, hi := d.x.at(g.lo), d.x.at(g.hi)
		d.line(g.style.color, 1.2, lo, y, hi, y)
		d.line(g.style.color, 1.2, lo, y-2.6, lo, y+2.6)
		d.line(g.style.color, 1.2, hi, y-2.6, hi, y+2.6)
	}
	look := g.style
	if g.Twin {
		look.color = soft
	}
	d.mark(look, 3.1, g.Bounded(), d.x.at(g.median), y)
}

func servedNote(c cell) string {
	if !c.starved() {
		return ""
	}
	return "served " + c.served()
}
