package report

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"

	"github.com/poolbench/poolbench/bench/trial"
)

// loadPoint is one strategy at one offered load.
type loadPoint struct {
	cell
	offered   float64 // per second
	p99       float64 // response, seconds; the time-out where it was reached
	p99ok     bool    // enough samples above it
	goodput   float64 // per second
	lag       float64 // the driver's p99, seconds
	lagOK     bool
	sustained bool // goodput is at least keptUp of offered
}

func (p loadPoint) hint() string {
	text := fmt.Sprintf("%s at %s offered: goodput %s, %s of it", p.label, rate(p.offered), rate(p.goodput), percent(p.kept()))
	if p.p99ok {
		text += "; p99 " + p.latency(p.p99)
	}
	return text + "; served " + p.served()
}

func loadPoints(s scenario) []loadPoint {
	var out []loadPoint
	for _, c := range s.cells() {
		p := loadPoint{cell: c, offered: c.Load.Rate, goodput: c.Goodput.Value, sustained: c.kept() >= keptUp}
		if p.offered <= 0 || c.Goodput.N == 0 {
			continue
		}
		p.p99, p.p99ok = quantile(c.Latency.Response, 0.99)
		if c.timedOut(p.p99) {
			p.p99 = c.TimeOut.Seconds()
		}
		p.p99ok = p.p99ok && p.p99 > 0
		p.lag, p.lagOK = quantile(c.Latency.Lag, 0.99)
		p.lagOK = p.lagOK && p.lag > 0
		out = append(out, p)
	}
	return out
}

func (s scenario) loadTitle(points []loadPoint) string {
	var top float64
	for _, p := range points {
		top = max(top, p.offered)
	}
	short := s.shortfalls()
	if len(short) == 0 {
		return fmt.Sprintf("%s: every strategy keeps up with every offered load, to %s", s.name, rate(top))
	}
	if len(short) == 1 {
		c := short[0]
		return fmt.Sprintf("%s: %s falls behind at %s offered (goodput %s of it)", s.name, c.label, rate(c.Load.Rate), percent(c.kept()))
	}
	var who []string
	for _, c := range short {
		who = append(who, c.label+" at "+rate(c.Load.Rate))
	}
	if len(who) > 4 {
		return fmt.Sprintf("%s: %s fall behind the offered load, the first at %s", s.name, counted(len(who), "strategy"), rate(short[0].Load.Rate))
	}
	return fmt.Sprintf("%s: these fall behind the offered load: %s", s.name, list(who, 4, "strategy"))
}

func loadFigure(v view, s scenario, t typesetter) (figure, bool) {
	points := loadPoints(s)
	if len(points) == 0 {
		return figure{}, false
	}
	var hidden int
	var fastest, top, timeOut float64
	loads := map[float64]float64{} // offered → fraction
	lo, hi := math.Inf(1), 0.0
	for _, p := range points {
		loads[p.offered] = p.Fraction
		fastest, top = max(fastest, p.offered), max(top, p.offered, p.goodput)
		if p.p99ok {
			lo, hi = min(lo, p.p99), max(hi, p.p99)
			if p.timedOut(p.p99) {
				timeOut = max(timeOut, p.TimeOut.Seconds())
			}
		} else {
			hidden++
		}
		if p.lagOK {
			lo, hi = min(lo, p.lag), max(hi, p.lag)
		}
	}
	x := axis{lo: 0, hi: fastest * 1.08, scale: linear}
	up := axis{scale: math.Log}
	up.lo, up.hi = logRange(lo, hi)
	if timeOut > 0 {
		up.hi = timeOut * timeOutRoom
	}
	down := axis{lo: 0, hi: max(top, fastest) * 1.08, scale: linear}
	xs := loadTicks(loads)
	ups := logTicks(up.lo, up.hi, seconds)
	downs := linearTicks(down.lo, down.hi, 4, rateTick)

	legend := append(servedLegend(s), legendItem{text: "driver's lag, p99", style: style{color: lagColour}, area: true})
	half, border, crossed := s.halfCeiling()
	if crossed {
		legend = append(legend, legendItem{text: "above half of the driver's ceiling (" + rate(half) + "): equality is not judged", style: style{color: ceilingColour}, area: true})
	}
	subtitle := "Open loop: requests are due by a schedule, whether or not the server keeps up. Markers of one load stand side by side. " +
		"Hollow: goodput under " + percent(keptUp) + " of the offered load. The driver's own lag is part of every response time; a p99 near it says nothing about the server."
	if hidden > 0 {
		subtitle += fmt.Sprintf(" Left out, with fewer than %d samples above: %s.", trial.MinAbove, counted(hidden, "p99"))
	}
	title := s.loadTitle(points)
	return figure{
		name:     "load-" + s.file,
		title:    title,
		subtitle: subtitle,
		alt:      "p99 of the response time and goodput against offered load. " + title,
		caption:  v.caption(),
		legend:   legend,
		height:   410,
		draw: func(p pen) {
			var labels []string
			for _, t := range slices.Concat(ups, downs) {
				labels = append(labels, t.label)
			}
			gutter := p.widest(tickType, labels...) + 8
			above, below := p, p
			above.Min.Y += 176
			below.Max.Y = above.Min.Y - panelGap
			below.Min.Y += 20
			above = above.paragraph(panelType, []string{"p99 of response time (logarithmic)"}, 4)
			below = below.paragraph(panelType, []string{"goodput (" + noun(s.measured, 2) + "/s)"}, 4)
			d := above.axes(x, up, xs, ups, gutter)
			d.beyond(border)
			drawLag(d, points)
			if timeOut > 0 {
				d.timeOut(timeOut)
			}
			drawLoad(d, points, func(p loadPoint) (float64, bool) { return p.p99, p.p99ok })
			d = below.axes(x, down, xs, downs, gutter)
			d.beyond(border)
			d.stroke(inkSoft, 0.8, []vg.Length{3, 3}, vg.Point{X: d.x.at(0), Y: d.y.at(0)}, vg.Point{X: d.x.at(fastest), Y: d.y.at(fastest)})
			drawLoad(d, points, func(p loadPoint) (float64, bool) { return p.goodput, true })
			p.write(tickType, centre, (p.Min.X+p.Max.X)/2, p.Min.Y+10, "offered load ("+noun(s.measured, 2)+"/s; in brackets: of the capacity measured in this run; dashed: goodput = offered)")
		},
	}, true
}

