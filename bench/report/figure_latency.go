package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"

	"github.com/poolbench/poolbench/bench/report/draw"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// latencyLine is one strategy's response time by quantile, as far as enough samples lie above.
type latencyLine struct {
	cell
	quantiles []float64
	seconds   []float64
}

// end is the last quantile of the line.
func (l latencyLine) end() float64 { return l.quantiles[len(l.quantiles)-1] }

// latencyPanel is one offered load.
type latencyPanel struct {
	level
	lines []latencyLine
}

// latencyPanels reads each histogram at steps that are even on the axis; 40 to a factor of ten are finer than a pixel
// of a screen.
func latencyPanels(s scenario) []latencyPanel {
	var out []latencyPanel
	for _, l := range s.levels {
		p := latencyPanel{level: l}
		for _, c := range l.cells {
			if c.Trials == 0 || c.Twin {
				continue
			}
			line := latencyLine{cell: c}
			h := c.Latency.Response
			last := lastQuantile(h)
			for i := 0; ; i++ {
				q := 1 - math.Pow(10, -float64(i)/40)
				if q >= last {
					break
				}
				line.add(h, q)
			}
			line.add(h, last)
			if len(line.quantiles) > 0 {
				p.lines = append(p.lines, line)
			}
		}
		if len(p.lines) > 0 {
			out = append(out, p)
		}
	}
	return out
}

// lastQuantile is the one above which just enough samples lie, and negative where there are too few for any.
func lastQuantile(h trial.Histogram) float64 { return 1 - trial.MinAbove/float64(max(h.Count(), 1)) }

// add leaves out what cannot stand on a logarithmic axis.
func (l *latencyLine) add(h trial.Histogram, q float64) {
	// The last quantile is ten samples from the end only up to rounding, so it is not asked whether it is supported.
	if d, _ := h.Quantile(q); d > 0 && q >= 0 && h.Count() >= trial.MinAbove {
		l.quantiles, l.seconds = append(l.quantiles, q), append(l.seconds, d.Seconds())
	}
}

// A p99Finding is what there is to say of the p99 at one level. Who left clients unserved does not compete: the latency of
// the few that it served is no merit. Percentiles are of histograms that were added up, over repetitions that are not the same for
// all, so that the extremes of their range are nobody's: who is above or below whom is what the comparison says.
type p99Finding struct {
	low, high    string   // as printed, of those that served all
	with         []string // labels of these
	judged       bool     // the comparison with the baseline tells of them
	above, below []string // who differs from the baseline
	unserved     []string // who did not serve all clients, with what it served
	unservedLow  string   // their range, where nobody competes; empty without a p99
	unservedHigh string
	served       int      // how many served all
	few, beyond  []string // of those, with too few requests for a p99; beyond: their lines are drawn above all others' p99
}

func (s scenario) p99Finding(l level) (f p99Finding) {
	var all, rest, few []cell
	for _, c := range l.cells {
		if c.Twin || c.Trials == 0 {
			continue
		}
		_, ok := s.p99(c)
		if c.starved() {
			f.unserved = append(f.unserved, c.label+" "+c.reach.String())
			if ok {
				rest = append(rest, c)
			}
			continue
		}
		if f.served++; ok {
			all = append(all, c)
		} else {
			few = append(few, c)
		}
	}
	f.low, f.high = s.p99Range(all)
	f.with = labelsOf(all)
	if j, ok := s.judge(l, stat.ResponseP99); ok && slices.Contains(f.with, s.baseline) {
		for _, c := range slices.Concat(j.differs, j.same, j.undecided, j.anything) {
			f.judged = f.judged || slices.Contains(f.with, c.label)
		}
		for _, c := range j.differs {
			switch {
			case !slices.Contains(f.with, c.label):
			case c.against[stat.ResponseP99.Name].Ratio.Value > 1:
				f.above = append(f.above, c.label)
			default:
				f.below = append(f.below, c.label)
			}
		}
	}
	most := 0.0
	for _, c := range all {
		v, _ := s.p99(c)
		most = max(most, v)
	}
	for _, c := range few {
		// A p99 is no less than any quantile before it, so this much is known of it.
		if v, ok := quantile(c.Latency.Response, lastQuantile(c.Latency.Response)); ok && len(all) > 0 && v > most {
			f.beyond = append(f.beyond, c.label)
		} else {
			f.few = append(f.few, c.label)
		}
	}
	if len(all) == 0 {
		f.unservedLow, f.unservedHigh = s.p99Range(rest)
	}
	return f
}

