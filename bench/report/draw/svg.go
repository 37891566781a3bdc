package draw

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"math"
	"strconv"
	"strings"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"
)

// svgFont stands on every SVG: it has the metrics of what text is measured in. Fonts are not embedded, which would add
// half a megabyte for each.
const svgFont = "font-family:'Liberation Sans',Arial,Helvetica,sans-serif"

// SVG draws f as an SVG file, which needs nothing beside it.
func (f Figure) SVG(t Typesetter) ([]byte, error) {
	var sheet StyleSheet
	body := f.drawn(t, &sheet)
	w, h := f.size(t)
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%spt" height="%spt" viewBox="0 0 %[1]s %[2]s" role="img" aria-labelledby="%[3]s" style="max-width:100%%;height:auto;%[4]s">`+"\n",
		points(w), points(h), f.id(), svgFont)
	fmt.Fprintf(&b, "<title id=\"%s\">%s</title>\n<style>\n%s</style>\n%s</svg>\n", f.id(), html.EscapeString(f.Alt), sheet.CSS(), body)
	return b.Bytes(), nil
}

// Inline draws f as a part of a page: its looks are in the page's style sheet, and its size is the page's affair.
func (f Figure) Inline(t Typesetter, sheet *StyleSheet) string {
	w, h := f.size(t)
	body := f.drawn(t, sheet)
	return fmt.Sprintf("<svg viewBox=\"0 0 %s %s\" role=\"img\" aria-labelledby=\"%s\">\n<title id=\"%[3]s\">%s</title>\n%s</svg>\n",
		points(w), points(h), f.id(), html.EscapeString(f.Alt), body)
}

func (f Figure) drawn(t Typesetter, sheet *StyleSheet) string {
	w, h := f.size(t)
	c := newSVGCanvas(w, h, sheet)
	f.paint(vgdraw.New(c), t)
	return c.body.String()
}

func (f Figure) id() string { return "poolbench-" + f.Name }

// A StyleSheet collects looks, each under a class that is as short as can be; several figures may share one.
type StyleSheet struct {
	classes map[string]string
	looks   []string
}

// class is the class of a look, such as "fill:#FFFFFF".
func (s *StyleSheet) class(look string) string {
	if s.classes == nil {
		s.classes = map[string]string{}
	}
	name, found := s.classes[look]
	if !found {
		name = "k" + strconv.FormatInt(int64(len(s.looks)), 36)
		s.classes[look] = name
		s.looks = append(s.looks, look)
	}
	return name
}

// CSS has a line for each class.
func (s *StyleSheet) CSS() string {
	var b strings.Builder
	for _, look := range s.looks {
		fmt.Fprintf(&b, ".%s{%s}\n", s.classes[look], look)
	}
	return b.String()
}

// An svgCanvas is a vg.Canvas. Unlike gonum's it shares looks between elements and figures, which makes a drawing a
// quarter as large, gives every text the width that it was laid out for, so that a substitute font cannot run into its
// neighbours, and knows which strategy a part belongs to (see [Pen.Of] and [Pen.Tells]).
type svgCanvas struct {
	w, h  vg.Length
	sheet *StyleSheet
	body  strings.Builder
	svgState
	stack []svgState
}

type svgState struct {
	color  color.NRGBA
	width  vg.Length
	dashes []vg.Length
	offset vg.Length
	to     matrix // from the user's coordinates to the page's, both from the lower left corner
}

var _ vg.CanvasSizer = (*svgCanvas)(nil)

func newSVGCanvas(w, h vg.Length, sheet *StyleSheet) *svgCanvas {
	c := &svgCanvas{w: w, h: h, sheet: sheet}
	c.to = matrix{1, 0, 0, 1, 0, 0}
	vg.Initialize(c)
	return c
}

func (c *svgCanvas) Size() (w, h vg.Length)   { return c.w, c.h }
func (c *svgCanvas) SetLineWidth(w vg.Length) { c.width = w }
func (c *svgCanvas) SetColor(k color.Color)   { c.color = opaqueBlack(k) }
func (c *svgCanvas) Rotate(angle float64)     { c.to = c.to.rotated(angle) }
func (c *svgCanvas) Translate(p vg.Point)     { c.to = c.to.moved(p) }
func (c *svgCanvas) Scale(x, y float64)       { c.to = c.to.scaled(x, y) }
func (c *svgCanvas) Push()                    { c.stack = append(c.stack, c.svgState) }
func (c *svgCanvas) Pop()                     { c.svgState, c.stack = c.stack[len(c.stack)-1], c.stack[:len(c.stack)-1] }
func (c *svgCanvas) SetLineDash(dashes []vg.Length, offset vg.Length) {
	c.dashes, c.offset = dashes, offset
}

