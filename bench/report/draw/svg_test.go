package draw

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
)

func onCanvas(draw func(*svgCanvas)) (body, css string) {
	var sheet StyleSheet
	c := newSVGCanvas(100, 50, &sheet)
	draw(c)
	return c.body.String(), sheet.CSS()
}

// Catches: a picture that is upside down, a coordinate that is left out where it did change, a pen that is thought to be where
// it is not, and a curve with the wrong letter.
func TestPathData(t *testing.T) {
	at := func(x, y vg.Length) vg.Point { return vg.Point{X: x, Y: y} }
	for name, c := range map[string]struct {
		path func(*vg.Path)
		want string
	}{
		"the page's upper left corner": {func(p *vg.Path) { p.Move(at(0, 50)) }, "M0 0"},
		"lines along the axes are short": {func(p *vg.Path) {
			p.Move(at(1, 2))
			p.Line(at(5, 2))
			p.Line(at(5, 9))
			p.Line(at(6, 10))
		}, "M1 48h4v-7l1-1"},
		"a line of no length is none": {func(p *vg.Path) {
			p.Move(at(1, 2))
			p.Line(at(1.001, 2.001))
			p.Line(at(3, 2))
		}, "M1 48h2"},
		"after a close the pen is at the start": {func(p *vg.Path) {
			p.Move(at(1, 2))
			p.Line(at(5, 2))
			p.Line(at(5, 9))
			p.Close()
			p.Line(at(5, 20))
		}, "M1 48h4v-7zl4-18"},
		"curves": {func(p *vg.Path) {
			p.Move(at(0, 0))
			p.QuadTo(at(1, 1), at(2, 0))
			p.CubeTo(at(3, 1), at(4, 2), at(5, 0))
			p.Line(at(7, 0))
		}, "M0 50q1-1 2 0c1-1 2-2 3 0h2"},
		"a second part starts where the first one does": {func(p *vg.Path) {
			p.Move(at(1, 2))
			p.Line(at(5.25, 2))
			p.Close()
			p.Move(at(0.5, 2.5))
			p.Line(at(0, 2))
		}, "M1 48h4.25zm-.5-.5l-.5 .5"},
		"differences of rounded places do not add up to others": {func(p *vg.Path) {
			p.Move(at(0, 0))
			for i := range 4 {
				p.Line(at(0.004*vg.Length(i+1), vg.Length(i+1)))
			}
		}, "M0 50v-1l.01-1v-1l.01-1"},
	} {
		var p vg.Path
		c.path(&p)
		body, _ := onCanvas(func(s *svgCanvas) { s.Fill(p) })
		if want := fmt.Sprintf("<path class=\"k0\" d=\"%s\"/>\n", c.want); body != want {
			t.Errorf("%s: %s, want %s", name, body, want)
		}
	}
}

// Catches: a circle that is not drawn because it ends where it begins, arcs that go the other way round, and a radius that a
// scaled canvas forgets.
func TestArcs(t *testing.T) {
	arc := regexp.MustCompile(`a([0-9.]+) ([0-9.]+) 0 0 ([01]) (-?[0-9.]+) ?(-?[0-9.]+)`)
	for _, c := range []struct {
		start, angle, scale float64
	}{{0, 2 * math.Pi, 1}, {0, -2 * math.Pi, 1}, {1, 0.5, 1}, {2, -3, 1}, {0.3, 5, 2}} {
		var p vg.Path
		centre := vg.Point{X: 20, Y: 10}
		p.Arc(centre, 4, c.start, c.angle)
		body, _ := onCanvas(func(s *svgCanvas) {
			s.Scale(c.scale, c.scale)
			s.Fill(p)
		})
		arcs := arc.FindAllStringSubmatch(body, -1)
		if len(arcs) != 2 {
			t.Fatalf("%+v: %d arcs in %s", c, len(arcs), body)
		}
		on := func(angle float64) (x, y float64) {
			return c.scale * (20 + 4*math.Cos(angle)), 50 - c.scale*(10+4*math.Sin(angle))
		}
		for i, a := range arcs {
			x0, y0 := on(c.start + c.angle*float64(i)/2)
			x1, y1 := on(c.start + c.angle*float64(i+1)/2)
			dx, errX := strconv.ParseFloat(a[4], 64)
			dy, errY := strconv.ParseFloat(a[5], 64)
			if errX != nil || errY != nil || math.Abs(dx-(x1-x0)) > 0.011 || math.Abs(dy-(y1-y0)) > 0.011 {
				t.Errorf("%+v: %s, want one by %v, %v", c, a[0], x1-x0, y1-y0)
			}
			if want := map[bool]string{false: "0", true: "1"}[c.angle < 0]; a[1] != number(4*c.scale) || a[2] != a[1] || a[3] != want {
				t.Errorf("%+v: %s", c, a[0])
			}
		}
	}
}

