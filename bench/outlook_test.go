package bench

import (
	"testing"
	"time"
)

func TestWhatIsLeftOfARun(t *testing.T) {
	const s = time.Second
	compared := func(planned time.Duration) portion { return portion{"compared", 2, planned, true} }
	sized := func(planned time.Duration) portion { return portion{"sized", 1, planned, false} }
	rounds := func(n int, of ...portion) (all [][]portion) {
		for range n {
			all = append(all, of)
		}
		return all
	}
	slow := pace{"compared": {planned: 10 * s, took: 25 * s}} // of all, with 5 s of the plan in 5 s: 30 s for 15 s
	for name, c := range map[string]struct {
		o     outlook
		pace  pace
		share float64
		steps float64
		left  time.Duration
	}{
		"the rest of a repetition":                          {outlook{now: []portion{compared(4 * s), sized(s)}}, nil, 0, 3, 5 * s},
		"a portion under way":                               {outlook{now: []portion{compared(4 * s), sized(s)}, begun: 3 * s}, nil, 0, 3, 2 * s},
		"a portion that takes longer than it should":        {outlook{now: []portion{compared(4 * s), sized(s)}, begun: 9 * s}, nil, 0, 3, s},
		"repetitions to come":                               {outlook{later: rounds(3, compared(4*s), sized(s)), next: 1}, nil, 0, 9, 15 * s},
		"measured slower than planned":                      {outlook{later: rounds(1, compared(4*s)), next: 1}, slow, 0, 2, 4 * 35 * s / 15}, // with 5 s at the pace of all
		"not measured yet, and others slower":               {outlook{later: rounds(1, sized(4*s)), next: 1}, slow, 0, 1, 8 * s},
		"half is decided at a look":                         {outlook{later: rounds(4, compared(4*s), sized(s)), next: 1, looks: []int{3, 5}}, nil, 0.5, 2*3 + 2*2, 2*5*s + 2*3*s},
		"and half of the rest at the next":                  {outlook{later: rounds(4, compared(4*s)), next: 1, looks: []int{2, 4}}, nil, 0.5, 2 + 2*1 + 0.5, 4*s + 2*2*s + s},
		"all is decided, and nothing else is left":          {outlook{later: rounds(4, compared(4*s)), next: 1, looks: []int{3}}, nil, 1, 4, 8 * s},
		"the budget ends it":                                {outlook{later: rounds(9, compared(4*s)), next: 1, looks: []int{9}, budget: 20 * s, spent: 9 * s, round: 4 * s}, nil, 0, 4, 8 * s},
		"a spent budget, but the first repetition":          {outlook{later: rounds(9, compared(4*s)), looks: []int{9}, budget: s, spent: 9 * s}, nil, 0, 2, 4 * s},
		"a little more than the budget, for the first look": {outlook{later: rounds(9, compared(4*s)), next: 1, looks: []int{4, 9}, budget: 20 * s, spent: 10 * s, round: 4 * s}, nil, 0, 6, 12 * s},
		"more than a little, for the first look":            {outlook{later: rounds(9, compared(4*s)), next: 1, looks: []int{5, 9}, budget: 20 * s, spent: 9 * s, round: 4 * s}, nil, 0, 4, 8 * s},
		"no room for the next look":                         {outlook{later: rounds(9, compared(4*s)), next: 1, looks: []int{2, 6}, budget: 20 * s, spent: 4 * s, round: 4 * s}, nil, 0, 2, 4 * s},
		"room for the next look, because less is left":      {outlook{later: rounds(5, compared(4*s)), next: 1, looks: []int{2, 6}, budget: 24 * s, spent: 4 * s, round: 4 * s}, nil, 0.5, 2 + 4*1, 4*s + 4*2*s},
		"repetitions behind the last in which it takes":     {outlook{later: [][]portion{{sized(s)}, {}, {}}, next: 1}, nil, 0, 1, s},
	} {
		t.Run(name, func(t *testing.T) {
			steps, left := c.o.leftIf(c.pace, c.share)
			if steps != c.steps || left != c.left {
				t.Errorf("%v steps in %v, want %v in %v", steps, left, c.steps, c.left)
			}
		})
	}
}

// Catches: an estimate that jumps by many repetitions where one more second decides whether they fit.
func TestWhatIsLeftIsTheMeanOfWhatMayBeDecided(t *testing.T) {
	o := outlook{later: [][]portion{{{"a", 8, 8 * time.Second, true}}}, next: 1, looks: []int{1}}
	if steps, left := o.left(nil); steps != 5 || left != 5*time.Second {
		t.Errorf("%d steps in %v, want 5 in 5s", steps, left)
	}
}
