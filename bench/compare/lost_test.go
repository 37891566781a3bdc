package compare

import (
	"fmt"
	"slices"
	"testing"

	"github.com/poolbench/poolbench/bench/trial"
)

// Catches: a strategy that NEW could not measure and that nobody misses; and a smaller suite, or a search that went elsewhere, that is
// taken for one.
func TestWhatNewWasAskedForAndHasNotIsLost(t *testing.T) {
	invalid := func(which func(trial.Trial) bool) func(*trial.Trial) {
		return func(x *trial.Trial) {
			if which(*x) {
				x.Invalid = "the server ended: panic: boom"
			}
		}
	}
	other := func(x trial.Trial) bool { return x.Strategy == "other-0" }
	absent := func(which func(trial.Trial) bool) func(*trial.Run) {
		return func(r *trial.Run) { r.Trials = slices.DeleteFunc(r.Trials, which) }
	}
	asked := func(strategies ...string) func(*trial.Run) {
		return func(r *trial.Run) { r.Env.Scenarios = []trial.Scenario{{Name: "echo", Strategies: strategies}} }
	}
	searching := func(r *trial.Run) {
		r.Env.Scenarios = []trial.Scenario{{Name: "echo", Question: trial.Capacity, Strategies: []string{base, "other-0"}}}
	}
	at := func(fraction float64) func(*trial.Run) {
		return func(r *trial.Run) {
			for i := range r.Trials {
				r.Trials[i].Load.Fraction = fraction
			}
		}
	}
	each := func(change func(*trial.Trial)) func(*trial.Run) {
		return func(r *trial.Run) {
			for i := range r.Trials {
				change(&r.Trials[i])
			}
		}
	}
	for name, c := range map[string]struct {
		both, old, new []func(*trial.Run)
		want           string
	}{
		"nothing":                            {want: "[]"},
		"no valid trial in NEW":              {new: []func(*trial.Run){each(invalid(other))}, want: "[other-0]"},
		"nor in OLD":                         {both: []func(*trial.Run){each(invalid(other))}, want: "[]"},
		"only in OLD":                        {old: []func(*trial.Run){each(invalid(other))}, want: "[]"},
		"a few valid trials in NEW":          {new: []func(*trial.Run){each(invalid(func(x trial.Trial) bool { return other(x) && x.Repetition > 1 }))}, want: "[]"},
		"the twin alone":                     {new: []func(*trial.Run){each(invalid(func(x trial.Trial) bool { return x.Twin }))}, want: "[]"},
		"not asked for":                      {new: []func(*trial.Run){asked(base), absent(other)}, want: "[]"},
		"asked for, and stopped before it":   {new: []func(*trial.Run){asked(base, "other-0"), absent(other)}, want: "[other-0]"},
		"no answer to tell what one costs":   {new: []func(*trial.Run){each(func(x *trial.Trial) { x.ServerUsage.CPU = 0 })}, both: []func(*trial.Run){func(r *trial.Run) { r.Env.Scenarios[0].DecidedBy = "server-cpu" }}, want: "[base other-0]"},
		"the same, and it does not decide":   {new: []func(*trial.Run){each(func(x *trial.Trial) { x.ServerUsage.CPU = 0 })}, want: "[]"},
		"a search that went elsewhere":       {both: []func(*trial.Run){searching}, old: []func(*trial.Run){at(0.5)}, new: []func(*trial.Run){at(0.6)}, want: "[]"},
		"a search without a valid trial":     {both: []func(*trial.Run){searching}, old: []func(*trial.Run){at(0.5)}, new: []func(*trial.Run){at(0.6), each(invalid(other))}, want: "[other-0]"},
		"a level that NEW was not asked for": {old: []func(*trial.Run){at(0.5)}, new: []func(*trial.Run){asked(base, "other-0"), at(0.9)}, want: "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			runs := [2]trial.Run{}
			for i, own := range [][]func(*trial.Run){c.old, c.new} {
				runs[i] = synth{goodput: equal(1), repetitions: 10, noise: 0.01, seed: uint64(i)}.run()
				for _, change := range append(slices.Clone(c.both), own...) {
					change(&runs[i])
				}
			}
			got := []string{}
			for _, cell := range Runs(runs[0], runs[1], 0).Lost {
				got = append(got, cell.Strategy)
			}
			if fmt.Sprint(got) != c.want {
				t.Errorf("lost are %v, want %s", got, c.want)
			}
		})
	}
}
