// Package report puts a run into words and pictures: trials in, report.md and plots out. It takes records and never
// anything that is alive, so that a run can be drawn again on another machine years later; it measures nothing, and
// decides nothing that packages stat and verdict have not decided. It knows no strategy by name. What figures are drawn with is
// package draw's, which knows nothing of trials.
//
// The same run gives the same bytes. Every figure is written as PNG for reading and as SVG for print; titles are
// findings that are computed from the data, by the same rules as the sentences of the report. A picture has a file of its own,
// whose name begins with figure_.
package report

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/poolbench/poolbench/bench/report/draw"
	"github.com/poolbench/poolbench/bench/trial"
)

// plotsDir is where the pictures are, under the folder of the report.
const plotsDir = "plots"

// Write writes report.md, report.html and their plots under dir and returns their names, report.md first. Each file is
// replaced as a whole. dir is made if it does not exist; the reports link to the run's trials.jsonl and env.json beside
// them, so dir is the run's own folder as a rule.
func Write(run trial.Run, dir string) ([]string, error) {
	v, t := newView(run), draw.NewTypesetter()
	figures := v.figures(t)
	written, err := save(figures, t, dir)
	if err != nil {
		return written, err
	}
	markdown := v.markdown(figures)
	page, err := v.html(figures, markdown, t)
	if err != nil {
		return written, err
	}
	var texts []string
	for _, file := range []struct {
		name    string
		content []byte
	}{{"report.md", markdown}, {"report.html", page}} {
		name := filepath.Join(dir, file.name)
		if err := replace(name, file.content); err != nil {
			return slices.Concat(texts, written), err
		}
		texts = append(texts, name)
	}
	return slices.Concat(texts, written), nil
}

// Plots writes the pictures alone, as dir/plots/*.png and *.svg, and returns their names.
func Plots(run trial.Run, dir string) ([]string, error) {
	t := draw.NewTypesetter()
	return save(newView(run).figures(t), t, dir)
}

// Markdown is the text of report.md. It shows the pictures that [Plots] draws of the same run.
func Markdown(run trial.Run) []byte {
	v := newView(run)
	return v.markdown(v.figures(draw.NewTypesetter()))
}

// HTML is the page of report.html.
func HTML(run trial.Run) ([]byte, error) {
	v, t := newView(run), draw.NewTypesetter()
	figures := v.figures(t)
	return v.html(figures, v.markdown(figures), t)
}

// replace writes a file so that a reader sees the old one or the new one, never half of one.
func replace(name string, b []byte) error {
	if err := trial.Replace(name, b); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// save returns the names of what it has written, also with an error.
func save(figures []draw.Figure, t draw.Typesetter, dir string) ([]string, error) {
	dir = filepath.Join(dir, plotsDir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder for plots: %w", err)
	}
	var written []string
	for _, f := range figures {
		for _, kind := range []struct {
			ext  string
			draw func(draw.Typesetter) ([]byte, error)
		}{{".png", f.PNG}, {".svg", f.SVG}} {
			b, err := kind.draw(t)
			if err != nil {
				return written, err
			}
			name := filepath.Join(dir, f.Name+kind.ext)
			if err := replace(name, b); err != nil {
				return written, err
			}
			written = append(written, name)
		}
	}
	return written, nil
}

// figures are all that the run has data for, in the order of the report.
func (v view) figures(t draw.Typesetter) []draw.Figure {
	var out []draw.Figure
	add := func(f draw.Figure, ok bool) {
		if ok {
			out = append(out, f)
		}
	}
	add(matrixFigure(v, t))
	add(servedFigure(v, t))
	add(starvedFigure(v, t))
	add(costFigure(v, t))
	add(memoryFigure(v, t))
	for _, s := range v.scenarios {
		add(repetitionsFigure(v, s, t))
		add(sizingFigure(v, s, t))
		if s.open() {
			add(loadFigure(v, s, t))
		}
		add(heatFigure(v, s, t))
		add(latencyFigure(v, s, t))
	}
	return out
}

// fileName keeps a scenario's name to what every file system and every link takes.
func fileName(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		default:
			return '-'
		}
	}, s)
}
