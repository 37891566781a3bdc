package report_test

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/poolbench/poolbench/bench/report"
	"github.com/poolbench/poolbench/bench/trial"
)

// A report is made of a run's records and nothing else, so that any machine can write it again. It begins with the verdict.
func ExampleMarkdown() {
	const free, pool = "goroutine:workers=unbounded,queue=0,full=wait,unit=conn", "channel:workers=4,queue=0,full=wait,unit=conn"
	load := trial.Load{Loop: trial.Closed, Clients: 10}
	run := trial.Run{Env: trial.Env{Repetitions: 12, Scenarios: []trial.Scenario{
		{Name: "crowd", Question: trial.Compare, Workload: "echo", Strategies: []string{free, pool}, Load: load, DecidedBy: "goodput"}}}}
	for i := range 36 {
		t := trial.Trial{Seq: i, Scenario: "crowd", Workload: "echo", Measured: "request", Strategy: free, Twin: i%3 == 1, Repetition: i / 3, Load: load,
			Window: time.Second, TimeOut: time.Second, ServerUsage: trial.Usage{CPU: time.Second},
			Counts: trial.Counts{Intended: 5000, Sent: 5000, OK: 5000, Good: 5000}, Clients: trial.Clients{Total: 10, Served: 10}}
		if i%3 == 2 {
			t.Strategy, t.Clients.Served, t.Clients.Nothing = pool, 4, 6
			t.Counts.OK, t.Counts.Unanswered, t.Counts.Good = 4994, 6, 4994
		}
		t.Latency.Response.RecordN(2*time.Millisecond, t.Counts.Intended)
		run.Trials = append(run.Trials, t)
	}
	for line := range bytes.Lines(report.Markdown(run)) {
		if line := string(line); strings.HasPrefix(line, "Take ") {
			fmt.Print(line)
		}
	}
	// Output:
	// Take goroutine: it is among the best in the one scenario that it was measured in.
}
