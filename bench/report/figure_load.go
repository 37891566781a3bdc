package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"

	"github.com/poolbench/poolbench/bench/report/draw"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// loadPoint is one strategy at one offered load.
type loadPoint struct {
	cell
	offered   float64       // per second
	late      stat.Estimate // the response time's quantile, seconds, the time-out where it was reached; N is 0 with too few samples above it
	goodput   stat.Estimate // per second
	lag       float64       // the driver's p99, seconds
	lagOK     bool
	sustained bool // goodput is at least keptUp of offered
	probes    []loadProbe
}

// A loadProbe is a single trial.
type loadProbe struct {
	late, goodput     float64
	lateOK, goodputOK bool
	sustained         bool
}

func (p loadPoint) hint(quantile string) string {
	text := fmt.Sprintf("%s at %s offered: goodput %s%s, %s of it", p.label, rate(p.offered), rate(p.goodput.Value), spanText(p.goodput, rate), percent(p.kept()))
	if p.late.N > 0 {
		text += "; " + quantile + " " + p.latency(p.late.Value) + spanText(p.late, seconds)
	}
	return text + "; " + p.reach.String()
}

// spanText is an interval in brackets, where there is one.
func spanText(e stat.Estimate, format func(float64) string) string {
	if !settled(e) {
		return ""
	}
	return fmt.Sprintf(" (%s to %s)", format(e.Lo), format(e.Hi))
}

// loadPoints has the quantile q of the response time: the median over repetitions where each single trial tells it, else
// that of all their requests together, which has no interval.
func loadPoints(s scenario, q float64) []loadPoint {
	var out []loadPoint
	for _, c := range s.cells() {
		p := loadPoint{cell: c, offered: c.Load.Rate, goodput: c.Goodput, sustained: c.kept() >= keptUp}
		if p.offered <= 0 || c.Goodput.N == 0 {
			continue
		}
		var single []float64
		for _, t := range c.trials {
			var probe loadProbe
			probe.late, probe.lateOK = quantile(t.Latency.Response, q)
			probe.late = c.upToTimeOut(probe.late)
			probe.lateOK = probe.lateOK && probe.late > 0
			probe.goodput, probe.goodputOK = stat.Goodput.Of(t)
			probe.sustained = t.Counts.Intended > 0 && float64(t.Counts.Good) >= keptUp*float64(t.Counts.Intended)
			if probe.lateOK {
				single = append(single, probe.late)
			}
			p.probes = append(p.probes, probe)
		}
		if len(single) == len(c.trials) {
			p.late = stat.Median(single)
		} else if all, ok := quantile(c.Latency.Response, q); ok && all > 0 {
			p.late = stat.Estimate{Value: c.upToTimeOut(all), Hi: math.Inf(1), N: 1}
		}
		p.lag, p.lagOK = quantile(c.Latency.Lag, 0.99)
		p.lagOK = p.lagOK && p.lag > 0
		out = append(out, p)
	}
	return out
}

// upToTimeOut is s, or the time-out itself where s stands for it.
func (c cell) upToTimeOut(s float64) float64 {
	if c.timedOut(s) {
		return c.TimeOut.Seconds()
	}
	return s
}