// Catches: transformations in the wrong order, one that a Pop does not undo, and text that turns the other way than what it
// stands beside.
func TestTransformations(t *testing.T) {
	set := NewTypesetter()
	body, _ := onCanvas(func(c *svgCanvas) {
		c.Push()
		c.Translate(vg.Point{X: 10, Y: 20})
		c.Rotate(math.Pi / 2)
		c.Scale(2, 2)
		var p vg.Path
		p.Move(vg.Point{})
		p.Line(vg.Point{X: 3}) // goes up by six
		c.Stroke(p)
		c.FillString(set.face(LabelType), vg.Point{X: 3}, "up")
		c.Pop()
		c.FillString(set.face(LabelType), vg.Point{X: 3}, "flat")
	})
	for _, want := range []string{`d="M10 30v-6"`, `x="10" y="24" transform="rotate(-90 10 24)"`, `x="3" y="50" textLength`} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in\n%s", want, body)
		}
	}
	if strings.Count(body, "transform") != 1 {
		t.Errorf("not one text is turned:\n%s", body)
	}
}

// Catches: a look that is written twice or shared by two, one that loses its width, its dash or what shows through, and lines
// without a width.
func TestLooksAreShared(t *testing.T) {
	line := vg.Path{}
	line.Move(vg.Point{})
	line.Line(vg.Point{X: 5, Y: 5})
	body, css := onCanvas(func(c *svgCanvas) {
		for _, a := range []uint8{0xff, 0xff, 0x80} {
			c.SetColor(color.NRGBA{R: 1, G: 2, B: 3, A: a})
			c.SetLineWidth(1.5)
			c.SetLineDash([]vg.Length{7, 2.5}, 1)
			c.Stroke(line)
		}
		c.SetLineDash(nil, 0)
		c.Stroke(line)
		c.SetLineWidth(0)
		c.Stroke(line)
		c.Fill(line)
		c.Fill(nil)
	})
	want := ".k0{fill:none;stroke:#010203;stroke-width:1.5;stroke-dasharray:7 2.5;stroke-dashoffset:1}\n" +
		".k1{fill:none;stroke:#010203;stroke-opacity:0.5;stroke-width:1.5;stroke-dasharray:7 2.5;stroke-dashoffset:1}\n" +
		".k2{fill:none;stroke:#010203;stroke-opacity:0.5;stroke-width:1.5}\n" +
		".k3{fill:#010203;fill-opacity:0.5}\n"
	if css != want {
		t.Errorf("the looks are\n%s\nwant\n%s", css, want)
	}
	var used []string
	for _, m := range regexp.MustCompile(`class="([^"]+)"`).FindAllStringSubmatch(body, -1) {
		used = append(used, m[1])
	}
	if got := strings.Join(used, " "); got != "k0 k0 k1 k2 k3" {
		t.Errorf("the elements' classes are %s", got)
	}
}

// Catches: an image that is shifted, turned over or no longer the same.
func TestImagesAreDrawnInPlace(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 3, 2))
	img.SetRGBA(2, 1, color.RGBA{0x12, 0x34, 0x56, 0xff})
	body, _ := onCanvas(func(c *svgCanvas) {
		c.DrawImage(vg.Rectangle{Min: vg.Point{X: 10, Y: 5}, Max: vg.Point{X: 40, Y: 25}}, img)
	})
	if !strings.HasPrefix(body, `<image x="10" y="25" width="30" height="20" `) {
		t.Errorf("the image is %.80s", body)
	}
	_, data, _ := strings.Cut(body, "base64,")
	data, _, _ = strings.Cut(data, `"`)
	raw, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		t.Fatal(err)
	}
	got, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if c := color.RGBAModel.Convert(got.At(2, 1)); c != (color.RGBA{0x12, 0x34, 0x56, 0xff}) || got.Bounds() != img.Rect {
		t.Errorf("the image became %v of %v", c, got.Bounds())
	}
}

// Catches: names that break out of their element, a group that is not closed, and an attribute or a text that is not what
// was said.
func TestTheFileIsWellFormedWhateverItIsToldToWrite(t *testing.T) {
	const nasty = `a<b>&"c'</svg>]]>` + "é≥"
	set := NewTypesetter()
	f := Figure{Name: "x", Alt: nasty, Title: nasty, Subtitle: nasty, Caption: nasty, Height: 40,
		Legend: []LegendItem{{Text: nasty, Strategy: nasty, Style: slot(3), Mark: true}},
		Draw: func(p Pen) {
			p.Of(nasty, func() { p.Tells(nasty, func() { p.Write(LabelType, Left, p.Min.X, p.Min.Y, nasty) }) })
		}}
	b, err := f.SVG(set)
	if err != nil {
		t.Fatal(err)
	}
	owners, titles, texts := 0, 0, 0
	var depth []string
	for d := xml.NewDecoder(bytes.NewReader(b)); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, b)
		}
		switch token := token.(type) {
		case xml.StartElement:
			depth = append(depth, token.Name.Local)
			for _, a := range token.Attr {
				if a.Name.Local == "data-strategy" && a.Value == nasty {
					owners++
				}
			}
		case xml.EndElement:
			depth = depth[:len(depth)-1]
		case xml.CharData:
			if string(token) == nasty {
				switch depth[len(depth)-1] {
				case "title":
					titles++
				case "text":
					texts++
				}
			}
		}
	}
	if owners != 2 || titles != 2 || texts != 5 {
		t.Errorf("%d groups have the owner, %d titles and %d texts say it; want 2, 2 and 5:\n%s", owners, titles, texts, b)
	}
}
