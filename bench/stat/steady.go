package stat

import (
	"time"

	"github.com/poolbench/poolbench/bench/steady"
	"github.com/poolbench/poolbench/bench/trial"
)

// Steady says how much of t's window was a warm-up and would have to be discarded, and what trend the rest has; package
// steady has the rules and their sources. It is false where that cannot be judged: without a series, with a profile, and
// in open loops in which the server did not keep up.
func Steady(t trial.Trial) (steady.State, bool) { return steady.Of(t) }

// settled is the good answers of t and the time that they came in: all of the window, but in closed loops without the
// warm-up that Steady finds, which is half of the window at most. There the server sets the pace, so a warm-up in
// the window is goodput that it would not have lacked in a longer one; in open loops it is given by the schedule.
func settled(t trial.Trial) (good int64, in time.Duration) {
	good, in = t.Counts.Good, t.Active()
	if t.Load.Loop != trial.Closed {
		return good, in
	}
	state, ok := Steady(t)
	if !ok {
		return good, in
	}
	for _, n := range t.Series.Good[:state.Slices] {
		good -= n
	}
	return good, in - state.Discard
}
