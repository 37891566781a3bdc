package report

import (
	"fmt"
	"path"
	"slices"
	"strings"
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

// markdown shows those figures that there are.
func (v view) markdown(figures []figure) []byte {
	var d document
	show := func(name string) {
		if i := slices.IndexFunc(figures, func(f figure) bool { return f.name == name }); i >= 0 {
			f := figures[i]
			// The link under a picture that is shown leads to the one that scales.
			d.f("[![%s](%s)](%s)\n\n", altText(f.alt), path.Join(plotsDir, name+".png"), path.Join(plotsDir, name+".svg"))
		}
	}
	v.title(&d)
	v.verdict(&d)
	v.claims(&d)
	v.header(&d)
	d.f("## Summary\n\n")
	if s := v.overview().sentences(); len(s) > 0 {
		for _, sentence := range s {
			d.f("- %s\n", prose(sentence))
		}
		d.f("\n")
	} else {
		d.f("There is no trial that can be used, so there is nothing to say.\n\n")
	}
	show("throughput")
	show("served")
	show("starved")
	for _, s := range v.scenarios {
		v.scenario(&d, s)
		show("load-" + s.file)
		show("latency-" + s.file)
	}
	v.outlierSection(&d)
	v.method(&d)
	for i, n := range d.notes {
		d.f("[^%d]: %s\n", i+1, prose(n))
	}
	return []byte(strings.TrimRight(d.String(), "\n") + "\n")
}

// altText keeps a text inside the brackets of an image.
func altText(s string) string {
	return strings.NewReplacer("[", "(", "]", ")", "\n", " ", "<", "&lt;", "`", "'", "*", `\*`).Replace(s)
}

// prose keeps text that comes from outside from being read as markup.
func prose(s string) string {
	return strings.NewReplacer("\n", " ", "*", `\*`, "_", `\_`, "<", "&lt;", "`", "'", "[", `\[`, "]", `\]`).Replace(s)
}
