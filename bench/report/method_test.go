package report

import (
	"testing"

	"github.com/poolbench/poolbench/bench/trial"
)

func TestASideHasAllOfItsCPUs(t *testing.T) {
	for want, side := range map[string]trial.Side{
		"GOMAXPROCS 3, pinned to CPU 0, 2, 5": {GOMAXPROCS: 3, CPUs: []int{0, 2, 5}},
		"GOMAXPROCS 1, pinned to CPU 7":       {GOMAXPROCS: 1, CPUs: []int{7}},
		"GOMAXPROCS 2, not pinned":            {GOMAXPROCS: 2},
		"GOMAXPROCS unknown, not pinned":      {},
	} {
		if got := sideText(side); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
