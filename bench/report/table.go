package report

import (
	"strings"
	"unicode/utf8"
)

// A table is rendered as a GitHub table that is padded as well, so that it reads in a terminal.
type table struct {
	head []string // the first column is left-aligned, the others are numbers
	rows [][]string
	text bool // the others are words, and left-aligned too
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) write(b *strings.Builder) {
	widths := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(t.escape(i, cell)), 3)
		}
	}
	line := func(row []string) {
		for i, cell := range row {
			cell = t.escape(i, cell)
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			switch {
			case i == 0:
				b.WriteString("| " + cell + pad)
			case t.text:
				b.WriteString(" | " + cell + pad)
			default:
				b.WriteString(" | " + pad + cell)
			}
		}
		b.WriteString(" |\n")
	}
	line(t.head)
	for i, w := range widths {
		if i == 0 || t.text {
			b.WriteString("|:" + strings.Repeat("-", w+1))
		} else {
			b.WriteString("|" + strings.Repeat("-", w+1) + ":")
		}
	}
	b.WriteString("|\n")
	for _, row := range t.rows {
		line(row)
	}
	b.WriteString("\n")
}

// escape keeps text from ending a cell or a line, and from being read as markup: names of strategies and scenarios
// come from outside. The marks of footnotes, which are ours, stand in columns of numbers alone.
func (t *table) escape(column int, s string) string {
	s = cellEscaper.Replace(s)
	if column == 0 || t.text {
		s = strings.ReplaceAll(s, "[", `\[`)
	}
	return s
}

var cellEscaper = strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ", `\`, `\\`, "*", `\*`, "_", `\_`, "`", "'", "<", "&lt;", "&", "&amp;")
