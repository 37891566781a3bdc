package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/poolbench/poolbench/bench/report/draw"
	"github.com/poolbench/poolbench/bench/stat"
)

// servedFigure has the share of the clients, or of the sessions, that each strategy served where it served the fewest.
func servedFigure(v view, t draw.Typesetter) (draw.Figure, bool) {
	scenarios := v.scenarioNames()
	worst := map[string]cell{}
	var asking askers
	for _, s := range v.scenarios {
		for _, c := range s.worstCells() {
			if c.reach.Total > 0 {
				worst[s.name+"\x00"+c.label] = c
				asking.add(c)
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
		Name:  "served",
		Title: title,
		Subtitle: asking.pick("Clients with at least one answer, in the trial that served the fewest of them, and under it Jain's fairness index: 1 if all got as much, 1/n if one of n got everything.",
			"Sessions, each a client that comes once: how many were answered, in all trials together, at the load where it is least.", " ") + " What those who were served saw does not tell of the others.",
		Alt:     "Share of the " + asking.some() + " that each strategy served in each scenario. " + title,
		Caption: v.caption(),
		Legend: []draw.LegendItem{
			{Text: asking.pick("all clients", "all but "+percent(stat.MostNotOK)+" of sessions", ", or ") + " were served", Style: draw.Style{Color: draw.GoodFill}, Area: true},
			{Text: "some were refused, and told so", Style: draw.Style{Color: draw.PoorFill}, Area: true},
			{Text: "some got nothing, and were never told" + asking.pick(": starved", "", ""), Style: draw.Style{Color: draw.BadFill}, Area: true},
		},
		Height: g.Height(),
		Draw:   g.Draw,
	}, true
}

func (c cell) servedCell() draw.GridCell {
	g := draw.GridCell{
		Text: "all", Small: "J " + short(c.worst.Jain), Fill: draw.GoodFill, Ink: draw.WhiteInk,
		Hint: fmt.Sprintf("%s on %s: %s; Jain's index %s", c.label, c.Scenario, c.reach, sig(c.worst.Jain)),
	}
	if c.reach.Sessions {
		g.Small, g.Hint = "sessions", fmt.Sprintf("%s on %s: %s", c.label, c.Scenario, c.reach)
	}
	if note := classNote(c); note != "" {
		g.Hint += "; " + note
	}
	if c.reach.Served < c.reach.Total {
		g.Text = shareServed(c.reach.Served, c.reach.Total)
	}
	switch {
	case c.starved() && c.reach.Nothing > 0:
		g.Fill = draw.BadFill
	case c.starved():
		g.Fill, g.Ink = draw.PoorFill, draw.DarkInk
	}
	return g
}

// shareServed is never rounded to all, nor to nothing.
func shareServed(n, of int64) string {
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
	var asking, left askers
	var alike []string // who served as few in that scenario; to name one of them would be a difference that was not seen
	for _, s := range all {
		if len(s.cells()) > 0 {
			shown++
		}
		asking.add(s.worstCells()...)
		starving := s.starving()
		left.add(starving...)
		if len(starving) > 0 {
			short++
		}
		for _, c := range starving {
			who = append(who, fmt.Sprintf("%s: %s %s served by %s", s.name, c.served(), noun(c.reach.Who(), 2), c.label))
			if !slices.Contains(labels, c.label) {
				labels = append(labels, c.label)
			}
			switch {
			case worst.reach.Total == 0 || c.reach.Served*worst.reach.Total < worst.reach.Served*c.reach.Total:
				worst, alike = c, []string{c.label}
			case c.Scenario == worst.Scenario && c.reach == worst.reach:
				alike = append(alike, c.label)
			}
		}
	}
	switch {
	case len(who) == 0:
		return everyStrategy(all...) + " served " + asking.every() + " in every scenario"
	case len(who) <= 2:
		return strings.Join(who, "; ")
	default:
		return fmt.Sprintf("In %d of %s %s went without an answer from %s: on %s %s %s",
			short, counted(shown, "scenario"), left.some(), anyOf(labels, 3), worst.Scenario, list(alike, 3, "strategy"), worst.reach)
	}
}

func classNote(c cell) string {
	var parts []string
	if c.reach.Refused > 0 {
		parts = append(parts, count(c.reach.Refused)+" refused")
	}
	if c.reach.Nothing > 0 {
		parts = append(parts, count(c.reach.Nothing)+" got nothing")
	}
	return strings.Join(parts, ", ")
}
