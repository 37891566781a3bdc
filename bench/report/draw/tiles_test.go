package draw

import (
	"testing"

	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"
)

// Catches: tiles that reach beyond the body or into each other, and a height that is not what they take.
func TestTilesFillTheBodyAndStayApart(t *testing.T) {
	for n := 1; n <= 7; n++ {
		tiles := Tiles{N: n, TileHeight: 80}
		body := Pen{Canvas: vgdraw.Canvas{Rectangle: vg.Rectangle{Min: vg.Point{X: margin, Y: 10}, Max: vg.Point{X: margin + bodyWidth, Y: 10 + tiles.Height()}}}}
		lowest, rightmost := body.Max.Y, body.Min.X
		for i := range n {
			a := tiles.Of(body, i).Rectangle
			lowest, rightmost = min(lowest, a.Min.Y), max(rightmost, a.Max.X)
			if a.Size() != (vg.Point{X: tiles.Width(), Y: 80}) || a.Min.X < body.Min.X || a.Max.Y > body.Max.Y {
				t.Errorf("tile %d of %d is %v, in %v", i, n, a, body.Rectangle)
			}
			for k := range i {
				if b := tiles.Of(body, k).Rectangle; a.Max.Y+PanelGap > b.Min.Y && a.Min.X < b.Max.X+columnGap {
					t.Errorf("tiles %d and %d of %d are %v and %v", k, i, n, b, a)
				}
			}
		}
		if lowest != body.Min.Y || rightmost != body.Max.X {
			t.Errorf("%d tiles reach down to %v and right to %v, want %v and %v", n, lowest, rightmost, body.Min.Y, body.Max.X)
		}
	}
}
