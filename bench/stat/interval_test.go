package stat

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Each is 1 - 2 * (C(n,0) + ... + C(n,k-1)) / 2^n, worked out by hand.
func TestIntervalsOfTheMedian(t *testing.T) {
	for _, c := range []struct {
		n, k   int
		covers float64
	}{
		{0, 0, 0},
		{1, 0, 0},
		{2, 0, 0},
		{3, 0, 0},
		{4, 0, 0},
		{5, 0, 0},                // 1 - 2*1/32 is 93.75 %
		{6, 1, 1 - 2.0/64},       // 96.9 %
		{7, 1, 1 - 2.0/128},      // 98.4 %; k=2 has 87.5 %
		{8, 1, 1 - 2.0/256},      // 99.2 %; k=2 has 93.0 %
		{9, 2, 1 - 2*10.0/512},   // 96.1 %
		{10, 2, 1 - 2*11.0/1024}, // 97.9 %; k=3 has 89.1 %
		{12, 3, 1 - 2*79.0/4096}, // 96.1 %
	} {
		var values []float64
		for i := range c.n {
			values = append(values, float64(i+1)) // the value is its own rank
		}
		got := median(values, 0.95)
		want := Estimate{Lo: 0, Hi: math.Inf(1), N: c.n}
		if c.n > 0 {
			want.Value = float64(c.n+1) / 2
		}
		if c.k > 0 {
			want.Lo, want.Hi, want.Confidence = float64(c.k), float64(c.n+1-c.k), c.covers
		}
		if math.Abs(got.Confidence-want.Confidence) > 1e-12 {
			t.Errorf("n=%d: covers %v, want %v", c.n, got.Confidence, want.Confidence)
		}
		got.Confidence = want.Confidence
		if got != want {
			t.Errorf("n=%d: %+v, want %+v", c.n, got, want)
		}
	}
}

func TestIntervalTakesMoreForMoreConfidence(t *testing.T) {
	values := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	for _, c := range []struct {
		confidence, lo, hi float64
	}{
		{0.80, 3, 8},
		{0.95, 2, 9},
		{0.98, 1, 10},
		{0.999, 0, math.Inf(1)},
	} {
		if e := median(values, c.confidence); e.Lo != c.lo || e.Hi != c.hi {
			t.Errorf("%v: %v to %v, want %v to %v", c.confidence, e.Lo, e.Hi, c.lo, c.hi)
		}
	}
}

// The interval covers the true median as often as it says, for a distribution that is far from normal.
func TestIntervalCoversWhatItSays(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const samples = 20_000
	for _, n := range []int{6, 8, 9, 13} {
		covered, said := 0, 0.0
		for range samples {
			values := make([]float64, n)
			for i := range values {
				values[i] = rng.ExpFloat64()
			}
			e := median(values, 0.95)
			if e.Lo <= math.Ln2 && math.Ln2 <= e.Hi {
				covered++
			}
			said = e.Confidence
		}
		// Five standard errors of at most 0.0015: a seeded test, and wrong ranks are off by far more.
		if got := float64(covered) / samples; math.Abs(got-said) > 0.0077 {
			t.Errorf("n=%d: covered %.4f, said %.4f", n, got, said)
		}
	}
}

func TestMedianLeavesItsInputAlone(t *testing.T) {
	values := []float64{3, 1, 2, 9, 4, 8, 7, 6}
	before := slices.Clone(values)
	if e := median(values, 0.95); e.Value != 5 || e.Lo != 1 || e.Hi != 9 {
		t.Errorf("%+v", e)
	}
	if !slices.Equal(values, before) {
		t.Errorf("%v, was %v", values, before)
	}
}
