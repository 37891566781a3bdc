package report

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// pageWidth is chosen for a page that shows pictures about 900 pixels wide, as GitHub does: the smallest text is then
// still 10 pixels high.
const (
	pageWidth vg.Length = 680
	margin    vg.Length = 18
	bodyWidth           = pageWidth - 2*margin
)

// A figure is one picture: one PNG and one SVG file.
type figure struct {
	name     string // file name without extension
	alt      string // what a reader who cannot see it has to know
	title    string // a finding, computed from the data
	subtitle string // how to read it
	caption  string // machine, date, commit, repetitions, window
	legend   []legendItem
	height   vg.Length // of the body; the rest follows from the texts
	draw     func(pen)
}

type legendItem struct {
	text     string
	strategy string // whose it is; empty: nobody's alone
	style    style
	mark     bool // the marker as well as the line
	area     bool // a block of colour in place of a line
}

const (
	legendRow   vg.Length = 14
	legendThumb vg.Length = 24
	legendGap   vg.Length = 14
)

// size is the whole page, so that no text needs to be squeezed.
func (f figure) size(t typesetter) (w, h vg.Length) {
	h = 2*margin + f.height
	for _, b := range f.blocks(t) {
		if len(b.lines) > 0 {
			h += vg.Length(len(b.lines))*b.look.leading() + b.gap
		}
	}
	if n := len(f.legendRows(t)); n > 0 {
		h += vg.Length(n)*legendRow + 8
	}
	return pageWidth, h
}

type block struct {
	look  letters
	lines []string
	gap   vg.Length
}

// blocks are title and subtitle, above the body, and the caption under it.
func (f figure) blocks(t typesetter) [3]block {
	return [3]block{
		{titleType, t.wrap(titleType, f.title, bodyWidth), 3},
		{subtitleType, t.wrap(subtitleType, f.subtitle, bodyWidth), 9},
		{captionType, t.wrap(captionType, f.caption, bodyWidth), 0},
	}
}

func (f figure) legendRows(t typesetter) [][]legendItem {
	var rows [][]legendItem
	x := vg.Length(0)
	for _, item := range f.legend {
		item.text = t.fit(labelType, item.text, bodyWidth-legendThumb-5)
		w := legendThumb + 5 + t.width(labelType, item.text) + legendGap
		if len(rows) == 0 || x+w-legendGap > bodyWidth {
			rows, x = append(rows, nil), 0
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], item)
		x += w
	}
	return rows
}

// draw sets the item's thumb and text beside each other, from x on.
func (item legendItem) draw(p pen, x, y vg.Length) {
	if item.area {
		p.box(item.style.color, x, y-3.5, x+legendThumb, y+3.5)
	} else {
		p.stroke(item.style.color, 1.8, item.style.dash, vg.Point{X: x, Y: y}, vg.Point{X: x + legendThumb, Y: y})
	}
	if item.mark {
		p.mark(item.style, 3.2, false, x+legendThumb/2, y)
	}
	p.writeMid(labelType, left, x+legendThumb+5, y, item.text)
}

// paint draws the page on a canvas of its size.
func (f figure) paint(c draw.Canvas, t typesetter) {
	p := pen{c, t}
	p.box(paper, c.Min.X, c.Min.Y, c.Max.X, c.Max.Y)
	p = p.inside(margin, margin, margin, margin)
	blocks := f.blocks(t)
	for _, b := range blocks[:2] {
		p = p.paragraph(b.look, b.lines, b.gap)
	}
	for _, row := range f.legendRows(t) {
		x, y := p.Min.X, p.Max.Y-legendRow/2
		for _, item := range row {
			p.of(item.strategy, func() { item.draw(p, x, y) })
			x += legendThumb + 5 + t.width(labelType, item.text) + legendGap
		}
		p.Max.Y -= legendRow
	}
	if len(f.legend) > 0 {
		p.Max.Y -= 8
	}
	foot := blocks[2]
	body := p
	body.Min.Y += vg.Length(len(foot.lines)) * foot.look.leading()
	p.Max.Y = body.Min.Y
	p.paragraph(foot.look, foot.lines, foot.gap)
	f.draw(body)
}
