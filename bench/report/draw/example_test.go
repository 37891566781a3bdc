package draw_test

import (
	"fmt"
	"regexp"

	"github.com/poolbench/poolbench/bench/report/draw"
)

// A figure of two bars, and the texts that its file has.
func Example() {
	costs := []struct {
		label  string
		micros float64
	}{{"goroutine", 12}, {"channel", 14}}
	styles := draw.Styles([]string{"goroutine", "channel"})
	whole := func(v float64) string { return fmt.Sprintf("%.0f µs", v) }

	f := draw.Figure{
		Name:    "cost",
		Alt:     "An answer costs goroutine 12 µs and channel 14 µs.",
		Title:   "An answer costs about as much",
		Caption: "an example",
		Height:  110,
		Draw: func(p draw.Pen) {
			x := draw.Axis{Lo: 0, Hi: 2, Scale: draw.Linear}
			y := draw.Axis{Lo: 0, Hi: 15, Scale: draw.Linear}
			ys := draw.LinearTicks(0, 15, 3, whole)
			d := p.Axes(x, y, nil, ys, p.Gutter(ys))
			for i, c := range costs {
				left, right := d.X.At(float64(i)+0.2), d.X.At(float64(i)+0.8)
				d.Of(c.label, func() {
					d.Tells(c.label+": "+whole(c.micros), func() { d.Box(styles[c.label].Color, left, d.Min.Y, right, d.Y.At(c.micros)) })
				})
				d.Write(draw.TickType, draw.Centre, (left+right)/2, d.Min.Y-12, c.label)
			}
		},
	}
	for _, item := range costs {
		f.Legend = append(f.Legend, draw.LegendItem{Text: item.label, Strategy: item.label, Style: styles[item.label], Area: true})
	}

	svg, err := f.SVG(draw.NewTypesetter())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, text := range regexp.MustCompile(`<text[^>]*>([^<]*)`).FindAllSubmatch(svg, -1) {
		fmt.Println(string(text[1]))
	}
	// Output:
	// An answer costs about as much
	// goroutine
	// channel
	// an example
	// 0 µs
	// 5 µs
	// 10 µs
	// 15 µs
	// goroutine
	// channel
}
