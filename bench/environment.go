package bench

import (
	"fmt"
	"time"

	"github.com/poolbench/poolbench/bench/internal/env"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// Environment is the record of where and with what a run of the suite is about to be measured; its start is now.
func (s Suite) Environment(o RunOptions, command []string) (trial.Env, error) {
	sides := o.Sides.forDriver(o.Driver)
	plan, err := s.Plan(o.Seed)
	if err != nil {
		return trial.Env{}, err
	}
	e := env.Collect(command, o.Seed)
	e.Suite, e.Repetitions, e.Planned = s.Name, s.Repetitions, len(plan)
	for _, sc := range s.Scenarios {
		e.Scenarios = append(e.Scenarios, trial.Scenario{Name: sc.Name, About: sc.About})
	}
	e.Started = time.Now().UTC()
	e.Server, e.Driver = sides.Server, sides.Driver
	e.Warnings = append(e.Warnings, sides.Warnings...)
	for _, sc := range s.Scenarios {
		if need := stat.Repetitions(len(sc.Strategies) - 1); len(sc.Strategies) > 1 && s.Repetitions < need {
			e.Warnings = append(e.Warnings, trial.Warning{Code: "few-repetitions", Text: fmt.Sprintf(
				"%d repetitions cannot decide a comparison: %d strategies need at least %d (--repetitions %d)", s.Repetitions, len(sc.Strategies), need, need)})
			break
		}
	}
	return e, nil
}
