package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load"
	"github.com/poolbench/poolbench/bench/trial"
)

// RunOptions are the parts of a run that are no part of its suite.
type RunOptions struct {
	Seed   uint64
	Sides  Sides
	Driver string // one of Drivers; empty: the first

	// Recorded are the trials of a run of the same suite, seed and driver that was stopped, in their order: the run goes on
	// behind them. They are not emitted again.
	Recorded []trial.Trial

	// Upcoming, where it is not nil, is told about what is measured next.
	Upcoming func(Progress)

	// Warn, where it is not nil, is told what of the suite is not measured and why: for the record, at most once for each reason.
	Warn func(trial.Warning)
}

// Progress is how far a run is.
type Progress struct {
	Steps []Step // what is measured now: one, or several at the same time
	Done  int    // steps that are behind it, those of RunOptions.Recorded included

	// What is expected to be left, Steps included: as the plan says and as long as what was measured took against the plan, to the
	// end of the budget at most, with a share of what is open decided at each look.
	Left     int // steps
	TimeLeft time.Duration

	// Glance says what has come of Steps so far. It may be called concurrently, at any time.
	Glance func() Glance
}

// ErrNotThisRun is what the recorded trials of another suite, seed or driver are refused with.
var ErrNotThisRun = errors.New("the recorded trials are not those of this suite and seed")

// Feasible reports what this machine cannot do for the suite, before anything is measured.
func (s Suite) Feasible() error {
	for _, sc := range s.Scenarios {
		if err := load.CheckFiles(sc.Connections()); err != nil {
			return fmt.Errorf("scenario %q: %w", sc.Name, err)
		}
	}
	return nil
}

// Connections is how many the driver holds at once at most.
func (sc Scenario) Connections() int {
	if sc.Interleaved > 0 { // all strategies at once, and the twin
		return sc.Load.Clients * (len(sc.Strategies) + 1)
	}
	return sc.Load.Clients
}

// Run measures the suite and calls emit with each trial as it ends. It repeats the suite until every comparison is decided
// (stat.Decide), until Suite.Repetitions, or until another repetition would not fit into Suite.Budget. A trial that went
// wrong is emitted as invalid and the run goes on, but for what no valid trial has left a rate to offer for, and
// until so many are invalid that nothing can be hoped for (RunOptions.Warn). An error of emit ends the run; so does the end of ctx, with its error, and
// then the trial in progress is lost, or those that take turns at that moment, and
// no other.
//
// What is measured next depends on the suite, the seed and the trials so far, and on nothing else; so a run that was stopped
// goes on as if it had not been (RunOptions.Recorded): the budget counts what its trials took (trial.Trial.Spent), with the servers'
// starts and stops, and not the trial that was lost or what was between the stop and now.
func (s Suite) Run(ctx context.Context, o RunOptions, emit func(trial.Trial) error) error {
	if err := s.Check(); err != nil {
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
	r := newRunner(s, sides, o, emit)
	return r.run(ctx)
}
