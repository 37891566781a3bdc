package bench

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

func TestWhatCannotBeUsedIsMeasuredAgain(t *testing.T) {
	spoilt := trial.Trial{Invalid: "disturbed", Findings: []trial.Finding{{Code: "machine-disturbed", Text: "disturbed", Invalid: true}}}
	noted := trial.Trial{Findings: []trial.Finding{{Code: "driver-late", Text: "a note"}}}
	broken := trial.Trial{Invalid: "the server process has ended"} // again it would only break again
	for name, c := range map[string]struct {
		trials   []trial.Trial // as they are measured
		repeats  int
		attempts []int // as they are emitted
	}{
		"a good one":                           {[]trial.Trial{{}}, 9, []int{0}},
		"one with a note":                      {[]trial.Trial{noted}, 9, []int{0}},
		"one that the server's end made void":  {[]trial.Trial{broken}, 9, []int{0}},
		"spoilt once":                          {[]trial.Trial{spoilt, {}}, 9, []int{0, 1}},
		"spoilt again and again":               {[]trial.Trial{spoilt, spoilt, spoilt}, 9, []int{0, 1, 2}},
		"spoilt, and the run has no time left": {[]trial.Trial{spoilt, spoilt}, 1, []int{0, 1}},
		"spoilt, and it never had any":         {[]trial.Trial{spoilt}, 0, []int{0}},
	} {
		t.Run(name, func(t *testing.T) {
			var emitted []int
			left := c.trials
			r := runner{
				clock: time.Now, seq: 40, repeats: c.repeats, capacities: newCapacities(),
				measure: func(context.Context, []Step) ([]trial.Trial, error) {
					if len(left) == 0 {
						return nil, errors.New("one trial too many")
					}
					next := left[0]
					left = left[1:]
					return []trial.Trial{next}, nil
				},
				emit: func(x trial.Trial) error {
					if x.Seq != 40+len(emitted) {
						t.Errorf("trial %d has number %d", len(emitted), x.Seq)
					}
					emitted = append(emitted, x.Attempt)
					return nil
				},
			}
			if _, err := r.step(t.Context(), Step{Calibrates: true, Null: true}); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(emitted, c.attempts) || len(left) > 0 {
				t.Errorf("attempts %v, want %v", emitted, c.attempts)
			}
		})
	}
}
