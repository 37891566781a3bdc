package report

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot/vg"
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
			if len(c.worst.Good) == 0 {
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

func starvedFigure(v view, t typesetter) (figure, bool) {
	panels, more := starvedPanels(v)
	if len(panels) == 0 {
		return figure{}, false
	}
	columns := min(2, len(panels))
	const panelHeight vg.Length = 110
	width := (bodyWidth - vg.Length(columns-1)*columnGap) / vg.Length(columns)
	first := panels[0]
	title := fmt.Sprintf("%s: %s shared all answers of %s", first.Scenario, counted(first.worst.Served, "client"), first.label)
	if first.worst.Served == 0 {
		title = fmt.Sprintf("%s: no client got an answer from %s", first.Scenario, first.label)
	} else if rest := first.worst.Total - first.worst.Served; rest > 0 {
		title += fmt.Sprintf(", %s got none", count(int64(rest)))
	}
	subtitle := "Answers for each client in the trial that served the fewest, sorted, one bar each. Red stretch: clients without any."
	if more > 0 {
		subtitle += fmt.Sprintf(" The %d with the most such clients; report.md has %d more.", len(panels), more)
	}
	return figure{
		name:     "starved",
		title:    title,
		subtitle: subtitle,
		alt:      "Answers for each client, sorted, where a strategy did not serve all. " + title,
		caption:  v.caption(),
		height:   vg.Length((len(panels)+columns-1)/columns) * (panelHeight + panelGap),
		draw: func(p pen) {
			for i, s := range panels {
				c := p
				c.Min.X += vg.Length(i%columns) * (width + columnGap)
				c.Max.X = c.Min.X + width
				c.Max.Y -= vg.Length(i/columns) * (panelHeight + panelGap)
				c.Min.Y = c.Max.Y - panelHeight
				p.of(s.label, func() { s.drawPanel(c) })
			}
		},
	}, true
}

func (p starvedPanel) drawPanel(c pen) {
	width := c.Max.X - c.Min.X
	c = c.paragraph(panelType, []string{c.fit(panelType, p.title(), width)}, 0)
	c = c.paragraph(noteType, []string{c.fit(noteType, p.notes(), width)}, 5)
	top := float64(max(p.good[0], 1))
	y := axis{lo: 0, hi: top * 1.05, scale: linear}
	ys := linearTicks(0, y.hi, 2, rateTick)
	if p.good[0] == 0 {
		ys = []tick{{0, "0"}}
	}
	var labels []string
	for _, t := range ys {
		labels = append(labels, t.label)
	}
	n := float64(len(p.good))
	x := axis{lo: 0, hi: n, scale: linear}
	d := c.axes(x, y, nil, ys, c.widest(tickType, labels...)+8)
	// Bars with gaps while there is room for gaps, else one outline: thousands of bars would be a file of their own, and
	// shimmer.
	if w := (d.Max.X - d.Min.X) / vg.Length(n); w > 3 {
		for i, v := range p.good {
			if v > 0 {
				d.box(p.style.color, d.x.at(float64(i))+w*0.12, d.Min.Y, d.x.at(float64(i+1))-w*0.12, d.y.at(float64(v)))
			}
		}
	} else if outline := p.outline(d); outline != nil {
		d.SetColor(p.style.color)
		d.Fill(outline)
	}
	if p.good[0] == 0 {
		d.writeMid(noteType, centre, (d.Min.X+d.Max.X)/2, (d.Min.Y+d.Max.Y)/2, "no client got an answer")
	}
	served := slices.IndexFunc(p.good, func(v int64) bool { return v == 0 })
	if served >= 0 {
		d.box(alarm, d.x.at(float64(served)), d.Min.Y-2.5, d.Max.X, d.Min.Y)
	}
	d.write(tickType, left, d.Min.X, d.Min.Y-12, "client 1")
	d.write(tickType, right, d.Max.X, d.Min.Y-12, count(int64(len(p.good))))
}

// outline is the area under the sorted answers, with a step wherever it can be seen.
func (p starvedPanel) outline(d panel) vg.Path {
	if p.good[0] == 0 {
		return nil
	}
	var path vg.Path
	path.Move(vg.Point{X: d.Min.X, Y: d.Min.Y})
	y := d.y.at(float64(p.good[0]))
	path.Line(vg.Point{X: d.Min.X, Y: y})
	end := d.Min.X
	for i, v := range p.good {
		next := d.y.at(float64(v))
		if v == 0 {
			break
		}
		if at := d.x.at(float64(i)); y-next >= leastStep {
			path.Line(vg.Point{X: at, Y: y})
			path.Line(vg.Point{X: at, Y: next})
			y = next
		}
		end = d.x.at(float64(i + 1))
	}
	path.Line(vg.Point{X: end, Y: y})
	path.Line(vg.Point{X: end, Y: d.Min.Y})
	path.Close()
	return path
}

// leastStep is a quarter of a pixel of a usual screen at the size that figures are shown in.
const leastStep vg.Length = 0.25
