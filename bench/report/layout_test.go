package report

import (
	"bytes"
	"encoding/xml"
	"flag"
	"fmt"
	"html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"

	"github.com/poolbench/poolbench/bench/trial"
)

var pictures = flag.String("pictures", "", "also write the synthetic pictures into this folder, to look at them")

type textBox struct {
	text           string
	x0, y0, x1, y1 float64 // from the upper left corner
}

var fontSize = regexp.MustCompile(`\.(k[0-9a-z]+)\{font-size:([0-9.]+)px`)

// textBoxes reads where each text of an SVG file stands, and the size of its page. A text has to have its width pinned, and
// to lie flat.
func textBoxes(t *testing.T, svg []byte) (boxes []textBox, w, h float64) {
	t.Helper()
	number := func(s string) float64 {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	sizes := map[string]float64{}
	for _, m := range fontSize.FindAllStringSubmatch(string(svg), -1) {
		sizes[m[1]] = number(m[2])
	}
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if err == io.EOF {
			return boxes, w, h
		}
		if err != nil {
			t.Fatal(err)
		}
		element, is := token.(xml.StartElement)
		if !is {
			continue
		}
		has := map[string]string{}
		for _, a := range element.Attr {
			has[a.Name.Local] = a.Value
		}
		switch element.Name.Local {
		case "svg":
			box := strings.Fields(has["viewBox"])
			if len(box) != 4 {
				t.Fatalf("the viewBox is %q", has["viewBox"])
			}
			w, h = number(box[2]), number(box[3])
		case "text":
			var text string
			if err := d.DecodeElement(&text, &element); err != nil {
				t.Fatal(err)
			}
			size := sizes[has["class"]]
			if size == 0 || has["textLength"] == "" || has["transform"] != "" {
				t.Fatalf("%q has the size %v and the attributes %v", text, size, has)
			}
			// Letters reach 0.72 of the size above the baseline and 0.2 under it.
			x, y := number(has["x"]), number(has["y"])
			boxes = append(boxes, textBox{text, x, y - 0.72*size, x + number(has["textLength"]), y + 0.2*size})
		}
	}
}

// Catches: labels that run into each other or off the page, at any number of strategies; a picture that loses its text;
// an SVG without a name for those who cannot see it.
func TestTextStaysOnThePageAndApart(t *testing.T) {
	long := func(tr *trial.Trial) {
		tr.Scenario = strings.Repeat("a-scenario-with-a-very-long-name-", 4) + tr.Scenario
	}
	runs := map[string]func() trial.Run{
		"17-long-names": longNames,
		"4-close":       synth{strategies: 4, repetitions: 1, levels: []float64{0.5, 0.51, 0.52, 0.9, 0.91}}.run,
		"3-long-names":  synth{strategies: 3, repetitions: 1, levels: []float64{0.5, 0.9}, mutate: long}.run,
		"7-levels":      synth{strategies: 7, repetitions: 1, levels: []float64{0.25, 0.5, 0.75, 0.9}}.run,
		"4-many-clients": synth{strategies: 4, repetitions: 1, levels: []float64{0.5}, mutate: func(tr *trial.Trial) {
			tr.Clients.Good = append(tr.Clients.Good, make([]int64, 936)...)
			tr.Clients.Total, tr.Clients.Nothing = 1000, tr.Clients.Nothing+936
		}}.run,
	}
	for _, n := range []int{1, 2, 6, 7, 12} {
		runs[fmt.Sprint(n)] = func() trial.Run { return everyFigure(n, 6) }
	}
	for name, run := range runs {
		t.Run(name, func(t *testing.T) {
			set := newTypesetter()
			var kinds []string
			for _, f := range newView(run()).figures(set) {
				kind, _, _ := strings.Cut(f.name, "-")
				addTo(&kinds, kind)
				b, err := f.svg(set)
				if err != nil {
					t.Fatal(err)
				}
				checkLayout(t, f, b)
				if *pictures != "" {
					savePicture(t, filepath.Join(*pictures, name), f, set)
				}
			}
			want := []string{"cost", "heat", "latency", "load", "matrix", "memory", "repetitions", "served", "sizing", "starved"}
			if name == "1" {
				want = slices.DeleteFunc(want, func(kind string) bool { return kind == "starved" })
			}
			if slices.Sort(kinds); !strings.Contains(name, "-") && !slices.Equal(kinds, want) {
				t.Errorf("the figures are of the kinds %v, want %v", kinds, want)
			}
		})
	}
}

