package report

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
)

// servedPanel is a scenario with each strategy's worst trial.
type servedPanel struct {
	scenario
	cells []cell
	total int
}

func servedPanels(v view) []servedPanel {
	var out []servedPanel
	for _, s := range v.scenarios {
		p := servedPanel{scenario: s, cells: s.worstCells()}
		for _, c := range p.cells {
			p.total = max(p.total, c.worst.Total)
		}
		if p.total > 0 {
			out = append(out, p)
		}
	}
	return out
}

// The three classes of clients. They differ in lightness, so they need no colour to be told apart; strategies' own
// colours are not used, because here colour means the class.
var (
	servedColour  = rgb(0x4C8DAE)
	refusedColour = rgb(0xE8B04A)
	nothingColour = alarm
)

func servedFigure(v view, t typesetter) (figure, bool) {
	panels := servedPanels(v)
	if len(panels) == 0 {
		return figure{}, false
	}
	var rs []rows
	for _, p := range panels {
		r := rows{
			title: p.name + ", " + clients(p.levels[0]),
			notes: p.servedText(),
			x:     axis{lo: 0, hi: float64(p.total), scale: linear},
			ticks: []tick{{0, "0"}, {float64(p.total), count(int64(p.total))}},
		}
		for _, c := range p.cells {
			r.rows = append(r.rows, row{label: c.label, value: c.served(), note: classNote(c), draw: c.drawServed})
		}
		rs = append(rs, r)
	}
	grid := newRowGrid(t, rs)
	title := servedTitle(panels, v.scenarios)
	return figure{
		name:     "served",
		title:    title,
		subtitle: "Clients in the trial that served the fewest of them. What those who were served saw does not tell of the others.",
		alt:      "Clients served, refused and starved by each strategy in each scenario. " + title,
		caption:  v.caption(),
		legend: []legendItem{
			{text: "served: at least one answer inside the window", style: style{color: servedColour}, area: true},
			{text: "refused, and told so", style: style{color: refusedColour}, area: true},
			{text: "nothing, and never told: starved", style: style{color: nothingColour}, area: true},
		},
		height: grid.height(),
		draw:   grid.draw,
	}, true
}

func (p servedPanel) servedText() string {
	if n := len(p.starving()); n > 0 {
		return fmt.Sprintf("%d of %s did not serve every client.", n, counted(len(p.cells), "strategy"))
	}
	return everyStrategy(p.scenario) + " served every client."
}

// everyStrategy leaves out those of which nothing is known.
func everyStrategy(all ...scenario) string {
	if slices.ContainsFunc(all, func(s scenario) bool { return len(s.unusable()) > 0 }) {
		return "Every strategy with a usable trial"
	}
	return "Every strategy"
}

// servedTitle is about panels; all are the scenarios, also those of which nothing can be shown.
func servedTitle(panels []servedPanel, all []scenario) string {
	var who []string
	var labels []string
	short := 0
	var worst cell
	for _, p := range panels {
		starving := p.starving()
		if len(starving) > 0 {
			short++
		}
		for _, c := range starving {
			who = append(who, fmt.Sprintf("%s: %s clients served by %s", p.name, c.served(), c.label))
			if !slices.Contains(labels, c.label) {
				labels = append(labels, c.label)
			}
			if worst.worst.Total == 0 || c.worst.Served*worst.worst.Total < worst.worst.Served*c.worst.Total {
				worst = c
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
			short, counted(len(panels), "scenario"), anyOf(labels, 3), worst.Scenario, worst.label, worst.served())
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

func (c cell) drawServed(d panel, y vg.Length) {
	const half = rowHeight * 0.3
	from := 0
	for _, part := range []struct {
		n      int
		colour style
	}{{c.worst.Served, style{color: servedColour}}, {c.worst.Refused, style{color: refusedColour}}, {c.worst.Nothing, style{color: nothingColour}}} {
		d.box(part.colour.color, d.x.at(float64(from)), y-half, d.x.at(float64(from+part.n)), y+half)
		from += part.n
	}
}
