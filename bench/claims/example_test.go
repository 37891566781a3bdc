package claims_test

import (
	"fmt"
	"time"

	"github.com/poolbench/poolbench/bench/claims"
	"github.com/poolbench/poolbench/bench/trial"
)

// A run in which a session costs a new thread twice the server's CPU time that it costs a new goroutine or a worker that is
// used again. What the run lacks stays undecided.
func Example() {
	costs := map[string]time.Duration{"goroutine:workers=unbounded": 100, "thread:workers=unbounded": 200, "channel:workers=64": 100}
	names := []string{"goroutine:workers=unbounded", "thread:workers=unbounded", "channel:workers=64"}
	load := trial.Load{Loop: trial.Sessions, Clients: 64}
	run := trial.Run{Env: trial.Env{Repetitions: 8, Scenarios: []trial.Scenario{{Name: "spawn", Question: trial.Compare, Workload: "exchange",
		Strategies: names, Load: load, Levels: []float64{0.5}, DecideAt: 0.5, DecidedBy: "server-cpu"}}}}
	for repetition := range 8 {
		for place, name := range append(names, names[0]) {
			noise := time.Duration(repetition*place%3) * time.Microsecond
			t := trial.Trial{Seq: len(run.Trials), Scenario: "spawn", Workload: "exchange", Measured: "session", Strategy: name, Twin: place == len(names),
				Repetition: repetition, Load: load, Window: time.Second, TimeOut: time.Second, Clients: trial.Clients{Total: 64, Served: 64},
				Counts:      trial.Counts{Intended: 5000, Sent: 5000, OK: 5000, Good: 5000},
				ServerUsage: trial.Usage{CPU: 5000*costs[name]*time.Microsecond + noise}}
			t.Load.Fraction = 0.5
			run.Trials = append(run.Trials, t)
		}
	}
	for _, c := range claims.Of(run).Claims {
		fmt.Printf("%s: %s\n", c.Verdict, c.Statement)
	}
	fmt.Println(claims.Of(run).Claims[0].Sentence)
	// Output:
	// true: Threads take time to start and to end.
	// undecided: Too many threads at once slow the server down.
	// undecided: A fixed pool of workers that are used again is the cure.
	// A thread for each session costs the server 100 µs (100 to 100) of CPU more than a goroutine does, 100 % (100 % to 100 %); starting a goroutine costs no more than using a worker again. This is starting and ending the thread, and switching to it for each message.
}
