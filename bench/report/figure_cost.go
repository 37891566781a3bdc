package report

import (
	"fmt"
	"image/color"
	"math"

	"github.com/poolbench/poolbench/bench/report/draw"
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

// overCheapest is who pays least for an answer in one scenario, of those that can be chosen, and how many times as much each
// other of them pays. Strategies leave a run early and the machine drifts, so that medians of all trials do not compare: ratios are
// of pairs within repetitions. The cheapest is the one that is undercut least, which is by nobody as a rule. Who serves a few of
// its clients and starves the rest is no measure for anybody.
func (v view) overCheapest(s scenario) (cheapest string, ratios map[string]stat.Estimate) {
	var can []cell
	for _, c := range v.deciding(s).cells {
		if c.Trials > 0 && !c.Twin && c.ServerCPU.N > 0 && !v.isOut(s.name, c.label) {
			can = append(can, c)
		}
	}
	best := math.Inf(-1)
	for _, c := range can {
		to := map[string]stat.Estimate{}
		least, pairs := math.Inf(1), 0
		for _, other := range can {
			if other.label == c.label {
				continue
			}
			r := stat.Ratio(other.trials, c.trials, stat.ServerCPU)
			if to[other.label] = r; r.N > 0 {
				least, pairs = min(least, r.Value), pairs+1
			}
		}
		if pairs == 0 && len(can) > 1 {
			continue // nobody is known to be dearer than it
		}
		if ratios == nil || least > best {
			cheapest, ratios, best = c.label, to, least
		}
	}
	return cheapest, ratios
}

// costFigure sets the CPU time of an answer beside the cheapest one's.
func costFigure(v view, t draw.Typesetter) (draw.Figure, bool) {
	of, over := map[string]map[string]stat.Estimate{}, map[string]map[string]stat.Estimate{}
	cheapest := map[string]string{}
	silent := map[string]bool{} // scenario and label of who was measured and gave not one good answer
	unpaired := false
	dearest, where := 0.0, ""
	for _, s := range v.scenarios {
		of[s.name] = v.costs(s)
		cheapest[s.name], over[s.name] = v.overCheapest(s)
		for _, c := range v.deciding(s).cells {
			if c.Trials > 0 && !c.Twin && c.Counts.Good == 0 {
				silent[s.name+"\x00"+c.label] = true
			}
		}
		for _, label := range v.shown() {
			if r := over[s.name][label]; r.N > 0 && r.Value > dearest {
				dearest, where = r.Value, label+" on "+s.name
			}
		}
	}
	scenarios := v.scenarioNames()
	g := draw.NewGrid(t, scenarios, v.gridRows(scenarios, func(name, label string) draw.GridCell {
		e, ok := of[name][label]
		if !ok && silent[name+"\x00"+label] {
			return draw.GridCell{Text: "none", Small: "out", Fill: draw.OpenFill, Ink: draw.Ink, Hint: fmt.Sprintf("%s on %s: no good answer, so nothing that one would cost", label, name)}
		}
		if !ok {
			return draw.GridCell{}
		}
		c := draw.GridCell{Text: seconds(e.Value), Small: "out", Fill: draw.OpenFill, Ink: draw.Ink,
			Hint: fmt.Sprintf("%s on %s: %s of CPU time for each answer", label, name, seconds(e.Value))}
		if settled(e) {
			c.Hint += fmt.Sprintf(" (%s to %s)", seconds(e.Lo), seconds(e.Hi))
		}
		if v.isOut(name, label) {
			c.Hint += "; it cannot be chosen here, so it is not compared"
			return c
		}
		if label == cheapest[name] {
			c.Fill, c.Ink = costFill(1)
			c.Small = "×1"
			c.Hint += ", the cheapest"
			return c
		}
		ratio := over[name][label]
		if ratio.N == 0 {
			c.Small, unpaired = absent, true
			c.Hint += "; no repetition has both it and the cheapest, so they do not compare"
			return c
		}
		told := math.Round(ratio.Value*100) / 100 // its colour is that of the figure that stands in it
		c.Fill, c.Ink = costFill(told)
		c.Small = "×" + short(told)
		c.Hint += fmt.Sprintf(", %s times what %s, the cheapest, pays in the same repetitions", sig(ratio.Value), cheapest[name])
		return c
	}))
	if g.Empty() {
		return draw.Figure{}, false
	}
	subtitle := "The server's CPU time, user and system, for each good answer, in the median trial; under it how many times that of the cheapest that can be chosen there, by pairs within repetitions: medians of different repetitions do not compare."
	if unpaired {
		subtitle += " " + absent + ": it shares no repetition with the cheapest."
	}
	title := "An answer costs every strategy about as much CPU time"
	if dearest > 1+v.threshold() {
		title = fmt.Sprintf("Of those that can be chosen, %s pays most above the cheapest there: %s times the CPU time for an answer", where, short(math.Round(dearest*100)/100))
	}
	return draw.Figure{
		Name:     "cost",
		Title:    title,
		Subtitle: subtitle + " Who answers few pays for those that it does not answer as well.",
		Alt:      "CPU time for each answer, of each strategy in each scenario. " + title,
		Caption:  v.caption(),
		Legend: []draw.LegendItem{
			{Text: "within 5 % of the cheapest", Style: draw.Style{Color: costSteps[0].fill}, Area: true},
			{Text: "to 1.25 times", Style: draw.Style{Color: costSteps[1].fill}, Area: true},
			{Text: "to 2 times", Style: draw.Style{Color: costSteps[2].fill}, Area: true},
			{Text: "more", Style: draw.Style{Color: costSteps[3].fill}, Area: true},
			{Text: "out: cannot be chosen; none: no good answer", Style: draw.Style{Color: draw.OpenFill}, Area: true},
		},
		Height: g.Height(),
		Draw:   g.Draw,
	}, true
}

// costSteps go from light to dark, so that they tell apart without colour as well.
var costSteps = []struct {
	to        float64 // ratio to the cheapest
	fill, ink color.NRGBA
}{
	{1.05, draw.RGB(0xE3EEF6), draw.DarkInk},
	{1.25, draw.RGB(0xB4D2E7), draw.DarkInk},
	{2, draw.RGB(0x6FA8CF), draw.DarkInk},
	{math.Inf(1), draw.RGB(0x1F5F8B), draw.WhiteInk},
}

func costFill(ratio float64) (fill, on color.NRGBA) {
	for _, s := range costSteps {
		if ratio <= s.to {
			return s.fill, s.ink
		}
	}
	return draw.OpenFill, draw.Ink
}
