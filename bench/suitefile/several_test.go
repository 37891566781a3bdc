package suitefile_test

import (
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/trial"
)

// several are scenarios of all three loops, which have a good deal in common.
func several(strategies ...string) []bench.Scenario {
	timing := bench.Timing{
		WarmUp:  60 * time.Millisecond,
		Window:  200 * time.Millisecond,
		Tail:    100 * time.Millisecond,
		TimeOut: time.Second,
		BackOff: 20 * time.Millisecond,
	}
	closed := trial.Load{Loop: trial.Closed, Clients: 64}
	open := trial.Load{Loop: trial.Open, Clients: 64, Arrivals: trial.Poisson}
	sessions := trial.Load{Loop: trial.Sessions, Clients: 64, Arrivals: trial.Poisson}
	return []bench.Scenario{
		{Name: "exchange", Workload: "exchange", Load: closed, Timing: timing, Strategies: strategies, About: "The tutorial's session."},
		{Name: "echo", Workload: "echo", Load: closed, Timing: timing, Strategies: strategies, About: "The control."},
		{Name: "wait", Workload: "wait", Load: closed, Timing: timing, Strategies: strategies, About: "Whether the limit is large enough."},
		{Name: "cpu", Workload: "cpu", Load: closed, Timing: timing, Strategies: strategies, About: "Who shares the CPU: and how."},
		{Name: "exchange-open", Workload: "exchange", Load: sessions, Fractions: []float64{0.5}, Timing: timing, Strategies: strategies},
		{Name: "echo-open", Workload: "echo", Load: open, Fractions: []float64{0.1, 0.25, 0.5}, Timing: timing, Strategies: strategies},
		{Name: "wait-open", Workload: "wait", Load: open, Fractions: []float64{0.5, 0.9, 1.2}, Timing: timing, Strategies: strategies},
	}
}
