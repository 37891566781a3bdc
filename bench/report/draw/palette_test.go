package draw

import (
	"fmt"
	"slices"
	"strings"
	"testing"
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
