package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"

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
	return panelType.leading() + 4 + vg.Length(rows)*capacityRow + 14 + panelGap
}

// drawCapacities sets the capacities that were found under the loads that were offered, each with its interval.
func (v view) drawCapacities(p pen, a loadAxes, asked trial.Scenario, found []stat.CapacityResult, gutter vg.Length) {
	p, _ = p.cut(capacityHeight(len(found)))
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
	p = p.paragraph(panelType, []string{p.fit(panelType, head, p.Max.X-p.Min.X)}, 4)
	d := p.axes(a.x, axis{lo: 0, hi: 1, scale: linear}, a.xs, nil, gutter)
	d.beyond(a.border)
	for i, r := range found {
		label := v.label(r.Strategy)
		look, y := v.styles[label], d.Max.Y-(vg.Length(i)+0.5)*capacityRow
		text := label + ": " + capacityBound(r) + rate(r.Rate.Value)
		at := d.x.at(r.Rate.Value)
		from, to := at, at
		if r.Rate.Confidence > 0 {
			from, to = d.x.at(r.Rate.Lo), d.x.at(r.Rate.Hi)
		}
		d.of(label, func() {
			d.tells(text+" offered"+spanText(r.Rate, rate), func() {
				if to > from {
					d.line(look.color, 1.2, from, y, to, y)
				}
				for _, end := range []float64{r.Rate.Lo, r.Rate.Hi} { // one that is not known goes on beyond the edge
					if x := d.x.at(end); to > from && end >= d.x.lo && end <= d.x.hi {
						d.line(look.color, 1.2, x, y-2.6, x, y+2.6)
					}
				}
				d.mark(look, 3.1, false, at, y)
				// Beside the bar, where there is room.
				switch w := d.width(labelType, text); {
				case to+7+w <= d.Max.X:
					d.writeMid(labelType, left, to+7, y, text)
				case from-7-w >= d.Min.X:
					d.writeMid(labelType, right, from-7, y, text)
				default:
					d.writeMid(labelType, left, d.Min.X+4, y, d.fit(labelType, text, max(from-d.Min.X-11, 30)))
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