// opaqueBlack is what a canvas takes where no colour is given.
func opaqueBlack(k color.Color) color.NRGBA {
	if k == nil {
		return color.NRGBA{A: 0xff}
	}
	return color.NRGBAModel.Convert(k).(color.NRGBA)
}

func (c *svgCanvas) Stroke(p vg.Path) {
	if c.width <= 0 || len(p) == 0 {
		return
	}
	scale := vg.Length(c.to.scale())
	look := "fill:none;" + CSS("stroke", c.color) + ";stroke-width:" + points(c.width*scale)
	if len(c.dashes) > 0 {
		var on []string
		for _, d := range c.dashes {
			on = append(on, points(d*scale))
		}
		look += ";stroke-dasharray:" + strings.Join(on, " ")
		if c.offset != 0 {
			look += ";stroke-dashoffset:" + points(c.offset*scale)
		}
	}
	c.path(look, p)
}

func (c *svgCanvas) Fill(p vg.Path) {
	if len(p) > 0 {
		c.path(CSS("fill", c.color), p)
	}
}

func (c *svgCanvas) path(look string, p vg.Path) {
	fmt.Fprintf(&c.body, "<path class=\"%s\" d=\"%s\"/>\n", c.sheet.class(look), c.data(p))
}

func (c *svgCanvas) FillString(f font.Face, at vg.Point, s string) {
	if s == "" || f.Font.Size == 0 {
		return
	}
	look := "font-size:" + points(f.Font.Size) + "px;" + CSS("fill", c.color)
	if f.Font.Weight >= xfont.WeightBold {
		look += ";font-weight:bold"
	}
	x, y := c.place(at)
	turned := ""
	if a := c.to.angle(); a != 0 {
		turned = fmt.Sprintf(` transform="rotate(%s %s %s)"`, number(-a*180/math.Pi), x, y)
	}
	fmt.Fprintf(&c.body, "<text class=\"%s\" x=\"%s\" y=\"%s\"%s textLength=\"%s\" lengthAdjust=\"spacingAndGlyphs\">%s</text>\n",
		c.sheet.class(look), x, y, turned, points(f.Width(s)), html.EscapeString(s))
}

// DrawImage takes rectangles whose sides are parallel to the page's alone; figures have no others.
func (c *svgCanvas) DrawImage(r vg.Rectangle, img image.Image) {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(fmt.Sprintf("encode an image of a figure: %v", err)) // into memory: only an image without pixels cannot be
	}
	x, y := c.place(vg.Point{X: r.Min.X, Y: r.Max.Y})
	size := r.Size()
	fmt.Fprintf(&c.body, "<image x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" href=\"data:image/png;base64,%s\"/>\n",
		x, y, points(size.X), points(size.Y), base64.StdEncoding.EncodeToString(b.Bytes()))
}

// group has all that draw draws in one element, with these attributes and a text for who points at it or has it read.
func (c *svgCanvas) group(attributes, text string, draw func()) {
	c.body.WriteString("<g" + attributes + ">\n")
	if text != "" {
		c.body.WriteString("<title>" + html.EscapeString(text) + "</title>\n")
	}
	draw()
	c.body.WriteString("</g>\n")
}

