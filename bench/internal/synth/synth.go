// Package synth writes runs that nobody has measured, for the tests of what reads them. It knows records alone; what is said
// of a run, its tests know.
package synth

import (
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// Repetitions of [Closed]: as few as decide anything between two strategies.
const Repetitions = 8

// Write writes a run of these trials into a new folder, and returns that.
func Write(t testing.TB, dir string, env trial.Env, trials []trial.Trial) string {
	t.Helper()
	w, err := trial.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.WriteEnv(env); err != nil {
		t.Fatal(err)
	}
	for _, x := range trials {
		if err := w.Append(x); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Closed are the trials of one closed-loop scenario with one client: the baseline, its twin and another strategy in each of
// [Repetitions], with about a thousand good answers in a second. change, if it is not nil, changes a trial before its client
// is answered ([Answer]): what it leaves in Counts.Good is how often.
func Closed(scenario, baseline, other string, change func(*trial.Trial)) []trial.Trial {
	var all []trial.Trial
	for repetition := range Repetitions {
		for i, strategy := range []string{baseline, baseline, other} {
			x := trial.Trial{
				Seq: len(all), Scenario: scenario, Workload: "echo", Measured: "request", Strategy: strategy, Twin: i == 1, Repetition: repetition,
				Load: trial.Load{Loop: trial.Closed, Clients: 1}, Window: time.Second, TimeOut: time.Second,
				Counts: trial.Counts{Good: int64(1000 + repetition)}, // as much noise as makes a test of it
			}
			if change != nil {
				change(&x)
			}
			Answer(&x, x.Counts.Good, 2*time.Millisecond)
			all = append(all, x)
		}
	}
	return all
}

// Answer has the one client of a trial get so many good answers and nothing else, and each take so long by every clock.
func Answer(x *trial.Trial, good int64, took time.Duration) {
	x.Counts = trial.Counts{Intended: good, Sent: good, OK: good, Good: good}
	x.Clients = trial.Clients{Total: 1, Served: 1, Good: []int64{good}, Jain: 1}
	for _, h := range []*trial.Histogram{&x.Latency.Wait, &x.Latency.Lag, &x.Latency.Service, &x.Latency.Response} {
		h.RecordN(took, good)
	}
}
