package report

import (
	"cmp"
	"image/color"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
)

// A grid has a row for each strategy and a column for each scenario: what is to be seen in one look.
type grid struct {
	typesetter
	columns []string
	rows    []gridRow
}

type gridRow struct {
	label string
	style style
	cells []gridCell // one for each column
}

// A gridCell is a word or a figure on a colour; the zero value was not measured.
type gridCell struct {
	text  string
	small string      // a second line
	fill  color.NRGBA // none: nothing to see
	ink   color.NRGBA
	hint  string // for who points at it
}

// Colours of cells. Each has ink that keeps to 4.5 to 1 on it, and the words in them say the same. All but openFill, which
// goes with ink, are the same on any paper.
var (
	goodFill  = rgb(0x2E7D5B)
	poorFill  = rgb(0xF5D48F)
	badFill   = rgb(0xAF0020) // not alarm, which is text, and lighter on dark paper
	openFill  = rgb(0xE4E7EB)
	darkInk   = rgb(0x202020) // on fills that are light on any paper
	whiteInk  = rgb(0xFEFEFE) // on fills that are dark on any paper
	gridTypes = letters{size: 7.6}
	smallType = letters{size: 6.4}
)

const (
	gridRowHeight vg.Length = 19
	gridGap       vg.Length = 2
	widestColumn  vg.Length = 78
	widestName    vg.Length = 172
)

// newGrid leaves out rows and columns in which nothing was measured.
func newGrid(t typesetter, columns []string, rows []gridRow) grid {
	measured := func(c gridCell) bool { return c.text != "" }
	rows = slices.DeleteFunc(slices.Clone(rows), func(r gridRow) bool { return !slices.ContainsFunc(r.cells, measured) })
	keep := make([]bool, len(columns))
	for _, r := range rows {
		for i, c := range r.cells {
			keep[i] = keep[i] || measured(c)
		}
	}
	g := grid{typesetter: t}
	for i, name := range columns {
		if keep[i] {
			g.columns = append(g.columns, name)
		}
	}
	for _, r := range rows {
		kept := r
		kept.cells = nil
		for i, c := range r.cells {
			if keep[i] {
				kept.cells = append(kept.cells, c)
			}
		}
		g.rows = append(g.rows, kept)
	}
	return g
}

func (g grid) empty() bool { return len(g.rows) == 0 }

// widths are those of the names' column and of the others.
func (g grid) widths() (name, column vg.Length) {
	var labels []string
	for _, r := range g.rows {
		labels = append(labels, r.label)
	}
	name = min(g.widest(labelType, labels...), widestName) + 18
	column = min((bodyWidth-name)/vg.Length(max(len(g.columns), 1)), widestColumn)
	return name, column
}

// heads are the columns' names in lines. A name may reach into its neighbours' columns as far as they leave room; it may
// break behind a hyphen, and what still has no room is cut.
func (g grid) heads() [][]string {
	_, width := g.widths()
	out := make([][]string, len(g.columns))
	for i, name := range g.columns {
		out[i] = []string{name}
	}
	free := func(i int) bool {
		for _, k := range []int{i - 1, i + 1} {
			if k >= 0 && k < len(out) && g.widest(tickType, out[i]...)/2+g.widest(tickType, out[k]...)/2+headGap > width {
				return false
			}
		}
		// Beside the first one is no head, and the last one may use a little of the page's margin.
		return i < len(out)-1 || g.widest(tickType, out[i]...) <= width+margin
	}
	for _, shorten := range []func(string) []string{
		func(name string) []string { return g.broken(name, width-headGap) },
		func(name string) []string {
			lines := g.broken(name, width-headGap)
			for i := range lines {
				lines[i] = g.fit(tickType, lines[i], width-headGap)
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
			return cmp.Compare(g.widest(tickType, out[b]...), g.widest(tickType, out[a]...))
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
func (g grid) broken(name string, width vg.Length) []string {
	var lines []string
	for _, part := range strings.SplitAfter(name, "-") {
		if n := len(lines) - 1; n >= 0 && g.width(tickType, lines[n]+part) <= width {
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

func (g grid) headHeight() vg.Length {
	most := 0
	for _, lines := range g.heads() {
		most = max(most, len(lines))
	}
	return vg.Length(most)*tickType.leading() + 4
}

func (g grid) height() vg.Length {
	return g.headHeight() + vg.Length(len(g.rows))*gridRowHeight + 6
}

func (g grid) draw(p pen) {
	name, width := g.widths()
	top := p.Max.Y - g.headHeight()
	for i, lines := range g.heads() {
		for k, line := range lines {
			y := top + 4 + vg.Length(len(lines)-1-k)*tickType.leading()
			p.write(tickType.in(ink), centre, p.Min.X+name+(vg.Length(i)+0.5)*width, y, line)
		}
	}
	for i, r := range g.rows {
		y1 := top - vg.Length(i)*gridRowHeight
		y0 := y1 - gridRowHeight + gridGap
		mid := (y0 + y1) / 2
		p.row(r.label, gridRowHeight, func() {
			p.mark(r.style, 3.1, false, p.Min.X+5, mid)
			p.writeMid(labelType, left, p.Min.X+14, mid, p.fit(labelType, r.label, name-18))
			// What was not measured is one path: it is half of all cells, and nothing is to be told of it.
			var unmeasured vg.Path
			for k, c := range r.cells {
				x0 := p.Min.X + name + vg.Length(k)*width
				if c.text == "" {
					unmeasured = append(unmeasured, rectangle(x0, y0, x0+width-gridGap, y1)...)
					continue
				}
				g.drawCell(p, c, x0, y0, x0+width-gridGap, y1)
			}
			if unmeasured != nil {
				p.SetColor(faint)
				p.Fill(unmeasured)
			}
		})
	}
}

func (g grid) drawCell(p pen, c gridCell, x0, y0, x1, y1 vg.Length) {
	p.tells(c.hint, func() {
		p.box(c.fill, x0, y0, x1, y1)
		x, y := (x0+x1)/2, (y0+y1)/2
		if c.small != "" {
			p.writeMid(smallType.in(c.ink), centre, x, y-4.2, p.fit(smallType, c.small, x1-x0-2))
			y += 3.4
		}
		p.writeMid(gridTypes.in(c.ink), centre, x, y, p.fit(gridTypes, c.text, x1-x0-2))
	})
}

// gridRows makes a row for each strategy that was compared, in order of first appearance, with the cell that of makes
// of it in each scenario.
func (v view) gridRows(scenarios []string, of func(scenario, label string) gridCell) []gridRow {
	var out []gridRow
	for _, label := range v.shown() {
		r := gridRow{label: label, style: v.styles[label]}
		for _, s := range scenarios {
			r.cells = append(r.cells, of(s, label))
		}
		out = append(out, r)
	}
	return out
}
