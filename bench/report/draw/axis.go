package draw

import (
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
)

// An Axis maps values to places. Values outside are clamped to its ends, so that nothing is drawn outside a panel.
type Axis struct {
	Lo, Hi   float64
	Scale    func(float64) float64 // increasing: [Linear], [math.Log] or [Nines]
	from, to vg.Length             // where the ends are, once the axis is a panel's
}

// Linear is the scale on which equal differences are equally far apart.
func Linear(v float64) float64 { return v }

// Nines maps a quantile so that 90 %, 99 % and 99.9 % are equally far apart: each step to the right is ten times rarer.
func Nines(q float64) float64 { return -math.Log10(1 - math.Min(q, 1-1e-12)) }

// At is the place of v on an axis of a panel. A logarithmic axis never sees zero: v is clamped first, and Lo is above it.
func (a Axis) At(v float64) vg.Length {
	v = min(max(v, a.Lo), a.Hi)
	lo, hi := a.Scale(a.Lo), a.Scale(a.Hi)
	if hi <= lo {
		return a.from
	}
	return a.from + (a.to-a.from)*vg.Length((a.Scale(v)-lo)/(hi-lo))
}

func (a Axis) between(from, to vg.Length) Axis { a.from, a.to = from, to; return a }

// A Tick is a grid line; one without a label is a minor one.
type Tick struct {
	Value float64
	Label string
}

// LinearTicks gives about n round values from lo to hi; none if there is nothing between them.
func LinearTicks(lo, hi float64, n int, format func(float64) string) []Tick {
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
	var out []Tick
	// Counting in steps and not in values: a running sum drifts and prints 0.30000000000000004. In whole
	// ones: rounded up to zero, a float is -0.
	for i := int(math.Ceil(lo/step - 1e-9)); float64(i)*step <= hi*(1+1e-9); i++ {
		v := float64(i) * step
		out = append(out, Tick{v, format(v)})
	}
	return out
}

// LogTicks labels 1, 2 and 5 over up to two decades, 1 and 3 over up to three, else the decades, every second one or
// fewer where there are many; the others are minor.
func LogTicks(lo, hi float64, format func(float64) string) []Tick {
	if lo <= 0 || hi <= lo {
		return nil
	}
	decades := math.Log10(hi / lo)
	labelled := func(m int) bool {
		return m == 1 || decades <= 2 && (m == 2 || m == 5) || decades > 2 && decades <= 3.2 && m == 3
	}
	every := max(1, int(math.Ceil(decades/6)))
	var out []Tick
	for e := int(math.Floor(math.Log10(lo))); e <= int(math.Ceil(math.Log10(hi))); e++ {
		for m := 1; m < 10; m++ {
			v := float64(m) * math.Pow(10, float64(e))
			if v < lo*0.9999 || v > hi*1.0001 {
				continue
			}
			t := Tick{Value: v}
			if labelled(m) && e%every == 0 {
				t.Label = format(v)
			}
			out = append(out, t)
		}
	}
	return out
}

// NinesTicks are the quantiles with names, up to hi.
func NinesTicks(hi float64) []Tick {
	all := []Tick{
		{0, "0 %"}, {0.5, "50 %"}, {0.9, "90 %"}, {0.99, "99 %"}, {0.999, "99.9 %"}, {0.9999, "99.99 %"},
		{0.99999, "99.999 %"}, {0.999999, "99.9999 %"}, {0.9999999, "99.99999 %"},
	}
	for i, t := range all {
		if t.Value > hi+1e-12 {
			return all[:i]
		}
	}
	return all
}

// LogRange is a range for a logarithmic axis with some air around lo to hi.
func LogRange(lo, hi float64) (float64, float64) {
	if lo <= 0 || hi < lo {
		return 0.1, 10
	}
	if hi < lo*3 { // an axis over next to nothing would turn noise into mountains
		mid := math.Sqrt(lo * hi)
		lo, hi = mid/1.8, mid*1.8
	}
	return lo / 1.15, hi * 1.15
}

// A Panel is a data area with its axes drawn; its pen draws on that area.
type Panel struct {
	Pen
	X, Y Axis
}

// Axes draws grid and labels of ys on the left and xs under the area, and returns the data area. gutter is the width
// for the labels of ys, the same for panels that are to line up.
func (p Pen) Axes(x, y Axis, xs, ys []Tick, gutter vg.Length) Panel {
	d := p.Inside(gutter, 0, 14, 0)
	x, y = x.between(d.Min.X, d.Max.X), y.between(d.Min.Y, d.Max.Y)
	var l lattice
	for _, t := range ys {
		l.add(t.Label == "", d.Min.X, y.At(t.Value), d.Max.X, y.At(t.Value))
	}
	for _, t := range xs {
		l.add(t.Label == "", x.At(t.Value), d.Min.Y, x.At(t.Value), d.Max.Y)
	}
	d.lattice(l)
	free := d.Min.Y - 1 // baseline limit for the next label, so that labels never touch
	for _, t := range ys {
		at := y.At(t.Value)
		if t.Label != "" && at-TickType.Size/2 >= free-TickType.Size {
			p.WriteMid(TickType, Right, d.Min.X-5, at, t.Label)
			free = at + TickType.Size*1.5
		}
	}
	edge := p.Min.X // labels under the area may start left of it, but never leave the pen's area
	for _, t := range xs {
		at := x.At(t.Value)
		if t.Label == "" {
			continue
		}
		w := p.Width(TickType, t.Label)
		start := min(at-w/2, p.Max.X-w)
		if start >= edge {
			p.Write(TickType, Left, start, d.Min.Y-11, t.Label)
			edge = start + w + 6
		}
	}
	d.Line(InkSoft, 0.75, d.Min.X, d.Min.Y, d.Max.X, d.Min.Y)
	return Panel{d, x, y}
}

// Gutter is the room that labels beside the axes need, the widest one's.
func (p Pen) Gutter(axes ...[]Tick) vg.Length {
	var labels []string
	for _, t := range slices.Concat(axes...) {
		labels = append(labels, t.Label)
	}
	return p.Widest(TickType, labels...) + 8
}
