// Package pick goes from a situation to a choice: which strategy a server should use that holds so many connections, and with
// which limit. A [Situation] becomes a suite ([Situation.Suite]), and the run of that suite a [Choice] ([Situation.Choose]).
//
// It is pure, measures nothing, and knows no strategy by name: who is a candidate follows from the list of kinds, and who is
// taken from the verdict (bench/verdict) and the sizing (bench/stat), whose rules are not repeated here. Package cli
// measures, and prints what comes of it.
//
// What is measured, in this order of importance:
//
//	choice  all candidates at the rate that is expected, decided by the server's CPU time for an answer: at a rate that all keep
//	        up with, goodput is the same for all, and who does not keep up is out by the verdict's rules
//	size    the one pool whose limit has a choice, with rising limits, at the same rate
//	beyond  one candidate of each group at 1.4 of the capacity, to see who collapses
//
// Connections that stay cannot overload a server by coming: beyond is then more requests on the same connections, each of which
// has one on its way at most. Only where the workload measures sessions is every arrival a new connection.
package pick

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/internal/figures"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

// A Situation is what is known of a server that has to be written.
type Situation struct {
	Connections int             `json:"connections"`         // held at once, at least 1; of sessions, the most that are open at once
	Workload    string          `json:"workload"`            // name, with settings: wait:hold=5ms
	Hold        time.Duration   `json:"hold_ns,omitempty"`   // what one answer waits for; 0: not known
	Rate        float64         `json:"rate_per_s"`          // requests or sessions per second that are expected; 0: half of the capacity
	Objective   trial.Objective `json:"objective,omitzero"`  // none: the zero value
	Budget      time.Duration   `json:"budget_ns,omitempty"` // for measuring, above 0; it takes one repetition at least
	CPUs        int             `json:"cpus"`                // that the server gets, at least 1
}

const (
	// mostConnections is more than a process has descriptors for anywhere, and what pools can have in workers.
	mostConnections = 1 << 19

	// holds is how many times a handler's wait has to fit into the budget: a window of four for each of some candidates.
	holds = 40

	// mostOver is how far beyond the capacity a rate still tells strategies apart.
	mostOver = 10
)

// Record is the situation as a run keeps it: trial.Env.Situation.
func (s Situation) Record() (json.RawMessage, error) { return json.Marshal(s) }

// Asked is the situation that a run was measured to pick for. It errs for a run of anything else.
func Asked(run trial.Run) (Situation, error) {
	var s Situation
	if len(run.Env.Situation) == 0 {
		return s, errors.New("it was not measured to pick from, and does not say for which situation; measure one with `poolbench pick`")
	}
	if err := json.Unmarshal(run.Env.Situation, &s); err != nil {
		return s, fmt.Errorf("its situation cannot be read: %w", err)
	}
	return s, nil
}

// Check says what makes a situation impossible, with the option of `poolbench pick` to change; the list of workloads is catalog's.
func (s Situation) Check(catalog bench.Suite) error {
	switch {
	case s.Connections < 1 || s.Connections > mostConnections:
		return fmt.Errorf("--connections %d: allowed: 1 to %d", s.Connections, mostConnections)
	case !(s.Rate >= 0) || math.IsInf(s.Rate, 1):
		return fmt.Errorf("--rate %v: has to be 0 (half of the capacity) or more, and finite", s.Rate)
	case s.Budget <= 0:
		return fmt.Errorf("--budget %v: has to be above 0, for example 2m", s.Budget)
	case s.CPUs < 1:
		return fmt.Errorf("cpus %d: the server needs at least 1", s.CPUs)
	case len(catalog.Kinds) == 0:
		return errors.New("there is no strategy to choose from")
	case s.Hold > 0 && s.Objective.Response > 0 && s.Objective.Response <= s.Hold:
		return fmt.Errorf("--objective %v with --hold %v: no answer comes before the handler has waited; allowed: a longer objective or a shorter hold", s.Objective, s.Hold)
	case s.Hold > s.Budget/holds:
		return fmt.Errorf("--budget %v with --hold %v: too short to see enough answers; allowed: at least %v", s.Budget, s.Hold, holds*s.Hold)
	case s.Objective.Response > s.Budget/holds:
		return fmt.Errorf("--budget %v with --objective %v: too short to see it kept; allowed: at least %v", s.Budget, s.Objective, holds*s.Objective.Response)
	}
	w, err := workload.Find(catalog.Workloads, s.Workload)
	if err != nil {
		return err
	}
	if err := catalog.Kinds.CanRun(catalog.Kinds[0].Name, w.Handler()); err != nil {
		return fmt.Errorf("workload %s: %w", w.Name, err)
	}
	return nil
}

// level is the rate that is expected over the capacity, as suites write it.
func (s Situation) level(capacity float64) (float64, error) {
	if !(capacity > 0) {
		return 0, fmt.Errorf("the capacity of %s with %s could not be measured", s.Workload, figures.Counted(s.Connections, "connection"))
	}
	if s.Rate == 0 {
		return usual, nil
	}
	if s.Rate > mostOver*capacity {
		return 0, fmt.Errorf("--rate %g: this machine does %.3g per second of %s on %s; allowed: at most %d times that",
			s.Rate, capacity, s.Workload, figures.Counted(s.Connections, "connection"), mostOver)
	}
	const digits = 1e4 // a capacity is not known any better, and suite files stay readable
	return max(math.Round(s.Rate/capacity*digits), 1) / digits, nil
}

// usual is the part of the capacity that a server is run at which has room for the peaks of a day.
const usual = 0.5
