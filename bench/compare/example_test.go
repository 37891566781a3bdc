package compare_test

import (
	"fmt"
	"time"

	"github.com/poolbench/poolbench/bench/compare"
	"github.com/poolbench/poolbench/bench/trial"
)

// Two runs on one machine, of which the newer takes a fifth more of the server's CPU time for each answer.
func Example() {
	run := func(cpu time.Duration) trial.Run {
		run := trial.Run{Env: trial.Env{Platform: trial.Platform{CPUModel: "EPYC", CPUs: 2}, Scenarios: []trial.Scenario{{Name: "echo", DecidedBy: "server-cpu"}}}}
		for repetition := range 10 {
			run.Trials = append(run.Trials, trial.Trial{
				Seq: repetition, Scenario: "echo", Workload: "echo", Measured: "request", Strategy: "goroutine", Repetition: repetition,
				Load: trial.Load{Loop: trial.Closed, Clients: 2}, Window: time.Second, TimeOut: time.Second,
				Counts:      trial.Counts{Intended: 10_000, Sent: 10_000, OK: 10_000, Good: 10_000},
				Clients:     trial.Clients{Total: 2, Served: 2},
				ServerUsage: trial.Usage{CPU: cpu + time.Duration(repetition)*time.Millisecond},
			})
		}
		return run
	}
	result := compare.Runs(run(500*time.Millisecond), run(600*time.Millisecond), 0)
	for _, p := range result.Pairs {
		if p.Outcome != compare.Same {
			fmt.Printf("%s on %s: %s %s, × %.2f\n", p.Strategy, p.Scenario, p.Metric.Key, p.Outcome, p.Ratio.Value)
		}
	}
	fmt.Println("better:", result.Count(compare.Improved))
	// Output:
	// goroutine on echo: server-cpu regressed, × 1.20
	// better: 0
}
