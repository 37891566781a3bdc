package report

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot/vg"

	"github.com/poolbench/poolbench/bench/report/draw"
)

// starvedPanel is one strategy that left clients without an answer: what each client got, the most first.
type starvedPanel struct {
	cell
	good []int64
}

// mostStarved is how many panels are drawn: six rows of two still fit a page. The report names them all.
const mostStarved = 12

func starvedPanels(v view) (panels []starvedPanel, left int) {
	for _, s := range v.scenarios {
		for _, c := range s.starving() {
			if c.reach.Sessions || len(c.worst.Good) == 0 { // what answers to sessions are counted by are slots
				continue
			}
			good := slices.Sorted(slices.Values(c.worst.Good))
			slices.Reverse(good)
			panels = append(panels, starvedPanel{c, good})
		}
	}
	slices.SortStableFunc(panels, func(a, b starvedPanel) int {
		return (b.worst.Total - b.worst.Served) - (a.worst.Total - a.worst.Served)
	})
	if left = len(panels) - mostStarved; left > 0 {
		return panels[:mostStarved], left
	}
	return panels, 0
}

func (p starvedPanel) title() string {
	return fmt.Sprintf("%s, %s: served %s", p.Scenario, p.label, p.served())
}

func (p starvedPanel) notes() string {
	text := fmt.Sprintf("Jain's fairness index %s", sig(p.worst.Jain))
	if note := classNote(p.cell); note != "" {
		text += "; " + note
	}
	return text
}

func starvedFigure(v view, t draw.Typesetter) (draw.Figure, bool) {
	panels, more := starvedPanels(v)
	if len(panels) == 0 {
		return draw.Figure{}, false
	}
	tiles := draw.Tiles{N: len(panels), TileHeight: 110}
	first := panels[0]
	title := fmt.Sprintf("%s: %s shared all answers of %s", first.Scenario, counted(first.worst.Served, "client"), first.label)
	if first.worst.Served == 0 {
		title = fmt.Sprintf("%s: no client got an answer from %s", first.Scenario, first.label)
	} else if rest := first.worst.Total - first.worst.Served; rest > 0 {
		title += fmt.Sprintf(", %s got none", count(int64(rest)))
	}
	subtitle := "Answers for each client in the trial that served the fewest, sorted, one bar each. Red stretch: clients without any. Loads of sessions have none to show: their connections are new clients' each time."
	if more > 0 {
		subtitle += fmt.Sprintf(" The %d with the most such clients; report.md has %d more.", len(panels), more)
	}
	return draw.Figure{
		Name:     "starved",
		Title:    title,
		Subtitle: subtitle,
		Alt:      "Answers for each client, sorted, where a strategy did not serve all. " + title,
		Caption:  v.caption(),
		Height:   tiles.Height() + draw.PanelGap,
		Draw: func(p draw.Pen) {
			for i, s := range panels {
				p.Of(s.label, func() { s.drawPanel(tiles.Of(p, i)) })
			}
		},
	}, true
}

func (p starvedPanel) drawPanel(c draw.Pen) {
	width := c.Max.X - c.Min.X
	c = c.Paragraph(draw.PanelType, []string{c.Fit(draw.PanelType, p.title(), width)}, 0)
	c = c.Paragraph(draw.NoteType, []string{c.Fit(draw.NoteType, p.notes(), width)}, 5)
	top := float64(max(p.good[0], 1))
	y := draw.Axis{Lo: 0, Hi: top * 1.05, Scale: draw.Linear}
	ys := draw.LinearTicks(0, y.Hi, 2, rateTick)
	if p.good[0] == 0 {
		ys = []draw.Tick{{Value: 0, Label: "0"}}
	}
	n := float64(len(p.good))
	x := draw.Axis{Lo: 0, Hi: n, Scale: draw.Linear}
	d := c.Axes(x, y, nil, ys, c.Gutter(ys))
	// Bars with gaps while there is room for gaps, else one outline: thousands of bars would be a file of their own, and
	// shimmer.
	if w := (d.Max.X - d.Min.X) / vg.Length(n); w > 3 {
		for i, v := range p.good {
			if v > 0 {
				d.Box(p.style.Color, d.X.At(float64(i))+w*0.12, d.Min.Y, d.X.At(float64(i+1))-w*0.12, d.Y.At(float64(v)))
			}
		}
	} else if outline := p.outline(d); outline != nil {
		d.SetColor(p.style.Color)
		d.Fill(outline)
	}
	if p.good[0] == 0 {
		d.WriteMid(draw.NoteType, draw.Centre, (d.Min.X+d.Max.X)/2, (d.Min.Y+d.Max.Y)/2, "no client got an answer")
	}
	served := slices.IndexFunc(p.good, func(v int64) bool { return v == 0 })
	if served >= 0 {
		d.Box(draw.Alarm, d.X.At(float64(served)), d.Min.Y-2.5, d.Max.X, d.Min.Y)
	}
	d.Write(draw.TickType, draw.Left, d.Min.X, d.Min.Y-12, "client 1")
	d.Write(draw.TickType, draw.Right, d.Max.X, d.Min.Y-12, count(int64(len(p.good))))
}

// outline is the area under the sorted answers, with a step wherever it can be seen.
func (p starvedPanel) outline(d draw.Panel) vg.Path {
	if p.good[0] == 0 {
		return nil
	}
	var path vg.Path
	path.Move(vg.Point{X: d.Min.X, Y: d.Min.Y})
	y := d.Y.At(float64(p.good[0]))
	path.Line(vg.Point{X: d.Min.X, Y: y})
	end := d.Min.X
	for i, v := range p.good {
		next := d.Y.At(float64(v))
		if v == 0 {
			break
		}
		if at := d.X.At(float64(i)); y-next >= leastStep {
			path.Line(vg.Point{X: at, Y: y})
			path.Line(vg.Point{X: at, Y: next})
			y = next
		}
		end = d.X.At(float64(i + 1))
	}
	path.Line(vg.Point{X: end, Y: y})
	path.Line(vg.Point{X: end, Y: d.Min.Y})
	path.Close()
	return path
}

// leastStep is a quarter of a pixel of a usual screen at the size that figures are shown in.
const leastStep vg.Length = 0.25