// halfCeiling is the offered load, per second, up to which equality is judged. crossed says whether more was offered, and
// border is half-way between the loads on either side of it: markers stand beside their load, and none may seem to be
// on the wrong side.
func (s scenario) halfCeiling() (half, border float64, crossed bool) {
	below := 0.0
	for _, l := range s.levels { // in ascending order
		share := l.ofCeiling()
		if share <= 0 || l.rate <= 0 {
			continue
		}
		half = l.rate / share / 2
		if l.rate > half {
			return half, (below + l.rate) / 2, true
		}
		below = l.rate
	}
	return half, math.Inf(1), false
}

// ceilingColour lets the grid show.
var ceilingColour = alpha(rgb(0xE0C070), 0x58)

// beyond shades the loads above a limit.
func (d panel) beyond(limit float64) {
	if limit < d.x.hi {
		d.box(ceilingColour, d.x.at(limit), d.Min.Y+0.5, d.Max.X, d.Max.Y)
	}
}

// loadTicks are the loads themselves: between them nothing was measured.
func loadTicks(loads map[float64]float64) []tick {
	var out []tick
	for offered, fraction := range loads {
		label := rateTick(offered)
		if fraction > 0 {
			label += " (" + percent(fraction) + ")"
		}
		out = append(out, tick{offered, label})
	}
	slices.SortFunc(out, func(a, b tick) int {
		if a.value < b.value {
			return -1
		}
		return 1
	})
	return out
}

var lagColour = rgb(0xD2D2D2)

// drawLag fills the range of the driver's lag over all strategies.
func drawLag(d panel, points []loadPoint) {
	type span struct{ x, lo, hi float64 }
	var spans []span
	for _, p := range points {
		if !p.lagOK {
			continue
		}
		i := slices.IndexFunc(spans, func(s span) bool { return s.x == p.offered })
		if i < 0 {
			spans = append(spans, span{p.offered, p.lag, p.lag})
			continue
		}
		spans[i].lo, spans[i].hi = min(spans[i].lo, p.lag), max(spans[i].hi, p.lag)
	}
	slices.SortFunc(spans, func(a, b span) int {
		if a.x < b.x {
			return -1
		}
		return 1
	})
	side := spread(d, points)
	var upper, lower []vg.Point
	for _, s := range spans {
		// Never thinner than a line, or equal lags would vanish.
		lo, hi := d.y.at(s.lo), d.y.at(s.hi)
		upper = append(upper, vg.Point{X: d.x.at(s.x) + side, Y: max(hi, lo+1)})
		lower = append(lower, vg.Point{X: d.x.at(s.x) + side, Y: lo})
	}
	if len(spans) == 0 {
		return
	}
	// From the first load's left to the last one's right, so that a single load shows as well.
	upper[len(upper)-1].X, lower[len(lower)-1].X = min(upper[len(upper)-1].X, d.Max.X), min(lower[len(lower)-1].X, d.Max.X)
	upper = append([]vg.Point{{X: d.x.at(spans[0].x) - side, Y: upper[0].Y}}, upper...)
	lower = append([]vg.Point{{X: d.x.at(spans[0].x) - side, Y: lower[0].Y}}, lower...)
	slices.Reverse(lower)
	d.FillPolygon(lagColour, slices.Concat(upper, lower))
}

// spread is half the width over which the markers of one load are set side by side: wide enough for twelve of them to be
// seen, and never into the next load's.
func spread(d panel, points []loadPoint) vg.Length {
	var at []float64
	for _, p := range points {
		at = append(at, p.offered)
	}
	slices.Sort(at)
	at = slices.Compact(at)
	side := vg.Length(26)
	for i := 1; i < len(at); i++ {
		side = min(side, (d.x.at(at[i])-d.x.at(at[i-1]))*0.4)
	}
	return side
}

func drawLoad(d panel, points []loadPoint, value func(loadPoint) (float64, bool)) {
	var labels []string
	for _, p := range points {
		if !slices.Contains(labels, p.label) {
			labels = append(labels, p.label)
		}
	}
	half := spread(d, points)
	place := func(p loadPoint, v float64) vg.Point {
		side := vg.Length(0)
		if n := len(labels); n > 1 {
			side = half * (2*vg.Length(slices.Index(labels, p.label))/vg.Length(n-1) - 1)
		}
		return vg.Point{X: min(max(d.x.at(p.offered)+side, d.Min.X), d.Max.X), Y: d.y.at(v)}
	}
	for _, label := range labels {
		var line []vg.Point
		var look style
		for _, p := range points {
			if v, ok := value(p); ok && p.label == label {
				line, look = append(line, place(p, v)), p.style
			}
		}
		d.of(label, func() { d.stroke(alpha(look.color, 0xA0), 1.1, look.dash, line...) })
	}
	for _, p := range points {
		if v, ok := value(p); ok {
			at := place(p, v)
			d.of(p.label, func() {
				d.tells(p.hint(), func() { d.mark(p.style, 3.1, !p.sustained, at.X, at.Y) })
			})
		}
	}
}
