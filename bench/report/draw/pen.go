package draw

import (
	"html"
	"image/color"
	"strings"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"
)

// The theme: every colour and every size of text that a figure uses.
var (
	Ink     = RGB(0x1A1A1A)
	InkMid  = RGB(0x555555)
	InkSoft = RGB(0x767676) // the lightest grey that text on white may have (WCAG AA, 4.5 to 1)
	rule    = RGB(0xE2E2E2)
	Faint   = RGB(0xF1F1F1)
	Alarm   = RGB(0xB00020)
	Paper   = RGB(0xFFFFFF)

	titleType    = Letters{Size: 15, bold: true, color: Ink}
	subtitleType = Letters{Size: 9.5, color: InkMid}
	PanelType    = Letters{Size: 9.5, bold: true, color: Ink}
	NoteType     = Letters{Size: 8.5, color: InkMid}
	LabelType    = Letters{Size: 8.5, color: Ink}
	TickType     = Letters{Size: 8, color: InkMid}
	alarmType    = Letters{Size: 8, bold: true, color: Alarm}
	captionType  = Letters{Size: 7.5, color: InkSoft}
)

// Letters is how text looks. Text is always opaque: SVG as gonum writes it drops the alpha of text.
type Letters struct {
	Size  vg.Length
	bold  bool
	color color.NRGBA
}

// In is l in another colour.
func (l Letters) In(c color.NRGBA) Letters { l.color = c; return l }

// Leading is the distance of two lines' baselines.
func (l Letters) Leading() vg.Length { return l.Size * 1.25 }

// A Typesetter measures text. Liberation Sans has the metrics of Arial and Helvetica, so that an SVG without the font in
// it falls back without moving anything. It is a value of its own because gonum's default is a global, and serif.
type Typesetter struct{ cache *font.Cache }

// NewTypesetter loads the font.
func NewTypesetter() Typesetter { return Typesetter{font.NewCache(liberation.Collection())} }

func (t Typesetter) face(l Letters) font.Face {
	f := font.Font{Typeface: "Liberation", Variant: "Sans"}
	if l.bold {
		f.Weight = xfont.WeightBold
	}
	return t.cache.Lookup(f, l.Size)
}

// Width is how wide s is on one line.
func (t Typesetter) Width(l Letters, s string) vg.Length {
	f := t.face(l)
	return f.Width(s)
}

// Widest is the largest width among ss.
func (t Typesetter) Widest(l Letters, ss ...string) (w vg.Length) {
	for _, s := range ss {
		w = max(w, t.Width(l, s))
	}
	return w
}

