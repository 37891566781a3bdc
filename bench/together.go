package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load"
	"github.com/poolbench/poolbench/bench/trial"
)

// An outcome is what came of one measurement: with an error, the record says as much as is known.
type outcome struct {
	trial trial.Trial
	err   error
}

// together takes all measurements at the same time: each has a server process and a load of its own, all loads begin at the
// same moment, and from then on each is active in its turn, in slices of length every (see [trial.Turns]). What disturbs the
// machine for longer than a slice then meets all alike. The outcomes are those of ms, in that order. One that fails leaves its
// slices empty, and its failure is its own; one that cannot be taken with the others is an error of all.
//
// All have to agree in warm-up and window, and in where they run. While it runs, the process has a processor of Go's scheduler
// for each thread of all loads. Nothing else may measure at that time.
func together(ctx context.Context, ms []measurement, every time.Duration) []outcome {
	all := make([]outcome, len(ms))
	if err := checkTogether(ms); err != nil {
		for i, m := range ms {
			all[i] = outcome{m.record(), fmt.Errorf("measure %d servers in turns: %w", len(ms), err)}
		}
		return all
	}
	ms = slices.Clone(ms)
	begin := newStart(len(ms))
	var taking sync.WaitGroup
	restore := func() {}
	for i, m := range ms {
		m.turn = &load.Turn{Every: every, Index: i, Of: len(ms)}
		if m.sides.apart() {
			m.sides.Driver.GOMAXPROCS = load.ProcsTogether(m.driver, len(m.sides.Driver.CPUs), len(ms))
			if i == 0 {
				before := runtime.GOMAXPROCS(m.sides.Driver.GOMAXPROCS)
				restore = func() { runtime.GOMAXPROCS(before) }
			}
		}
		ready := sync.OnceFunc(begin.ready)
		m.begin = func(ctx context.Context) (time.Time, error) {
			ready()
			return begin.await(ctx)
		}
		ms[i] = m
		taking.Go(func() {
			defer ready() // nobody waits for one that has failed
			all[i].trial, all[i].err = m.take(ctx)
		})
	}
	taking.Wait()
	restore()
	introduce(all)
	for i := range all {
		if all[i].err == nil {
			ms[i].judge(&all[i].trial)
		}
	}
	return all
}

// checkTogether says what keeps measurements from being taken at the same time.
func checkTogether(ms []measurement) error {
	clients := 0
	for _, m := range ms {
		first, timing := ms[0].step.Scenario.Timing, m.step.Scenario.Timing
		if timing.WarmUp != first.WarmUp || timing.Window != first.Window {
			return fmt.Errorf("warm-up %v and window %v of scenario %q, and %v and %v of %q: must be the same",
				timing.WarmUp, timing.Window, m.step.Scenario.Name, first.WarmUp, first.Window, ms[0].step.Scenario.Name)
		}
		if m.step.Scenario.Drain {
			return errors.New("stopping is measured alone: the servers would take from each other what they need to stop")
		}
		clients += m.step.Load.Clients
	}
	return load.CheckFiles(clients)
}

// introduce has each record say what the servers beside its own have used: the machine's figures contain it.
func introduce(all []outcome) {
	for i := range all {
		if all[i].trial.Turns == nil {
			continue
		}
		var sum trial.Neighbours
		for j, o := range all {
			if j == i {
				continue
			}
			u := o.trial.ServerUsage
			if o.err != nil || u.CPU <= 0 { // not told: the sum would say that it used nothing
				sum = trial.Neighbours{}
				break
			}
			sum.CPU += u.CPU
			sum.UserCPU += u.UserCPU
		}
		all[i].trial.Turns.Neighbours = sum
	}
}

// A start lets several begin at one moment: when all of them are ready.
type start struct {
	mu      sync.Mutex
	missing int
	origin  time.Time
	given   chan struct{} // closed when nobody is missing; origin is set before
}

func newStart(n int) *start { return &start{missing: n, given: make(chan struct{})} }

// ready says that one more is. Each calls it once.
func (s *start) ready() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.missing--; s.missing == 0 {
		s.origin = time.Now()
		close(s.given)
	}
}

// await returns the moment, once it has come.
func (s *start) await(ctx context.Context) (time.Time, error) {
	select {
	case <-s.given:
		return s.origin, nil
	case <-ctx.Done():
		return time.Time{}, fmt.Errorf("wait for the others: %w", context.Cause(ctx))
	}
}
