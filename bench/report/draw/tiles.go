package draw

import "gonum.org/v1/plot/vg"

const (
	columnGap vg.Length = 22
	// PanelGap is left between a panel and the one under it.
	PanelGap vg.Length = 12
)

// Tiles sets panels of one size in two columns, or in one if there is only one panel.
type Tiles struct {
	N          int       // at least 1
	TileHeight vg.Length // without the gap under it
}

func (t Tiles) columns() int { return min(2, t.N) }

// Height is that of all tiles, without a gap under the last.
func (t Tiles) Height() vg.Length {
	lines := (t.N + t.columns() - 1) / t.columns()
	return vg.Length(lines)*(t.TileHeight+PanelGap) - PanelGap
}

// Width is that of one tile, on a pen that has the width of a page's body.
func (t Tiles) Width() vg.Length {
	return (bodyWidth - vg.Length(t.columns()-1)*columnGap) / vg.Length(t.columns())
}

// Of is the pen for tile i, from 0, row by row from the top of p's area.
func (t Tiles) Of(p Pen, i int) Pen {
	p.Min.X += vg.Length(i%t.columns()) * (t.Width() + columnGap)
	p.Max.X = p.Min.X + t.Width()
	p.Max.Y -= vg.Length(i/t.columns()) * (t.TileHeight + PanelGap)
	p.Min.Y = p.Max.Y - t.TileHeight
	return p
}
