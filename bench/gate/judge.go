package gate

import (
	"errors"
	"fmt"

	"github.com/poolbench/poolbench/bench/internal/figures"
	"github.com/poolbench/poolbench/bench/trial"
)

// MostInvalid is the share of what was to be measured that may have stayed without a valid trial. What is left beyond it is
// a selection, of the machine's quiet moments, and says little about what the rules are for.
const MostInvalid = 0.1

// A Judgement is what a run comes to under some rules.
type Judgement struct {
	Violations []Violation
	Invalid    error // the run as a whole cannot be judged
	Unknown    error // some rules cannot be judged in some cells
}

// Judge holds a run to rules. Without rules it says whether the run is valid.
func Judge(run trial.Run, rules []Rule) Judgement {
	var j Judgement
	j.Invalid = checkRun(run)
	for _, r := range rules {
		found, err := r.Violations(run)
		j.Violations = append(j.Violations, found...)
		j.Unknown = errors.Join(j.Unknown, err)
	}
	return j
}

// checkRun says why the run is invalid. A trial that was measured more than once is valid if any attempt is.
func checkRun(run trial.Run) error {
	type slot struct {
		scenario, strategy string
		fraction           float64
		twin               bool
		repetition         int
	}
	valid := map[slot]bool{}
	for _, t := range run.Trials {
		if t.Calibrates {
			continue
		}
		s := slot{t.Scenario, t.Strategy, t.Load.Fraction, t.Twin, t.Repetition}
		valid[s] = valid[s] || t.Invalid == ""
	}
	good := 0
	for _, ok := range valid {
		if ok {
			good++
		}
	}
	bad := len(valid) - good
	switch {
	case run.Env.Interrupted:
		return errors.New("the run was stopped before its end; go on with it (poolbench run --resume)")
	case len(valid) == 0:
		return errors.New("the run has no trial")
	case good == 0:
		return fmt.Errorf("not one of %s is valid", figures.Counted(len(valid), "trial"))
	case float64(bad) > MostInvalid*float64(len(valid)):
		return fmt.Errorf("%d of %s are invalid, even measured again, and more than %.0f %% are too many to judge by the rest; leave the machine alone",
			bad, figures.Counted(len(valid), "trial"), 100*MostInvalid)
	}
	return nil
}
