package report

import (
	"cmp"
	"hash/fnv"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A style tells a strategy from the others in every figure. Colour is never its only carrier.
type style struct {
	color color.NRGBA
	shape draw.GlyphDrawer
	dash  []vg.Length
}

func rgb(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xff}
}

func alpha(c color.NRGBA, a uint8) color.NRGBA { c.A = a; return c }

// slots is the number of styles that can be told apart.
const slots = 12

// colours: the first six are Okabe and Ito's without yellow and black (too light and too near to the text), the rest
// are chosen from Tol's muted scheme to differ from those in lightness as well.
var colours = [slots]color.NRGBA{
	rgb(0x0072B2), rgb(0xD55E00), rgb(0x009E73), rgb(0xCC79A7), rgb(0xE69F00), rgb(0x56B4E9),
	rgb(0x882255), rgb(0x999933), rgb(0x332288), rgb(0x7F5539), rgb(0x6E6E6E), rgb(0x117733),
}

// shapes can all be filled: a hollow one has a meaning of its own.
var shapes = []draw.GlyphDrawer{
	draw.CircleGlyph{}, polygon{4, 0.5}, polygon{3, 0}, polygon{4, 0}, polygon{3, 0.5}, polygon{6, 0},
}

var dashes = [][]vg.Length{nil, {7, 2.5}, {2, 2}, {8, 2, 2, 2}}

// slot is style number n. Within the first twelve no two share a colour, nor shape and dash: n is then determined by
// its remainders by 6 and by 4.
func slot(n int) style {
	return style{colours[n%slots], shapes[n%len(shapes)], dashes[n%len(dashes)]}
}

// assign gives each label a style. A label starts from the hash of its kind, so that a strategy keeps its style from
// figure to figure and from run to run; where two meet, the later one in alphabetical order goes on to its own hash and
// then to the next free style. Kinds' plain names choose first, so that variants do not displace them. Up to twelve
// labels never share a style.
func assign(labels []string) map[string]style {
	order := slices.Clone(labels)
	slices.SortFunc(order, func(a, b string) int {
		return cmp.Or(cmp.Compare(variants(a), variants(b)), cmp.Compare(a, b))
	})
	taken := map[int]bool{}
	styles := map[string]style{}
	for _, label := range slices.Compact(order) {
		kind, _, _ := strings.Cut(label, " ")
		n := preferred(kind)
		if taken[n] {
			n = preferred(label)
		}
		for taken[n] && len(taken) < slots {
			n = (n + 1) % slots
		}
		taken[n] = true
		styles[label] = slot(n)
	}
	return styles
}

// preferred is the slot that a label's hash points at; its upper half, because FNV's low bits follow the letters' low
// bits. The salt is arbitrary; this one happens to spread the names
// that poolbench ships with over different slots (a test says so), and a name that it never heard of still gets one.
func preferred(label string) int {
	h := fnv.New32a()
	h.Write([]byte(salt + label))
	return int((h.Sum32() >> 16) % slots)
}

const salt = "441904:"

// variants is how many limits a label names beside its kind.
func variants(label string) int { return strings.Count(label, " ") }

// A polygon is a filled marker with corners, the first of them at turn, in parts of the angle between two corners,
// from the top.
type polygon struct {
	corners int
	turn    float64
}

// DrawGlyph implements [draw.GlyphDrawer].
func (g polygon) DrawGlyph(c *draw.Canvas, s draw.GlyphStyle, at vg.Point) {
	// Fewer corners have less area in the same circle.
	r := float64(s.Radius) * (1 + 0.6/float64(g.corners))
	var p vg.Path
	for i := range g.corners {
		sin, cos := math.Sincos(2 * math.Pi * (float64(i) + g.turn) / float64(g.corners))
		corner := vg.Point{X: at.X + vg.Length(r*sin), Y: at.Y + vg.Length(r*cos)}
		if i == 0 {
			p.Move(corner)
		} else {
			p.Line(corner)
		}
	}
	p.Close()
	c.Fill(p)
}