// data is a path as SVG writes it, in differences, which is two thirds as long as in places. They are those of places that are
// rounded first, so that they do not add up to another one.
func (c *svgCanvas) data(p vg.Path) string {
	var b strings.Builder
	type place struct{ x, y int } // in hundredths of a point
	on := func(p vg.Point) place {
		q := c.to.of(p)
		return place{int(math.Round(q.X.Points() * 100)), int(math.Round((c.h - q.Y).Points() * 100))}
	}
	var now, start place // where the pen is, and where a close takes it
	begun := false
	to := func(command string, ps ...vg.Point) {
		b.WriteString(command)
		var end place
		for i, p := range ps {
			end = on(p)
			b.WriteString(hundredths(end.x-now.x, i == 0))
			b.WriteString(hundredths(end.y-now.y, false))
		}
		now = end
	}
	move := func(p vg.Point) {
		if begun {
			to("m", p)
		} else {
			to("M", p) // from the page's corner, where the pen is taken to be
		}
		start, begun = now, true
	}
	line := func(p vg.Point) {
		switch next := on(p); {
		case next == now:
		case next.y == now.y:
			b.WriteString("h" + hundredths(next.x-now.x, true))
			now = next
		case next.x == now.x:
			b.WriteString("v" + hundredths(next.y-now.y, true))
			now = next
		default:
			to("l", p)
		}
	}
	for _, part := range p {
		switch part.Type {
		case vg.MoveComp:
			move(part.Pos)
		case vg.LineComp:
			line(part.Pos)
		case vg.CurveComp:
			to(map[int]string{1: "q", 2: "c"}[len(part.Control)], append(part.Control[:len(part.Control):len(part.Control)], part.Pos)...)
		case vg.CloseComp:
			b.WriteString("z")
			now = start
		case vg.ArcComp:
			at := func(angle float64) vg.Point {
				sin, cos := math.Sincos(angle)
				return vg.Point{X: part.Pos.X + part.Radius*vg.Length(cos), Y: part.Pos.Y + part.Radius*vg.Length(sin)}
			}
			if begun {
				line(at(part.Start))
			} else {
				move(at(part.Start))
			}
			// In halves: SVG does not draw an arc that ends where it begins.
			sweep := "0" // against the clock, as angles grow
			if part.Angle < 0 {
				sweep = "1"
			}
			r := points(part.Radius * vg.Length(c.to.scale()))
			for _, angle := range []float64{part.Start + part.Angle/2, part.Start + part.Angle} {
				to("a"+r+" "+r+" 0 0 "+sweep+" ", at(angle))
			}
		}
	}
	return b.String()
}

// hundredths writes n / 100 in the shortest form. Behind a letter it needs no space; behind a number a minus will do.
func hundredths(n int, first bool) string {
	s := strconv.FormatFloat(float64(n)/100, 'f', -1, 64)
	if whole, digits, ok := strings.Cut(s, "0."); ok && (whole == "" || whole == "-") {
		s = whole + "." + digits
	}
	if first || n < 0 {
		return s
	}
	return " " + s
}

// place is where p stands on the page, from the upper left corner, as text.
func (c *svgCanvas) place(p vg.Point) (x, y string) {
	q := c.to.of(p)
	return points(q.X), points(c.h - q.Y)
}

// CSS is a colour as a declaration of the property what, such as "fill". Classes are told apart by it, so it is written in one way.
func CSS(what string, k color.NRGBA) string {
	look := fmt.Sprintf("%s:#%02X%02X%02X", what, k.R, k.G, k.B)
	if k.A != 0xff {
		look += ";" + what + "-opacity:" + number(float64(k.A)/0xff)
	}
	return look
}

// points writes a length, to a hundredth of a point, which is finer than any screen or printer shows.
func points(l vg.Length) string { return number(l.Points()) }

func number(v float64) string {
	rounded := math.Round(v*100) / 100
	if rounded == 0 {
		return "0" // also for negative zero
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// A matrix maps (x, y) to (ax + cy + e, bx + dy + f).
type matrix struct{ a, b, c, d, e, f float64 }

func (m matrix) of(p vg.Point) vg.Point {
	x, y := p.X.Points(), p.Y.Points()
	return vg.Point{X: vg.Length(m.a*x + m.c*y + m.e), Y: vg.Length(m.b*x + m.d*y + m.f)}
}

// after is m applied to what n gives.
func (m matrix) after(n matrix) matrix {
	return matrix{
		m.a*n.a + m.c*n.b, m.b*n.a + m.d*n.b,
		m.a*n.c + m.c*n.d, m.b*n.c + m.d*n.d,
		m.a*n.e + m.c*n.f + m.e, m.b*n.e + m.d*n.f + m.f,
	}
}

func (m matrix) rotated(angle float64) matrix {
	sin, cos := math.Sincos(angle)
	return m.after(matrix{cos, sin, -sin, cos, 0, 0})
}

func (m matrix) moved(p vg.Point) matrix {
	return m.after(matrix{1, 0, 0, 1, p.X.Points(), p.Y.Points()})
}

func (m matrix) scaled(x, y float64) matrix { return m.after(matrix{x, 0, 0, y, 0, 0}) }

// scale is how much longer lines become, and angle by how much they are turned.
func (m matrix) scale() float64 { return math.Sqrt(math.Abs(m.a*m.d - m.b*m.c)) }
func (m matrix) angle() float64 { return math.Atan2(m.b, m.a) }
