package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/verdict"
	"github.com/poolbench/poolbench/bench/workload"
)

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
	suite     Suite
	scenarios []trial.Scenario // the suite's, as records have them
	design    trial.Design
	sides     Sides
	driver    string
	seed      uint64

	emit     func(trial.Trial) error
	upcoming func(Progress)
	warn     func(trial.Warning)
	watch    *watch                                                         // of what is being measured; nil: nobody watches
	measure  func(ctx context.Context, steps []Step) ([]trial.Trial, error) // at the same time, if several; a field for the tests
	clock    func() time.Time                                               // a field for the tests
	settled  func(rep int, before map[string][]string) map[string][]string  // open; a field for the tests

	recorded []trial.Trial // not yet gone through
	began    time.Time     // of which it would be one run without a stop: moved back by what recorded trials took
	done     int           // steps
	seq      int           // trials
	repeats  int           // that may still be spent on invalid trials
	valid    int           // trials of the suite's servers that can be used

	ahead outlook       // but for what has to be read from the clock
	pace  pace          // of what was measured
	round time.Duration // spent when the repetition under way began
	begun time.Duration // and the portion

	capacities
	seen    []trial.Trial             // of comparisons, without their series
	answers map[string][]stat.Bracket // of the searches, by scenario and strategy
}

func newRunner(s Suite, sides Sides, o RunOptions, emit func(trial.Trial) error) *runner {
	r := &runner{
		suite: s, scenarios: s.records(), sides: sides, driver: o.Driver, seed: o.Seed,
		emit: emit, upcoming: o.Upcoming, warn: o.Warn,
		recorded: o.Recorded, clock: time.Now, pace: pace{},
		capacities: newCapacities(), answers: map[string][]stat.Bracket{},
	}
	r.design = s.design(r.scenarios)
	r.repeats = int(math.Ceil(repeatShare * float64(s.Trials())))
	r.measure, r.settled = r.trials, r.open
	return r
}

// run goes through the suite.
func (r *runner) run(ctx context.Context) error {
	r.began = r.clock()
	open := r.suite.everything()
	r.ahead = outlook{later: r.suite.later(0, open), looks: r.design.Looks, budget: r.suite.Budget}
	calibration := r.suite.calibration()
	for _, step := range calibration {
		r.ahead.now = append(r.ahead.now, step.Scenario.portions(1)...)
	}
	for _, step := range calibration {
		err := r.portion(func() error {
			_, err := r.step(ctx, step)
			return err
		})
		if err != nil {
			return err
		}
	}
	r.leaveOut()
	var last time.Duration // repetition
	for rep := range r.suite.Repetitions {
		if hopeless(r.seq, r.valid) {
			r.tell(trial.Warning{Code: "hopeless", Text: fmt.Sprintf("the run ended early, because not one of its first %d trials can be used; see why, and measure anew", r.seq)})
			break
		}
		open = r.settled(rep, open)
		if len(open) == 0 || rep > 0 && len(r.recorded) == 0 && over(r.design.Looks, rep, r.suite.Budget, r.spent(), last) {
			break
		}
		r.round = r.spent()
		if err := r.repetition(ctx, rep, open); err != nil {
			return err
		}
		last = r.spent() - r.round
	}
	if n := len(r.recorded); n > 0 {
		return fmt.Errorf("%w: %d of them are left over", ErrNotThisRun, n)
	}
	return nil
}

// spent is the time that the run has taken, before it was stopped as well. While recorded trials are gone through, it is what was
// spent when they ended, so that a run that goes on decides as one that was not stopped.
func (r *runner) spent() time.Duration { return r.clock().Sub(r.began) }

// leaveOut takes from the suite what cannot be measured because its calibrations were spoilt, and says so once: each of its steps
// would end with nothing but the same reason. What was recorded before decides it again when a run goes on.
func (r *runner) leaveOut() {
	left, out, spoilt := r.suite.measurable(r.capacities)
	if r.suite.Scenarios = left; len(out) > 0 {
		r.tell(trial.Warning{Code: "not-measured", Text: fmt.Sprintf("%s not measured: there is no rate to offer, because no trial of %s can be used",
			strings.Join(out, ", "), strings.Join(spoilt, ", "))})
	}
}

func (r *runner) tell(w trial.Warning) {
	if r.warn != nil {
		r.warn(w)
	}
}

// hopeless says of a run that all of its trials were invalid, and so many that others are not worth the wait. It is asked between
// repetitions, so that one scenario whose servers do not start takes no other with it.
func hopeless(trials, valid int) bool {
	const enough = 30 // if one in five could be used, so many without any would be one run in a thousand
	return trials >= enough && valid == 0
}