// loadTitle is who can do most beyond the capacity, if more than that was offered; else who does not keep up from where on.
func (s scenario) loadTitle(points []loadPoint) string {
	top := points[0]
	for _, p := range points {
		if p.offered > top.offered {
			top = p
		}
	}
	var last []loadPoint
	for _, p := range points {
		if p.offered == top.offered {
			last = append(last, p)
		}
	}
	if top.Fraction > 1 && len(last) > 1 {
		return fmt.Sprintf("%s: with %s offered, %s of the capacity, %s", s.name, rate(top.offered), percent(top.Fraction), goodputRange(last))
	}
	short := s.shortfalls()
	if len(short) == 0 {
		return fmt.Sprintf("%s: %s keeps up with every offered load, to %s", s.name, lowerFirst(everyStrategy(s)), rate(top.offered))
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

// goodputRange names those with the highest goodput and with the lowest. Who is within the smallest difference that matters
// of either is named with it: by a median alone nobody is the best.
func goodputRange(points []loadPoint) string {
	low, high := math.Inf(1), 0.0
	for _, p := range points {
		low, high = min(low, p.goodput.Value), max(high, p.goodput.Value)
	}
	var lowest, highest []string
	for _, p := range points {
		if p.goodput.Value >= high*(1-stat.Threshold) {
			highest = append(highest, p.label)
		} else if p.goodput.Value <= low*(1+stat.Threshold) {
			lowest = append(lowest, p.label)
		}
	}
	if len(lowest) == 0 {
		return fmt.Sprintf("goodput is about %s for all", rate(high))
	}
	return fmt.Sprintf("goodput is up to %s for %s and down to %s for %s", rate(high), list(highest, 3, "strategy"), rate(low), list(lowest, 3, "strategy"))
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// objectiveText is what response times are held to; empty if they are not.
func objectiveText(o trial.Objective) string {
	if o.Response <= 0 {
		return ""
	}
	return o.Percentile() + " ≤ " + duration(o.Response)
}

// loadAxes are what the panels of a load figure share.
type loadAxes struct {
	x, late, goodput    draw.Axis
	xs, lates, goodputs []draw.Tick
	timeOut             float64 // seconds; 0: nobody reached it
	objective           trial.Objective
	border              float64 // half of the driver's ceiling; infinite where less was offered
}

func newLoadAxes(points []loadPoint, o trial.Objective, searched bool) loadAxes {
	a := loadAxes{objective: o, x: draw.Axis{Scale: draw.Linear}, late: draw.Axis{Scale: math.Log}, goodput: draw.Axis{Scale: draw.Linear}}
	loads := map[float64]float64{} // offered → fraction
	lo, hi := math.Inf(1), 0.0
	least, most, top := math.Inf(1), 0.0, 0.0
	in := func(s float64) {
		if s > 0 && finite(s) {
			lo, hi = min(lo, s), max(hi, s)
		}
	}
	for _, p := range points {
		loads[p.offered] = p.Fraction
		least, most = min(least, p.offered), max(most, p.offered)
		top = max(top, p.goodput.Value)
		if settled(p.goodput) {
			top = max(top, p.goodput.Hi)
		}
		times := []float64{p.late.Value, p.late.Lo, p.late.Hi}
		for _, probe := range p.probes {
			if probe.lateOK {
				times = append(times, probe.late)
			}
			if searched {
				top = max(top, probe.goodput)
			}
		}
		for _, s := range times {
			if in(s); finite(s) && p.timedOut(s) {
				a.timeOut = max(a.timeOut, p.TimeOut.Seconds())
			}
		}
		if p.lagOK {
			in(p.lag)
		}
	}
	in(o.Response.Seconds())
	a.late.Lo, a.late.Hi = draw.LogRange(lo, hi)
	if a.timeOut > 0 {
		a.late.Hi = a.timeOut * timeOutRoom
	}
	a.goodput.Hi = max(top, most) * 1.08
	a.xs = loadTicks(loads)
	air := (most - least) * 0.2
	if searched {
		// Rates lie where the searches went, close together: a scale tells more than each of them.
		air = (most - least) * 0.06
		a.xs = draw.LinearTicks(max(0, least-air), most+air, 6, rateTick)
	}
	a.x.Lo, a.x.Hi = max(0, least-air), most+air
	a.lates = draw.LogTicks(a.late.Lo, a.late.Hi, seconds)
	a.goodputs = draw.LinearTicks(0, a.goodput.Hi, 4, rateTick)
	return a
}

const (
	lateHeight    vg.Length = 206
	goodputHeight vg.Length = 172
)

// loadFigure has a figure where more than one load was offered: with one there is nothing that the figures of repetitions
// and of percentiles do not show.
func loadFigure(v view, s scenario, t draw.Typesetter) (draw.Figure, bool) {
	asked := v.asked(s)
	searched := asked.Question == trial.Capacity
	q, name := 0.99, "p99"
	if asked.Objective.Response > 0 {
		q, name = asked.Objective.Quantile, asked.Objective.Percentile()
	}
	points := loadPoints(s, q)
	if !slices.ContainsFunc(points, func(p loadPoint) bool { return p.offered != points[0].offered }) {
		return draw.Figure{}, false
	}
	a := newLoadAxes(points, asked.Objective, searched)
	hidden, merged := 0, 0
	for _, p := range points {
		switch {
		case p.late.N == 0:
			hidden++
		case p.late.N == 1 && len(p.trials) > 1:
			merged++
		}
	}
	legend := append(servedLegend(s), draw.LegendItem{Text: "driver's lag, p99, least to most", Style: draw.Style{Color: lagColour}, Area: true})
	half, border, crossed := s.halfCeiling()
	if a.border = border; crossed {
		legend = append(legend, draw.LegendItem{Text: "above half of the driver's ceiling (" + rate(half) + "): equality is not judged", Style: draw.Style{Color: ceilingColour}, Area: true})
	}
	subtitle := "Open loop: requests are due by a schedule, whether or not the server keeps up. "
	if searched {
		subtitle += "Each marker is one trial of a search, the line the median at each rate. "
	} else {
		subtitle += "Markers of one load stand side by side: the median of the repetitions, the thin bar its interval. "
	}
	subtitle += "Hollow: goodput under " + percent(keptUp) + " of the offered load. The driver's own lag is part of every response time; a " + name + " near it says nothing about the server."
	if merged > 0 {
		subtitle += " Without a bar: " + name + " of all repetitions together, where one has too few requests for it."
	}
	if hidden > 0 {
		subtitle += fmt.Sprintf(" Left out, with fewer than %d samples above: %s.", trial.MinAbove, counted(hidden, name))
	}
	title, height := s.loadTitle(points), lateHeight+goodputHeight
	var found []stat.CapacityResult
	if searched {
		found = v.found(asked)
		title = v.capacityTitle(s, asked, found)
		height += capacityHeight(len(found))
	}
	return draw.Figure{
		Name:     "load-" + s.file,
		Title:    title,
		Subtitle: subtitle,
		Alt:      name + " of the response time and goodput against offered load. " + title,
		Caption:  v.caption(),
		Legend:   legend,
		Height:   height + 6,
		Draw: func(p draw.Pen) {
			gutter := p.Gutter(a.lates, a.goodputs)
			late, rest := p.Cut(lateHeight)
			goodput, rest := rest.Cut(goodputHeight)
			late = late.Paragraph(draw.PanelType, []string{name + " of response time (logarithmic)"}, 4)
			goodput = goodput.Paragraph(draw.PanelType, []string{"goodput (" + noun(s.measured, 2) + "/s)"}, 4)

			d := late.Axes(a.x, a.late, a.xs, a.lates, gutter)
			drawBeyond(d, a.border)
			drawLag(d, points, searched)
			if a.timeOut > 0 {
				drawTimeOut(d, a.timeOut)
			}
			drawObjective(d, a.objective)
			drawLoad(d, points, searched, name, func(p loadPoint) stat.Estimate { return p.late }, func(p loadProbe) (float64, bool) { return p.late, p.lateOK })
			nameLimits(d, a.timeOut, a.objective)

			d = goodput.Axes(a.x, a.goodput, a.xs, a.goodputs, gutter)
			drawBeyond(d, a.border)
			end := min(a.x.Hi, a.goodput.Hi)
			d.Polyline(draw.InkSoft, 0.8, []vg.Length{3, 3}, vg.Point{X: d.X.At(a.x.Lo), Y: d.Y.At(a.x.Lo)}, vg.Point{X: d.X.At(end), Y: d.Y.At(end)})
			drawLoad(d, points, searched, name, func(p loadPoint) stat.Estimate { return p.goodput }, func(p loadProbe) (float64, bool) { return p.goodput, p.goodputOK })

			if len(found) > 0 {
				v.drawCapacities(rest, a, asked, found, gutter)
			}
			text := "offered load (" + noun(s.measured, 2) + "/s; dashed: goodput = offered)"
			if !searched {
				text = "offered load (" + noun(s.measured, 2) + "/s; in brackets: of the capacity measured in this run; dashed: goodput = offered)"
			}
			p.Write(draw.TickType, draw.Centre, (p.Min.X+p.Max.X)/2, p.Min.Y+5, text)
		},
	}, true
}

// drawObjective draws the line that a quantile should stay under.
func drawObjective(d draw.Panel, o trial.Objective) {
	if at := d.Y.At(o.Response.Seconds()); o.Response > 0 {
		d.Polyline(draw.Alarm, 0.9, []vg.Length{6, 2}, vg.Point{X: d.Min.X, Y: at}, vg.Point{X: d.Max.X, Y: at})
	}
}

// nameLimits names the lines of the time-out and of the objective, over the data, which shows through. The objective's name goes
// under its line where the other's is just above.
func nameLimits(d draw.Panel, timeOut float64, o trial.Objective) {
	name := func(y vg.Length, text string) {
		d.Box(draw.Alpha(draw.Paper, 0x90), d.Min.X+2, y-1.5, d.Min.X+6+d.Width(draw.TickType, text), y+draw.TickType.Size*0.8)
		d.Write(draw.TickType.In(draw.Alarm), draw.Left, d.Min.X+4, y, text)
	}
	if timeOut > 0 {
		name(d.Y.At(timeOut)+5, "client's time-out, "+seconds(timeOut))
	}
	if text := objectiveText(o); text != "" {
		at := d.Y.At(o.Response.Seconds())
		y := at + 3
		if timeOut > 0 && d.Y.At(timeOut)-at < 12 {
			y = at - 10
		}
		name(y, "objective: "+text)
	}
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
var ceilingColour = draw.Alpha(draw.RGB(0xE0C070), 0x58)

// drawBeyond shades the loads above a limit.
func drawBeyond(d draw.Panel, limit float64) {
	if limit < d.X.Hi {
		d.Box(ceilingColour, d.X.At(limit), d.Min.Y+0.5, d.Max.X, d.Max.Y)
	}
}

// loadTicks are the loads themselves: between them nothing was measured.
func loadTicks(loads map[float64]float64) []draw.Tick {
	var out []draw.Tick
	for offered, fraction := range loads {
		label := rateTick(offered)
		if fraction > 0 {
			label += " (" + percent(fraction) + ")"
		}
		out = append(out, draw.Tick{Value: offered, Label: label})
	}
	slices.SortFunc(out, func(a, b draw.Tick) int {
		if a.Value < b.Value {
			return -1
		}
		return 1
	})
	return out
}

var lagColour = draw.RGB(0xD2D2D2)

// drawLag has the range of the driver's lag over all strategies, at each load.
func drawLag(d draw.Panel, points []loadPoint, searched bool) {
	type span struct{ lo, hi float64 }
	spans := map[float64]span{}
	for _, p := range points {
		if !p.lagOK {
			continue
		}
		s, has := spans[p.offered]
		if !has {
			s = span{p.lag, p.lag}
		}
		spans[p.offered] = span{min(s.lo, p.lag), max(s.hi, p.lag)}
	}
	side := spread(d, points, searched) + 2
	for _, at := range slices.Sorted(maps.Keys(spans)) {
		x, lo, hi := d.X.At(at), d.Y.At(spans[at].lo), d.Y.At(spans[at].hi)
		// Never thinner than a line, or equal lags would vanish.
		d.Box(lagColour, max(x-side, d.Min.X), lo, min(x+side, d.Max.X), max(hi, lo+1))
	}
}

// spread is half the width over which the markers of one load are set side by side: so that each of them can be
// seen, and never into the next load's. Those of a search stand where they are.
func spread(d draw.Panel, points []loadPoint, searched bool) vg.Length {
	if searched {
		return 0
	}
	var at []float64
	for _, p := range points {
		at = append(at, p.offered)
	}
	slices.Sort(at)
	at = slices.Compact(at)
	side := vg.Length(len(points)/len(at)) * 2.1 * 2 // markers are hardly wider
	for i := 1; i < len(at); i++ {
		side = min(side, (d.X.At(at[i])-d.X.At(at[i-1]))*0.4)
	}
	return side
}

func drawLoad(d draw.Panel, points []loadPoint, searched bool, name string, value func(loadPoint) stat.Estimate, single func(loadProbe) (float64, bool)) {
	var labels []string
	for _, p := range points {
		addTo(&labels, p.label)
	}
	half := spread(d, points, searched)
	place := func(p loadPoint) vg.Length {
		side := vg.Length(0)
		if n := len(labels); n > 1 {
			side = half * (2*vg.Length(slices.Index(labels, p.label))/vg.Length(n-1) - 1)
		}
		return min(max(d.X.At(p.offered)+side, d.Min.X), d.Max.X)
	}
	for _, label := range labels {
		var line []vg.Point
		var look draw.Style
		for _, p := range points {
			if e := value(p); e.N > 0 && p.label == label {
				line, look = append(line, vg.Point{X: place(p), Y: d.Y.At(e.Value)}), p.style
			}
		}
		d.Of(label, func() { d.Polyline(draw.Alpha(look.Color, 0xA0), 1.1, look.Dash, line...) })
	}
	for _, p := range points {
		e := value(p)
		if e.N == 0 {
			continue
		}
		x := place(p)
		d.Of(p.label, func() {
			d.Tells(p.hint(name), func() {
				if searched {
					for _, probe := range p.probes {
						if v, ok := single(probe); ok {
							d.Mark(p.style, 2.1, !probe.sustained, x, d.Y.At(v))
						}
					}
					return
				}
				if settled(e) {
					d.Line(p.style.Color, 0.9, x, d.Y.At(e.Lo), x, d.Y.At(e.Hi))
				}
				d.Mark(p.style, 3.1, !p.sustained, x, d.Y.At(e.Value))
			})
		})
	}
}
