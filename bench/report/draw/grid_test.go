package draw

import (
	"slices"
	"strings"
	"testing"
)

// Catches: rows and columns of nothing, a cell under another one's head, and a caller's rows that are no longer what they were.
func TestAGridLeavesOutWhatWasNotMeasured(t *testing.T) {
	cells := func(texts ...string) (out []GridCell) {
		for _, s := range texts {
			out = append(out, GridCell{Text: s})
		}
		return out
	}
	rows := []GridRow{{Label: "a", Cells: cells("", "", "a3")}, {Label: "b", Cells: cells("", "", "")}, {Label: "c", Cells: cells("c1", "", "")}}
	g := NewGrid(NewTypesetter(), []string{"one", "two", "three"}, rows)
	var got []string
	for _, r := range g.rows {
		line := r.Label
		for i, c := range r.Cells {
			line += " " + g.columns[i] + "=" + c.Text
		}
		got = append(got, line)
	}
	if want := []string{"a one= three=a3", "c one=c1 three="}; !slices.Equal(got, want) {
		t.Errorf("the grid has %q, want %q", got, want)
	}
	if len(rows) != 3 || rows[1].Label != "b" || len(rows[0].Cells) != 3 {
		t.Errorf("the caller's rows became %v", rows)
	}
	if !NewGrid(NewTypesetter(), []string{"one"}, rows[1:2]).Empty() {
		t.Error("a grid in which nothing was measured is not empty")
	}
}

// Catches: a head that is wider than its neighbours leave room for, one that is cut where it could be broken, and more lines than
// there is height for.
func TestHeadsHaveRoom(t *testing.T) {
	set := NewTypesetter()
	columns := []string{"short", "a-rather-long-name-that-can-be-broken", "idle", strings.Repeat("unbroken", 5), "w", strings.Repeat("part-", 20)}
	row := GridRow{Label: "a"}
	for range columns {
		row.Cells = append(row.Cells, GridCell{Text: "x"})
	}
	g := NewGrid(set, columns, []GridRow{row})
	_, width := g.widths()
	heads := g.heads()
	for i, lines := range heads {
		if len(lines) > mostHeadLines {
			t.Errorf("%s has %d lines", columns[i], len(lines))
		}
		if i > 0 && set.Widest(TickType, heads[i-1]...)/2+set.Widest(TickType, lines...)/2 > width {
			t.Errorf("%q and %q run into each other", heads[i-1], lines)
		}
	}
	if got := strings.Join(heads[1], ""); got != columns[1] {
		t.Errorf("%s became %q, with hyphens to break it at", columns[1], heads[1])
	}
}

// Catches: a name that touches the first cell.
func TestTheWidestNameEndsBeforeTheCells(t *testing.T) {
	set := NewTypesetter()
	for _, label := range []string{"channel workers=64 unit=request", "channel workers=64 queue=unbounded full=reject unit=request"} {
		g := NewGrid(set, []string{"one"}, []GridRow{{Label: label, Cells: []GridCell{{Text: "best"}}}})
		name, _ := g.widths()
		if end := 14 + set.Width(LabelType, set.Fit(LabelType, label, name-labelRoom)); name-end < 8 {
			t.Errorf("%q ends at %v, and the first cell begins at %v", label, end, name)
		}
	}
}
