package draw

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"testing"
)

// painted is an image of white paper with n squares, each of another colour, and the mixtures at their edges.
func painted(n int, seed uint64) *image.RGBA {
	rng := rand.New(rand.NewPCG(seed, 1))
	img := image.NewRGBA(image.Rect(0, 0, 40*8, 8*((n+39)/40)+8))
	for i := range img.Pix {
		img.Pix[i] = 0xff
	}
	for i := range n {
		c := color.RGBA{uint8(rng.IntN(200)), uint8(rng.IntN(200)), uint8(i), 0xff}
		x0, y0 := i%40*8+1, i/40*8+1
		for y := y0; y < y0+5; y++ {
			for x := x0; x < x0+5; x++ {
				img.SetRGBA(x, y, c)
				if x == x0 || y == y0 { // half covered
					img.SetRGBA(x, y, color.RGBA{uint8((int(c.R) + 255) / 2), uint8((int(c.G) + 255) / 2), uint8((int(c.B) + 255) / 2), 0xff})
				}
			}
		}
	}
	return img
}

// Catches: a pixel that changes where nothing has to, one that is shifted, and a palette that is too large for a byte or larger
// than it may be.
func TestFewColoursStayAsTheyAre(t *testing.T) {
	for n := 1; n < 200; n += 3 {
		img := painted(n, uint64(n))
		got := indexed(img)
		if len(got.Palette) > mostColours {
			t.Errorf("%d colours are left of %d, want %d at most", len(got.Palette), 2*n+1, mostColours)
		}
		for y := range img.Rect.Max.Y {
			for x := range img.Rect.Max.X {
				want, is := img.RGBAAt(x, y), got.At(x, y).(color.RGBA)
				if 2*n+1 <= mostColours && is != want {
					t.Fatalf("%d colours: %v at %d, %d, want %v", 2*n+1, is, x, y, want)
				}
				// As many as figures have, 12 strategies and a dozen of the theme's: nothing is taken for something else.
				if n <= mostSolid && apart(is, want) > 70*70 {
					t.Fatalf("%d colours: %v at %d, %d, want something like %v", 2*n+1, is, x, y, want)
				}
			}
		}
	}
}

// Catches: a strategy's colour that is lost because its marker is small and mixtures are many.
func TestAreasKeepTheirColour(t *testing.T) {
	img := painted(mostSolid-1, 7) // and the paper
	rng := rand.New(rand.NewPCG(3, 4))
	width := img.Rect.Max.X
	more := image.NewRGBA(image.Rect(0, 0, width, img.Rect.Max.Y+300))
	for i := range more.Pix {
		more.Pix[i] = 0xff
	}
	copy(more.Pix, img.Pix)
	for y := img.Rect.Max.Y; y < more.Rect.Max.Y; y++ { // letters: each pixel another grey, and far more of them
		for x := range width {
			g := uint8(rng.IntN(256))
			more.SetRGBA(x, y, color.RGBA{g, g, uint8(int(g) * 9 / 10), 0xff})
		}
	}
	got := indexed(more)
	for i := range mostSolid - 1 {
		x, y := i%40*8+4, i/40*8+4
		if want := more.RGBAAt(x, y); got.At(x, y) != want {
			t.Errorf("an area is drawn in %v, want %v", got.At(x, y), want)
		}
	}
}

// Catches: an order of colours that depends on a map's, an image that is not at 0, and one that is not RGBA.
func TestTheSameImageGivesTheSameFile(t *testing.T) {
	encoded := func(img image.Image) []byte {
		var b bytes.Buffer
		if err := png.Encode(&b, indexed(img)); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	img := painted(150, 5)
	want := encoded(img)
	for range 5 {
		if !bytes.Equal(encoded(img), want) {
			t.Fatal("two files differ")
		}
	}
	part := img.SubImage(image.Rect(9, 9, 60, 15))
	got := indexed(part)
	if got.Bounds() != part.Bounds() {
		t.Fatalf("a part at %v became one at %v", part.Bounds(), got.Bounds())
	}
	if at, want := got.At(12, 12), part.At(12, 12); at != want {
		t.Errorf("the part has %v, want %v", at, want)
	}
	grey := image.NewGray(image.Rect(0, 0, 4, 4))
	grey.SetGray(1, 2, color.Gray{0x80})
	if at := indexed(grey).At(1, 2); at != (color.RGBA{0x80, 0x80, 0x80, 0xff}) {
		t.Errorf("grey became %v", at)
	}
}
