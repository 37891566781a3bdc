package trial_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// A run is a folder: a trial is on the disk when it was appended, and whoever reads needs nothing else.
func Example() {
	results, err := os.MkdirTemp("", "results")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(results)
	w, err := trial.Create(filepath.Join(results, "one"))
	if err != nil {
		log.Fatal(err)
	}
	if err := w.WriteEnv(trial.Env{Schema: trial.Schema, Suite: "mine"}); err != nil {
		log.Fatal(err)
	}
	t := trial.Trial{Schema: trial.Schema, Scenario: "crowd", Strategy: "channel:workers=1,queue=0,full=wait,unit=conn", Window: time.Second, TimeOut: time.Second,
		Counts:  trial.Counts{Intended: 502, Sent: 502, OK: 500, Unanswered: 2, Good: 500},
		Clients: trial.Clients{Total: 3, Served: 1, Nothing: 2, Good: trial.PerClient{0, 0, 500}}}
	for _, h := range []*trial.Histogram{&t.Latency.Wait, &t.Latency.Lag, &t.Latency.Service, &t.Latency.Response} {
		h.RecordN(time.Millisecond, t.Counts.OK)
	}
	t.Latency.Wait.RecordN(0, t.Counts.Unanswered) // sent at once, and no answer before the time-out
	t.Latency.Lag.RecordN(0, t.Counts.Unanswered)
	t.Latency.Response.RecordN(t.TimeOut, t.Counts.Unanswered)
	if err := w.Append(t); err != nil {
		log.Fatal(err)
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}

	run, err := trial.Read(filepath.Join(results, "one"))
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range run.Trials {
		fmt.Printf("%s of suite %s: %s served %d of %d clients\n", t.Scenario, run.Env.Suite, t.Kind(), t.Clients.Served, t.Clients.Total)
	}
	// Output:
	// crowd of suite mine: channel served 1 of 3 clients
}

// Histograms of several trials are merged, because percentiles cannot be averaged; and one with fewer than ten samples above
// it is not supported.
func ExampleHistogram_Quantile() {
	var all trial.Histogram
	for range 2 {
		var one trial.Histogram
		one.RecordN(2*time.Millisecond, 480)
		one.RecordN(40*time.Millisecond, 20)
		all.Merge(one)
	}
	for _, q := range []float64{0.5, 0.99, 0.999} {
		d, supported := all.Quantile(q)
		fmt.Printf("%g: %v %v\n", q, d.Round(time.Millisecond), supported)
	}
	// Output:
	// 0.5: 2ms true
	// 0.99: 40ms true
	// 0.999: 40ms false
}
