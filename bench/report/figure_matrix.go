package report

import (
	"slices"
	"strings"

	"github.com/poolbench/poolbench/bench/report/draw"
	choice "github.com/poolbench/poolbench/bench/verdict"
)

// matrixFigure is the verdict in one look: who can be chosen where, who cannot, and why.
func matrixFigure(v view, t draw.Typesetter) (draw.Figure, bool) {
	var scenarios []string
	for _, sc := range v.said.Scenarios {
		scenarios = append(scenarios, sc.Name)
	}
	g := draw.NewGrid(t, scenarios, v.gridRows(scenarios, v.standing))
	if g.Empty() {
		return draw.Figure{}, false
	}
	title := "Nothing can be said of any strategy"
	if s := v.said.Overall.Sentences; len(s) > 0 {
		title = strings.TrimSuffix(s[0], ".")
	}
	return draw.Figure{
		Name:     "matrix",
		Title:    title,
		Subtitle: "Each scenario is a column, each strategy a row. Empty: not asked for there. ×: how many times worse than the best, in what decides the scenario.",
		Alt:      "Where each strategy is among the best, behind, or out, and why. " + title,
		Caption:  v.caption(),
		Legend: []draw.LegendItem{
			{Text: "among the best", Style: draw.Style{Color: draw.GoodFill}, Area: true},
			{Text: "behind", Style: draw.Style{Color: draw.PoorFill}, Area: true},
			{Text: "cannot be chosen", Style: draw.Style{Color: draw.BadFill}, Area: true},
			{Text: "?: not decided; driver: its limits hide the server's; spoilt: no trial can be used", Style: draw.Style{Color: draw.OpenFill}, Area: true},
		},
		Height: g.Height(),
		Draw:   g.Draw,
	}, true
}

// standing is how the strategy with that label stands in a scenario.
func (v view) standing(name, label string) draw.GridCell {
	i := slices.IndexFunc(v.said.Scenarios, func(sc choice.Scenario) bool { return sc.Name == name })
	sc := v.said.Scenarios[i]
	full := v.fullName(name, label)
	if full == "" {
		return draw.GridCell{}
	}
	word := sc.Word(full)
	c := draw.GridCell{Hint: label + " on " + name + ": " + word, Text: word, Fill: draw.OpenFill, Ink: draw.Ink}
	switch kind, rest, _ := strings.Cut(word, " "); {
	case kind == "best":
		c.Fill, c.Ink = draw.GoodFill, draw.WhiteInk
	case kind == "behind":
		c.Fill, c.Ink, c.Text = draw.PoorFill, draw.DarkInk, rest
	case kind == "out:":
		c.Fill, c.Ink, c.Text = draw.BadFill, draw.WhiteInk, rest
		for _, o := range sc.Out {
			if o.Strategy == full {
				c.Hint += ": it " + o.Reasons[0].Text
			}
		}
	case kind == undecided:
		c.Text = "?"
		for _, o := range sc.Undecided {
			if o.Strategy == full && o.Text != "" {
				c.Hint += " (" + o.Text + ")"
			}
		}
	case word == "not ranked":
		c.Text = "driver"
	case strings.HasPrefix(word, "not measured"):
		c.Text = "spoilt"
	default:
		return draw.GridCell{}
	}
	return c
}

// isOut says whether the verdict on a scenario is that the strategy with that label cannot be chosen.
func (v view) isOut(name, label string) bool {
	i := slices.IndexFunc(v.said.Scenarios, func(sc choice.Scenario) bool { return sc.Name == name })
	return i >= 0 && slices.ContainsFunc(v.said.Scenarios[i].Out, func(o choice.Out) bool { return v.labels[o.Strategy] == label })
}

// fullName is the strategy that has the label in a scenario; empty if it was not asked for there.
func (v view) fullName(name, label string) string {
	for _, s := range v.scenarios {
		if s.name != name {
			continue
		}
		for _, l := range s.levels {
			for _, c := range l.cells {
				if c.label == label {
					return c.Strategy
				}
			}
		}
	}
	return ""
}

// headline is the verdict on a scenario as a title.
func headline(said choice.Verdict, sc choice.Scenario) string {
	labels := func(names []string) string {
		var out []string
		for _, name := range names {
			out = append(out, said.Labels[name])
		}
		return list(out, 4, "strategy")
	}
	var parts []string
	switch n := len(sc.Best); {
	case n > 1:
		parts = append(parts, "no difference that matters between "+labels(sc.Best))
	case n == 1:
		parts = append(parts, labels(sc.Best)+" is best")
	}
	if len(sc.Unranked) > 0 {
		parts = append(parts, "the driver hides what "+labels(sc.Unranked)+" can do")
	}
	var open, missing []string
	for _, o := range sc.Undecided {
		if o.NotMeasured {
			missing = append(missing, o.Strategy)
		} else {
			open = append(open, o.Strategy)
		}
	}
	if len(open) > 0 {
		parts = append(parts, "not decided: "+labels(open))
	}
	if len(missing) > 0 {
		parts = append(parts, "not measured: "+labels(missing))
	}
	if n := len(sc.Behind); n > 0 {
		var behind groups
		for _, b := range sc.Behind {
			behind.add(strings.TrimPrefix(sc.Word(b.Strategy), "behind "), said.Labels[b.Strategy])
		}
		var who []string
		for _, factor := range behind.labels {
			who = append(who, list(behind.remarks[factor], 3, "strategy")+" "+factor)
		}
		parts = append(parts, "behind: "+strings.Join(who, ", "))
	}
	var out groups
	for _, o := range sc.Out {
		out.add(string(o.Reasons[0].Code), o.Strategy)
	}
	for _, code := range out.labels {
		names := out.remarks[code]
		parts = append(parts, labels(names)+" "+choice.Code(code).Act(len(names)))
	}
	if len(parts) == 0 {
		return sc.Name + ": nothing can be said"
	}
	return sc.Name + ": " + strings.Join(parts, "; ")
}

// gridRows makes a row for each strategy that was compared, in order of first appearance, with the cell that of makes
// of it in each scenario.
func (v view) gridRows(scenarios []string, of func(scenario, label string) draw.GridCell) []draw.GridRow {
	var out []draw.GridRow
	for _, label := range v.shown() {
		r := draw.GridRow{Label: label, Style: v.styles[label]}
		for _, s := range scenarios {
			r.Cells = append(r.Cells, of(s, label))
		}
		out = append(out, r)
	}
	return out
}
