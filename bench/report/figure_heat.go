package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot/vg"

	"github.com/poolbench/poolbench/bench/report/draw"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// A heatPanel is one strategy's response times over the window, of all repetitions: how many requests that were due in a
// slice took how long.
type heatPanel struct {
	cell
	slice  time.Duration
	counts [][trial.Buckets]int64 // by slice
}

func (c cell) heat() (p heatPanel, ok bool) {
	p.cell = c
	for _, t := range c.trials {
		s := t.Series
		if s.Spread == nil {
			continue
		}
		if p.counts == nil {
			p.slice, p.counts = s.Slice, make([][trial.Buckets]int64, s.Len())
		}
		if s.Slice != p.slice || s.Len() != len(p.counts) { // of a window of another length, which cannot be laid over
			continue
		}
		for i, spread := range s.Spread {
			for k, n := range spread.Counts {
				p.counts[i][spread.First+k] += n
			}
		}
	}
	return p, p.counts != nil
}

// quantile is the bucket in which so many of a slice's requests are answered; false if it had none.
func (p heatPanel) quantile(slice int, q float64) (bucket int, ok bool) {
	var all, below int64
	for _, n := range p.counts[slice] {
		all += n
	}
	if all == 0 {
		return 0, false
	}
	for k, n := range p.counts[slice] {
		if below += n; float64(below) >= q*float64(all) {
			return k, true
		}
	}
	return 0, false
}

// bucketMiddle is the middle of a bucket, on a logarithmic scale.
func bucketMiddle(k int) time.Duration {
	return time.Duration(math.Sqrt(float64(trial.BucketStart(k)) * bucketEnd(k)))
}

// bucketEnd is where the next bucket starts, in nanoseconds.
func bucketEnd(k int) float64 {
	lo := float64(trial.BucketStart(k))
	return lo * float64(trial.BucketStart(1)) / float64(trial.BucketStart(0))
}

// heatLevel is the highest load of a scenario for which there is something to draw: one that changes, or that is more than
// can be done. At any other it does not matter when a request was due.
func (s scenario) heatLevel() (l level, panels []heatPanel) {
	for _, l := range slices.Backward(s.levels) {
		if l.fraction <= 1 && len(l.cells[0].Load.Profile) == 0 {
			continue
		}
		for _, c := range l.cells {
			if c.Twin || c.Trials == 0 {
				continue
			}
			if p, ok := c.heat(); ok {
				panels = append(panels, p)
			}
		}
		if panels != nil {
			return l, panels
		}
	}
	return level{}, nil
}

const heatHeight vg.Length = 128

func heatFigure(v view, s scenario, t draw.Typesetter) (draw.Figure, bool) {
	l, panels := s.heatLevel()
	if len(panels) == 0 || v.asked(s).Question == trial.Capacity { // a search goes beyond the capacity only to find it
		return draw.Figure{}, false
	}
	first, last, most := trial.Buckets, 0, int64(1)
	for _, p := range panels {
		for _, slice := range p.counts {
			for k, n := range slice {
				if n > 0 {
					first, last, most = min(first, k), max(last, k), max(most, n)
				}
			}
		}
	}
	y := draw.Axis{Lo: trial.BucketStart(min(first, last)).Seconds(), Hi: bucketEnd(last) / 1e9, Scale: math.Log}
	window := panels[0].slice * time.Duration(len(panels[0].counts))
	x := draw.Axis{Lo: 0, Hi: window.Seconds(), Scale: draw.Linear}
	xs, ys := draw.LinearTicks(0, x.Hi, 5, seconds), draw.LogTicks(y.Lo, y.Hi, seconds)
	tiles := draw.Tiles{N: len(panels), TileHeight: heatHeight}
	title := s.heatTitle(l, panels)
	shades := draw.NewShades(most)
	f := draw.Figure{
		Name:     "heat-" + s.file,
		Title:    title,
		Subtitle: "Every request by when it was due (across) and how long its answer took (up, logarithmic), all repetitions together; who was never answered stands at the client's time-out. Solid line: p99 of a slice, dashed: median. Empty: no request.",
		Alt:      "Response times over the window, for each strategy. " + title,
		Caption:  v.caption(),
		Height:   draw.ShadesHeight + tiles.Height() + 22,
		Draw: func(p draw.Pen) {
			foot := p
			shades.Draw(p, noun(s.measured, 2)+" in a cell:", rateTick)
			p.Max.Y -= draw.ShadesHeight
			gutter := p.Gutter(ys)
			for i, h := range panels {
				c := tiles.Of(p, i)
				p.Of(h.label, func() {
					c = c.Paragraph(draw.PanelType, []string{p.Fit(draw.PanelType, h.mark(), tiles.Width())}, 4)
					d := c.Axes(x, y, xs, ys, gutter)
					h.draw(d, shades)
					drawProfile(d, l)
				})
			}
			foot.Write(draw.TickType, draw.Centre, (foot.Min.X+foot.Max.X)/2, foot.Min.Y+8, "when the request was due, since the window's start")
		},
	}
	if len(l.cells[0].Load.Profile) > 0 {
		f.Subtitle += " Red: the rate changes."
	}
	return f, true
}

