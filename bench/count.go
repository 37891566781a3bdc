package bench

import (
	"context"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

// Count measures one closed-loop trial that ends with so many answers instead of after a time, for Go benchmarks (package
// benchtest). Whether the driver was disturbed is not judged: with few requests the window is shorter than its edges.
// timed, where it is not nil, is called with true when the timed part begins and with false when it ends.
func (s Suite) Count(ctx context.Context, strategy, work string, clients, requests int, timed func(bool)) (trial.Trial, error) {
	spec, err := s.Kinds.Spec(strategy)
	if err != nil {
		return trial.Trial{}, err
	}
	w, err := workload.Find(s.Workloads, work)
	if err != nil {
		return trial.Trial{}, err
	}
	sides, err := ParseSides("", "")
	if err != nil {
		return trial.Trial{}, err
	}
	sides = sides.forDriver("")
	restore, err := sides.enterDriver()
	if err != nil {
		return trial.Trial{}, err
	}
	defer restore()
	m := measurement{
		step: Step{
			Scenario: Scenario{Name: w.Name, Workload: w.Name, Timing: Timing{
				WarmUp:  50 * time.Millisecond,
				Tail:    time.Second,
				TimeOut: 5 * time.Second, // nothing should be slow, and if it is, ns/op tells it
				BackOff: 20 * time.Millisecond,
			}},
			Strategy: spec.String(),
			Load:     trial.Load{Loop: trial.Closed, Clients: clients},
		},
		workload: w,
		sides:    sides,
		requests: requests,
	}
	if timed != nil {
		m.atEdge = func(e load.Edge) { timed(e == load.Opens) }
	}
	return m.run(ctx)
}
