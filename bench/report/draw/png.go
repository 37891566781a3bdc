package draw

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"math"
	"slices"

	vgdraw "gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// dpi is twice that of a usual screen: gonum's 96 is blurry on a good one and in print.
const dpi = 200

// PNG draws f as a PNG file.
func (f Figure) PNG(t Typesetter) ([]byte, error) {
	c := vgimg.NewWith(vgimg.UseWH(f.size(t)), vgimg.UseDPI(dpi))
	f.paint(vgdraw.New(c), t)
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, indexed(c.Image())); err != nil {
		return nil, fmt.Errorf("encode %s.png: %w", f.Name, err)
	}
	return b.Bytes(), nil
}

const (
	// mostColours is where one more cannot be seen: a figure has a dozen or two, and their mixtures at the edges of letters
	// and lines, for which a few steps are enough. A file with 32 is two thirds as large as with 256.
	mostColours = 32
	// mostSolid leaves room for the mixtures.
	mostSolid = 20
)

// indexed gives img a palette, which makes its file a quarter as large. Colours that fill an area are kept exactly, down to
// the smallest marker's, because a strategy is told by its colour. Of the mixtures at edges those are kept that leave the
// least to be seen of what the others lose. An image of few colours keeps them all.
func indexed(img image.Image) *image.Paletted {
	size := img.Bounds()
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(img.At(x, y)).(color.RGBA) }
	if rgba, ok := img.(*image.RGBA); ok {
		at = rgba.RGBAAt // a hundred times faster than by way of an interface
	}
	// Counted in runs of equal pixels, of which there are a tenth as many.
	pixels, solid := map[color.RGBA]int{}, map[color.RGBA]int{}
	for y := size.Min.Y; y < size.Max.Y; y++ {
		run, inside := 0, 0
		for x := size.Min.X; x < size.Max.X; x++ {
			c := at(x, y)
			if run++; run > 1 && y > size.Min.Y && c == at(x, y-1) && c == at(x-1, y-1) {
				inside++
			}
			if x+1 == size.Max.X || at(x+1, y) != c {
				if pixels[c] += run; inside > 0 {
					solid[c] += inside
				}
				run, inside = 0, 0
			}
		}
	}
	palette, index := reduced(pixels, solid)
	out := image.NewPaletted(size, palette)
	var last color.RGBA // most pixels are like the one before
	place := index[last]
	for y := size.Min.Y; y < size.Max.Y; y++ {
		row := out.Pix[(y-size.Min.Y)*out.Stride:]
		for x := size.Min.X; x < size.Max.X; x++ {
			if c := at(x, y); c != last {
				last, place = c, index[c]
			}
			row[x-size.Min.X] = place
		}
	}
	return out
}

// reduced is the palette for the colours of so many pixels, and each one's place in it. solid are those of areas.
func reduced(pixels, solid map[color.RGBA]int) (color.Palette, map[color.RGBA]uint8) {
	often := func(of map[color.RGBA]int) []color.RGBA {
		return slices.SortedFunc(maps.Keys(of), func(a, b color.RGBA) int {
			return cmp.Or(of[b]-of[a], cmp.Compare(inOrder(a), inOrder(b)))
		})
	}
	colours := often(pixels)
	first := often(solid)
	first = first[:min(len(first), mostSolid)]
	if len(colours) <= mostColours {
		first = colours
	}
	// What a colour loses by standing for another is how far they are apart, squared, for each of its pixels.
	lost, index := make([]int, len(colours)), map[color.RGBA]uint8{}
	for i := range lost {
		lost[i] = math.MaxInt
	}
	var palette color.Palette
	add := func(c color.RGBA) {
		for i, other := range colours {
			if d := apart(c, other); d < lost[i] {
				lost[i], index[other] = d, uint8(len(palette))
			}
		}
		palette = append(palette, c)
	}
	for _, c := range first {
		add(c)
	}
	for len(palette) < min(mostColours, len(colours)) {
		worst, most := 0, -1
		for i, c := range colours {
			loss := pixels[c] // where nothing has a place yet, the most frequent goes first
			if len(palette) > 0 {
				loss *= lost[i]
			}
			if loss > most {
				worst, most = i, loss
			}
		}
		add(colours[worst])
	}
	return palette, index
}

func apart(a, b color.RGBA) int {
	square := func(a, b uint8) int { return (int(a) - int(b)) * (int(a) - int(b)) }
	return square(a.R, b.R) + square(a.G, b.G) + square(a.B, b.B) + square(a.A, b.A)
}

func inOrder(c color.RGBA) uint32 {
	return uint32(c.R)<<24 | uint32(c.G)<<16 | uint32(c.B)<<8 | uint32(c.A)
}