// drawProfile marks where the rate changes.
func drawProfile(d draw.Panel, l level) {
	var at []time.Duration
	for _, s := range l.cells[0].Load.Profile {
		at = append(at, s.From, s.To)
	}
	slices.Sort(at)
	for _, t := range slices.Compact(at) {
		if s := t.Seconds(); s > d.X.Lo && s < d.X.Hi {
			d.Polyline(draw.Alarm, 0.8, []vg.Length{2, 2}, vg.Point{X: d.X.At(s), Y: d.Min.Y}, vg.Point{X: d.X.At(s), Y: d.Max.Y})
		}
	}
}

func (h heatPanel) draw(d draw.Panel, s draw.Shades) {
	// One path for each shade: one for each cell would make the file ten times as large.
	for shade := range s.Colours {
		var path vg.Path
		for k := range trial.Buckets {
			y0, y1 := d.Y.At(trial.BucketStart(k).Seconds()), d.Y.At(bucketEnd(k)/1e9)
			like := func(i int) bool { return i < len(h.counts) && h.counts[i][k] > 0 && s.Of(h.counts[i][k]) == shade }
			for i := 0; i < len(h.counts); i++ {
				from := i
				for like(i) { // neighbours that look alike are one
					i++
				}
				if i > from {
					path = append(path, draw.Rectangle(d.X.At((h.slice*time.Duration(from)).Seconds()), y0, d.X.At((h.slice*time.Duration(i)).Seconds()), y1)...)
				}
			}
		}
		if path != nil {
			d.SetColor(s.Colours[shade])
			d.Fill(path)
		}
	}
	for _, q := range []struct {
		q    float64
		dash []vg.Length
	}{{0.99, nil}, {0.5, []vg.Length{3, 2}}} {
		var points []vg.Point
		for i := range h.counts {
			if k, ok := h.quantile(i, q.q); ok {
				points = append(points, vg.Point{X: d.X.At((h.slice*time.Duration(i) + h.slice/2).Seconds()), Y: d.Y.At(bucketMiddle(k).Seconds())})
			}
		}
		d.Polyline(draw.WhiteInk, 2.4, nil, points...)
		d.Polyline(draw.DarkInk, 1, q.dash, points...)
	}
}

// heatTitle says what there is to see: after a burst, how long it takes until service is normal; else who still answers
// when the window ends.
func (s scenario) heatTitle(l level, panels []heatPanel) string {
	if len(l.cells[0].Load.Profile) > 0 {
		return s.recoveryTitle(panels)
	}
	f := heatFinding(panels)
	var parts []string
	if len(f.late) > 0 {
		parts = append(parts, "half of the requests or more get no answer in time from "+list(f.late, 4, "strategy"))
	}
	if len(f.fine) > 0 {
		parts = append(parts, fmt.Sprintf("the median answer of %s takes %s or less", list(f.fine, 4, "strategy"), duration(f.slowest)))
	}
	if len(parts) == 0 {
		return s.name + ": no request was due as the window ended"
	}
	return s.name + " at " + percent(l.fraction) + " of the capacity, as the window ends: " + strings.Join(parts, "; ")
}

// An endFinding is how requests fare that are due in the window's last slice: whose median is at the time-out, and how long
// the others' is at most, to the end of its bucket.
type endFinding struct {
	late, fine []string
	slowest    time.Duration
}

func heatFinding(panels []heatPanel) (f endFinding) {
	for _, p := range panels {
		k, ok := p.quantile(len(p.counts)-1, 0.5)
		switch {
		case !ok:
		case p.TimeOut > 0 && k >= trial.Bucket(p.TimeOut):
			f.late = append(f.late, p.label)
		default:
			f.fine, f.slowest = append(f.fine, p.label), max(f.slowest, time.Duration(bucketEnd(k)))
		}
	}
	return f
}

// recoveryTitle says within what time each is back, in the median of the trials that tell: to the slice, and the same figure
// that decides the scenario. Those of whom the same is said are named together. Who needs all the rest of the window in it is not
// back before that ends.
func (s scenario) recoveryTitle(panels []heatPanel) string {
	type back struct {
		label  string
		within float64
		open   bool
	}
	var all []back
	for _, p := range panels {
		var took []float64
		rest := math.Inf(1)
		for _, t := range p.trials {
			if d, ok := stat.RecoveryTime.Of(t); ok {
				took, rest = append(took, d), min(rest, (restOfWindow(t)+t.Series.Slice).Seconds())
			}
		}
		if len(took) > 0 {
			within := stat.Median(took).Value
			all = append(all, back{p.label, within, within >= rest})
		}
	}
	if len(all) == 0 {
		return s.name + ": response times while the rate changes"
	}
	slices.SortStableFunc(all, func(a, b back) int { return cmp.Compare(a.within, b.within) })
	text := func(b back) string {
		if b.open {
			return "not within the window"
		}
		return "within " + seconds(b.within)
	}
	var parts []string
	for len(all) > 0 {
		var who []string
		first := text(all[0])
		for len(all) > 0 && text(all[0]) == first {
			who, all = append(who, all[0].label), all[1:]
		}
		parts = append(parts, first+" with "+list(who, 4, "strategy"))
	}
	head := s.name + ": service is back to normal, in the median trial, "
	if n := len(parts); n > 4 {
		return head + fmt.Sprintf("%s at the earliest, and %s at the latest", parts[0], parts[n-1])
	}
	return head + strings.Join(parts, "; ")
}

// restOfWindow is what is left of a trial's window behind its load's profile.
func restOfWindow(t trial.Trial) time.Duration {
	ends := time.Duration(0)
	for _, segment := range t.Load.Profile {
		ends = max(ends, segment.To)
	}
	return t.Window - ends
}
