package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"

	"github.com/poolbench/poolbench/bench/report/draw"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// found is what the searches of a scenario that came to an end have found, the highest rate first.
func (v view) found(asked trial.Scenario) []stat.CapacityResult {
	all := slices.DeleteFunc(stat.Capacities(v.run.Trials, asked), func(r stat.CapacityResult) bool { return r.Replicates == 0 })
	slices.SortStableFunc(all, func(a, b stat.CapacityResult) int {
		return cmp.Or(cmp.Compare(b.Rate.Value, a.Rate.Value), byNumber(v.label(a.Strategy), v.label(b.Strategy)))
	})
	return all
}

// capacityTitle says who keeps the objective up to which rate. Who is tied with the best is named with it.
func (v view) capacityTitle(s scenario, asked trial.Scenario, found []stat.CapacityResult) string {
	what := cmp.Or(objectiveText(asked.Objective), "a right answer to every request")
	var best stat.CapacityResult
	var tied, lower, open []string
	for _, r := range found {
		switch {
		case r.Best:
			best = r
		case r.Outcome == stat.Tied:
			tied = append(tied, v.label(r.Strategy))
		case r.Outcome == stat.Undecided:
			open = append(open, v.label(r.Strategy))
		case r.AtMost:
			lower = append(lower, "at no rate that was offered by "+v.label(r.Strategy))
		default:
			lower = append(lower, "up to "+rate(r.Rate.Value)+" by "+v.label(r.Strategy))
		}
	}
	if best.Replicates == 0 {
		return s.name + ": no search came to an end, so that no capacity is known"
	}
	if best.AtMost {
		return fmt.Sprintf("%s: %s is kept by none, not even at the lowest rate that was offered, %s", s.name, what, rate(best.Rate.Value))
	}
	atLeast := ""
	if best.AtLeast {
		atLeast = "at least "
	}
	text := fmt.Sprintf("%s: %s is kept up to %s%s by %s", s.name, what, atLeast, rate(best.Rate.Value), v.label(best.Strategy))
	if len(tied) > 0 {
		text += ", and as far as can be told by " + list(tied, 3, "other")
	}
	switch n := len(lower); {
	case n > 3:
		text += fmt.Sprintf("; %s do less, the least is %s", counted(n, "strategy"), lower[n-1])
	case n > 0:
		text += "; " + strings.Join(lower, ", ")
	}
	if len(open) > 0 {
		text += "; undecided: " + list(open, 3, "strategy")
	}
	return text
}

const capacityRow vg.Length = 13

func capacityHeight(rows int) vg.Length {
	if rows == 0 {
		return 0
	}
	return draw.PanelType.Leading() + 4 + vg.Length(rows)*capacityRow + 14 + draw.PanelGap
}

// drawCapacities sets the capacities that were found under the loads that were offered, each with its interval.
func (v view) drawCapacities(p draw.Pen, a loadAxes, asked trial.Scenario, found []stat.CapacityResult, gutter vg.Length) {
	p, _ = p.Cut(capacityHeight(len(found)))
	head := "capacity: the highest rate that holds"
	if text := objectiveText(asked.Objective); text != "" {
		head += " " + text
	}
	head += ", with its interval"
	if slices.ContainsFunc(found, func(r stat.CapacityResult) bool {
		return r.Rate.Confidence > 0 && (r.Rate.Lo == 0 || !finite(r.Rate.Hi))
	}) {
		head += " (no stop at an end that is not known)"
	}
	p = p.Paragraph(draw.PanelType, []string{p.Fit(draw.PanelType, head, p.Max.X-p.Min.X)}, 4)
	d := p.Axes(a.x, draw.Axis{Lo: 0, Hi: 1, Scale: draw.Linear}, a.xs, nil, gutter)
	drawBeyond(d, a.border)
	for i, r := range found {
		label := v.label(r.Strategy)
		look, y := v.styles[label], d.Max.Y-(vg.Length(i)+0.5)*capacityRow
		text := label + ": " + capacityBound(r) + rate(r.Rate.Value)
		at := d.X.At(r.Rate.Value)
		from, to := at, at
		if r.Rate.Confidence > 0 {
			from, to = d.X.At(r.Rate.Lo), d.X.At(r.Rate.Hi)
		}
		d.Of(label, func() {
			d.Tells(text+" offered"+spanText(r.Rate, rate), func() {
				if to > from {
					d.Line(look.Color, 1.2, from, y, to, y)
				}
				for _, end := range []float64{r.Rate.Lo, r.Rate.Hi} { // one that is not known goes on beyond the edge
					if x := d.X.At(end); to > from && end >= d.X.Lo && end <= d.X.Hi {
						d.Line(look.Color, 1.2, x, y-2.6, x, y+2.6)
					}
				}
				d.Mark(look, 3.1, false, at, y)
				// Beside the bar, where there is room.
				switch w := d.Width(draw.LabelType, text); {
				case to+7+w <= d.Max.X:
					d.WriteMid(draw.LabelType, draw.Left, to+7, y, text)
				case from-7-w >= d.Min.X:
					d.WriteMid(draw.LabelType, draw.Right, from-7, y, text)
				default:
					d.WriteMid(draw.LabelType, draw.Left, d.Min.X+4, y, d.Fit(draw.LabelType, text, max(from-d.Min.X-11, 30)))
				}
			})
		})
	}
}

// capacityBound is what stands before a figure that is a bound.
func capacityBound(r stat.CapacityResult) string {
	switch {
	case r.AtLeast:
		return "≥ "
	case r.AtMost:
		return "≤ "
	default:
		return ""
	}
}