// p99Range are the extremes among cells that have a p99.
func (s scenario) p99Range(cells []cell) (low, high string) {
	least, most := math.Inf(1), 0.0
	for _, c := range cells {
		v, _ := s.p99(c)
		if v < least {
			least, low = v, c.latency(v)
		}
		if v >= most {
			most, high = v, c.latency(v)
		}
	}
	return low, high
}

func labelsOf(cells []cell) []string {
	var out []string
	for _, c := range cells {
		out = append(out, c.label)
	}
	return out
}

// rangeText is a range of p99s.
func rangeText(low, high string) string {
	if low == high {
		return "p99 is " + low
	}
	return "p99 from " + low + " to " + high
}

// differsText says who is shown to have another p99 than the baseline; empty where nobody was compared with it.
func (f p99Finding) differsText(baseline string) string {
	if !f.judged {
		return ""
	}
	var parts []string
	for _, side := range []struct {
		head   string
		labels []string
	}{{"above ", f.above}, {"below ", f.below}} {
		if len(side.labels) > 0 {
			parts = append(parts, side.head+possessive(baseline)+": "+list(side.labels, 3, "strategy"))
		}
	}
	if len(parts) == 0 {
		return "no strategy is shown to differ from " + baseline
	}
	return strings.Join(parts, "; ")
}

// latencyTitle has the range of the p99 at the level that decides, or else at the highest load that was measured, and names who
// is shown to differ.
func (v view) latencyTitle(s scenario) string {
	l := s.levels[len(s.levels)-1]
	if deciding := v.deciding(s); len(deciding.cells) > 0 {
		l = deciding
	}
	where := s.name
	switch {
	case len(l.cells[0].Load.Profile) > 0:
		where += ", the change of rate included"
	case s.open():
		where += " at " + l.text()
	}
	f := s.p99Finding(l)
	var parts []string
	switch {
	case len(f.with) > 0:
		text := v.sizedText(s, l)
		if text == "" {
			text = rangeText(f.low, f.high)
			if f.low == f.high {
				text += " for " + list(f.with, 3, "strategy")
			}
		}
		parts = append(parts, text)
		if text := f.differsText(s.baseline); text != "" {
			parts = append(parts, text)
		}
	case f.served > 0:
		parts = append(parts, "too few requests for a p99")
	case f.unservedLow == "":
		parts = append(parts, "nobody served every "+s.asker())
	default:
		parts = append(parts, "nobody served every "+s.asker()+"; "+rangeText(f.unservedLow, f.unservedHigh))
	}
	if len(f.with) > 0 { // else the title says already that nobody has enough
		if len(f.beyond) > 0 {
			parts = append(parts, "drawn beyond that, with too few requests for a p99: "+list(f.beyond, 3, "strategy"))
		}
		if len(f.few) > 0 {
			parts = append(parts, "too few requests for a p99: "+list(f.few, 3, "strategy"))
		}
	}
	if n := len(f.unserved); n > 0 && f.served > 0 {
		if n > 3 {
			parts = append(parts, counted(n, "strategy")+" did not serve every "+s.asker())
		} else {
			parts = append(parts, list(f.unserved, 3, "strategy"))
		}
	}
	if n := s.boundedCells(); n > 0 {
		parts = append(parts, "the driver was the bottleneck for "+counted(n, "strategy"))
	} else if l.aboveHalf() {
		parts = append(parts, "equality is not judged above half of the driver's ceiling")
	}
	return where + ": " + strings.Join(parts, "; ")
}

// sizedText is the p99 with the limit that a sweep names, beside those with smaller and with larger ones: they are all measured in the
// same repetitions. Empty where nothing is swept, or no limit is named.
func (v view) sizedText(s scenario, l level) string {
	asked := v.asked(s)
	if asked.Question != trial.Size {
		return ""
	}
	z, err := stat.Sizes(v.run.Trials, asked, v.run.Env.Design)
	if err != nil || z.Smallest < 0 {
		return ""
	}
	var named, smaller, larger []cell
	for i, limit := range z.Limits {
		for _, c := range l.cells {
			if _, ok := s.p99(c); !ok || c.Twin || c.Strategy != limit.Strategy || c.starved() {
				continue
			}
			switch {
			case i < z.Smallest:
				smaller = append(smaller, c)
			case i > z.Smallest:
				larger = append(larger, c)
			default:
				named = append(named, c)
			}
		}
	}
	if len(named) == 0 {
		return ""
	}
	_, at := s.p99Range(named)
	is := "is"
	if !z.Sure {
		is = "may be"
	}
	text := fmt.Sprintf("p99 is %s with %s, the smallest limit that %s enough", at, sizing(z).size(z.Smallest), is)
	var beside []string
	for _, side := range []struct {
		cells []cell
		what  string
	}{{smaller, "smaller"}, {larger, "larger"}} {
		if len(side.cells) == 0 {
			continue
		}
		low, high := s.p99Range(side.cells)
		if low != high {
			low += " to " + high
		}
		beside = append(beside, fmt.Sprintf("%s with %s ones", low, side.what))
	}
	if len(beside) == 0 {
		return text
	}
	return text + "; " + strings.Join(beside, ", ")
}

