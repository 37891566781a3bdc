package bench

import (
	"context"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load"
	"github.com/poolbench/poolbench/bench/trial"
)

func TestSeveralMeasurementsAreSeenAsOne(t *testing.T) {
	var w watch
	if got := w.glance(); got != (Glance{}) {
		t.Errorf("nothing is measured, and %+v is seen", got)
	}
	for _, g := range []load.Glance{{Own: time.Second, Rate: 300, P99: 5}, {}, {Own: 2 * time.Second, Rate: 100, P99: 7}} {
		w.add(func() load.Glance { return g })
	}
	if got, want := w.glance(), (Glance{Own: 2 * time.Second, Rate: 200, P99: 7}); got != want {
		t.Errorf("%+v is seen, want %+v: the mean of those whose window is open, and the longest", got, want)
	}
}

// Catches: figures that stop between the driver and whoever watches, or that are those of the trial before.
func TestWhoeverFollowsARunSeesEachTrialWhileItIsMeasured(t *testing.T) {
	s := simulated(1)
	s.Scenarios = s.Scenarios[:1]
	var now Progress
	told := 0
	r := newRunner(s, Sides{}, RunOptions{Seed: 1, Upcoming: func(p Progress) {
		now = p
		told++
		if p.Left != s.Trials()-p.Done || p.TimeLeft <= 0 || p.Done != told-1 {
			t.Errorf("told for the %dth time: %d steps of %d are done, and %d are to come in %v", told, p.Done, s.Trials(), p.Left, p.TimeLeft)
		}
	}}, func(trial.Trial) error { return nil })
	made := simulate(0, nil)
	r.measure = func(ctx context.Context, steps []Step) ([]trial.Trial, error) {
		m, err := r.measurement(steps[0])
		if err != nil {
			return nil, err
		}
		g := load.Glance{Own: 1, Rate: float64(told)}
		m.watch(func() load.Glance { return g })
		if got, want := now.Glance(), (Glance{Own: 1, Rate: float64(told)}); got != want {
			t.Errorf("of trial %d %+v is seen, want %+v", told, got, want)
		}
		return made(ctx, steps)
	}
	if err := r.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if told != s.Trials() {
		t.Errorf("told %d times of %d trials", told, s.Trials())
	}
}
