package draw

import (
	"cmp"
	"image/color"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
)

// A Grid has a row for each strategy and a column for each thing that they are held against: what is to be seen in one look.
type Grid struct {
	set     Typesetter
	columns []string
	rows    []GridRow
}

// A GridRow is one strategy.
type GridRow struct {
	Label string
	Style Style
	Cells []GridCell // one for each column
}

// A GridCell is a word or a figure on a colour; the zero value was not measured.
type GridCell struct {
	Text  string
	Small string      // a second line
	Fill  color.NRGBA // none: nothing to see
	Ink   color.NRGBA
	Hint  string // for who points at it
}

// Colours of cells. Each has ink that keeps to 4.5 to 1 on it, and the words in them say the same. All but openFill, which
// goes with ink, are the same on any paper.
var (
	GoodFill  = RGB(0x2E7D5B)
	PoorFill  = RGB(0xF5D48F)
	BadFill   = RGB(0xAF0020) // not alarm, which is text, and lighter on dark paper
	OpenFill  = RGB(0xE4E7EB)
	DarkInk   = RGB(0x202020) // on fills that are light on any paper
	WhiteInk  = RGB(0xFEFEFE) // on fills that are dark on any paper
	gridTypes = Letters{Size: 7.6}
	smallType = Letters{Size: 6.4}
)

const (
	gridRowHeight vg.Length = 19
	gridGap       vg.Length = 2
	widestColumn  vg.Length = 78
	widestName    vg.Length = 172
	labelRoom     vg.Length = 24 // beside a name: 14 for the mark before it, the rest so that it does not touch the first cell
)

// NewGrid leaves out rows and columns in which nothing was measured. Each row has a cell for each column.
func NewGrid(t Typesetter, columns []string, rows []GridRow) Grid {
	measured := func(c GridCell) bool { return c.Text != "" }
	rows = slices.DeleteFunc(slices.Clone(rows), func(r GridRow) bool { return !slices.ContainsFunc(r.Cells, measured) })
	keep := make([]bool, len(columns))
	for _, r := range rows {
		for i, c := range r.Cells {
			keep[i] = keep[i] || measured(c)
		}
	}
	g := Grid{set: t}
	for i, name := range columns {
		if keep[i] {
			g.columns = append(g.columns, name)
		}
	}
	for _, r := range rows {
		kept := r
		kept.Cells = nil
		for i, c := range r.Cells {
			if keep[i] {
				kept.Cells = append(kept.Cells, c)
			}
		}
		g.rows = append(g.rows, kept)
	}
	return g
}

// Empty says that nothing was measured at all: there is no figure then.
func (g Grid) Empty() bool { return len(g.rows) == 0 }

// widths are those of the names' column and of the others.
func (g Grid) widths() (name, column vg.Length) {
	var labels []string
	for _, r := range g.rows {
		labels = append(labels, r.Label)
	}
	name = min(g.set.Widest(LabelType, labels...), widestName) + labelRoom
	column = min((bodyWidth-name)/vg.Length(max(len(g.columns), 1)), widestColumn)
	return name, column
}

// heads are the columns' names in lines. A name may reach into its neighbours' columns as far as they leave room; it may
// break behind a hyphen, and what still has no room is cut.
func (g Grid) heads() [][]string {
	_, width := g.widths()
	out := make([][]string, len(g.columns))
	for i, name := range g.columns {
		out[i] = []string{name}
	}
	free := func(i int) bool {
		for _, k := range []int{i - 1, i + 1} {
			if k >= 0 && k < len(out) && g.set.Widest(TickType, out[i]...)/2+g.set.Widest(TickType, out[k]...)/2+headGap > width {
				return false
			}
		}
		// Beside the first one is no head, and the last one may use a little of the page's margin.
		return i < len(out)-1 || g.set.Widest(TickType, out[i]...) <= width+margin
	}
	for _, shorten := range []func(string) []string{
		func(name string) []string { return g.broken(name, width-headGap) },
		func(name string) []string {
			lines := g.broken(name, width-headGap)
			for i := range lines {
				lines[i] = g.set.Fit(TickType, lines[i], width-headGap)
			}
			return lines
		},
	} {
		// The longest first: it may be that its neighbours can then stay.
		order := make([]int, len(out))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int {
			return cmp.Compare(g.set.Widest(TickType, out[b]...), g.set.Widest(TickType, out[a]...))
		})
		for _, i := range order {
			if !free(i) {
				out[i] = shorten(g.columns[i])
			}
		}
	}
	return out
}

