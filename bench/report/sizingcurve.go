package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
	choice "github.com/poolbench/poolbench/bench/verdict"
	"github.com/poolbench/poolbench/strategies"
)

// sizingFigure is the metric that decides over the limit, beside what theory says of it.
func sizingFigure(v view, s scenario, t typesetter) (figure, bool) {
	asked := v.asked(s)
	if asked.Question != trial.Size {
		return figure{}, false
	}
	all, err := stat.Sizes(v.run.Trials, asked, v.run.Env.Design)
	if err != nil {
		return figure{}, false
	}
	z := sizing(all)
	var measured []int // indices of limits that can stand on an axis
	hi := 0.0
	for i, l := range z.Limits {
		if l.Trials > 0 && l.Figure.N > 0 && l.N != strategies.Unbounded && l.N > 0 {
			measured = append(measured, i)
			hi = max(hi, l.Figure.Value)
			if settled(l.Figure) {
				hi = max(hi, l.Figure.Hi)
			}
		}
	}
	if len(measured) < 2 {
		return figure{}, false
	}
	first, last := float64(z.Limits[measured[0]].N), float64(z.Limits[measured[len(measured)-1]].N)
	x := axis{lo: first / 1.25, hi: last * 1.25, scale: math.Log}
	y := axis{lo: 0, hi: hi * 1.12, scale: linear}
	var xs []tick
	for _, i := range measured {
		xs = append(xs, tick{float64(z.Limits[i].N), z.number(i)})
	}
	ys := linearTicks(0, y.hi, 5, figureTick(z.Metric))
	legend := []legendItem{{text: "measured", style: style{color: inkSoft}}}
	if z.Best >= 0 {
		legend = append(legend, legendItem{text: "within " + percent(z.Threshold) + " of the best", style: style{color: withinColour}, area: true})
	}
	model, modelled := z.model()
	if modelled {
		legend = append(legend, legendItem{text: model.name, style: style{color: inkMid, dash: []vg.Length{2, 2}}})
	}
	title := s.name
	if i := slices.IndexFunc(v.said.Sizes, func(c choice.Size) bool { return c.Scenario == s.name }); i >= 0 {
		title += ", " + strings.TrimSuffix(v.said.Sizes[i].Sentence, ".")
	}
	subtitle := fmt.Sprintf("%s of one strategy with more and more %s, with its interval. Hollow: it starved clients.", capital(z.Metric.Name), settingNoun(z.Setting))
	if z.Setting == "workers" && z.Little.Workers > 0 {
		subtitle += " Little's law asks for at least " + counted(z.Little.Workers, "worker") + "."
	}
	return figure{
		name:     "sizing-" + s.file,
		title:    title,
		subtitle: subtitle,
		alt:      capital(z.Metric.Name) + " over the limit. " + title,
		caption:  v.caption(),
		legend:   legend,
		height:   244,
		draw: func(p pen) {
			gutter := p.gutter(ys)
			body := p
			body.Min.Y += 22
			d := body.axes(x, y, xs, ys, gutter)
			if z.Best >= 0 {
				best := z.Limits[z.Best].Figure.Value
				lo, hi := best*(1-z.Threshold), best
				if !z.Metric.Higher {
					lo, hi = best, best*(1+z.Threshold)
				}
				d.box(withinColour, d.Min.X, d.y.at(lo), d.Max.X, d.y.at(hi))
			}
			if modelled {
				var line []vg.Point
				for k := 0; k <= 120; k++ {
					n := x.lo * math.Pow(x.hi/x.lo, float64(k)/120)
					if f := model.of(n); f <= y.hi {
						line = append(line, vg.Point{X: d.x.at(n), Y: d.y.at(f)})
					}
				}
				d.stroke(inkMid, 1, []vg.Length{2, 2}, line...)
			}
			if n := float64(z.Little.Workers); z.Setting == "workers" && n > x.lo && n < x.hi {
				at := d.x.at(n)
				d.stroke(inkSoft, 0.8, []vg.Length{4, 2}, vg.Point{X: at, Y: d.Min.Y}, vg.Point{X: at, Y: d.Max.Y})
				// At the top: curves of goodput are low where limits are small.
				text := "Little's law: " + counted(z.Little.Workers, "worker")
				if at-6-d.width(tickType, text) < d.Min.X {
					d.write(tickType, left, at+4, d.Max.Y-9, text)
				} else {
					d.write(tickType, right, at-4, d.Max.Y-9, text)
				}
			}
			var line []vg.Point
			for _, i := range measured {
				line = append(line, vg.Point{X: d.x.at(float64(z.Limits[i].N)), Y: d.y.at(z.Limits[i].Figure.Value)})
			}
			d.stroke(inkSoft, 1.4, nil, line...)
			for k, i := range measured {
				l, at := z.Limits[i], line[k]
				label := v.label(l.Strategy)
				look := v.styles[label]
				d.of(label, func() {
					if i == z.Smallest {
						// From under the interval on, or it would look like the interval's end.
						from := at.Y
						if settled(l.Figure) {
							from = min(from, d.y.at(l.Figure.Lo))
						}
						d.stroke(look.color, 1, []vg.Length{1.5, 2.5}, vg.Point{X: at.X, Y: d.Min.Y}, vg.Point{X: at.X, Y: from - 5})
					}
					d.tells(z.hint(i), func() {
						if settled(l.Figure) {
							lo, hi := d.y.at(l.Figure.Lo), d.y.at(l.Figure.Hi)
							d.line(look.color, 1.2, at.X, lo, at.X, hi)
							d.line(look.color, 1.2, at.X-2.6, lo, at.X+2.6, lo)
							d.line(look.color, 1.2, at.X-2.6, hi, at.X+2.6, hi)
						}
						d.mark(look, 3.4, l.Starves(), at.X, at.Y)
					})
				})
			}
			text := settingNoun(z.Setting) + " (logarithmic)"
			switch {
			case z.Smallest >= 0 && z.Sure:
				text += "; the dots down mark the smallest that is enough"
			case z.Smallest >= 0:
				text += "; the dots down mark the smallest that may be enough"
			}
			p.write(tickType, centre, (p.Min.X+p.Max.X)/2, p.Min.Y+6, text)
		},
	}, true
}

