package draw

import (
	"cmp"
	"hash/fnv"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"
)

// A Style tells a strategy from the others in every figure. Colour is never its only carrier.
type Style struct {
	Color color.NRGBA
	Shape vgdraw.GlyphDrawer
	Dash  []vg.Length
}

// RGB is the opaque colour that is written #RRGGBB.
func RGB(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xff}
}

// Alpha is c with so much of it, of 255, that what is under it shows through.
func Alpha(c color.NRGBA, a uint8) color.NRGBA { c.A = a; return c }

// slots is the number of styles that can be told apart by colour.
const slots = 12

// colours: the first six are Okabe and Ito's without yellow and black (too light and too near to the text), the rest
// are chosen from Tol's muted scheme to differ from those in lightness as well.
var colours = [slots]color.NRGBA{
	RGB(0x0072B2), RGB(0xD55E00), RGB(0x009E73), RGB(0xCC79A7), RGB(0xE69F00), RGB(0x56B4E9),
	RGB(0x882255), RGB(0x999933), RGB(0x332288), RGB(0x7F5539), RGB(0x6E6E6E), RGB(0x117733),
}

// hues numbers the colours so that those have the same number that a small marker does not tell apart well.
var hues = [slots]int{0, 1, 2, 3, 4, 0, 3, 4, 0, 1, 5, 2}

// shapes can all be filled: a hollow one has a meaning of its own.
var shapes = []vgdraw.GlyphDrawer{
	vgdraw.CircleGlyph{}, polygon{4, 0.5}, polygon{3, 0}, polygon{4, 0}, polygon{3, 0.5}, polygon{6, 0},
}

var dashes = [][]vg.Length{nil, {7, 2.5}, {2, 2}, {8, 2, 2, 2}}

// slot is style number n. Within the first twelve no two share a colour, nor shape and dash: n is then determined by
// its remainders by 6 and by 4. From there on colours come again, each with other shapes and dashes than before: within the
// first 72 no two share colour and shape.
func slot(n int) Style {
	shape, dash := looks(n)
	return Style{colours[n%slots], shapes[shape], dashes[dash]}
}

// looks are the shape and the dash of style number n.
func looks(n int) (shape, dash int) {
	other := n + n/slots
	return other % len(shapes), other % len(dashes)
}

// kin numbers the shapes so that those have the same number that are hard to tell apart where they are small: circle and
// hexagon, the two squares, the two triangles.
var kin = [...]int{0, 1, 2, 1, 2, 0}

// Styles gives each label a style. groups are labels that stand in one figure; a label may be in several. It starts from the
// hash of its kind, so that a strategy keeps its style from figure to figure and from run to run; where two of a group meet,
// the later one in alphabetical order goes on to its own hash and then to the next colour that is free, or that it meets least often.
// Kinds' plain names choose first, so that variants do not displace them. In a group of up to twelve no two share a colour, as far as
// its labels are not in groups with others; and no two labels at all share a style.
func Styles(groups ...[]string) map[string]Style {
	order := slices.Concat(groups...)
	slices.SortFunc(order, func(a, b string) int {
		return cmp.Or(cmp.Compare(variants(a), variants(b)), cmp.Compare(a, b))
	})
	number := map[string]int{}
	used := map[int]bool{}
	for _, label := range slices.Compact(order) {
		var mates []int        // numbers of those beside it that have one
		taken := map[int]int{} // how many of them have a colour
		for _, group := range groups {
			if slices.Contains(group, label) {
				for _, other := range group {
					if n, has := number[other]; has {
						mates, taken[n%slots] = append(mates, n), taken[n%slots]+1
					}
				}
			}
		}
		kind, _, _ := strings.Cut(label, " ")
		n := preferred(kind)
		if taken[n] > 0 {
			n = preferred(label)
		}
		for first, k := n, 1; k < slots; k++ {
			if other := (first + k) % slots; taken[other] < taken[n] {
				n = other
			}
		}
		if used[n] {
			n = again(n, mates, used)
		}
		used[n], number[label] = true, n
	}
	styles := map[string]Style{}
	for label, n := range number {
		styles[label] = slot(n)
	}
	return styles
}

// again is a number with the colour of n that is not in use. Who stands beside it in that colour is to have another marker, not
// one that looks like it from afar, and another dash, and the same goes,
// with less weight, for colours of one hue; beyond that, few beside it look alike.
func again(n int, mates []int, used map[int]bool) int {
	best, least := -1, 0
	for k := n; best < 0 || k < n+slots*len(shapes); k += slots {
		if used[k] {
			continue
		}
		alike := 0
		for _, m := range mates {
			weight := 1
			if hues[m%slots] == hues[k%slots] {
				weight = 10
			}
			if m%slots == k%slots {
				weight = 100 // more than all others together
			}
			shape, dash := looks(m)
			s, d := looks(k)
			switch {
			case kin[s] != kin[shape] && d != dash:
			case kin[s] == kin[shape] && d == dash:
				alike += 6 * weight
			case kin[s] == kin[shape]:
				alike += 2 * weight
			default:
				alike += weight
			}
		}
		if best < 0 || alike < least {
			best, least = k, alike
		}
	}
	return best
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

// DrawGlyph implements [vgdraw.GlyphDrawer].
func (g polygon) DrawGlyph(c *vgdraw.Canvas, s vgdraw.GlyphStyle, at vg.Point) {
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
