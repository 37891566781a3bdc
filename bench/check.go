package bench

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies"
)

// A FieldError is what is wrong with one field of a suite.
type FieldError struct {
	At       string // the field, as suite files have it: "repetitions", "scenarios[2].offered", "scenarios[0].strategies[1]"
	Scenario string // its name; empty where At is none of a scenario's
	Err      error
}

func (e *FieldError) Error() string {
	if e.Scenario == "" {
		return "suite: " + e.Err.Error()
	}
	return fmt.Sprintf("scenario %q: %v", e.Scenario, e.Err)
}

func (e *FieldError) Unwrap() error { return e.Err }

// Check reports what cannot be measured, in the words of whoever wrote the suite: a [FieldError], the first that there is.
func (s Suite) Check() error {
	if at, err := s.fault(); err != nil {
		return &FieldError{At: at, Err: err}
	}
	names := map[string]bool{}
	for i, sc := range s.Scenarios {
		at, err := s.scenarioFault(sc)
		if names[sc.Name] {
			at, err = "name", errors.New("is there twice")
		}
		if err != nil {
			return &FieldError{At: fmt.Sprintf("scenarios[%d].%s", i, at), Scenario: sc.Name, Err: err}
		}
		names[sc.Name] = true
	}
	return nil
}

// fault is what is wrong with the suite but for its scenarios, and in which field.
func (s Suite) fault() (field string, err error) {
	switch {
	case len(s.Scenarios) == 0:
		return "scenarios", errors.New("no scenario to measure")
	case s.Repetitions < 1:
		return "repetitions", fmt.Errorf("repetitions %d: has to be at least 1", s.Repetitions)
	case s.Threshold != 0 && !(s.Threshold > 0 && s.Threshold < 1):
		return "threshold", fmt.Errorf("threshold %v: has to be above 0 and below 1, for example 5%%", s.Threshold)
	case s.Budget < 0:
		return "budget", fmt.Errorf("budget %v: has to be 0 (no limit) or more", s.Budget)
	}
	if err := checkText(s.Name); err != nil {
		return "name", fmt.Errorf("name %q: %w", s.Name, err)
	}
	if err := checkText(s.About); err != nil {
		return "about", fmt.Errorf("about %q: %w", s.About, err)
	}
	for i, sc := range s.Scenarios {
		if sc.Name == "" {
			return fmt.Sprintf("scenarios[%d].name", i), fmt.Errorf("scenario %d has no name", i+1)
		}
	}
	return "", nil
}

// checkText refuses what would break tables, records and files that are read line by line.
func checkText(text string) error {
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return errors.New("has to be UTF-8 on one line")
	}
	return nil
}

func (s Suite) scenarioFault(sc Scenario) (field string, err error) {
	if err := checkText(sc.Name); err != nil {
		return "name", err
	}
	if err := checkText(sc.About); err != nil {
		return "about", fmt.Errorf("about %q: %w", sc.About, err)
	}
	w, err := workload.Find(s.Workloads, sc.Workload)
	if err != nil {
		return "workload", err
	}
	specs, field, err := s.specs(sc, w)
	if err != nil {
		return field, err
	}
	for _, fault := range []func() (string, error){
		func() (string, error) { return sc.driverFault(w) },
		sc.levelsFault,
		sc.decisionFault,
		sc.styleFault,
		func() (string, error) { return s.questionFault(sc, specs) },
	} {
		if field, err := fault(); err != nil {
			return field, err
		}
	}
	return "", nil
}

// specs parses the strategies of a scenario.
func (s Suite) specs(sc Scenario, w workload.Workload) (specs []strategies.Spec, field string, err error) {
	if len(sc.Strategies) == 0 {
		return nil, "strategies", errors.New("no strategy to measure")
	}
	for i, name := range sc.Strategies {
		field := fmt.Sprintf("strategies[%d]", i)
		spec, err := s.Kinds.Spec(name)
		if err != nil {
			return nil, field, err
		}
		if err := s.Kinds.CanRun(name, w.Handler()); err != nil {
			return nil, field, fmt.Errorf("workload %s: %w", w.Name, err)
		}
		if slices.Contains(specs, spec) {
			return nil, field, fmt.Errorf("strategy %s is there twice; the baseline's second trial is added by itself", spec)
		}
		specs = append(specs, spec)
	}
	return specs, "", nil
}

