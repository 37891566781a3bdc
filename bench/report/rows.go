package report

import "gonum.org/v1/plot/vg"

// A row is one strategy in a panel of rows: strategies stand beside the vertical axis, where their names have room.
type row struct {
	label    string
	strategy string // whose row it is; empty: nobody's alone
	hint     string // for who points at it
	soft     bool   // less ink: the baseline's twin
	value    string // the figure as text, right of the data
	note     string // what must not be overlooked: not everyone was served
	draw     func(d panel, y vg.Length)
}

// rows is a panel with a row for each strategy.
type rows struct {
	title string
	notes string // the panel's finding
	rows  []row
	x     axis
	ticks []tick
}

const (
	rowHeight  vg.Length = 15.5
	axisHeight vg.Length = 18
	columnGap  vg.Length = 22
	panelGap   vg.Length = 12
)

// A rowGrid sets panels of rows under each other.
type rowGrid struct {
	set    typesetter
	panels []rows
}

func newRowGrid(t typesetter, panels []rows) rowGrid { return rowGrid{t, panels} }

// widths are those of a panel's columns of text.
func (g rowGrid) widths(p rows) (label, value, note vg.Length) {
	for _, r := range p.rows {
		label = max(label, g.set.width(labelType, r.label))
		value = max(value, g.set.width(labelType, r.value))
		note = max(note, g.set.width(alarmType, r.note))
	}
	return label, value, note
}

func (g rowGrid) head(p rows) (title, notes []string) {
	return g.set.wrap(panelType, p.title, bodyWidth), g.set.wrap(noteType, p.notes, bodyWidth)
}

func (g rowGrid) panelHeight(p rows) vg.Length {
	title, notes := g.head(p)
	return vg.Length(len(title))*panelType.leading() + vg.Length(len(notes))*noteType.leading() + 5 +
		vg.Length(len(p.rows))*rowHeight + axisHeight + panelGap
}

func (g rowGrid) height() (h vg.Length) {
	for _, p := range g.panels {
		h += g.panelHeight(p)
	}
	return h
}

func (g rowGrid) draw(p pen) {
	for _, r := range g.panels {
		cell := p
		cell.Min.Y = p.Max.Y - g.panelHeight(r) + panelGap
		g.drawPanel(cell, r)
		p.Max.Y -= g.panelHeight(r)
	}
}

func (g rowGrid) drawPanel(p pen, r rows) {
	title, notes := g.head(r)
	p = p.paragraph(panelType, title, 0)
	p = p.paragraph(noteType, notes, 0)
	p.Max.Y -= 5
	label, value, note := g.widths(r)
	label = min(label, bodyWidth*0.45)
	right0 := vg.Length(0)
	if value > 0 {
		right0 += value + 8
	}
	if note > 0 {
		right0 += note + 8
	}
	area := p.inside(label+8, right0, axisHeight, 0)
	x := r.x.between(area.Min.X, area.Max.X)
	var l lattice
	for _, t := range r.ticks {
		l.add(t.label == "", x.at(t.value), area.Min.Y, x.at(t.value), area.Max.Y)
	}
	p.lattice(l)
	edge := p.Min.X
	for _, t := range r.ticks {
		at := x.at(t.value)
		if t.label == "" {
			continue
		}
		w := p.width(tickType, t.label)
		if start := min(at-w/2, p.Max.X-w); start >= edge {
			p.write(tickType, left, start, area.Min.Y-11, t.label)
			edge = start + w + 6
		}
	}
	p.line(inkSoft, 0.75, area.Min.X, area.Min.Y, area.Max.X, area.Min.Y)
	d := panel{area, x, axis{}}
	for i, row := range r.rows {
		y := area.Max.Y - (vg.Length(i)+0.5)*rowHeight
		look := labelType
		if row.soft {
			look = look.in(inkSoft)
		}
		p.of(row.strategy, func() {
			p.writeMid(look, right, area.Min.X-8, y, p.fit(look, row.label, label))
			p.writeMid(look, right, area.Max.X+8+value, y, row.value)
			p.writeMid(alarmType, left, p.Max.X-note, y, row.note)
			p.tells(row.hint, func() { row.draw(d, y) })
		})
	}
}
