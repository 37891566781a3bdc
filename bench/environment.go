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
	family := 0
	for _, sc := range s.Scenarios {
		family += stat.Pairs(len(sc.Strategies))
	}
	if need := stat.Repetitions(family); family > 0 && s.Repetitions < need {
		e.Warnings = append(e.Warnings, trial.Warning{Code: "few-repetitions", Text: fmt.Sprintf(
			"%d repetitions cannot show a difference: %d possible comparisons need at least %d (--repetitions %d)", s.Repetitions, family, need, need)})
	}
	return e, nil
}
