package draw

import (
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"
)

// pageWidth is chosen for a page that shows pictures about 900 pixels wide, as GitHub does: the smallest text is then
// still 10 pixels high.
const (
	pageWidth vg.Length = 680
	margin    vg.Length = 18
	bodyWidth           = pageWidth - 2*margin
)

// A Figure is one picture: one PNG and one SVG file.
type Figure struct {
	Name     string // file name without extension
	Alt      string // what a reader who cannot see it has to know
	Title    string // a finding, computed from the data
	Subtitle string // how to read it
	Caption  string // machine, date, commit, repetitions, window
	Legend   []LegendItem
	Height   vg.Length // of the body; the rest follows from the texts
	Draw     func(Pen)
}

// A LegendItem says what a line, a marker or a colour stands for.
type LegendItem struct {
	Text     string
	Strategy string // whose it is; empty: nobody's alone
	Style    Style
	Mark     bool // the marker as well as the line
	Area     bool // a block of colour in place of a line
}

const (
	legendRow   vg.Length = 14
	legendThumb vg.Length = 24
	legendGap   vg.Length = 14
)

// size is the whole page, so that no text needs to be squeezed.
func (f Figure) size(t Typesetter) (w, h vg.Length) {
	h = 2*margin + f.Height
	for _, b := range f.blocks(t) {
		if len(b.lines) > 0 {
			h += vg.Length(len(b.lines))*b.look.Leading() + b.gap
		}
	}
	if n := len(f.legendRows(t)); n > 0 {
		h += vg.Length(n)*legendRow + 8
	}
	return pageWidth, h
}

type block struct {
	look  Letters
	lines []string
	gap   vg.Length
}

// blocks are title and subtitle, above the body, and the caption under it.
func (f Figure) blocks(t Typesetter) [3]block {
	return [3]block{
		{titleType, t.Wrap(titleType, f.Title, bodyWidth), 3},
		{subtitleType, t.Wrap(subtitleType, f.Subtitle, bodyWidth), 9},
		{captionType, t.Wrap(captionType, f.Caption, bodyWidth), 0},
	}
}

func (f Figure) legendRows(t Typesetter) [][]LegendItem {
	var rows [][]LegendItem
	x := vg.Length(0)
	for _, item := range f.Legend {
		item.Text = t.Fit(LabelType, item.Text, bodyWidth-legendThumb-5)
		w := legendThumb + 5 + t.Width(LabelType, item.Text) + legendGap
		if len(rows) == 0 || x+w-legendGap > bodyWidth {
			rows, x = append(rows, nil), 0
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], item)
		x += w
	}
	return rows
}

// draw sets the item's thumb and text beside each other, from x on.
func (item LegendItem) draw(p Pen, x, y vg.Length) {
	if item.Area {
		p.Box(item.Style.Color, x, y-3.5, x+legendThumb, y+3.5)
	} else {
		p.Polyline(item.Style.Color, 1.8, item.Style.Dash, vg.Point{X: x, Y: y}, vg.Point{X: x + legendThumb, Y: y})
	}
	if item.Mark {
		p.Mark(item.Style, 3.2, false, x+legendThumb/2, y)
	}
	p.WriteMid(LabelType, Left, x+legendThumb+5, y, item.Text)
}

// paint draws the page on a canvas of its size.
func (f Figure) paint(c vgdraw.Canvas, t Typesetter) {
	p := Pen{c, t}
	p.Box(Paper, c.Min.X, c.Min.Y, c.Max.X, c.Max.Y)
	p = p.Inside(margin, margin, margin, margin)
	blocks := f.blocks(t)
	for _, b := range blocks[:2] {
		p = p.Paragraph(b.look, b.lines, b.gap)
	}
	for _, row := range f.legendRows(t) {
		x, y := p.Min.X, p.Max.Y-legendRow/2
		for _, item := range row {
			p.Of(item.Strategy, func() { item.draw(p, x, y) })
			x += legendThumb + 5 + t.Width(LabelType, item.Text) + legendGap
		}
		p.Max.Y -= legendRow
	}
	if len(f.Legend) > 0 {
		p.Max.Y -= 8
	}
	foot := blocks[2]
	body := p
	body.Min.Y += vg.Length(len(foot.lines)) * foot.look.Leading()
	p.Max.Y = body.Min.Y
	p.Paragraph(foot.look, foot.lines, foot.gap)
	f.Draw(body)
}