// broken is a name in at most mostHeadLines lines, broken behind hyphens where it is wider than it may be.
func (g Grid) broken(name string, width vg.Length) []string {
	var lines []string
	for _, part := range strings.SplitAfter(name, "-") {
		if n := len(lines) - 1; n >= 0 && g.set.Width(TickType, lines[n]+part) <= width {
			lines[n] += part
		} else {
			lines = append(lines, part)
		}
	}
	if len(lines) > mostHeadLines {
		lines = append(lines[:mostHeadLines-1], strings.Join(lines[mostHeadLines-1:], ""))
	}
	return lines
}

const headGap vg.Length = 4

const mostHeadLines = 3

func (g Grid) headHeight() vg.Length {
	most := 0
	for _, lines := range g.heads() {
		most = max(most, len(lines))
	}
	return vg.Length(most)*TickType.Leading() + 4
}

// Height is what the grid needs of a page.
func (g Grid) Height() vg.Length {
	return g.headHeight() + vg.Length(len(g.rows))*gridRowHeight + 6
}

// Draw sets the grid from the top of the pen's area, which has to be as wide as the body of a page.
func (g Grid) Draw(p Pen) {
	name, width := g.widths()
	top := p.Max.Y - g.headHeight()
	for i, lines := range g.heads() {
		for k, line := range lines {
			y := top + 4 + vg.Length(len(lines)-1-k)*TickType.Leading()
			p.Write(TickType.In(Ink), Centre, p.Min.X+name+(vg.Length(i)+0.5)*width, y, line)
		}
	}
	for i, r := range g.rows {
		y1 := top - vg.Length(i)*gridRowHeight
		y0 := y1 - gridRowHeight + gridGap
		mid := (y0 + y1) / 2
		p.row(r.Label, gridRowHeight, func() {
			p.Mark(r.Style, 3.1, false, p.Min.X+5, mid)
			p.WriteMid(LabelType, Left, p.Min.X+14, mid, p.Fit(LabelType, r.Label, name-labelRoom))
			// What was not measured is one path: it is half of all cells, and nothing is to be told of it.
			var unmeasured vg.Path
			for k, c := range r.Cells {
				x0 := p.Min.X + name + vg.Length(k)*width
				if c.Text == "" {
					unmeasured = append(unmeasured, Rectangle(x0, y0, x0+width-gridGap, y1)...)
					continue
				}
				g.drawCell(p, c, x0, y0, x0+width-gridGap, y1)
			}
			if unmeasured != nil {
				p.SetColor(Faint)
				p.Fill(unmeasured)
			}
		})
	}
}

func (g Grid) drawCell(p Pen, c GridCell, x0, y0, x1, y1 vg.Length) {
	p.Tells(c.Hint, func() {
		p.Box(c.Fill, x0, y0, x1, y1)
		x, y := (x0+x1)/2, (y0+y1)/2
		if c.Small != "" {
			p.WriteMid(smallType.In(c.Ink), Centre, x, y-4.2, p.Fit(smallType, c.Small, x1-x0-2))
			y += 3.4
		}
		p.WriteMid(gridTypes.In(c.Ink), Centre, x, y, p.Fit(gridTypes, c.Text, x1-x0-2))
	})
}
