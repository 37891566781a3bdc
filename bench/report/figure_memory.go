package report

import (
	"fmt"

	"github.com/poolbench/poolbench/bench/report/draw"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// manyConnections is how many a server has to hold for its memory to say something about them: the program itself takes
// some 10 MB, which is 10 kB for each of a thousand.
const manyConnections = 1000

// memoryFigure has what each strategy's server held for a connection, where it held many.
func memoryFigure(v view, t draw.Typesetter) (draw.Figure, bool) {
	var panels []spreadPanel
	var least, most spreadPoint
	for _, s := range v.scenarios {
		l := v.deciding(s)
		if len(l.cells) == 0 || s.loop == trial.Sessions || l.cells[0].Load.Clients < manyConnections {
			continue
		}
		p, ok := newSpreadPanel(s, l, stat.Memory)
		if !ok {
			continue
		}
		panels = append(panels, p)
		for _, point := range p.points {
			if point.Twin || len(point.trials) == 0 {
				continue
			}
			if least.trials == nil || point.median.Value < least.median.Value {
				least = point
			}
			if most.trials == nil || point.median.Value > most.median.Value {
				most = point
			}
		}
	}
	if len(panels) == 0 {
		return draw.Figure{}, false
	}
	title := fmt.Sprintf("A connection costs from %s with %s on %s to %s with %s on %s",
		memory(least.median.Value), least.cell.label, least.Scenario, memory(most.median.Value), most.cell.label, most.Scenario)
	if least.cell.label == most.cell.label && least.Scenario == most.Scenario {
		title = fmt.Sprintf("A connection costs %s with %s on %s", memory(least.median.Value), least.cell.label, least.Scenario)
	}
	f := v.spreadFigure(t, "memory", title, panels)
	f.Subtitle = "What the server's process had resident at most, over the connections that it held; the program itself is in it. " + f.Subtitle
	return f, true
}
