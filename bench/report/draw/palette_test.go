package draw

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	vgdraw "gonum.org/v1/plot/vg/draw"
)

// Catches: two strategies of one run that look alike, colours that change from run to run, and a salt that does not
// keep what its comment says.
func TestStylesAreTheStrategysOwn(t *testing.T) {
	shipped := []string{"goroutine", "channel", "ants", "pond", "pond-v1", "thread", "tutorial"}
	all := Styles(shipped)
	for _, name := range shipped {
		if got := Styles([]string{name, "zebra", "goroutine"})[name]; got.Color != all[name].Color {
			t.Errorf("%s changes its style with the company that it keeps", name)
		}
		variant := name + " unit=request"
		if got := Styles([]string{variant})[variant]; got.Color != all[name].Color {
			t.Errorf("%s alone does not look like its kind", variant)
		}
	}
	for round := range 200 {
		var names []string
		for i := range slots {
			names = append(names, fmt.Sprintf("kind%d%s", round*7+i*3, strings.Repeat(" unit=request", i%2)))
		}
		colour, marks := map[string]bool{}, map[string]bool{}
		for _, s := range Styles(names) {
			colour[fmt.Sprint(s.Color)] = true
			marks[fmt.Sprint(s.Shape, s.Dash)] = true
		}
		if len(colour) != slots || len(marks) != slots {
			t.Fatalf("%d strategies have %d colours and %d pairs of marker and dash", slots, len(colour), len(marks))
		}
	}
	// 30 in all, 8 to a scenario: everybody in one is told by colour, and no two labels look alike.
	many := append([]string{"more"}, shipped...)
	for i := range 22 {
		many = append(many, fmt.Sprint("kind extra=", i))
	}
	var groups [][]string
	for i := 0; i+8 <= len(many); i += 4 {
		groups = append(groups, many[i:i+8])
	}
	styles := Styles(groups...)
	if len(styles) != len(many)-len(many)%4 {
		t.Errorf("%d labels have %d styles", len(many), len(styles))
	}
	for _, group := range groups {
		colour := map[string]bool{}
		for _, label := range group {
			colour[fmt.Sprint(styles[label].Color)] = true
		}
		if len(colour) != len(group) {
			t.Errorf("%v have %d colours", group, len(colour))
		}
	}
	looks := map[string]string{}
	for label, s := range styles {
		look := fmt.Sprint(s.Color, s.Shape)
		if other, seen := looks[look]; seen {
			t.Errorf("%s looks like %s", label, other)
		}
		looks[look] = label
	}
	reversed := slices.Clone(groups)
	slices.Reverse(reversed)
	for label, s := range Styles(reversed...) {
		if fmt.Sprint(s) != fmt.Sprint(styles[label]) {
			t.Errorf("the style of %s depends on the order of the scenarios", label)
		}
	}
}

// Catches: strategies of one picture that have the same colour and a marker or a dash that looks the same.
func TestWhoSharesAColourDiffersInMarkerAndDash(t *testing.T) {
	kinds := []string{"channel", "ants", "workerpool"}
	var groups [][]string
	for i := range len(kinds) {
		var group []string
		for k := range 17 {
			if (i+k)%3 != 1 { // each picture is without a kind: that is where colours come again
				group = append(group, fmt.Sprintf("%s workers=%d", kinds[k%3], 64<<(k/3)))
			}
		}
		groups = append(groups, group)
	}
	styles := Styles(groups...)
	shape := func(s Style) int {
		return kin[slices.IndexFunc(shapes, func(o vgdraw.GlyphDrawer) bool { return o == s.Shape })]
	}
	shared := 0
	for _, group := range groups {
		for i, a := range group {
			for _, b := range group[:i] {
				x, y := styles[a], styles[b]
				if x.Color != y.Color {
					continue
				}
				shared++
				if shape(x) == shape(y) || slices.Equal(x.Dash, y.Dash) {
					t.Errorf("%s and %s are in one picture, have one colour, and look alike", a, b)
				}
			}
		}
	}
	if shared == 0 {
		t.Error("no two in one picture share a colour, so nothing was looked at")
	}
}
