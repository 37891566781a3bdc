package report

import (
	"html"
	"image/color"
	"strings"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The theme: every colour and every size of text that a figure uses.
var (
	ink     = rgb(0x1A1A1A)
	inkMid  = rgb(0x555555)
	inkSoft = rgb(0x767676) // the lightest grey that text on white may have (WCAG AA, 4.5 to 1)
	rule    = rgb(0xE2E2E2)
	faint   = rgb(0xF1F1F1)
	alarm   = rgb(0xB00020)
	paper   = rgb(0xFFFFFF)

	titleType    = letters{size: 15, bold: true, color: ink}
	subtitleType = letters{size: 9.5, color: inkMid}
	panelType    = letters{size: 9.5, bold: true, color: ink}
	noteType     = letters{size: 8.5, color: inkMid}
	labelType    = letters{size: 8.5, color: ink}
	tickType     = letters{size: 8, color: inkMid}
	alarmType    = letters{size: 8, bold: true, color: alarm}
	captionType  = letters{size: 7.5, color: inkSoft}
)

// letters is how text looks. Text is always opaque: SVG as gonum writes it drops the alpha of text.
type letters struct {
	size  vg.Length
	bold  bool
	color color.NRGBA
}

func (l letters) in(c color.NRGBA) letters { l.color = c; return l }

// leading is the distance of two lines' baselines.
func (l letters) leading() vg.Length { return l.size * 1.25 }

// A typesetter measures text. Liberation Sans has the metrics of Arial and Helvetica, so that an SVG without the font in
// it falls back without moving anything. It is a value of its own because gonum's default is a global, and serif.
type typesetter struct{ cache *font.Cache }

func newTypesetter() typesetter { return typesetter{font.NewCache(liberation.Collection())} }

func (t typesetter) face(l letters) font.Face {
	f := font.Font{Typeface: "Liberation", Variant: "Sans"}
	if l.bold {
		f.Weight = xfont.WeightBold
	}
	return t.cache.Lookup(f, l.size)
}

func (t typesetter) width(l letters, s string) vg.Length {
	f := t.face(l)
	return f.Width(s)
}

// widest is the largest width among ss.
func (t typesetter) widest(l letters, ss ...string) (w vg.Length) {
	for _, s := range ss {
		w = max(w, t.width(l, s))
	}
	return w
}

// wrap breaks s at spaces into lines of at most width. A word that is longer than a line is cut, with an ellipsis:
// nothing may leave its place, and the full text is in report.md.
func (t typesetter) wrap(l letters, s string, width vg.Length) []string {
	var lines []string
	line := ""
	for _, word := range words(s) {
		word = t.fit(l, word, width)
		switch {
		case line == "":
			line = word
		case t.width(l, line+" "+word) <= width:
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

// words are what may be broken apart: a number stays with its unit.
func words(s string) []string {
	var out []string
	for _, w := range strings.Fields(s) {
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

// fit shortens s to width, its end replaced by an ellipsis.
func (t typesetter) fit(l letters, s string, width vg.Length) string {
	if t.width(l, s) <= width {
		return s
	}
	runes := []rune(s)
	for n := len(runes) - 1; n > 0; n-- {
		if short := string(runes[:n]) + "…"; t.width(l, short) <= width {
			return short
		}
	}
	return "…"
}

// A pen draws on a part of a page.
type pen struct {
	draw.Canvas
	typesetter
}

type align float64

const (
	left   align = 0
	centre align = 0.5
	right  align = 1
)

// write puts s at x, on the baseline y.
func (p pen) write(l letters, a align, x, y vg.Length, s string) {
	if s == "" {
		return
	}
	p.SetColor(l.color)
	p.FillString(p.face(l), vg.Point{X: x - vg.Length(a)*p.width(l, s), Y: y}, s)
}

// writeMid is write with y at half the height of a capital letter, which is 0.72 of the size in Liberation Sans.
func (p pen) writeMid(l letters, a align, x, y vg.Length, s string) {
	p.write(l, a, x, y-l.size*0.36, s)
}

// paragraph writes lines from the top of the pen's area and returns the pen for what is left under it.
func (p pen) paragraph(l letters, lines []string, gap vg.Length) pen {
	for i, line := range lines {
		// The first baseline is a capital's height and a little under the top, so that accents stay inside.
		p.write(l, left, p.Min.X, p.Max.Y-l.size*0.92-vg.Length(i)*l.leading(), line)
	}
	if len(lines) > 0 {
		p.Max.Y -= vg.Length(len(lines))*l.leading() + gap
	}
	return p
}

func (p pen) stroke(c color.Color, width vg.Length, dash []vg.Length, points ...vg.Point) {
	if len(points) > 1 {
		p.StrokeLines(draw.LineStyle{Color: c, Width: width, Dashes: dash}, points)
	}
}

func (p pen) line(c color.Color, width, x0, y0, x1, y1 vg.Length) {
	p.stroke(c, width, nil, vg.Point{X: x0, Y: y0}, vg.Point{X: x1, Y: y1})
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

func (p pen) lattice(l lattice) {
	for _, lines := range []struct {
		path  vg.Path
		look  color.Color
		width vg.Length
	}{{l.minor, faint, 0.5}, {l.major, rule, 0.75}} {
		if lines.path != nil {
			p.SetLineStyle(draw.LineStyle{Color: lines.look, Width: lines.width})
			p.Stroke(lines.path)
		}
	}
}

func (p pen) box(c color.Color, x0, y0, x1, y1 vg.Length) {
	if x1 <= x0 || y1 <= y0 {
		return
	}
	p.SetColor(c)
	p.Fill(rectangle(x0, y0, x1, y1))
}

func rectangle(x0, y0, x1, y1 vg.Length) vg.Path {
	return vg.Rectangle{Min: vg.Point{X: x0, Y: y0}, Max: vg.Point{X: x1, Y: y1}}.Path()
}

// mark draws a style's marker; a hollow one keeps a white heart.
func (p pen) mark(s style, radius vg.Length, hollow bool, x, y vg.Length) {
	at := vg.Point{X: x, Y: y}
	p.DrawGlyphNoClip(draw.GlyphStyle{Color: s.color, Radius: radius, Shape: s.shape}, at)
	if hollow {
		p.DrawGlyphNoClip(draw.GlyphStyle{Color: paper, Radius: radius * 0.55, Shape: s.shape}, at)
	}
}

// inside is the pen for the area without these borders.
func (p pen) inside(left, right, bottom, top vg.Length) pen {
	// draw.Crop would wrap the canvas into another, and [pen.of] would no longer know it.
	p.Min.X, p.Max.X = p.Min.X+left, p.Max.X-right
	p.Min.Y, p.Max.Y = p.Min.Y+bottom, p.Max.Y-top
	return p
}

// of draws what belongs to the strategy with this label: a page can then hide it.
func (p pen) of(label string, draw func()) {
	if c, ok := p.Canvas.Canvas.(*svgCanvas); ok && label != "" {
		c.group(` data-strategy="`+html.EscapeString(label)+`"`, "", draw)
		return
	}
	draw()
}

// row is of for a row of a grid, which is so high and has nothing but rows under it: where it is hidden, a page can move
// those up.
func (p pen) row(label string, height vg.Length, draw func()) {
	if c, ok := p.Canvas.Canvas.(*svgCanvas); ok && label != "" {
		c.group(` data-strategy="`+html.EscapeString(label)+`" data-row="`+points(height)+`"`, "", draw)
		return
	}
	draw()
}

// tells draws what has a text for who points at it, or has it read: the value, and whose it is.
func (p pen) tells(text string, draw func()) {
	if c, ok := p.Canvas.Canvas.(*svgCanvas); ok && text != "" {
		c.group(` class="mark"`, text, draw)
		return
	}
	draw()
}
