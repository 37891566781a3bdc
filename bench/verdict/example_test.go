package verdict_test

import (
	"fmt"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/verdict"
)

// Twelve repetitions in which a pool of four workers has ten connections that stay: four clients are served very well.
func Example() {
	const free, pool = "goroutine:workers=unbounded,queue=0,full=wait,unit=conn", "channel:workers=4,queue=0,full=wait,unit=conn"
	load := trial.Load{Loop: trial.Closed, Clients: 10}
	run := trial.Run{Env: trial.Env{Repetitions: 12, Scenarios: []trial.Scenario{
		{Name: "crowd", Question: trial.Compare, Workload: "echo", Strategies: []string{free, pool}, Load: load, DecidedBy: "goodput"}}}}
	for repetition := range 12 {
		for _, name := range []string{free, free, pool} {
			t := trial.Trial{Seq: len(run.Trials), Scenario: "crowd", Workload: "echo", Measured: "request", Strategy: name, Repetition: repetition,
				Twin: len(run.Trials)%3 == 1, Load: load, Window: time.Second, TimeOut: time.Second, ServerUsage: trial.Usage{CPU: time.Second},
				Counts: trial.Counts{Intended: 5000, Sent: 5000, OK: 5000, Good: 5000}, Clients: trial.Clients{Total: 10, Served: 10}}
			if name == pool {
				t.Counts = trial.Counts{Intended: 6006, Sent: 6006, OK: 6000, Unanswered: 6, Good: 6000}
				t.Clients.Served, t.Clients.Nothing = 4, 6
			}
			run.Trials = append(run.Trials, t)
		}
	}
	crowd := verdict.Of(run).Scenarios[0]
	fmt.Println("best:", crowd.Best)
	for _, out := range crowd.Out {
		fmt.Printf("out: %s %s: it %s\nchange: %s\n", out.Strategy, out.Reasons[0].Code, out.Reasons[0].Text, out.Reasons[0].Change)
	}
	// Output:
	// best: [goroutine:workers=unbounded,queue=0,full=wait,unit=conn]
	// out: channel:workers=4,queue=0,full=wait,unit=conn starves: it left 6 of 10 clients without an answer and without being told, in 12 of 12 trials: its 4 workers each belong to one connection until that ends, and 10 connections want one
	// change: a limit of at least 10, or unit=request
}