// portion measures the next portion that is ahead.
func (r *runner) portion(measure func() error) error {
	r.begun = r.spent()
	if err := measure(); err != nil {
		return err
	}
	r.pace.add(r.ahead.now[0], r.spent()-r.begun)
	r.ahead.now = r.ahead.now[1:]
	return nil
}

// left is what is expected to be left.
func (r *runner) left() (steps int, left time.Duration) {
	spent, o := r.spent(), r.ahead
	o.begun, o.round, o.spent = spent-r.begun, spent-r.round, spent
	return o.left(r.pace)
}

// open are the strategies of each scenario that need another repetition. Decisions are taken at the looks of the design
// and nowhere else: looking more often would find more by chance.
func (r *runner) open(rep int, before map[string][]string) map[string][]string {
	look := slices.Contains(r.design.Looks, rep)
	var undecided map[string][]string
	if look {
		undecided = verdict.Unsettled(trial.Run{Env: trial.Env{Scenarios: r.scenarios, Design: r.design}, Trials: r.seen})
	}
	open := map[string][]string{}
	for _, sc := range r.suite.Scenarios {
		names := before[sc.Name]
		if look && sc.question() == trial.Compare {
			names = undecided[sc.Name]
		}
		if rep < r.suite.Repeats(sc) && len(names) > 0 {
			open[sc.Name] = names
		}
	}
	return open
}