// text names the level.
func (l level) text() string {
	switch {
	case l.rate <= 0:
		return "closed loop"
	case l.fraction > 0:
		return fmt.Sprintf("%s offered, %s of capacity", rate(l.rate), percent(l.fraction))
	default:
		return rate(l.rate) + " offered"
	}
}

func latencyFigure(v view, s scenario, t draw.Typesetter) (draw.Figure, bool) {
	asked := v.asked(s)
	panels := latencyPanels(s)
	// A search offers a rate here and there to one strategy alone: its load figure shows all that is to be compared.
	if len(panels) == 0 || asked.Question == trial.Capacity {
		return draw.Figure{}, false
	}
	lo, hi, end, timeOut := math.Inf(1), 0.0, 0.0, 0.0
	for _, p := range panels {
		for _, l := range p.lines {
			lo, hi = min(lo, l.seconds[0]), max(hi, l.seconds[len(l.seconds)-1])
			end = max(end, l.end())
			timeOut = max(timeOut, l.TimeOut.Seconds())
		}
	}
	if o := asked.Objective.Response.Seconds(); o > 0 {
		lo, hi = min(lo, o), max(hi, o)
	}
	atTimeOut := timeOut > 0 && hi >= timeOut*0.5
	if atTimeOut {
		hi = max(hi, timeOut)
	}
	y := draw.Axis{Scale: math.Log}
	y.Lo, y.Hi = draw.LogRange(lo, hi)
	shown := 0.0
	if atTimeOut {
		shown, y.Hi = timeOut, timeOut*timeOutRoom
	}
	x := draw.Axis{Lo: 0, Hi: end, Scale: draw.Nines}
	// The axis goes on to the next step, so that the end of the data is seen for what it is.
	x.Hi = max(1-math.Pow(10, -math.Ceil(draw.Nines(end)*2+0.2)/2), 0.9)

	tiles := draw.Tiles{N: len(panels), TileHeight: 250}
	if len(panels) > 1 {
		tiles.TileHeight = 190
	}
	yTicks := draw.LogTicks(y.Lo, y.Hi, seconds)
	title := v.latencyTitle(s)
	subtitle := "Response time by percentile, both scales logarithmic: each step right is ten times rarer. All repetitions together. " +
		"Requests that were never answered stand in it at the client's time-out. A line ends where fewer than " + count(trial.MinAbove) + " samples are above; grey: where all have ended."
	if n := s.boundedCells(); n > 0 {
		subtitle += fmt.Sprintf(" With %d of %s the driver was the bottleneck: times are its own as well, and equal ones say nothing.", n, counted(len(s.cells()), "strategy"))
	}
	return draw.Figure{
		Name:     "latency-" + s.file,
		Title:    title,
		Subtitle: subtitle,
		Alt:      "Response time by percentile. " + title,
		Caption:  v.caption(),
		Legend:   servedLegend(s),
		Height:   tiles.Height() + 20,
		Draw: func(p draw.Pen) {
			gutter := p.Gutter(yTicks)
			width := tiles.Width()
			for i, lp := range panels {
				c := tiles.Of(p, i)
				head := lp.level.text() + ", " + clients(lp.level)
				if c.Width(draw.PanelType, head) > width { // the scenario's chapter says how many clients there were
					head = lp.level.text()
				}
				c = c.Paragraph(draw.PanelType, []string{c.Fit(draw.PanelType, head, width)}, 4)
				d := c.Axes(x, y, draw.NinesTicks(x.Hi), yTicks, gutter)
				if atTimeOut {
					drawTimeOut(d, timeOut)
				}
				drawObjective(d, asked.Objective)
				lp.draw(d)
				nameLimits(d, shown, asked.Objective)
			}
			p.Write(draw.TickType, draw.Centre, (p.Min.X+p.Max.X)/2, p.Min.Y+10, "percentile of "+noun(s.measured, 2))
		},
	}, true
}