// driverFault is what the driver cannot do, and in which field. It starts from a load that every driver can do and takes
// over one field after the other: the first that makes the load impossible is the one to mend, whatever the driver's
// rules are.
func (sc Scenario) driverFault(w workload.Workload) (field string, err error) {
	want := sc.Load
	t := Timing{Window: math.MaxInt64, TimeOut: time.Second, BackOff: time.Second}
	l := trial.Load{Loop: trial.Closed, Clients: 1}
	for _, f := range []struct {
		field string
		take  func()
	}{
		{"workload", func() {}},
		{"loop", func() {
			if l.Loop = want.Loop; l.Loop != trial.Closed {
				l.Rate = 1 // any will do: the real one is measured first
			}
		}},
		{"clients", func() { l.Clients = want.Clients }},
		{"think", func() { l.Think = want.Think }},
		{"arrivals", func() { l.Arrivals = want.Arrivals }},
		{"others", func() { l.Others = want.Others }},
		{"warm-up", func() { t.WarmUp = sc.Timing.WarmUp }},
		{"window", func() { t.Window = sc.Timing.Window }},
		{"tail", func() { t.Tail = sc.Timing.Tail }},
		{"time-out", func() { t.TimeOut = sc.Timing.TimeOut }},
		{"back-off", func() { t.BackOff = sc.Timing.BackOff }},
		{"rate-profile", func() { l.Profile = want.Profile }},
	} {
		f.take()
		if err := t.config("localhost:0", w, l).Check(); err != nil {
			return f.field, err
		}
	}
	return "", nil
}

// levelsFault is what is wrong with the levels of load.
func (sc Scenario) levelsFault() (field string, err error) {
	closed := sc.Load.Loop == trial.Closed
	switch {
	case closed && len(sc.Fractions) > 0:
		return "offered", errors.New("offered loads, fractions of the capacity, are for open loops; in a closed loop the server sets the pace")
	case closed && sc.DecideAt != 0:
		return "decide-at", errors.New("decide-at is for open loops; a closed loop has one level of load")
	case closed && sc.Sketch != 0:
		return "sketch", errors.New("sketch is for open loops; a closed loop has one level of load")
	case !closed && len(sc.Fractions) == 0:
		return "offered", fmt.Errorf("loop %s needs the loads to offer, as fractions of the capacity, for example 50%%", sc.Load.Loop)
	case sc.Sketch < 0:
		return "sketch", fmt.Errorf("sketch %d: has to be 0 (as often as all others) or more", sc.Sketch)
	}
	for i, f := range sc.Fractions {
		field := fmt.Sprintf("offered[%d]", i)
		if !(f > 0) || math.IsInf(f, 1) {
			return field, fmt.Errorf("fraction %v of the capacity: has to be above 0, and finite", f)
		}
		if slices.Contains(sc.Fractions[:i], f) {
			return field, fmt.Errorf("fraction %v of the capacity is there twice", f)
		}
	}
	if sc.DecideAt != 0 && !slices.Contains(sc.Fractions, sc.DecideAt) {
		return "decide-at", fmt.Errorf("decide-at %v: has to be one of the offered loads, %v", sc.DecideAt, sc.Fractions)
	}
	return "", nil
}

