package bench_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies"
)

var kinds = strategies.Kinds{strategies.Goroutine(), strategies.Channel(), strategies.Tutorial()}

func planned() bench.Suite {
	timing := bench.Timing{Window: time.Second, TimeOut: time.Second, BackOff: time.Millisecond}
	names := []string{"goroutine", "channel:workers=8", "tutorial"}
	return bench.Suite{
		Kinds: kinds, Workloads: workload.All(), Repetitions: 4,
		Scenarios: []bench.Scenario{
			{Name: "echo", Workload: "echo", Strategies: names, Load: trial.Load{Loop: trial.Closed, Clients: 8}, Timing: timing},
			{Name: "echo-open", Workload: "echo", Strategies: names, Load: trial.Load{Loop: trial.Open, Clients: 8}, Fractions: []float64{0.2, 0.5, 0.9}, Timing: timing},
			{Name: "echo-open-again", Workload: "echo", Strategies: names, Load: trial.Load{Loop: trial.Open, Clients: 8}, Fractions: []float64{0.5}, Timing: timing},
		},
	}
}

func plan(t *testing.T, s bench.Suite, seed uint64) []bench.Step {
	t.Helper()
	p, err := s.Plan(seed)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestThePlanMeasuresEveryCellOnceInEachRepetition(t *testing.T) {
	got := map[string]int{}
	for _, step := range plan(t, planned(), 1) {
		got[fmt.Sprintf("%s %s %v twin=%v rep=%d", step.Scenario.Name, step.Strategy, step.Load.Fraction, step.Twin, step.Repetition)]++
	}
	want := map[string]int{}
	for rep := range 4 {
		for scenario, fractions := range map[string][]float64{"echo": {0}, "echo-open": {0.2, 0.5, 0.9}, "echo-open-again": {0.5}} {
			for _, f := range fractions {
				for _, cell := range []string{
					"goroutine:workers=unbounded,queue=0,full=wait,unit=conn %v twin=false",
					"goroutine:workers=unbounded,queue=0,full=wait,unit=conn %v twin=true",
					"channel:workers=8,queue=0,full=wait,unit=conn %v twin=false",
					"tutorial:workers=2,queue=unbounded,full=wait,unit=conn,backlog=5 %v twin=false",
				} {
					want[fmt.Sprintf("%s "+cell+" rep=%d", scenario, f, rep)] = 1
				}
			}
		}
	}
	for rep := range 3 { // one workload, one baseline, one number of clients: one capacity
		want[fmt.Sprintf("capacity of echo (goroutine, 8 clients) goroutine:workers=unbounded,queue=0,full=wait,unit=conn 0 twin=false rep=%d", rep)] = 1
		want[fmt.Sprintf("ceiling of the driver (8 clients) null 0 twin=false rep=%d", rep)] = 1 // one for each number of clients
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestThePlanCalibratesFirstAndRepeatsOutermost(t *testing.T) {
	p := plan(t, planned(), 1)
	place := func(s bench.Step) int {
		if s.Calibrates {
			return -1
		}
		return s.Repetition
	}
	if !slices.IsSortedFunc(p, func(a, b bench.Step) int { return place(a) - place(b) }) {
		t.Error("a repetition begins before the one before it, or the calibration, has ended")
	}
}

func TestThePlanComparesNeighbours(t *testing.T) {
	// All strategies of one scenario, level and repetition stand together, or drift would come between them.
	p := plan(t, planned(), 1)
	seen := map[string]bool{}
	last := ""
	for _, s := range p {
		group := fmt.Sprint(s.Calibrates, s.Repetition, s.Scenario.Name, s.Load.Fraction)
		if group != last && seen[group] {
			t.Fatalf("%s is split", group)
		}
		seen[group], last = true, group
	}
}

func TestThePlanIsItsSeeds(t *testing.T) {
	ignore := cmpopts.IgnoreFields(bench.Step{}, "Scenario")
	if diff := cmp.Diff(plan(t, planned(), 7), plan(t, planned(), 7), ignore); diff != "" {
		t.Errorf("the same seed gives another plan: %s", diff)
	}
	if cmp.Equal(plan(t, planned(), 7), plan(t, planned(), 8), ignore) {
		t.Error("another seed gives the same plan")
	}
	first := map[string]bool{}
	for seed := range uint64(20) {
		for _, s := range plan(t, planned(), seed) {
			if !s.Calibrates {
				first[fmt.Sprint(s.Strategy, s.Twin)] = true
				break
			}
		}
	}
	if len(first) != 4 {
		t.Errorf("in 20 plans only %d of 4 trials ever come first", len(first))
	}
}

func TestStrategiesOfARepetitionFaceTheSameArrivals(t *testing.T) {
	seeds := map[string]uint64{}
	distinct := map[uint64]bool{}
	for _, s := range plan(t, planned(), 3) {
		if s.Calibrates {
			continue
		}
		group := fmt.Sprint(s.Repetition, s.Scenario.Name, s.Load.Fraction)
		if seed, ok := seeds[group]; ok && seed != s.Seed {
			t.Errorf("%s: two strategies face different arrivals", group)
		}
		seeds[group] = s.Seed
		distinct[s.Seed] = true
	}
	if len(distinct) != len(seeds) {
		t.Errorf("%d groups share %d arrival seeds: repetitions would not be independent", len(seeds), len(distinct))
	}
}

func TestAnotherScenarioLeavesTheOthersAsTheyWere(t *testing.T) {
	more := planned()
	extra := more.Scenarios[0]
	extra.Name = "extra"
	more.Scenarios = append([]bench.Scenario{extra}, more.Scenarios...)
	without := slices.DeleteFunc(plan(t, more, 5), func(s bench.Step) bool { return s.Scenario.Name == "extra" })
	if diff := cmp.Diff(plan(t, planned(), 5), without, cmpopts.IgnoreFields(bench.Step{}, "Scenario")); diff != "" {
		t.Error(diff)
	}
}

func TestASuiteThatCannotBeMeasuredSaysWhy(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*bench.Suite)
		want   string
	}{
		"no scenario":           {func(s *bench.Suite) { s.Scenarios = nil }, "no scenario"},
		"no repetition":         {func(s *bench.Suite) { s.Repetitions = 0 }, "repetitions 0"},
		"a scenario twice":      {func(s *bench.Suite) { s.Scenarios[1].Name = "echo" }, "twice"},
		"unknown workload":      {func(s *bench.Suite) { s.Scenarios[0].Workload = "sing" }, "sing"},
		"unknown strategy":      {func(s *bench.Suite) { s.Scenarios[0].Strategies = []string{"swarm"} }, "swarm"},
		"no strategy":           {func(s *bench.Suite) { s.Scenarios[0].Strategies = nil }, "no strategy"},
		"a strategy twice":      {func(s *bench.Suite) { s.Scenarios[0].Strategies = []string{"goroutine", "goroutine:queue=0"} }, "there twice"},
		"open without rates":    {func(s *bench.Suite) { s.Scenarios[1].Fractions = nil }, "fractions"},
		"closed with rates":     {func(s *bench.Suite) { s.Scenarios[0].Fractions = []float64{1} }, "fractions"},
		"a fraction of nothing": {func(s *bench.Suite) { s.Scenarios[1].Fractions = []float64{0} }, "fraction 0"},
		"no clients":            {func(s *bench.Suite) { s.Scenarios[0].Load.Clients = 0 }, "clients 0"},
		"no window":             {func(s *bench.Suite) { s.Scenarios[0].Timing.Window = 0 }, "window"},
		"a warm-up backwards":   {func(s *bench.Suite) { s.Scenarios[0].Timing.WarmUp = -1 }, "warm-up"},
		"no patience":           {func(s *bench.Suite) { s.Scenarios[1].Timing.TimeOut = 0 }, "time-out"},
		"an unknown loop":       {func(s *bench.Suite) { s.Scenarios[1].Load.Loop = "round" }, "round"},
		"sessions of requests":  {func(s *bench.Suite) { s.Scenarios[1].Load.Loop = trial.Sessions }, "open loop"},
	} {
		s := planned()
		c.change(&s)
		_, err := s.Plan(1)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error that says %q", name, err, c.want)
		}
	}
}
