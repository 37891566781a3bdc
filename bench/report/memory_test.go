package report

import (
	"regexp"
	"strings"
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

// Catches: powers of ten under one name and of two under another, so that a sentence and a figure of the same memory differ; marks on an
// axis that are round in bytes and not in what they are written in; a table that sorts KiB as if they were bytes.
func TestMemoryHasOneUnit(t *testing.T) {
	for bytes, want := range map[float64]string{0: "0 B", 1000: "1000 B", 1024: "1 KiB", 13_107: "12.8 KiB", 3 << 20: "3 MiB", 5 << 29: "2.5 GiB"} {
		if got := memory(bytes); got != want {
			t.Errorf("%v: %q, want %q", bytes, got, want)
		}
	}
	round := regexp.MustCompile(`^(0|[0-9.]{1,4} ([KM]i)?B)$`)
	for _, hi := range []float64{13 << 10, 33_000, 700 << 10, 5 << 20} {
		for _, ticks := range []func(lo, hi float64, format func(float64) string) []draw.Tick{aboutTicks(6), draw.LogTicks} {
			all := figureTicks(stat.Memory, hi/50, hi, ticks)
			for _, tick := range all {
				if tick.Label != "" && (!round.MatchString(tick.Label) || tick.Value != 0 && tick.Label != memory(tick.Value)) {
					t.Errorf("up to %v there is a mark %q at %v", hi, tick.Label, tick.Value)
				}
			}
			if len(all) < 2 {
				t.Errorf("up to %v there are %d marks", hi, len(all))
			}
		}
	}
	text := string(Markdown(everyFigure(3, 3)))
	if !strings.Contains(text, " KiB") || regexp.MustCompile(`[0-9] [kMG]B\b`).MatchString(text) {
		t.Errorf("two units in %q", regexp.MustCompile(`.*[0-9] [kMG]i?B\b.*`).FindAllString(text, 4))
	}
	script, err := pageFiles.ReadFile("page/page.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range memories {
		if !strings.Contains(string(script), " "+u.name+": ") {
			t.Errorf("the page does not know %s", u.name)
		}
	}
}
