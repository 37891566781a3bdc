package bench

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/internal/load"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

// RunOptions are the parts of a run that are no part of its suite.
type RunOptions struct {
	Seed   uint64
	Sides  Sides
	Driver string // one of Drivers; empty: the first

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
	sides := o.Sides.forDriver(o.Driver)
	restore, err := sides.enterDriver()
	if err != nil {
		return err
	}
	defer restore()
	r := runner{
		suite: s, sides: sides, driver: o.Driver, emit: emit,
		capacity: map[capacityKey][]float64{}, ceiling: map[capacityKey][]float64{}, null: map[int][]float64{},
		repeats: int(math.Ceil(repeatShare * float64(len(plan)))),
	}
	r.measure = r.trial
	for done, step := range plan {
		if o.Upcoming != nil {
			o.Upcoming(done, step)
		}
		if err := r.step(ctx, step); err != nil {
			return err
		}
	}
	return nil
}

const (
	// attempts is how often a step is measured at most. What disturbs a machine for longer than three trials disturbs its
	// neighbours in the plan as well.
	attempts = 3

	// repeatShare bounds the repeated trials of a run, as a share of those planned: a machine on which more are invalid is not
	// fit for measuring, and a run on it should end when it was said to.
	repeatShare = 0.2
)

// runner is one call of Run.
type runner struct {
	suite    Suite
	sides    Sides
	driver   string
	emit     func(trial.Trial) error
	measure  func(context.Context, Step) (trial.Trial, error) // one trial; a field for the tests
	seq      int                                              // trials emitted
	repeats  int                                              // that may still be spent on invalid trials
	capacity map[capacityKey][]float64                        // requests (or sessions) per second, one for each calibration
	ceiling  map[capacityKey][]float64                        // those of them that were limited by the driver
	null     map[int][]float64                                // by the number of clients: requests per second of the driver with the null server
}

// step measures one step, again if the trial says of itself that it cannot be used. What a trial measures has no part in
// that decision, only how it was measured; or repeating would be choosing.
func (r *runner) step(ctx context.Context, step Step) error {
	for attempt := range attempts {
		t, err := r.measure(ctx, step)
		if err != nil {
			return err
		}
		t.Seq, t.Attempt = r.seq, attempt
		r.seq++
		if err := r.emit(t); err != nil {
			return err
		}
		if finding.Invalid(t.Findings) == "" || r.repeats == 0 {
			return nil
		}
		r.repeats--
	}
	return nil
}

// trial measures one step in a server process of its own. An error ends the run; what only spoils the trial is said in
// the trial.
func (r *runner) trial(ctx context.Context, step Step) (trial.Trial, error) {
	if err := ctx.Err(); err != nil {
		return trial.Trial{}, err
	}
	workloads := r.suite.Workloads
	if step.Null {
		workloads = workload.All() // a suite of somebody's own may have no echo
	}
	w, err := workload.Find(workloads, step.Scenario.Workload)
	if err != nil {
		return trial.Trial{}, err
	}
	m := measurement{step: step, workload: w, sides: r.sides, driver: r.driver}
	if step.Load.Fraction > 0 {
		if m.step.Load.Rate, err = r.rate(step); err != nil {
			t := m.record()
			t.Invalid = err.Error()
			return t, nil
		}
		if ceiling := r.ceilingFor(step); ceiling > 0 {
			m.step.Load.Ceiling = m.step.Load.Rate / ceiling
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
		r.calibrate(step, t)
	}
	return t, nil
}

// calibrate takes what t has measured: a capacity, or what the driver can do.
func (r *runner) calibrate(step Step, t trial.Trial) {
	perSecond := float64(t.Counts.Good) / t.Window.Seconds()
	if step.Null {
		n := step.Load.Clients
		r.null[n] = append(r.null[n], perSecond)
		return
	}
	key := keyOf(step.Scenario)
	r.capacity[key] = append(r.capacity[key], perSecond)
	if t.Has(finding.DriverBound) {
		r.ceiling[key] = append(r.ceiling[key], perSecond)
	}
}

// ceilingFor is what the driver can do of what the step asks, in requests (or sessions) per second; 0: not known. Whatever it
// has done once it can do: of requests with the null server or a real one, and of sessions where it was what limited them.
func (r *runner) ceilingFor(step Step) float64 {
	done := r.ceiling[keyOf(step.Scenario)]
	if step.Load.Loop == trial.Open {
		done = append(slices.Clone(r.null[step.Load.Clients]), r.capacity[keyOf(step.Scenario)]...)
	}
	if len(done) == 0 {
		return 0
	}
	return slices.Max(done)
}

// rate is the offered load of an open loop's step, in requests (or sessions) per second.
func (r *runner) rate(step Step) (float64, error) {
	capacity := middle(r.capacity[keyOf(step.Scenario)])
	if capacity <= 0 {
		return 0, fmt.Errorf("there is no rate to offer, because the capacity could not be measured; the trials of %q say why", capacityName(step.Scenario))
	}
	return step.Load.Fraction * capacity, nil
}

// middle is the median, the lower one of two; 0 for none.
func middle(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(values))[(len(values)-1)/2]
}
