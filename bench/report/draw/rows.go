package draw

import "gonum.org/v1/plot/vg"

// A Row is one strategy in a panel of rows: strategies stand beside the vertical axis, where their names have room.
type Row struct {
	Label    string
	Strategy string // whose row it is; empty: nobody's alone
	Hint     string // for who points at it
	Soft     bool   // less ink: the baseline's twin
	Value    string // the figure as text, right of the data
	Note     string // what must not be overlooked: not everyone was served
	Draw     func(d Panel, y vg.Length)
}

// Rows is a panel with a row for each strategy.
type Rows struct {
	Title string
	Notes string // the panel's finding
	Rows  []Row
	X     Axis
	Ticks []Tick
}

const (
	rowHeight  vg.Length = 15.5
	axisHeight vg.Length = 18
)

// A Stack sets panels of rows under each other.
type Stack struct {
	set    Typesetter
	panels []Rows
}

// NewStack takes the panels from the top down.
func NewStack(t Typesetter, panels []Rows) Stack { return Stack{t, panels} }

// widths are those of a panel's columns of text.
func (s Stack) widths(p Rows) (label, value, note vg.Length) {
	for _, r := range p.Rows {
		label = max(label, s.set.Width(LabelType, r.Label))
		value = max(value, s.set.Width(LabelType, r.Value))
		note = max(note, s.set.Width(alarmType, r.Note))
	}
	return label, value, note
}

func (s Stack) head(p Rows) (title, notes []string) {
	return s.set.Wrap(PanelType, p.Title, bodyWidth), s.set.Wrap(NoteType, p.Notes, bodyWidth)
}

func (s Stack) panelHeight(p Rows) vg.Length {
	title, notes := s.head(p)
	return vg.Length(len(title))*PanelType.Leading() + vg.Length(len(notes))*NoteType.Leading() + 5 +
		vg.Length(len(p.Rows))*rowHeight + axisHeight + PanelGap
}

// Height is what the stack needs of a page.
func (s Stack) Height() (h vg.Length) {
	for _, p := range s.panels {
		h += s.panelHeight(p)
	}
	return h
}

// Draw sets the panels from the top of the pen's area, which has to be as wide as the body of a page.
func (s Stack) Draw(p Pen) {
	for _, r := range s.panels {
		cell := p
		cell.Min.Y = p.Max.Y - s.panelHeight(r) + PanelGap
		s.drawPanel(cell, r)
		p.Max.Y -= s.panelHeight(r)
	}
}

func (s Stack) drawPanel(p Pen, r Rows) {
	title, notes := s.head(r)
	p = p.Paragraph(PanelType, title, 0)
	p = p.Paragraph(NoteType, notes, 0)
	p.Max.Y -= 5
	label, value, note := s.widths(r)
	label = min(label, bodyWidth*0.45)
	right0 := vg.Length(0)
	if value > 0 {
		right0 += value + 8
	}
	if note > 0 {
		right0 += note + 8
	}
	area := p.Inside(label+8, right0, axisHeight, 0)
	x := r.X.between(area.Min.X, area.Max.X)
	var l lattice
	for _, t := range r.Ticks {
		l.add(t.Label == "", x.At(t.Value), area.Min.Y, x.At(t.Value), area.Max.Y)
	}
	p.lattice(l)
	edge := p.Min.X
	for _, t := range r.Ticks {
		at := x.At(t.Value)
		if t.Label == "" {
			continue
		}
		w := p.Width(TickType, t.Label)
		if start := min(at-w/2, p.Max.X-w); start >= edge {
			p.Write(TickType, Left, start, area.Min.Y-11, t.Label)
			edge = start + w + 6
		}
	}
	p.Line(InkSoft, 0.75, area.Min.X, area.Min.Y, area.Max.X, area.Min.Y)
	d := Panel{area, x, Axis{}}
	for i, row := range r.Rows {
		y := area.Max.Y - (vg.Length(i)+0.5)*rowHeight
		look := LabelType
		if row.Soft {
			look = look.In(InkSoft)
		}
		p.Of(row.Strategy, func() {
			p.WriteMid(look, Right, area.Min.X-8, y, p.Fit(look, row.Label, label))
			p.WriteMid(look, Right, area.Max.X+8+value, y, row.Value)
			p.WriteMid(alarmType, Left, p.Max.X-note, y, row.Note)
			p.Tells(row.Hint, func() { row.Draw(d, y) })
		})
	}
}
