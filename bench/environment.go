package bench

import (
	"fmt"
	"time"

	"github.com/poolbench/poolbench/bench/internal/env"
	"github.com/poolbench/poolbench/bench/internal/figures"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// Environment is the record of where and with what a run of the suite is about to be measured; its start is now.
func (s Suite) Environment(o RunOptions, command []string) (trial.Env, error) {
	if err := s.Check(); err != nil {
		return trial.Env{}, err
	}
	sides := o.Sides.forDriver(o.Driver)
	e := env.Collect(command, o.Seed)
	e.Suite, e.Scenarios, e.Repetitions, e.Planned = s.Name, s.records(), s.Repetitions, s.Trials()
	e.Design = s.design(e.Scenarios)
	e.Started = time.Now().UTC()
	e.Server, e.Driver, e.Drives = sides.Server, sides.Driver, o.Driver
	e.Warnings = append(e.Warnings, sides.Warnings...)
	if need := stat.Repetitions(e.Design.Family); e.Design.Family > 0 && s.Repetitions < need {
		e.Warnings = append(e.Warnings, trial.Warning{Code: "few-repetitions", Text: fmt.Sprintf(
			"%s cannot decide a comparison: for the %s that this suite makes it takes at least %d (--repetitions %d)",
			figures.Counted(s.Repetitions, "repetition"), figures.Counted(e.Design.Family, "comparison"), need, need)})
	}
	return e, nil
}

// design is how a run of the suite decides. Scenarios are its records, in its order. One with fewer repetitions of its own than
// any difference needs even alone is there for the rules, which look at medians: its comparisons are never significant, so that
// leaving them out of the family costs no error and has all others held to less (R. E. Tarone, A modified Bonferroni method
// for discrete data, Biometrics 46, 1990).
func (s Suite) design(scenarios []trial.Scenario) trial.Design {
	var compare []trial.Scenario
	for i, sc := range scenarios {
		mute := s.Scenarios[i].Repetitions > 0 && s.Repeats(s.Scenarios[i]) < stat.Repetitions(1)
		if sc.Question == trial.Compare && !mute {
			compare = append(compare, sc)
		}
	}
	return stat.NewDesign(s.threshold(), compare, s.Repetitions)
}
