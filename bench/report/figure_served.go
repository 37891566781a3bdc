package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/poolbench/poolbench/bench/report/draw"
)

// servedFigure has the share of the clients that each strategy served, in the trial that served the fewest.
func servedFigure(v view, t draw.Typesetter) (draw.Figure, bool) {
	scenarios := v.scenarioNames()
	worst := map[string]cell{}
	for _, s := range v.scenarios {
		for _, c := range s.worstCells() {
			if c.worst.Total > 0 {
				worst[s.name+"\x00"+c.label] = c
			}
		}
	}
	g := draw.NewGrid(t, scenarios, v.gridRows(scenarios, func(name, label string) draw.GridCell {
		c, ok := worst[name+"\x00"+label]
		if !ok {
			return draw.GridCell{}
		}
		return c.servedCell()
	}))
	if g.Empty() {
		return draw.Figure{}, false
	}
	title := servedTitle(v.scenarios)
	return draw.Figure{
		Name:     "served",
		Title:    title,
		Subtitle: "Clients with at least one answer, in the trial that served the fewest of them, and under it Jain's fairness index: 1 if all got as much, 1/n if one of n got everything. What those who were served saw does not tell of the others.",
		Alt:      "Share of the clients that each strategy served in each scenario. " + title,
		Caption:  v.caption(),
		Legend: []draw.LegendItem{
			{Text: "all were served", Style: draw.Style{Color: draw.GoodFill}, Area: true},
			{Text: "some were refused, and told so", Style: draw.Style{Color: draw.PoorFill}, Area: true},
			{Text: "some got nothing, and were never told: starved", Style: draw.Style{Color: draw.BadFill}, Area: true},
		},
		Height: g.Height(),
		Draw:   g.Draw,
	}, true
}

func (c cell) servedCell() draw.GridCell {
	w := c.worst
	g := draw.GridCell{
		Text: "all", Small: "J " + short(w.Jain), Fill: draw.GoodFill, Ink: draw.WhiteInk,
		Hint: fmt.Sprintf("%s on %s: served %s; Jain's index %s", c.label, c.Scenario, c.served(), sig(w.Jain)),
	}
	if note := classNote(c); note != "" {
		g.Hint += "; " + note
	}
	if !c.starved() {
		return g
	}
	g.Text, g.Fill, g.Ink = shareServed(w.Served, w.Total), draw.BadFill, draw.WhiteInk
	if w.Nothing == 0 {
		g.Fill, g.Ink = draw.PoorFill, draw.DarkInk
	}
	return g
}

// shareServed is never rounded to all, nor to nothing.
func shareServed(n, of int) string {
	switch text := percent(float64(n) / float64(of)); {
	case n == 0:
		return "none"
	case text == "100 %":
		return "99.9 %"
	default:
		return text
	}
}

// everyStrategy leaves out those of which nothing is known.
func everyStrategy(all ...scenario) string {
	if slices.ContainsFunc(all, func(s scenario) bool { return len(s.unusable()) > 0 }) {
		return "Every strategy with a usable trial"
	}
	return "Every strategy"
}

// servedTitle is about those that can be shown; all are the scenarios, also those of which nothing can.
func servedTitle(all []scenario) string {
	var who []string
	var labels []string
	short, shown := 0, 0
	var worst cell
	var alike []string // who served as few in that scenario; to name one of them would be a difference that was not seen
	for _, s := range all {
		if len(s.cells()) > 0 {
			shown++
		}
		starving := s.starving()
		if len(starving) > 0 {
			short++
		}
		for _, c := range starving {
			who = append(who, fmt.Sprintf("%s: %s clients served by %s", s.name, c.served(), c.label))
			if !slices.Contains(labels, c.label) {
				labels = append(labels, c.label)
			}
			switch {
			case worst.worst.Total == 0 || c.worst.Served*worst.worst.Total < worst.worst.Served*c.worst.Total:
				worst, alike = c, []string{c.label}
			case c.Scenario == worst.Scenario && c.served() == worst.served():
				alike = append(alike, c.label)
			}
		}
	}
	switch {
	case len(who) == 0:
		return everyStrategy(all...) + " served every client in every scenario"
	case len(who) <= 2:
		return strings.Join(who, "; ")
	default:
		return fmt.Sprintf("In %d of %s clients went without an answer from %s: on %s %s served %s",
			short, counted(shown, "scenario"), anyOf(labels, 3), worst.Scenario, list(alike, 3, "strategy"), worst.served())
	}
}

func classNote(c cell) string {
	var parts []string
	if c.worst.Refused > 0 {
		parts = append(parts, count(int64(c.worst.Refused))+" refused")
	}
	if c.worst.Nothing > 0 {
		parts = append(parts, count(int64(c.worst.Nothing))+" got nothing")
	}
	return strings.Join(parts, ", ")
}
