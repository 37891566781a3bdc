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

	"github.com/poolbench/poolbench/bench/report/draw"
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
			set := draw.NewTypesetter()
			var kinds []string
			for _, f := range newView(run()).figures(set) {
				kind, _, _ := strings.Cut(f.Name, "-")
				addTo(&kinds, kind)
				b, err := f.SVG(set)
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

func checkLayout(t *testing.T, f draw.Figure, svg []byte) {
	t.Helper()
	boxes, w, h := textBoxes(t, svg)
	if len(boxes) < 8 {
		t.Errorf("%s has only %d texts", f.Name, len(boxes))
	}
	if f.Alt == "" || !strings.Contains(string(svg), ">"+html.EscapeString(f.Alt)+"</title>") {
		t.Errorf("%s: the SVG file does not say what it shows", f.Name)
	}
	const slack = 0.6 // textLength and positions are rounded
	for i, a := range boxes {
		if a.x0 < 0 || a.y0 < 0 || a.x1 > w || a.y1 > h {
			t.Errorf("%s: %q leaves the page: %v of %v × %v", f.Name, a.text, a, w, h)
		}
		for _, b := range boxes[i+1:] {
			if min(a.x1, b.x1)-max(a.x0, b.x0) > slack && min(a.y1, b.y1)-max(a.y0, b.y0) > slack {
				t.Errorf("%s: %q and %q overlap: %v, %v", f.Name, a.text, b.text, a, b)
			}
		}
	}
}

func savePicture(t *testing.T, dir string, f draw.Figure, set draw.Typesetter) {
	t.Helper()
	b, err := f.PNG(set)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, f.Name+".png"), b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// Catches: a figure of a real kind that is not XML, and one that takes more room than a page of pictures can give it.
func TestEveryFigureIsWellFormedAndSmall(t *testing.T) {
	set := draw.NewTypesetter()
	for _, run := range []trial.Run{everyFigure(6, 6), synth{strategies: 2, repetitions: 1, mutate: hostile}.run()} {
		for _, f := range newView(run).figures(set) {
			b, err := f.SVG(set)
			if err != nil {
				t.Fatal(err)
			}
			d := xml.NewDecoder(bytes.NewReader(b))
			for err == nil {
				_, err = d.Token()
			}
			if err != io.EOF {
				t.Errorf("%s: %v", f.Name, err)
			}
			// Heat maps of noise, as here, are the largest: a real one has more neighbours that are alike.
			if most := map[bool]int{false: 60_000, true: 80_000}[strings.HasPrefix(f.Name, "heat-")]; len(b) > most {
				t.Errorf("%s.svg has %d bytes", f.Name, len(b))
			}
		}
	}
}
