package stat

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/poolbench/poolbench/bench/trial"
)

func TestLooksOfAFamily(t *testing.T) {
	for _, c := range []struct {
		family, most int
		want         []int
	}{
		{60, 0, nil},
		{60, 5, []int{5}}, // nothing can be told; callers warn
		{60, 8, []int{8}}, // 2/3⁸ is 0.0003 and 0.05/60 is 0.0008
		{60, 12, []int{8, 12}},
		{60, 18, []int{9, 13, 18}}, // 2/3⁹ is 0.0001 and 0.05/3/60 is 0.0003
		{60, 24, []int{9, 12, 17, 24}},
		{60, 60, []int{9, 17, 32, 60}},
		{0, 4, []int{4}},
	} {
		if got := Looks(c.family, c.most); !slices.Equal(got, c.want) {
			t.Errorf("%d comparisons, at most %d: looks %v, want %v", c.family, c.most, got, c.want)
		}
	}
}

// Catches: looks that fall back or repeat, a last one that is not the most, and a first one that can tell nothing or waits
// for longer than it must.
func TestLooksRiseToTheMost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		family, most := rapid.IntRange(0, 5000).Draw(t, "family"), rapid.IntRange(1, 300).Draw(t, "most")
		looks := Looks(family, most)
		k := len(looks)
		if k < 1 || k > 4 || looks[k-1] != most {
			t.Fatalf("%v", looks)
		}
		for i := range k - 1 {
			if looks[i+1] <= looks[i] {
				t.Fatalf("%v", looks)
			}
		}
		able := func(n int) bool {
			return 2*math.Pow(3, -float64(n)) <= 0.05/float64(k)/float64(max(family, 1))*(1+1e-9)
		}
		if k > 1 && (!able(looks[0]) || able(looks[0]-1)) {
			t.Fatalf("%v: the first is not the earliest that can tell a difference", looks)
		}
	})
}

func TestRepetitionsOfAFamily(t *testing.T) {
	for family, want := range map[int]int{0: 4, 1: 4, 2: 4, 3: 5, 6: 5, 7: 6, 54: 7, 55: 8, 164: 8, 165: 9} {
		if got := Repetitions(family); got != want {
			t.Errorf("%d comparisons: %d repetitions, want %d", family, got, want)
		}
	}
}

func TestTheDesignCountsAllPairs(t *testing.T) {
	scenarios := []trial.Scenario{
		{Strategies: make([]string, 6)}, {Strategies: make([]string, 4), Question: trial.Compare},
		{Strategies: make([]string, 9), Question: trial.Size}, {Strategies: make([]string, 1)}, {},
	}
	if d := NewDesign(0, scenarios, 18); d.Family != 15+6 || d.Alpha != 0.05 || d.Threshold != Threshold || !slices.Equal(d.Looks, Looks(21, 18)) {
		t.Errorf("%+v", d)
	}
	if d := NewDesign(0.1, scenarios, 18); d.Threshold != 0.1 {
		t.Errorf("%+v", d)
	}
}
