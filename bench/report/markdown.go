package report

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/poolbench/poolbench/bench/report/draw"
)

// A document is report.md while it is written. Footnotes are collected and stand at its end.
type document struct {
	strings.Builder
	notes []string
}

func (d *document) f(format string, args ...any) { fmt.Fprintf(d, format, args...) }

// note returns the mark of a footnote; the same text has one mark.
func (d *document) note(text string) string {
	i := slices.Index(d.notes, text)
	if i < 0 {
		d.notes = append(d.notes, text)
		i = len(d.notes) - 1
	}
	return fmt.Sprintf("[^%d]", i+1)
}

// documentTitle is the question that a reader comes with.
const documentTitle = "Which strategy should the server use?"

// markdown shows those figures that there are. First the answer, then what it rests on: scenario by scenario, then how it
// was measured, on what.
func (v view) markdown(figures []draw.Figure) []byte {
	var d document
	show := func(names ...string) {
		for _, name := range names {
			if i := slices.IndexFunc(figures, func(f draw.Figure) bool { return f.Name == name }); i >= 0 {
				f := figures[i]
				// The link under a picture that is shown leads to the one that scales.
				d.f("[![%s](%s)](%s)\n\n", altText(f.Alt), path.Join(plotsDir, name+".png"), path.Join(plotsDir, name+".svg"))
			}
		}
	}
	v.title(&d)
	v.verdict(&d, v.said, show)
	v.claims(&d)
	v.acrossScenarios(&d, show)
	for _, s := range v.scenarios {
		v.scenario(&d, s, v.said, show)
	}
	for _, sc := range v.leftOut() {
		v.notMeasured(&d, sc)
	}
	v.outlierSection(&d)
	v.method(&d)
	v.machineAndData(&d)
	for i, n := range d.notes {
		d.f("[^%d]: %s\n", i+1, prose(n))
	}
	return []byte(strings.TrimRight(d.String(), "\n") + "\n")
}

// acrossHeading stands before the chapters of scenarios, which follow it one by one.
const acrossHeading = "Across scenarios"

// glossary is for who knows servers, and neither statistics nor load generators.
const glossary = "How to read figures: × 0.9 is nine tenths of what it is compared with, and brackets behind a figure reach as far as the truth may lie " +
	"(with 95 % confidence). *Goodput* is how many right answers a second come in time; *p50* and *p99* are the times within which half of the requests and " +
	"99 in 100 of them were answered. In a *closed loop* each client waits for its answer before it asks again; in an *open loop* requests come by a schedule. " +
	"The *driver* is what plays the clients, and its *lag* is how late it was itself. Where something is measured *against itself*, any difference is noise."

// acrossScenarios is what can be said of the run in a paragraph, and the pictures that have all scenarios in them.
func (v view) acrossScenarios(d *document, show func(...string)) {
	d.f("## %s\n\n", acrossHeading)
	if points := v.overview().points(); len(points) > 0 {
		for _, p := range points {
			d.f("- %s\n", prose(p.text))
			for _, l := range p.lines {
				d.f("  - **%s:** %s\n", prose(l.scenario), prose(l.text))
			}
		}
		d.f("\n%s\n\n", glossary)
	} else {
		d.f("There is no trial that can be used, so there is nothing to say.\n\n")
	}
	show("served", "starved", "cost", "memory")
}

// altText keeps a text inside the brackets of an image.
func altText(s string) string {
	return strings.NewReplacer("[", "(", "]", ")", "\n", " ", "\r", " ", `\`, `\\`, "<", "&lt;", "&", "&amp;", "`", "'", "*", `\*`).Replace(s)
}

// prose keeps text that comes from outside from being read as markup.
func prose(s string) string {
	return strings.NewReplacer("\n", " ", "\r", " ", `\`, `\\`, "*", `\*`, "_", `\_`, "<", "&lt;", "&", "&amp;", "`", "'", "[", `\[`, "]", `\]`).Replace(s)
}
