package draw

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
)

// Shades are the colours of counts, each for three times as many as the one before or so: from few, light, to many, dark.
type Shades struct {
	Colours []color.NRGBA // from light to dark
	least   []int64
}

// viridis is S. van der Walt's and N. Smith's map, from its light end: even in lightness, and readable without colour.
var viridis = []color.NRGBA{
	RGB(0xE2E418), RGB(0xA5DB36), RGB(0x5EC962), RGB(0x2FB47C), RGB(0x1F968B), RGB(0x277F8E), RGB(0x31688F), RGB(0x3B528B), RGB(0x46337E), RGB(0x440154),
}

// NewShades has shades for the counts from 1 to most: fewer than there are colours where most is small.
func NewShades(most int64) Shades {
	steps := len(viridis)
	factor := max(math.Pow(float64(most), 1/float64(steps)), 1)
	var s Shades
	for i, c := range viridis {
		least := int64(math.Ceil(math.Pow(factor, float64(i))))
		if n := len(s.least); n > 0 && least <= s.least[n-1] {
			continue
		}
		s.Colours, s.least = append(s.Colours, c), append(s.least, least)
	}
	return s
}

// Of is the index of the colour for a count.
func (s Shades) Of(n int64) int {
	shade := 0
	for i, least := range s.least {
		if n >= least {
			shade = i
		}
	}
	return shade
}

const (
	ShadesHeight vg.Length = 30
	shadeWidth   vg.Length = 34
)

// Draw sets the scale of colours at the top of the pen's area, behind what it is of: each with the count that it begins with, as
// format writes it.
func (s Shades) Draw(p Pen, what string, format func(float64) string) {
	y := p.Max.Y - 6
	p.WriteMid(LabelType, Left, p.Min.X, y, what)
	x := p.Min.X + p.Width(LabelType, what) + 12
	for i, c := range s.Colours {
		p.Box(c, x, y-5, x+shadeWidth, y+5)
		p.Write(TickType, Left, x, y-14, format(float64(s.least[i])))
		x += shadeWidth
	}
}
