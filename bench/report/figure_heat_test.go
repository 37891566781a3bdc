package report

import (
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// Catches: a picture of the mildest overload where a worse one was measured, and of a load that can be kept up with.
func TestTheHeatIsOfTheHighestOverload(t *testing.T) {
	var s scenario
	for _, fraction := range []float64{0.9, 1.2, 1.5} {
		tr := trial.Trial{Series: trial.Series{Slice: time.Second, Due: []int64{1}, Spread: []trial.Spread{{First: 3, Counts: []int64{1}}}}}
		s.levels = append(s.levels, level{fraction: fraction, cells: []cell{{Summary: stat.Summary{Trials: 1}, trials: []trial.Trial{tr}}}})
	}
	if l, panels := s.heatLevel(); l.fraction != 1.5 || len(panels) != 1 {
		t.Errorf("%d panels at %v of the capacity, want 1 at 1.5", len(panels), l.fraction)
	}
	s.levels[2].cells[0].trials = nil // nothing to draw
	if l, _ := s.heatLevel(); l.fraction != 1.2 {
		t.Errorf("without the highest: %v, want 1.2", l.fraction)
	}
	s.levels = s.levels[:1]
	if l, panels := s.heatLevel(); panels != nil {
		t.Errorf("something is drawn at %v", l.fraction)
	}
}

// Catches: a median beside the requests that are half of all, exactly.
func TestAQuantileIsTheFirstBucketWithSoMany(t *testing.T) {
	p := heatPanel{counts: make([][trial.Buckets]int64, 2)}
	p.counts[0][4], p.counts[0][7] = 5, 5
	for q, want := range map[float64]int{0.4: 4, 0.5: 4, 0.6: 7, 1: 7} {
		if k, ok := p.quantile(0, q); k != want || !ok {
			t.Errorf("%v is in bucket %d, want %d", q, k, want)
		}
	}
	if _, ok := p.quantile(1, 0.5); ok {
		t.Error("a slice without requests has a median")
	}
}
