package draw

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// Catches: values that drift, a zero that prints as "-0", ticks beside the range, and a range of nothing that never ends.
func TestLinearTicksAreRound(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		n      int
		want   []string
	}{
		{0, 0.3, 3, []string{"0", "0.1", "0.2", "0.3"}},
		{0, 15, 3, []string{"0", "5", "10", "15"}},
		{7, 23, 4, []string{"10", "15", "20"}},
		{-1, 1, 2, []string{"-1", "0", "1"}},
		{2, 2, 4, nil},
		{0, 1, 0, nil},
	} {
		var got []string
		for _, k := range LinearTicks(c.lo, c.hi, c.n, func(v float64) string { return fmt.Sprintf("%.6g", v) }) {
			got = append(got, k.Label)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%v to %v in about %d: %q, want %q", c.lo, c.hi, c.n, got, c.want)
		}
	}
}

// Catches: an axis that draws outside its panel, or that puts a zero of a logarithmic one at minus infinity.
func TestAnAxisKeepsToItsPanel(t *testing.T) {
	for name, a := range map[string]Axis{"linear": {Lo: 1, Hi: 100, Scale: Linear}, "logarithmic": {Lo: 1, Hi: 100, Scale: math.Log}, "nothing": {Lo: 1, Hi: 1, Scale: Linear}} {
		a = a.between(20, 80)
		for _, v := range []float64{-5, 0, 1, 50, 100, 1e9} {
			if at := a.At(v); !(at >= 20 && at <= 80) {
				t.Errorf("%s: %v is at %v", name, v, at)
			}
		}
	}
	nines := Axis{Lo: 0, Hi: 0.999, Scale: Nines}.between(0, 3)
	for q, want := range map[float64]float64{0: 0, 0.9: 1, 0.99: 2, 0.999: 3, 1: 3} {
		if at := nines.At(q).Points(); at < want-1e-6 || at > want+1e-6 {
			t.Errorf("the quantile %v is at %v, want %v", q, at, want)
		}
	}
}

// Catches: labels that run into each other, because there is one at each decade of many, or at each step.
func TestLogTicksAreLabelledAsFarApartAsTheyHaveRoom(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		want   []string
		all    int
	}{
		{1, 100, []string{"1", "2", "5", "10", "20", "50", "100"}, 19},
		{1, 1000, []string{"1", "3", "10", "30", "100", "300", "1000"}, 28},
		{1, 1e6, []string{"1", "10", "100", "1000", "10000", "100000", "1e+06"}, 55},
		{1e-6, 10, []string{"1e-06", "0.0001", "0.01", "1"}, 64},
		{0, 10, nil, 0},
		{5, 5, nil, 0},
	} {
		ticks := LogTicks(c.lo, c.hi, func(v float64) string { return fmt.Sprintf("%.6g", v) })
		var got []string
		for _, k := range ticks {
			if k.Label != "" {
				got = append(got, k.Label)
			}
		}
		if !slices.Equal(got, c.want) || len(ticks) != c.all {
			t.Errorf("%v to %v: %q of %d ticks, want %q of %d", c.lo, c.hi, got, len(ticks), c.want, c.all)
		}
	}
}
