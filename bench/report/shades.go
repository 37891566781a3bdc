package report

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
)

// shades are the colours of counts, each for three times as many as the one before or so: from few, light, to many, dark.
type shades struct {
	colours []color.NRGBA
	least   []int64
}

// viridis is S. van der Walt's and N. Smith's map, from its light end: even in lightness, and readable without colour.
var viridis = []color.NRGBA{
	rgb(0xE2E418), rgb(0xA5DB36), rgb(0x5EC962), rgb(0x2FB47C), rgb(0x1F968B), rgb(0x277F8E), rgb(0x31688F), rgb(0x3B528B), rgb(0x46337E), rgb(0x440154),
}

func newShades(most int64) shades {
	steps := len(viridis)
	factor := max(math.Pow(float64(most), 1/float64(steps)), 1)
	var s shades
	for i, c := range viridis {
		least := int64(math.Ceil(math.Pow(factor, float64(i))))
		if n := len(s.least); n > 0 && least <= s.least[n-1] {
			continue
		}
		s.colours, s.least = append(s.colours, c), append(s.least, least)
	}
	return s
}

func (s shades) of(n int64) int {
	shade := 0
	for i, least := range s.least {
		if n >= least {
			shade = i
		}
	}
	return shade
}

const (
	shadesHeight vg.Length = 30
	shadeWidth   vg.Length = 34
)

// draw sets the scale of colours at the top of the pen's area, each with the count that it begins with, in a format.
func (s shades) draw(p pen, what string, format func(float64) string) {
	y := p.Max.Y - 6
	p.writeMid(labelType, left, p.Min.X, y, what)
	x := p.Min.X + p.width(labelType, what) + 12
	for i, c := range s.colours {
		p.box(c, x, y-5, x+shadeWidth, y+5)
		p.write(tickType, left, x, y-14, format(float64(s.least[i])))
		x += shadeWidth
	}
}