// decisionFault is what is wrong with what decides.
func (sc Scenario) decisionFault() (field string, err error) {
	switch sc.Question {
	case "", trial.Compare, trial.Size, trial.Capacity:
	default:
		return "question", fmt.Errorf("unknown question %q; allowed: %s, %s, %s", sc.Question, trial.Compare, trial.Size, trial.Capacity)
	}
	if sc.DecidedBy != "" {
		if _, err := stat.MetricOf(sc.DecidedBy); err != nil {
			return "decided-by", err
		}
	}
	o := sc.Objective
	switch {
	case o == (trial.Objective{}):
	case !(o.Quantile > 0 && o.Quantile < 1) || o.Response <= 0:
		return "objective", fmt.Errorf("objective %v: a percentile above p0 and below p100, and a time above 0; for example p99=10ms", o)
	case o.Response >= sc.Timing.TimeOut:
		return "objective", fmt.Errorf("objective %v: has to be below the time-out, %v, at which requests stand that were never answered", o, sc.Timing.TimeOut)
	}
	return "", nil
}

// shortestSlice is long against the few microseconds that stopping one load and starting another takes, and against the
// scheduler's own slices.
const shortestSlice = time.Millisecond

// styleFault is what is wrong with how it is measured.
func (sc Scenario) styleFault() (field string, err error) {
	switch {
	case sc.Interleaved != 0 && sc.Interleaved < shortestSlice:
		return "interleaved", fmt.Errorf("interleaved %v: has to be 0 (one after the other) or at least %v", sc.Interleaved, shortestSlice)
	case sc.Repetitions < 0:
		return "repeat", fmt.Errorf("repeat %d: has to be 0 (as often as the suite allows) or more", sc.Repetitions)
	case sc.Interleaved != 0 && sc.Drain:
		return "interleaved", fmt.Errorf("interleaved %v with drain: servers that take turns cannot be stopped at the window's end", sc.Interleaved)
	case sc.Interleaved != 0 && len(sc.Load.Profile) > 0:
		return "interleaved", fmt.Errorf("interleaved %v with a rate that changes: each strategy would meet another part of it", sc.Interleaved)
	case sc.Interleaved*time.Duration(len(sc.Strategies)+1) > sc.Timing.Window:
		return "interleaved", fmt.Errorf("interleaved %v: %d trials that take turns of that length need a window of at least %v, and it has %v",
			sc.Interleaved, len(sc.Strategies)+1, sc.Interleaved*time.Duration(len(sc.Strategies)+1), sc.Timing.Window)
	}
	return "", nil
}

// questionFault is what the question needs and does not find.
func (s Suite) questionFault(sc Scenario, specs []strategies.Spec) (field string, err error) {
	switch sc.Question {
	case trial.Size:
		if len(specs) < 2 {
			return "strategies", errors.New("question size needs at least two limits of one strategy to choose from")
		}
		for i, spec := range specs {
			if !s.differInSize(specs[0], spec) {
				return fmt.Sprintf("strategies[%d]", i), fmt.Errorf("question size: %s and %s have to be of one kind and differ in workers and queue alone", specs[0], spec)
			}
		}
	case trial.Capacity:
		switch {
		case sc.Load.Loop == trial.Closed:
			return "loop", errors.New("question capacity needs an open loop: in a closed one the server sets the pace")
		case sc.Objective == (trial.Objective{}):
			return "objective", errors.New("question capacity needs an objective to keep, for example p99=10ms")
		case len(sc.Fractions) != 2 || !(sc.Fractions[0] < sc.Fractions[1]):
			return "offered", fmt.Errorf("question capacity searches between two offered loads, the lower one first, for example 20%% and 150%%; got %v", sc.Fractions)
		}
	}
	return "", nil
}

// differInSize reports whether a and b differ in workers and queue at most, and in what their kind derives from those.
func (s Suite) differInSize(a, b strategies.Spec) bool {
	return s.resizes(a, b) && s.resizes(b, a)
}

// resizes reports whether a is b when it has b's workers and queue.
func (s Suite) resizes(a, b strategies.Spec) bool {
	a.Limits.Workers, a.Limits.Queue = b.Limits.Workers, b.Limits.Queue
	if a == b {
		return true
	}
	a.Limits.MaxConns = 0 // for kinds that derive it
	a, err := s.Kinds.Spec(a.String())
	return err == nil && a == b
}
