package report

import (
	"fmt"
	"image/color"
	"math"

	"github.com/poolbench/poolbench/bench/stat"
)

// costs is what each strategy pays for an answer in one scenario, at the level that decides it: seconds of the server's CPU
// time, by label.
func (v view) costs(s scenario) map[string]stat.Estimate {
	out := map[string]stat.Estimate{}
	for _, c := range v.deciding(s).cells {
		if c.Trials > 0 && !c.Twin && c.ServerCPU.N > 0 {
			out[c.label] = c.ServerCPU
		}
	}
	return out
}

// costFigure sets the CPU time of an answer beside the cheapest one's.
func costFigure(v view, t typesetter) (figure, bool) {
	of, cheapest := map[string]map[string]stat.Estimate{}, map[string]float64{}
	silent := map[string]bool{} // scenario and label of who was measured and gave not one good answer
	dearest, where := 0.0, ""
	for _, s := range v.scenarios {
		of[s.name], cheapest[s.name] = v.costs(s), math.Inf(1)
		for label, e := range of[s.name] {
			if !v.isOut(s.name, label) { // who serves a few of its clients and starves the rest is no measure for anybody
				cheapest[s.name] = min(cheapest[s.name], e.Value)
			}
		}
		for _, c := range v.deciding(s).cells {
			if c.Trials > 0 && !c.Twin && c.Counts.Good == 0 {
				silent[s.name+"\x00"+c.label] = true
			}
		}
		for _, label := range v.shown() {
			if e, ok := of[s.name][label]; ok && !v.isOut(s.name, label) && e.Value/cheapest[s.name] > dearest {
				dearest, where = e.Value/cheapest[s.name], label+" on "+s.name
			}
		}
	}
	scenarios := v.scenarioNames()
	g := newGrid(t, scenarios, v.gridRows(scenarios, func(name, label string) gridCell {
		e, ok := of[name][label]
		if !ok && silent[name+"\x00"+label] {
			return gridCell{text: "none", small: "out", fill: openFill, ink: ink, hint: fmt.Sprintf("%s on %s: no good answer, so nothing that one would cost", label, name)}
		}
		if !ok {
			return gridCell{}
		}
		c := gridCell{text: seconds(e.Value), small: "out", fill: openFill, ink: ink,
			hint: fmt.Sprintf("%s on %s: %s of CPU time for each answer", label, name, seconds(e.Value))}
		if settled(e) {
			c.hint += fmt.Sprintf(" (%s to %s)", seconds(e.Lo), seconds(e.Hi))
		}
		if v.isOut(name, label) {
			c.hint += "; it cannot be chosen here, so it is not compared"
			return c
		}
		ratio := e.Value / cheapest[name]
		c.fill, c.ink = costFill(ratio)
		c.small = "×" + short(math.Round(ratio*100)/100)
		c.hint += ", " + sig(ratio) + " times the cheapest"
		return c
	}))
	if g.empty() {
		return figure{}, false
	}
	title := "An answer costs every strategy about as much CPU time"
	if dearest > 1+v.threshold() {
		title = fmt.Sprintf("Of those that can be chosen, %s pays most above the cheapest there: %s times the CPU time for an answer", where, short(math.Round(dearest*100)/100))
	}
	return figure{
		name:     "cost",
		title:    title,
		subtitle: "The server's CPU time, user and system, for each good answer, in the median trial; under it how many times that of the cheapest in the same scenario that can be chosen there. Who answers few pays for those that it does not answer as well.",
		alt:      "CPU time for each answer, of each strategy in each scenario. " + title,
		caption:  v.caption(),
		legend: []legendItem{
			{text: "within 5 % of the cheapest", style: style{color: costSteps[0].fill}, area: true},
			{text: "to 1.25 times", style: style{color: costSteps[1].fill}, area: true},
			{text: "to 2 times", style: style{color: costSteps[2].fill}, area: true},
			{text: "more", style: style{color: costSteps[3].fill}, area: true},
			{text: "out: cannot be chosen; none: no good answer", style: style{color: openFill}, area: true},
		},
		height: g.height(),
		draw:   g.draw,
	}, true
}

// costSteps go from light to dark, so that they tell apart without colour as well.
var costSteps = []struct {
	to        float64 // ratio to the cheapest
	fill, ink color.NRGBA
}{
	{1.05, rgb(0xE3EEF6), darkInk},
	{1.25, rgb(0xB4D2E7), darkInk},
	{2, rgb(0x6FA8CF), darkInk},
	{math.Inf(1), rgb(0x1F5F8B), whiteInk},
}

func costFill(ratio float64) (fill, on color.NRGBA) {
	for _, s := range costSteps {
		if ratio <= s.to {
			return s.fill, s.ink
		}
	}
	return openFill, ink
}
