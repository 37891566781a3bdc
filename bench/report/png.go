package report

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"slices"

	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// dpi is twice that of a usual screen: gonum's 96 is blurry on a good one and in print.
const dpi = 200

// png draws f as a PNG file.
func (f figure) png(t typesetter) ([]byte, error) {
	c := vgimg.NewWith(vgimg.UseWH(f.size(t)), vgimg.UseDPI(dpi))
	f.paint(draw.New(c), t)
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, indexed(c.Image())); err != nil {
		return nil, fmt.Errorf("encode %s.png: %w", f.name, err)
	}
	return b.Bytes(), nil
}

// indexed gives img a palette, which makes its file a third as large: the 256 colours that most pixels have. Figures have
// a few dozen, and their mixtures at the edges of letters and lines; of those the rarest take the nearest colour.
func indexed(img image.Image) *image.Paletted {
	size := img.Bounds()
	pixels := map[color.RGBA]int{}
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(img.At(x, y)).(color.RGBA) }
	if rgba, ok := img.(*image.RGBA); ok {
		at = rgba.RGBAAt // a hundred times faster than by way of an interface
	}
	for y := size.Min.Y; y < size.Max.Y; y++ {
		for x := size.Min.X; x < size.Max.X; x++ {
			pixels[at(x, y)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(pixels), func(a, b color.RGBA) int {
		return cmp.Or(pixels[b]-pixels[a], cmp.Compare(inOrder(a), inOrder(b)))
	})
	palette := color.Palette{}
	for _, c := range colours[:min(len(colours), 256)] {
		palette = append(palette, c)
	}
	index := map[color.RGBA]uint8{}
	for _, c := range colours {
		index[c] = uint8(palette.Index(c))
	}
	out := image.NewPaletted(size, palette)
	for y := size.Min.Y; y < size.Max.Y; y++ {
		for x := size.Min.X; x < size.Max.X; x++ {
			out.SetColorIndex(x, y, index[at(x, y)])
		}
	}
	return out
}

func inOrder(c color.RGBA) uint32 {
	return uint32(c.R)<<24 | uint32(c.G)<<16 | uint32(c.B)<<8 | uint32(c.A)
}