func (r *runner) repetition(ctx context.Context, rep int, open map[string][]string) error {
	r.ahead.now, r.ahead.later, r.ahead.next = r.suite.portions(rep, open, r.seed), r.suite.later(rep+1, open), rep+1
	for _, block := range r.suite.repetition(rep, open, r.seed) {
		if err := r.block(ctx, block); err != nil {
			return err
		}
	}
	for _, sc := range r.suite.Scenarios {
		if sc.question() != trial.Capacity || len(open[sc.Name]) == 0 {
			continue
		}
		for _, name := range r.suite.searchers(sc, rep, r.seed) {
			if err := r.portion(func() error { return r.search(ctx, sc, name, rep) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// block measures one level of a scenario, one strategy after the other or all at the same time.
func (r *runner) block(ctx context.Context, steps []Step) error {
	if steps[0].Scenario.Interleaved > 0 {
		return r.portion(func() error {
			_, err := r.steps(ctx, steps)
			return err
		})
	}
	for _, step := range steps {
		err := r.portion(func() error {
			_, err := r.step(ctx, step)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// search finds, in one repetition, the highest rate that a strategy sustains, beginning where the repetitions before have
// found it.
func (r *runner) search(ctx context.Context, sc Scenario, strategy string, rep int) error {
	key := sc.Name + " " + strategy
	search := sc.search()
	search.Near = stat.Likely(r.answers[key])
	var probes []stat.Probe
	for {
		fraction, done := search.Next(probes)
		if done {
			r.answers[key] = append(r.answers[key], stat.Bracketed(probes))
			return nil
		}
		t, err := r.step(ctx, r.suite.probe(sc, strategy, rep, fraction, r.seed))
		if err != nil {
			return err
		}
		probes = append(probes, stat.ProbeOf(t, sc.Objective))
	}
}

// step measures one step and returns the last attempt at it.
func (r *runner) step(ctx context.Context, step Step) (trial.Trial, error) {
	ts, err := r.steps(ctx, []Step{step})
	if err != nil {
		return trial.Trial{}, err
	}
	return ts[0], nil
}

// steps measures steps at the same time, again those whose trial says of itself that it cannot be used. What a trial
// measures has no part in that decision, only how it was measured; or repeating would be choosing. It returns the last
// attempt at each.
func (r *runner) steps(ctx context.Context, steps []Step) ([]trial.Trial, error) {
	last := make([]trial.Trial, len(steps))
	pending := make([]int, len(steps)) // indices
	for i := range steps {
		pending[i] = i
	}
	for attempt := 0; attempt < attempts && len(pending) > 0; attempt++ {
		var now []Step
		for _, i := range pending {
			now = append(now, steps[i])
		}
		ts, err := r.attempt(ctx, now, attempt)
		if err != nil {
			return nil, err
		}
		var again []int
		for n, i := range pending {
			last[i] = ts[n]
			if finding.Invalid(ts[n].Findings) != "" && r.repeats > 0 && attempt < attempts-1 {
				r.repeats--
				again = append(again, i)
			}
		}
		if len(again) < len(steps) && len(steps) > 1 { // those that take turns are measured in one company, or not again
			r.repeats += len(again)
			again = nil
		}
		pending = again
	}
	r.done += len(steps)
	for i, step := range steps {
		if last[i].Invalid == "" && !step.Null {
			r.valid++
		}
		r.learn(step, last[i])
	}
	return last, nil
}

// attempt is one attempt at steps: what is recorded of it, and the rest measured and emitted.
func (r *runner) attempt(ctx context.Context, steps []Step, attempt int) ([]trial.Trial, error) {
	var ts []trial.Trial
	for len(r.recorded) > 0 && len(ts) < len(steps) {
		t := r.recorded[0]
		if step := steps[len(ts)]; !step.is(t, attempt) {
			return nil, fmt.Errorf("%w: trial %d is of %s on %s, and %s on %s comes next", ErrNotThisRun, t.Seq, t.Strategy, t.Scenario, step.Strategy, step.Scenario.Name)
		}
		r.recorded = r.recorded[1:]
		r.began = r.clock().Add(-t.Spent)
		r.seq++
		ts = append(ts, t)
	}
	if len(ts) == len(steps) {
		return ts, nil
	}
	if r.upcoming != nil {
		r.watch = new(watch)
		p := Progress{Steps: steps, Done: r.done, Glance: r.watch.glance}
		p.Left, p.TimeLeft = r.left()
		r.upcoming(p)
	}
	measured, err := r.measure(ctx, steps) // in the same company as those that are recorded
	if err != nil {
		return nil, err
	}
	measured = measured[len(ts):]
	spent := r.spent()
	for i := range measured {
		t := &measured[i]
		t.Seq, t.Attempt, t.Spent = r.seq, attempt, spent
		r.seq++
		if err := r.emit(*t); err != nil {
			return nil, err
		}
	}
	return append(ts, measured...), nil
}

// is says whether t is a trial of the step.
func (s Step) is(t trial.Trial, attempt int) bool {
	return t.Scenario == s.Scenario.Name && t.Strategy == s.Strategy && t.Twin == s.Twin && t.Repetition == s.Repetition &&
		t.Load.Fraction == s.Load.Fraction && t.Calibrates == s.Calibrates && t.Attempt == attempt
}

// learn takes from a step's trial what later steps depend on.
func (r *runner) learn(step Step, t trial.Trial) {
	sc := step.Scenario
	switch {
	case step.Calibrates:
		if t.Invalid == "" {
			r.calibrate(step, t)
		}
	case sc.question() == trial.Compare:
		t.Series, t.Latency = trial.Series{}, t.Latency.Packed() // there are thousands
		r.seen = append(r.seen, t)
	}
}

// trials measures one trial, or several at the same time.
func (r *runner) trials(ctx context.Context, steps []Step) ([]trial.Trial, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ts := make([]trial.Trial, len(steps))
	var ms []measurement
	var of []int // indices of ms in ts
	for i, step := range steps {
		m, err := r.measurement(step)
		if err != nil {
			ts[i] = m.record()
			ts[i].Invalid = err.Error()
			continue
		}
		ms, of = append(ms, m), append(of, i)
	}
	if len(ms) == 0 {
		return ts, nil
	}
	for n, o := range measureAll(ctx, ms) {
		t := o.trial
		if o.err != nil {
			t.Invalid = o.err.Error()
		}
		if errors.Is(o.err, errServerEnded) {
			t.Findings = append(t.Findings, finding.Ended(o.err))
		}
		ts[of[n]] = t
	}
	return ts, ctx.Err()
}

// measureAll measures one, or several at the same time.
func measureAll(ctx context.Context, ms []measurement) []outcome {
	if len(ms) != 1 {
		return together(ctx, ms, ms[0].step.Scenario.Interleaved)
	}
	t, err := ms[0].run(ctx)
	return []outcome{{t, err}}
}

// measurement is a step with everything that it is measured with. With an error it is good for a record.
func (r *runner) measurement(step Step) (measurement, error) {
	workloads := r.suite.Workloads
	if step.Null {
		workloads = workload.All() // a suite of somebody's own may have no echo
	}
	w, err := workload.Find(workloads, step.Scenario.Workload)
	m := measurement{step: step, workload: w, sides: r.sides, driver: r.driver}
	if r.watch != nil {
		m.watch = r.watch.add
	}
	if err != nil || step.Load.Fraction == 0 {
		return m, err
	}
	m.step.Load.Rate, m.step.Load.Ceiling = r.offered(step)
	return m, nil
}
