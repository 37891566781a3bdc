package report

import (
	"fmt"
	"slices"

	"github.com/poolbench/poolbench/bench/report/draw"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// manyConnections is how many a server has to hold for its memory to say something about them: what the first of them brings in
// once and for all, half a megabyte of code above all, is half a KiB for each of a thousand.
const manyConnections = 1000

// memoryFigure has what each strategy's server held for a connection, where it held many. Its title is about the scenario with
// most connections alone: what they ask differs from scenario to scenario, and so does what is held for them. Nor does it name
// a server that did not serve everybody: it has saved what it did not hold.
func memoryFigure(v view, t draw.Typesetter) (draw.Figure, bool) {
	var panels []spreadPanel
	var least, most spreadPoint
	clients := 0
	for _, s := range v.scenarios {
		l := v.deciding(s)
		if len(l.cells) == 0 || s.loop == trial.Sessions || l.cells[0].Load.Clients < manyConnections {
			continue
		}
		p, ok := newSpreadPanel(s, l, stat.Memory)
		if !ok {
			continue
		}
		holding := slices.DeleteFunc(slices.Clone(p.points), func(point spreadPoint) bool {
			return point.Twin || len(point.trials) == 0 || point.starved()
		})
		if len(holding) == 0 {
			continue
		}
		panels = append(panels, p)
		if l.cells[0].Load.Clients <= clients {
			continue
		}
		clients, least, most = l.cells[0].Load.Clients, spreadPoint{}, spreadPoint{}
		for _, point := range holding {
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
	title := fmt.Sprintf("On %s, a connection costs from %s with %s to %s with %s",
		least.Scenario, memory(least.median.Value), least.cell.label, memory(most.median.Value), most.cell.label)
	if least.cell.label == most.cell.label {
		title = fmt.Sprintf("On %s, a connection costs %s with %s", least.Scenario, memory(least.median.Value), least.cell.label)
	}
	f := v.spreadFigure(t, "memory", title, panels)
	f.Subtitle = "What the server's process had resident at most, less what it had before its strategy began, over the connections that it held. " + f.Subtitle
	return f, true
}