// boundedCells counts the strategies whose figures the driver decided: in closed loop, where they are valid all the same.
func (s scenario) boundedCells() int {
	n := 0
	for _, c := range s.cells() {
		if c.Bounded() {
			n++
		}
	}
	return n
}

// timeOutRoom is how far a logarithmic axis goes on above the client's time-out: nothing is ever drawn there, so the
// line's name has room.
const timeOutRoom = 6

// drawTimeOut draws the line that no answer can cross.
func drawTimeOut(d draw.Panel, s float64) {
	at := d.Y.At(s)
	d.Polyline(draw.Alarm, 0.8, []vg.Length{3, 2}, vg.Point{X: d.Min.X, Y: at}, vg.Point{X: d.Max.X, Y: at})
}

func (lp latencyPanel) draw(d draw.Panel) {
	longest := 0.0
	for _, l := range lp.lines {
		longest = max(longest, l.end())
	}
	d.Box(draw.Faint, d.X.At(longest), d.Min.Y+0.5, d.Max.X, d.Max.Y)
	if text := fmt.Sprintf("under %d above", trial.MinAbove); d.Width(draw.TickType, text)+6 <= d.Max.X-d.X.At(longest) {
		d.Write(draw.TickType, draw.Right, d.Max.X-3, d.Min.Y+5, text)
	}
	for _, l := range lp.lines {
		points := make([]vg.Point, len(l.quantiles))
		for i, q := range l.quantiles {
			points[i] = vg.Point{X: d.X.At(q), Y: d.Y.At(l.seconds[i])}
		}
		d.Of(l.label, func() {
			d.Tells(l.hint(), func() { d.Polyline(l.style.Color, 1.6, l.style.Dash, straightened(points)...) })
		})
	}
	// Markers after all lines. They sit at places of their own, so that those of equal lines do not hide each other.
	for i, l := range lp.lines {
		step := draw.Nines(l.end()) / 4
		for k := range 4 {
			at := step * (float64(k) + 0.3 + 0.7*float64(i)/float64(len(lp.lines)))
			n := int(at * 40)
			if n >= 0 && n < len(l.quantiles) {
				d.Of(l.label, func() {
					d.Tells(fmt.Sprintf("%s: %s %% within %s", l.label, short(100*l.quantiles[n]), l.latency(l.seconds[n])), func() {
						d.Mark(l.style, 2.8, false, d.X.At(l.quantiles[n]), d.Y.At(l.seconds[n]))
					})
				})
			}
		}
	}
}

// straightened leaves out points that lie, as far as can be seen, on the line between their neighbours: two thirds of a
// curve's points, and of its file.
func straightened(points []vg.Point) []vg.Point {
	const seen = 0.12 // points; a third of a pixel at 200 DPI
	if len(points) < 3 {
		return points
	}
	out := points[:1:1]
	from := 0
	for i := 2; i < len(points); i++ {
		a, b := points[from], points[i]
		length := max(math.Hypot(float64(b.X-a.X), float64(b.Y-a.Y)), 1e-9)
		for _, c := range points[from+1 : i] {
			if off := float64((b.X-a.X)*(a.Y-c.Y)-(a.X-c.X)*(b.Y-a.Y)) / length; math.Abs(off) > seen {
				from = i - 1
				out = append(out, points[from])
				break
			}
		}
	}
	return append(out, points[len(points)-1])
}

// hint has the percentiles that people ask for, as far as they are supported.
func (l latencyLine) hint() string {
	text := l.label
	for _, q := range []struct {
		q    float64
		name string
	}{{0.5, "p50"}, {0.9, "p90"}, {0.99, "p99"}, {0.999, "p99.9"}} {
		if v, ok := quantile(l.Latency.Response, q.q); ok {
			text += "\n" + q.name + " " + l.latency(v)
		}
	}
	return text + "\n" + l.reach.String()
}

// servedLegend names every strategy once, with the clients that it served where it was not all of them.
func servedLegend(s scenario) []draw.LegendItem {
	var out []draw.LegendItem
	for _, c := range s.worstCells() {
		text := c.mark()
		if c.starved() && len(s.levels) > 1 {
			text += " at worst"
		}
		out = append(out, draw.LegendItem{Text: text, Strategy: c.label, Style: c.style, Mark: true})
	}
	return out
}
