package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"

	"github.com/poolbench/poolbench/bench/report/draw"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
	choice "github.com/poolbench/poolbench/bench/verdict"
	"github.com/poolbench/poolbench/strategies"
)

// sizingFigure is the metric that decides over the limit, beside what theory says of it.
func sizingFigure(v view, s scenario, t draw.Typesetter) (draw.Figure, bool) {
	asked := v.asked(s)
	if asked.Question != trial.Size {
		return draw.Figure{}, false
	}
	all, err := stat.Sizes(v.run.Trials, asked, v.run.Env.Design)
	if err != nil {
		return draw.Figure{}, false
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
		return draw.Figure{}, false
	}
	first, last := float64(z.Limits[measured[0]].N), float64(z.Limits[measured[len(measured)-1]].N)
	x := draw.Axis{Lo: first / 1.25, Hi: last * 1.25, Scale: math.Log}
	y := draw.Axis{Lo: 0, Hi: hi * 1.12, Scale: draw.Linear}
	var xs []draw.Tick
	for _, i := range measured {
		xs = append(xs, draw.Tick{Value: float64(z.Limits[i].N), Label: z.number(i)})
	}
	ys := figureTicks(z.Metric, 0, y.Hi, aboutTicks(5))
	legend := []draw.LegendItem{{Text: "measured", Style: draw.Style{Color: draw.InkSoft}}}
	if z.Best >= 0 {
		legend = append(legend, draw.LegendItem{Text: "within " + percent(z.Threshold) + " of the best", Style: draw.Style{Color: withinColour}, Area: true})
	}
	model, modelled := z.model()
	if modelled {
		legend = append(legend, draw.LegendItem{Text: model.name, Style: draw.Style{Color: draw.InkMid, Dash: []vg.Length{2, 2}}})
	}
	title := s.name
	if i := slices.IndexFunc(v.said.Sizes, func(c choice.Size) bool { return c.Scenario == s.name }); i >= 0 {
		title += ", " + strings.TrimSuffix(v.said.Sizes[i].Sentence, ".")
	}
	subtitle := fmt.Sprintf("%s of one strategy with more and more %s, with its interval. Hollow: it starved clients.", capital(z.Metric.Name), settingNoun(z.Setting))
	if z.Setting == "workers" && z.Little.Workers > 0 {
		subtitle += " Little's law asks for at least " + counted(z.Little.Workers, "worker") + "."
	}
	return draw.Figure{
		Name:     "sizing-" + s.file,
		Title:    title,
		Subtitle: subtitle,
		Alt:      capital(z.Metric.Name) + " over the limit. " + title,
		Caption:  v.caption(),
		Legend:   legend,
		Height:   244,
		Draw: func(p draw.Pen) {
			gutter := p.Gutter(ys)
			body := p
			body.Min.Y += 22
			d := body.Axes(x, y, xs, ys, gutter)
			if z.Best >= 0 {
				best := z.Limits[z.Best].Figure.Value
				lo, hi := best*(1-z.Threshold), best
				if !z.Metric.Higher {
					lo, hi = best, best*(1+z.Threshold)
				}
				d.Box(withinColour, d.Min.X, d.Y.At(lo), d.Max.X, d.Y.At(hi))
			}
			if modelled {
				var line []vg.Point
				for k := 0; k <= 120; k++ {
					n := x.Lo * math.Pow(x.Hi/x.Lo, float64(k)/120)
					if f := model.of(n); f <= y.Hi {
						line = append(line, vg.Point{X: d.X.At(n), Y: d.Y.At(f)})
					}
				}
				d.Polyline(draw.InkMid, 1, []vg.Length{2, 2}, line...)
			}
			if n := float64(z.Little.Workers); z.Setting == "workers" && n > x.Lo && n < x.Hi {
				at := d.X.At(n)
				d.Polyline(draw.InkSoft, 0.8, []vg.Length{4, 2}, vg.Point{X: at, Y: d.Min.Y}, vg.Point{X: at, Y: d.Max.Y})
				// At the top: curves of goodput are low where limits are small.
				text := "Little's law: " + counted(z.Little.Workers, "worker")
				if at-6-d.Width(draw.TickType, text) < d.Min.X {
					d.Write(draw.TickType, draw.Left, at+4, d.Max.Y-9, text)
				} else {
					d.Write(draw.TickType, draw.Right, at-4, d.Max.Y-9, text)
				}
			}
			var line []vg.Point
			for _, i := range measured {
				line = append(line, vg.Point{X: d.X.At(float64(z.Limits[i].N)), Y: d.Y.At(z.Limits[i].Figure.Value)})
			}
			d.Polyline(draw.InkSoft, 1.4, nil, line...)
			for k, i := range measured {
				l, at := z.Limits[i], line[k]
				label := v.label(l.Strategy)
				look := v.styles[label]
				d.Of(label, func() {
					if i == z.Smallest {
						// From under the interval on, or it would look like the interval's end.
						from := at.Y
						if settled(l.Figure) {
							from = min(from, d.Y.At(l.Figure.Lo))
						}
						d.Polyline(look.Color, 1, []vg.Length{1.5, 2.5}, vg.Point{X: at.X, Y: d.Min.Y}, vg.Point{X: at.X, Y: from - 5})
					}
					d.Tells(z.hint(i), func() {
						if settled(l.Figure) {
							lo, hi := d.Y.At(l.Figure.Lo), d.Y.At(l.Figure.Hi)
							d.Line(look.Color, 1.2, at.X, lo, at.X, hi)
							d.Line(look.Color, 1.2, at.X-2.6, lo, at.X+2.6, lo)
							d.Line(look.Color, 1.2, at.X-2.6, hi, at.X+2.6, hi)
						}
						d.Mark(look, 3.4, l.Starves(), at.X, at.Y)
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
			p.Write(draw.TickType, draw.Centre, (p.Min.X+p.Max.X)/2, p.Min.Y+6, text)
		},
	}, true
}

// withinColour lets the grid show.
var withinColour = draw.Alpha(draw.RGB(0x2E7D5B), 0x30)

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
