package report

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/poolbench/poolbench/bench/trial"
)

// dpi is twice that of a usual screen: gonum's 96 is blurry on a good one and in print.
const dpi = 200

// png draws f as a PNG file.
func (f figure) png(t typesetter) ([]byte, error) {
	c := vgimg.NewWith(vgimg.UseWH(f.size(t)), vgimg.UseDPI(dpi))
	f.paint(draw.New(c), t)
	var b bytes.Buffer
	if _, err := (vgimg.PngCanvas{Canvas: c}).WriteTo(&b); err != nil {
		return nil, fmt.Errorf("encode %s.png: %w", f.name, err)
	}
	return b.Bytes(), nil
}

// svg draws f as an SVG file. Fonts are not embedded: that adds half a megabyte for each.
func (f figure) svg(t typesetter) ([]byte, error) {
	c := vgsvg.NewWith(vgsvg.UseWH(f.size(t)), vgsvg.EmbedFonts(false))
	f.paint(draw.New(c), t)
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("encode %s.svg: %w", f.name, err)
	}
	return f.accessible(pinText(t, b.String())), nil
}

// accessible makes gonum's SVG scale with its page and tell a screen reader what it shows.
func (f figure) accessible(s string) []byte {
	id := "poolbench-" + f.name
	s = strings.Replace(s, "<svg ", fmt.Sprintf(`<svg role="img" aria-labelledby="%s" style="max-width:100%%;height:auto" `, id), 1)
	start := max(strings.Index(s, "<svg "), 0)
	end := start + strings.IndexByte(s[start:], '>') + 1
	s = s[:end] + fmt.Sprintf("\n<title id=\"%s\">%s</title>", id, html.EscapeString(f.alt)) + s[end:]
	return []byte(strings.ReplaceAll(s, "font-family:Liberation Sans;", "font-family:'Liberation Sans',Arial,Helvetica,sans-serif;"))
}

var (
	svgText = regexp.MustCompile(`<text (x="[^"]*" y="[^"]*" transform="scale\(1, -1\)")\s+style="([^"]*)">([^<]*)</text>`)
	svgSize = regexp.MustCompile(`font-size:([0-9.]+)px`)
)

// pinText gives every text the width that it was laid out for, so that a substitute font cannot run into its
// neighbours.
func pinText(t typesetter, s string) string {
	return svgText.ReplaceAllStringFunc(s, func(m string) string {
		g := svgText.FindStringSubmatch(m)
		size := svgSize.FindStringSubmatch(g[2])
		if size == nil {
			return m
		}
		points, err := strconv.ParseFloat(size[1], 64)
		if err != nil {
			return m
		}
		look := letters{size: vg.Length(points), bold: strings.Contains(g[2], "font-weight:bold")}
		w := t.width(look, html.UnescapeString(g[3]))
		return fmt.Sprintf(`<text %s textLength="%.2f" lengthAdjust="spacingAndGlyphs" style="%s">%s</text>`, g[1], w.Points(), g[2], g[3])
	})
}

// replace writes a file so that a reader sees the old one or the new one, never half of one.
func replace(name string, b []byte) error {
	if err := trial.Replace(name, b); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