// withinColour lets the grid show.
var withinColour = alpha(rgb(0x2E7D5B), 0x30)

func (z sizing) hint(i int) string {
	l := z.Limits[i]
	text := fmt.Sprintf("%s: %s %s", z.size(i), z.Metric.Name, figureOf(z.Metric, l.Figure.Value))
	if settled(l.Figure) {
		text += fmt.Sprintf(", %s to %s", figureOf(z.Metric, l.Figure.Lo), figureOf(z.Metric, l.Figure.Hi))
	}
	if l.Starves() {
		text += fmt.Sprintf("; served %s of %s", count(int64(l.Clients.Fewest)), count(int64(l.Clients.Total)))
	}
	return text
}

// A curve is what a law says of goodput over the number of workers.
type curve struct {
	name string
	of   func(n float64) float64
}

// model is the law that describes the figures, if any does: they have to be goodputs.
func (z sizing) model() (curve, bool) {
	if z.Metric.Key != stat.Goodput.Key || z.Setting != "workers" || z.Law.Why != "" {
		return curve{}, false
	}
	if u := z.Law.USL; z.Law.Fits {
		return curve{"Universal Scalability Law", func(n float64) float64 {
			return u.Lambda * n / (1 + u.Sigma*(n-1) + u.Kappa*n*(n-1))
		}}, true
	}
	if p := z.Law.Plateau; p.Off < z.Law.USL.Off && finite(p.Ceiling) && p.Held > 0 {
		return curve{"a straight line up to a ceiling, which fits best", func(n float64) float64 { return min(n/p.Held, p.Ceiling) }}, true
	}
	return curve{}, false
}
