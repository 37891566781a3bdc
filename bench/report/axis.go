package report

import (
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
)

// An axis maps values to places. Values outside are clamped to its ends, so that nothing is drawn outside a panel.
type axis struct {
	lo, hi   float64
	scale    func(float64) float64 // increasing
	from, to vg.Length
}

func linear(v float64) float64 { return v }

// nines maps a quantile so that 90 %, 99 % and 99.9 % are equally far apart: each step to the right is ten times rarer.
func nines(q float64) float64 { return -math.Log10(1 - math.Min(q, 1-1e-12)) }

// at is the place of v. A logarithmic axis never sees zero: v is clamped first, and lo is above it.
func (a axis) at(v float64) vg.Length {
	v = min(max(v, a.lo), a.hi)
	lo, hi := a.scale(a.lo), a.scale(a.hi)
	if hi <= lo {
		return a.from
	}
	return a.from + (a.to-a.from)*vg.Length((a.scale(v)-lo)/(hi-lo))
}

func (a axis) between(from, to vg.Length) axis { a.from, a.to = from, to; return a }

// A tick is a grid line; one without a label is a minor one.
type tick struct {
	value float64
	label string
}

// linearTicks gives about n round values from lo to hi.
func linearTicks(lo, hi float64, n int, format func(float64) string) []tick {
	if hi <= lo || n < 1 {
		return nil
	}
	raw := (hi - lo) / float64(n)
	magnitude := math.Pow(10, math.Floor(math.Log10(raw)))
	step := 10 * magnitude
	for _, s := range []float64{1, 2, 2.5, 5} {
		if s*magnitude >= raw {
			step = s * magnitude
			break
		}
	}
	var out []tick
	// Counting in steps and not in values: a running sum drifts and prints 0.30000000000000004.
	for i := math.Ceil(lo/step - 1e-9); i*step <= hi*(1+1e-9); i++ {
		out = append(out, tick{i * step, format(i * step)})
	}
	return out
}

// logTicks labels 1, 2 and 5 over up to two decades, 1 and 3 over up to three, else the decades, every second one or
// fewer where there are many; the others are minor.
func logTicks(lo, hi float64, format func(float64) string) []tick {
	if lo <= 0 || hi <= lo {
		return nil
	}
	decades := math.Log10(hi / lo)
	labelled := func(m int) bool {
		return m == 1 || decades <= 2 && (m == 2 || m == 5) || decades > 2 && decades <= 3.2 && m == 3
	}
	every := max(1, int(math.Ceil(decades/6)))
	var out []tick
	for e := int(math.Floor(math.Log10(lo))); e <= int(math.Ceil(math.Log10(hi))); e++ {
		for m := 1; m < 10; m++ {
			v := float64(m) * math.Pow(10, float64(e))
			if v < lo*0.9999 || v > hi*1.0001 {
				continue
			}
			t := tick{value: v}
			if labelled(m) && e%every == 0 {
				t.label = format(v)
			}
			out = append(out, t)
		}
	}
	return out
}

// ninesTicks are the quantiles with names, up to hi.
func ninesTicks(hi float64) []tick {
	all := []tick{
		{0, "0 %"}, {0.5, "50 %"}, {0.9, "90 %"}, {0.99, "99 %"}, {0.999, "99.9 %"}, {0.9999, "99.99 %"},
		{0.99999, "99.999 %"}, {0.999999, "99.9999 %"}, {0.9999999, "99.99999 %"},
	}
	for i, t := range all {
		if t.value > hi+1e-12 {
			return all[:i]
		}
	}
	return all
}

// logRange is a range for a logarithmic axis with some air around lo to hi.
func logRange(lo, hi float64) (float64, float64) {
	if lo <= 0 || hi < lo {
		return 0.1, 10
	}
	if hi < lo*3 { // an axis over next to nothing would turn noise into mountains
		mid := math.Sqrt(lo * hi)
		lo, hi = mid/1.8, mid*1.8
	}
	return lo / 1.15, hi * 1.15
}

// A panel is a data area with its axes drawn.
type panel struct {
	pen
	x, y axis
}

// axes draws grid and labels of ys on the left and xs under the area, and returns the data area. gutter is the width
// for the labels of ys, the same for panels that are to line up.
func (p pen) axes(x, y axis, xs, ys []tick, gutter vg.Length) panel {
	d := p.inside(gutter, 0, 14, 0)
	x, y = x.between(d.Min.X, d.Max.X), y.between(d.Min.Y, d.Max.Y)
	var l lattice
	for _, t := range ys {
		l.add(t.label == "", d.Min.X, y.at(t.value), d.Max.X, y.at(t.value))
	}
	for _, t := range xs {
		l.add(t.label == "", x.at(t.value), d.Min.Y, x.at(t.value), d.Max.Y)
	}
	d.lattice(l)
	free := d.Min.Y - 1 // baseline limit for the next label, so that labels never touch
	for _, t := range ys {
		at := y.at(t.value)
		if t.label != "" && at-tickType.size/2 >= free-tickType.size {
			p.writeMid(tickType, right, d.Min.X-5, at, t.label)
			free = at + tickType.size*1.5
		}
	}
	edge := p.Min.X // labels under the area may start left of it, but never leave the pen's area
	for _, t := range xs {
		at := x.at(t.value)
		if t.label == "" {
			continue
		}
		w := p.width(tickType, t.label)
		start := min(at-w/2, p.Max.X-w)
		if start >= edge {
			p.write(tickType, left, start, d.Min.Y-11, t.label)
			edge = start + w + 6
		}
	}
	d.line(inkSoft, 0.75, d.Min.X, d.Min.Y, d.Max.X, d.Min.Y)
	return panel{d, x, y}
}

// gutter is the room that labels beside an axis need.
func (p pen) gutter(axes ...[]tick) vg.Length {
	var labels []string
	for _, t := range slices.Concat(axes...) {
		labels = append(labels, t.label)
	}
	return p.widest(tickType, labels...) + 8
}
