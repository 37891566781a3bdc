package bench

import (
	"context"
	"fmt"
	"slices"

	"github.com/poolbench/poolbench/bench/internal/load"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

// RunOptions are the parts of a run that are no part of its suite.
type RunOptions struct {
	Seed  uint64
	Sides Sides

	// Upcoming, where it is not nil, is told about each trial before it starts; done counts those before it.
	Upcoming func(done int, step Step)
}

// Feasible reports what this machine cannot do for the suite, before anything is measured.
func (s Suite) Feasible() error {
	for _, sc := range s.Scenarios {
		if err := load.CheckFiles(sc.Load.Clients); err != nil {
			return fmt.Errorf("scenario %q: %w", sc.Name, err)
		}
	}
	return nil
}

// Run measures the suite and calls emit with each trial as it ends. A trial that went wrong is emitted as invalid and the
// run goes on. An error of emit ends the run; so does the end of ctx, with its error, and then the trial in progress
// is lost and no other.
func (s Suite) Run(ctx context.Context, o RunOptions, emit func(trial.Trial) error) error {
	plan, err := s.Plan(o.Seed)
	if err != nil {
		return err
	}
	if err := s.Feasible(); err != nil {
		return err
	}
	restore, err := o.Sides.enterDriver()
	if err != nil {
		return err
	}
	defer restore()
	r := runner{suite: s, sides: o.Sides, capacity: map[capacityKey][]float64{}}
	for seq, step := range plan {
		if o.Upcoming != nil {
			o.Upcoming(seq, step)
		}
		t, err := r.trial(ctx, step)
		if err != nil {
			return err
		}
		t.Seq = seq
		if err := emit(t); err != nil {
			return err
		}
	}
	return nil
}

// runner is one call of Run.
type runner struct {
	suite    Suite
	sides    Sides
	capacity map[capacityKey][]float64 // requests (or sessions) per second, one for each calibration
}

// trial measures one step in a server process of its own. An error ends the run; what only spoils the trial is said in
// the trial.
func (r *runner) trial(ctx context.Context, step Step) (trial.Trial, error) {
	if err := ctx.Err(); err != nil {
		return trial.Trial{}, err
	}
	w, err := workload.Find(r.suite.Workloads, step.Scenario.Workload)
	if err != nil {
		return trial.Trial{}, err
	}
	m := measurement{step: step, workload: w, sides: r.sides}
	if step.Load.Fraction > 0 {
		if m.step.Load.Rate, err = r.rate(step); err != nil {
			t := m.record()
			t.Invalid = err.Error()
			return t, nil
		}
	}
	t, err := m.run(ctx)
	if ctx.Err() != nil {
		return trial.Trial{}, ctx.Err()
	}
	if err != nil {
		t.Invalid = err.Error()
	}
	if step.Calibrates && t.Invalid == "" {
		key := keyOf(step.Scenario)
		r.capacity[key] = append(r.capacity[key], float64(t.Counts.Good)/t.Window.Seconds())
	}
	return t, nil
}

// rate is the offered load of an open loop's step, in requests (or sessions) per second.
func (r *runner) rate(step Step) (float64, error) {
	measured := slices.Sorted(slices.Values(r.capacity[keyOf(step.Scenario)]))
	if len(measured) == 0 || measured[(len(measured)-1)/2] <= 0 {
		return 0, fmt.Errorf("there is no rate to offer, because the capacity could not be measured; the trials of %q say why", capacityName(step.Scenario))
	}
	return step.Load.Fraction * measured[(len(measured)-1)/2], nil
}