// Wrap breaks s at spaces into lines of at most width. A word that is longer than a line is cut, with an ellipsis:
// nothing may leave its place, and the full text is in the report.
func (t Typesetter) Wrap(l Letters, s string, width vg.Length) []string {
	var lines []string
	line := ""
	for _, word := range words(s) {
		word = t.Fit(l, word, width)
		switch {
		case line == "":
			line = word
		case t.Width(l, line+" "+word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// words are what may be broken apart: a number stays with its unit, and a factor with what it is the factor of.
func words(s string) []string {
	var out []string
	for _, w := range strings.Fields(s) {
		if strings.HasPrefix(w, "×") && len(out) > 0 {
			out[len(out)-1] += " " + w
			continue
		}
		switch strings.TrimRight(w, ".,;:)") {
		case "%", "s", "ms", "µs", "ns":
			if len(out) > 0 {
				out[len(out)-1] += " " + w
				continue
			}
		}
		out = append(out, w)
	}
	return out
}

// Fit shortens s to width, its end replaced by an ellipsis.
func (t Typesetter) Fit(l Letters, s string, width vg.Length) string {
	if t.Width(l, s) <= width {
		return s
	}
	runes := []rune(s)
	for n := len(runes) - 1; n > 0; n-- {
		if short := string(runes[:n]) + "…"; t.Width(l, short) <= width {
			return short
		}
	}
	return "…"
}

// A Pen draws on a part of a page: its area is from Min to Max. It may draw outside as well, and must not.
type Pen struct {
	vgdraw.Canvas
	Typesetter
}

// Align says which part of a text stands at a place, as a share of its width.
type Align float64

const (
	Left   Align = 0
	Centre Align = 0.5
	Right  Align = 1
)

// Write puts s at x, on the baseline y.
func (p Pen) Write(l Letters, a Align, x, y vg.Length, s string) {
	if s == "" {
		return
	}
	p.SetColor(l.color)
	p.FillString(p.face(l), vg.Point{X: x - vg.Length(a)*p.Width(l, s), Y: y}, s)
}

// WriteMid is Write with y at half the height of a capital letter, which is 0.72 of the size in Liberation Sans.
func (p Pen) WriteMid(l Letters, a Align, x, y vg.Length, s string) {
	p.Write(l, a, x, y-l.Size*0.36, s)
}

// Paragraph writes lines from the top of the pen's area and returns the pen for what is left under it.
func (p Pen) Paragraph(l Letters, lines []string, gap vg.Length) Pen {
	for i, line := range lines {
		// The first baseline is a capital's height and a little under the top, so that accents stay inside.
		p.Write(l, Left, p.Min.X, p.Max.Y-l.Size*0.92-vg.Length(i)*l.Leading(), line)
	}
	if len(lines) > 0 {
		p.Max.Y -= vg.Length(len(lines))*l.Leading() + gap
	}
	return p
}

// Polyline joins the points; one alone is nothing. dash is the lengths of strokes and gaps in turn, nil for a solid line.
func (p Pen) Polyline(c color.Color, width vg.Length, dash []vg.Length, points ...vg.Point) {
	if len(points) > 1 {
		p.StrokeLines(vgdraw.LineStyle{Color: c, Width: width, Dashes: dash}, points)
	}
}

// Line is solid and straight.
func (p Pen) Line(c color.Color, width, x0, y0, x1, y1 vg.Length) {
	p.Polyline(c, width, nil, vg.Point{X: x0, Y: y0}, vg.Point{X: x1, Y: y1})
}

// A lattice is the grid lines of a panel. They are two paths: one for each line would be half of an SVG file.
type lattice struct{ major, minor vg.Path }

func (l *lattice) add(minor bool, x0, y0, x1, y1 vg.Length) {
	path := &l.major
	if minor {
		path = &l.minor
	}
	path.Move(vg.Point{X: x0, Y: y0})
	path.Line(vg.Point{X: x1, Y: y1})
}

func (p Pen) lattice(l lattice) {
	for _, lines := range []struct {
		path  vg.Path
		look  color.Color
		width vg.Length
	}{{l.minor, Faint, 0.5}, {l.major, rule, 0.75}} {
		if lines.path != nil {
			p.SetLineStyle(vgdraw.LineStyle{Color: lines.look, Width: lines.width})
			p.Stroke(lines.path)
		}
	}
}

// Box fills a rectangle. One without an area, or the wrong way round, is nothing.
func (p Pen) Box(c color.Color, x0, y0, x1, y1 vg.Length) {
	if x1 <= x0 || y1 <= y0 {
		return
	}
	p.SetColor(c)
	p.Fill(Rectangle(x0, y0, x1, y1))
}

// Rectangle is a path: many that are drawn as one make a smaller file than as many boxes.
func Rectangle(x0, y0, x1, y1 vg.Length) vg.Path {
	return vg.Rectangle{Min: vg.Point{X: x0, Y: y0}, Max: vg.Point{X: x1, Y: y1}}.Path()
}

// Mark draws a style's marker; a hollow one keeps a white heart.
func (p Pen) Mark(s Style, radius vg.Length, hollow bool, x, y vg.Length) {
	at := vg.Point{X: x, Y: y}
	p.DrawGlyphNoClip(vgdraw.GlyphStyle{Color: s.Color, Radius: radius, Shape: s.Shape}, at)
	if hollow {
		p.DrawGlyphNoClip(vgdraw.GlyphStyle{Color: Paper, Radius: radius * 0.55, Shape: s.Shape}, at)
	}
}

// Inside is the pen for the area without these borders.
func (p Pen) Inside(left, right, bottom, top vg.Length) Pen {
	// vgdraw.Crop would wrap the canvas into another, and [Pen.Of] would no longer know it.
	p.Min.X, p.Max.X = p.Min.X+left, p.Max.X-right
	p.Min.Y, p.Max.Y = p.Min.Y+bottom, p.Max.Y-top
	return p
}

// Cut divides the pen's area into the top of this height, less the gap under it, and the rest.
func (p Pen) Cut(height vg.Length) (top, rest Pen) {
	top, rest = p, p
	top.Min.Y = p.Max.Y - height + PanelGap
	rest.Max.Y = p.Max.Y - height
	return top, rest
}

// Of draws what belongs to the strategy with this label: a page can then hide it.
func (p Pen) Of(label string, draw func()) {
	if c, ok := p.Canvas.Canvas.(*svgCanvas); ok && label != "" {
		c.group(` data-strategy="`+html.EscapeString(label)+`"`, "", draw)
		return
	}
	draw()
}

// row is Of for a row of a grid, which is so high and has nothing but rows under it: where it is hidden, a page can move
// those up.
func (p Pen) row(label string, height vg.Length, draw func()) {
	if c, ok := p.Canvas.Canvas.(*svgCanvas); ok && label != "" {
		c.group(` data-strategy="`+html.EscapeString(label)+`" data-row="`+points(height)+`"`, "", draw)
		return
	}
	draw()
}

// Tells draws what has a text for who points at it, or has it read: the value, and whose it is.
func (p Pen) Tells(text string, draw func()) {
	if c, ok := p.Canvas.Canvas.(*svgCanvas); ok && text != "" {
		c.group(` class="mark"`, text, draw)
		return
	}
	draw()
}
