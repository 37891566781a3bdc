package report

import (
	"testing"

	"github.com/poolbench/poolbench/bench/report/draw"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// Catches: the cheapest connection of one scenario held against the dearest of another, whose clients ask for something else, and
// a server called cheap that has not held its clients' connections.
func TestWhatAConnectionCostsIsComparedWithinTheScenarioOfMostConnections(t *testing.T) {
	const light, heavy, starves = "light:workers=1", "heavy:workers=1", "starves:workers=1"
	run := trial.Run{}
	add := func(name string, clients int, held map[string]int64) {
		sc := trial.Scenario{Name: name, Workload: "echo", Load: trial.Load{Loop: trial.Closed, Clients: clients}, DecidedBy: stat.Memory.Key, Strategies: []string{light, heavy, starves}}
		run.Env.Scenarios = append(run.Env.Scenarios, sc)
		for _, strategy := range sc.Strategies {
			for repetition := range 3 {
				served := trial.Clients{Total: clients, Served: clients}
				if strategy == starves {
					served.Served, served.Nothing = 64, clients-64
				}
				run.Trials = append(run.Trials, trial.Trial{Schema: trial.Schema, Seq: len(run.Trials), Scenario: name, Workload: sc.Workload, Measured: "request",
					Strategy: strategy, Repetition: repetition, Load: sc.Load, Clients: served,
					ServerUsage: trial.Usage{BaseRSS: 10e6, PeakRSS: 10e6 + held[strategy]*int64(clients)}})
			}
		}
	}
	add("small", 999, map[string]int64{light: 1, heavy: 1e6, starves: 1}) // too few to be told of
	add("crowd", 1000, map[string]int64{light: 1000, heavy: 90_000, starves: 100})
	add("idle", 4000, map[string]int64{light: 2000, heavy: 20_000, starves: 100})
	add("busy", 2000, map[string]int64{light: 500, heavy: 80_000, starves: 100})

	f, ok := memoryFigure(newView(run), draw.NewTypesetter())
	if want := "On idle, a connection costs from " + memory(2000) + " with light to " + memory(20_000) + " with heavy"; !ok || f.Title != want {
		t.Errorf("%q, want %q", f.Title, want)
	}
	for i := range run.Trials {
		run.Trials[i].ServerUsage.BaseRSS = 0 // as in records of before
	}
	if f, ok := memoryFigure(newView(run), draw.NewTypesetter()); ok {
		t.Errorf("nobody knows what the programs themselves take, and there is a figure: %q", f.Title)
	}
}
