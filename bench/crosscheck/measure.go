package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/poolbench/poolbench/bench/internal/server"
	"github.com/poolbench/poolbench/bench/trial"
)

// served is the workload, which every generator can ask for.
const served = "http"

const (
	// warmUp is how long each generator runs before anything counts: the server's memory is then what it will be, and a
	// generator that cannot do what is asked is found out at once.
	warmUp = time.Second

	// serverPatience bounds the wait for what the server has to say, and for its end.
	serverPatience = 10 * time.Second
)

// A result is everything that was measured, and where.
type result struct {
	env      trial.Env
	task     task
	rounds   int
	versions []version // in the order of the table
	runs     []run
}

// A version is a generator and what it says it is.
type version struct{ name, text string }

// A run is one generator's in one round.
type run struct {
	name  string
	twin  bool // the baseline's second run in the round: the A/A pair
	round int
	said
	spent
	server time.Duration // CPU time of the server's process meanwhile
}

// A turn is a place in the order of a round.
type turn struct {
	generator
	twin bool
}

// order is that of each round: the baseline, which is the first of others, before and after our own driver, then the rest.
// What is compared with the baseline was so measured right after it, and what the same generator does twice shows how much
// chance is in it.
func order(own generator, others []generator) []turn {
	if len(others) == 0 {
		return []turn{{generator: own}}
	}
	turns := []turn{{generator: others[0]}, {generator: own}, {generator: others[0], twin: true}}
	for _, g := range others[1:] {
		turns = append(turns, turn{generator: g})
	}
	return turns
}

// measure starts the server, has all generators load it in turn, round by round, and stops it.
func (r *result) measure(ctx context.Context, own generator, others []generator) (err error) {
	for _, g := range append([]generator{own}, others...) {
		r.versions = append(r.versions, version{g.name, g.describe(ctx)})
	}
	spec, err := kinds().Spec("goroutine")
	if err != nil {
		return err
	}
	child, err := server.Start(ctx, server.Config{
		Strategy: spec.String(), Workload: served,
		CPUs: r.env.Server.CPUs, GOMAXPROCS: r.env.Server.GOMAXPROCS, Drain: time.Second,
	})
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), serverPatience)
		defer cancel()
		// Generators leave without waiting for their last answers, which is no fault of the server's.
		if _, stopErr := child.Stop(ctx); !errors.Is(stopErr, server.ErrDrain) {
			err = errors.Join(err, stopErr)
		}
	}()

	r.task.Target = child.Addr()
	turns := order(own, others)
	first := r.task
	first.Length = min(first.Length, warmUp)
	for _, t := range turns {
		if _, _, err := t.load(ctx, r.env.Driver.CPUs, first); err != nil {
			return err
		}
	}
	for round := range r.rounds {
		for _, t := range turns {
			one := run{name: t.name, twin: t.twin, round: round}
			before, err := cpuOf(ctx, child)
			if err != nil {
				return err
			}
			if one.said, one.spent, err = t.load(ctx, r.env.Driver.CPUs, r.task); err != nil {
				return fmt.Errorf("round %d: %w", round+1, err)
			}
			after, err := cpuOf(ctx, child)
			if err != nil {
				return err
			}
			one.server = after - before
			r.runs = append(r.runs, one)
		}
	}
	return nil
}

// cpuOf is the CPU time that the server has used so far.
func cpuOf(ctx context.Context, child *server.Child) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, serverPatience)
	defer cancel()
	s, err := child.Snapshot(ctx)
	return s.CPU, err
}