func checkLayout(t *testing.T, f figure, svg []byte) {
	t.Helper()
	boxes, w, h := textBoxes(t, svg)
	if len(boxes) < 8 {
		t.Errorf("%s has only %d texts", f.name, len(boxes))
	}
	if f.alt == "" || !strings.Contains(string(svg), ">"+html.EscapeString(f.alt)+"</title>") {
		t.Errorf("%s: the SVG file does not say what it shows", f.name)
	}
	const slack = 0.6 // textLength and positions are rounded
	for i, a := range boxes {
		if a.x0 < 0 || a.y0 < 0 || a.x1 > w || a.y1 > h {
			t.Errorf("%s: %q leaves the page: %v of %v × %v", f.name, a.text, a, w, h)
		}
		for _, b := range boxes[i+1:] {
			if min(a.x1, b.x1)-max(a.x0, b.x0) > slack && min(a.y1, b.y1)-max(a.y0, b.y0) > slack {
				t.Errorf("%s: %q and %q overlap: %v, %v", f.name, a.text, b.text, a, b)
			}
		}
	}
}

func savePicture(t *testing.T, dir string, f figure, set typesetter) {
	t.Helper()
	b, err := f.png(set)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, f.name+".png"), b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// Catches: a line of text that is wider than it was allowed to be, and words that wrapping loses.
func TestWrapKeepsEveryWordWithinTheWidth(t *testing.T) {
	set := newTypesetter()
	const text = "no difference larger than 6.2 % seen between goroutine and 4 others (A/A pair: 9.4 %), p99 12 ms."
	for width := vg.Length(60); width < 500; width += 7 {
		lines := set.wrap(noteType, text, width)
		if got := strings.Join(lines, " "); got != text {
			t.Fatalf("width %v: %q", width, got)
		}
		for _, line := range lines {
			if w := set.width(noteType, line); w > width {
				t.Errorf("width %v: %q is %v wide", width, line, w)
			}
			if strings.HasPrefix(line, "%") || strings.HasPrefix(line, "ms") {
				t.Errorf("width %v: a unit was parted from its number: %q", width, line)
			}
		}
	}
	if got := set.fit(noteType, strings.Repeat("w", 100), 50); set.width(noteType, got) > 50 || !strings.HasSuffix(got, "…") {
		t.Errorf("a long word became %q", got)
	}
}

// Catches: two strategies of one run that look alike, colours that change from run to run, and a salt that does not
// keep what its comment says.
func TestStylesAreTheStrategysOwn(t *testing.T) {
	shipped := []string{"goroutine", "channel", "ants", "pond", "pond-v1", "thread", "tutorial"}
	all := assign(shipped)
	for _, name := range shipped {
		if got := assign([]string{name, "zebra", "goroutine"})[name]; got.color != all[name].color {
			t.Errorf("%s changes its style with the company that it keeps", name)
		}
		variant := name + " unit=request"
		if got := assign([]string{variant})[variant]; got.color != all[name].color {
			t.Errorf("%s alone does not look like its kind", variant)
		}
	}
	for round := range 200 {
		var names []string
		for i := range slots {
			names = append(names, fmt.Sprintf("kind%d%s", round*7+i*3, strings.Repeat(" unit=request", i%2)))
		}
		colour, marks := map[string]bool{}, map[string]bool{}
		for _, s := range assign(names) {
			colour[fmt.Sprint(s.color)] = true
			marks[fmt.Sprint(s.shape, s.dash)] = true
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
	styles := assign(groups...)
	if len(styles) != len(many)-len(many)%4 {
		t.Errorf("%d labels have %d styles", len(many), len(styles))
	}
	for _, group := range groups {
		colour := map[string]bool{}
		for _, label := range group {
			colour[fmt.Sprint(styles[label].color)] = true
		}
		if len(colour) != len(group) {
			t.Errorf("%v have %d colours", group, len(colour))
		}
	}
	looks := map[string]string{}
	for label, s := range styles {
		look := fmt.Sprint(s.color, s.shape)
		if other, seen := looks[look]; seen {
			t.Errorf("%s looks like %s", label, other)
		}
		looks[look] = label
	}
	reversed := slices.Clone(groups)
	slices.Reverse(reversed)
	for label, s := range assign(reversed...) {
		if fmt.Sprint(s) != fmt.Sprint(styles[label]) {
			t.Errorf("the style of %s depends on the order of the scenarios", label)
		}
	}
}
