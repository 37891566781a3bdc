package main

import (
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolbench/poolbench/bench/trial"
)

var update = flag.Bool("update", false, "write the golden files")

// costing is a run of so many requests, each at so much CPU time.
func costing(name string, twin bool, round int, requests int64, each time.Duration) run {
	total := time.Duration(requests) * each
	user := total / 4
	if name == ownName {
		user = total / 8 // so that the user parts do not compare as the whole does
	}
	return run{
		name: name, twin: twin, round: round,
		said: said{
			Requests: requests, PerSecond: float64(requests) / 2,
			P50: time.Duration(round+1) * 100 * time.Microsecond, P99: time.Duration(round+1) * time.Millisecond, Unit: time.Microsecond,
		},
		spent:  spent{user: user, system: total - user},
		server: time.Duration(requests) * 8 * time.Microsecond,
	}
}

// drifting has a machine that becomes slower from round to round by far more than the generators differ.
func drifting(rounds int) []run {
	var runs []run
	for round := range rounds {
		slow := time.Duration(round + 1)
		n := int64(100_000 / (round + 1))
		runs = append(runs,
			costing("wrk", false, round, n, slow*10*time.Microsecond),
			costing(ownName, false, round, 2*n, slow*9*time.Microsecond),
			costing("wrk", true, round, n, slow*11*time.Microsecond),
			costing("ab", false, round, n, slow*15*time.Microsecond))
	}
	return runs
}

// It catches costs for each second instead of each request, pairs of different rounds, the user part taken for the whole,
// and a twin that is taken for its first half.
func TestCostsAreComparedInPairsByRequest(t *testing.T) {
	comparisons := compare(drifting(8))
	// The baseline costs 1 and 1.1, so that own's ratio is that over their geometric mean, and its limits are those over either.
	want := map[string]float64{ownName: 0.9, "ab": 1.5}
	if len(comparisons) != len(want) {
		t.Fatalf("%d comparisons: %+v", len(comparisons), comparisons)
	}
	near := func(got, want float64) bool { return got > want-2e-4 && got < want+2e-4 }
	for _, c := range comparisons {
		most := want[c.Strategy]
		if r := c.Ratio; !near(r.Value, most/math.Sqrt(1.1)) || !near(r.Lo, most/1.1) || !near(r.Hi, most) {
			t.Errorf("%s over %s: %+v, want %v over both", c.Strategy, c.Baseline, r, most)
		}
		if c.Baseline != "wrk" || !near(c.AA.Value, 1.1) {
			t.Errorf("%s: baseline %s, and over itself %+v; want wrk and 1.1", c.Strategy, c.Baseline, c.AA)
		}
	}
}

func TestPagesAreAsTheyWere(t *testing.T) {
	where := trial.Env{
		Commit: "0123456789abcdef", Dirty: true, Command: []string{"go", "run", "./bench/crosscheck"},
		Platform: trial.Platform{GoVersion: "go1.26.8", GOOS: "linux", Kernel: "6.18.44", CPUModel: "A CPU", CPUs: 2},
		Server:   trial.Side{GOMAXPROCS: 1, CPUs: []int{0}}, Driver: trial.Side{GOMAXPROCS: 1, CPUs: []int{1}},
		Started: time.Date(2026, 11, 23, 1, 2, 3, 0, time.UTC),
	}
	doing := task{Connections: 64, Threads: 1, Length: 2 * time.Second}
	three := []version{{ownName, "epoll driver"}, {"wrk", "4.1.0"}, {"ab", "2.3"}}

	whole := result{env: where, task: doing, rounds: 8, versions: three, runs: drifting(8)}
	few := result{env: where, task: doing, rounds: 2, versions: three, runs: drifting(2)}
	few.runs[1].Failed = 12
	for i := range few.runs {
		if few.runs[i].name == "ab" {
			few.runs[i].P50, few.runs[i].Unit = 0, time.Millisecond
		}
	}
	alone := result{env: where, task: doing, rounds: 1, versions: three[:1], runs: []run{costing(ownName, false, 0, 200_000, 10*time.Microsecond)}}
	alone.env.Server.CPUs, alone.env.Driver.CPUs, alone.env.Dirty = nil, nil, false
	alone.env.Warnings = []trial.Warning{{Code: "not-pinned", Text: "The sides were not pinned."}}
	alone.runs[0].Unit = 0

	for name, r := range map[string]result{"whole": whole, "few": few, "alone": alone} {
		path := filepath.Join("testdata", "page-"+name+".md")
		got := r.page()
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
			t.Errorf("%s (-update writes it anew):\n%s", path, diff)
		}
	}
}

// Catches: a comparison on a machine that did other things, printed as if it were one.
func TestADisturbedMachineIsSaid(t *testing.T) {
	r := result{runs: drifting(4)}
	if got := r.page(); strings.Contains(got, "disturbed") {
		t.Errorf("nothing was disturbed:\n%s", got)
	}
	spoilt := summary(trial.Trial{Window: time.Second, Findings: []trial.Finding{{Code: "driver-late"}, {Code: "driver-paused", Invalid: true}}}).Spoilt
	for i, one := range r.runs {
		if one.name == ownName && one.round > 1 {
			r.runs[i].Spoilt = spoilt
		}
	}
	page := r.page()
	if said, table := strings.Index(page, "disturbed in 2 of the 4 rounds"), strings.Index(page, "| generator"); said < 0 || table < said || !strings.Contains(page, "driver-paused in 2") {
		t.Errorf("it is not said before the table:\n%s", page)
	}
}
