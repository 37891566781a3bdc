package compare

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// A synth makes a run of one closed-loop scenario in which each strategy's goodput is given.
type synth struct {
	goodput     map[string]float64
	repetitions int
	noise       float64
	seed        uint64
	mutate      func(*trial.Trial)
}

const base = "base"

func (s synth) run() trial.Run {
	rng := rand.New(rand.NewPCG(s.seed, 1))
	env := trial.Env{Platform: trial.Platform{CPUModel: "fast", CPUs: 2}, Scenarios: []trial.Scenario{{Name: "echo"}}}
	run := trial.Run{Env: env}
	for repetition := range s.repetitions {
		names := []string{base, base}
		for i := range len(s.goodput) - 1 {
			names = append(names, fmt.Sprint("other-", i))
		}
		for i, name := range names {
			good := int64(1e4 * s.goodput[name] * math.Exp(s.noise*rng.NormFloat64()))
			t := trial.Trial{
				Seq: len(run.Trials), Scenario: "echo", Workload: "echo", Measured: "request", Strategy: name, Twin: i == 1, Repetition: repetition,
				Load: trial.Load{Loop: trial.Closed, Clients: 2}, Window: time.Second, TimeOut: time.Second,
				Counts:      trial.Counts{Good: good},
				Clients:     trial.Clients{Total: 2, Served: 2},
				ServerUsage: trial.Usage{CPU: time.Duration(1e9 * math.Exp(s.noise*rng.NormFloat64()))},
			}
			if s.mutate != nil {
				s.mutate(&t)
			}
			run.Trials = append(run.Trials, t)
		}
	}
	return run
}

// equal is others as good as the baseline.
func equal(others int) map[string]float64 {
	goodput := map[string]float64{base: 1}
	for i := range others {
		goodput[fmt.Sprint("other-", i)] = 1
	}
	return goodput
}

// read is the committed run, read once.
var read = sync.OnceValues(func() (trial.Run, error) { return trial.Read(filepath.Join("..", "..", "results", "reference")) })

func reference(t *testing.T) trial.Run {
	t.Helper()
	run, err := read()
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func differences(r Result) []string {
	var all []string
	for _, p := range r.Pairs {
		if p.Outcome == Regressed || p.Outcome == Improved {
			all = append(all, fmt.Sprintf("%s %s at %v by %s: %+v, p %v", p.Outcome, p.Strategy, p.Fraction, p.Metric.Key, p.Ratio, p.P))
		}
	}
	return all
}

func TestARunIsNotDifferentFromItself(t *testing.T) {
	run := reference(t)
	r := Runs(run, run, 0)
	if d := differences(r); len(d) > 0 || r.Basis != Absolute || len(r.Machine)+len(r.Changed)+len(r.Skipped)+len(r.OnlyOld)+len(r.OnlyNew) > 0 {
		t.Errorf("%v, %+v %+v %+v", d, r.Machine, r.Changed, r.Skipped)
	}
	if len(r.Pairs) < 500 || r.Families[0].Size == 0 || r.Families[0].Size+r.Families[1].Size != len(r.Pairs) {
		t.Errorf("%d comparisons, %+v", len(r.Pairs), r.Families)
	}
	for _, p := range r.Pairs {
		if p.Ratio.Value != 1 || p.P != 1 || p.Old != p.New {
			t.Errorf("%+v", p)
		}
	}
	if n := r.Count(Same); n < len(r.Pairs)/4 { // of the rest, few repetitions leave more than the threshold possible
		t.Errorf("only %d of %d are the same", n, len(r.Pairs))
	}
}

// Catches: a test that takes chance for a change. The halves are real trials of the same program and hour.
func TestTheHalvesOfARunAreNotDifferent(t *testing.T) {
	run := reference(t)
	half := func(odd int) trial.Run {
		h := run
		h.Trials = slices.DeleteFunc(slices.Clone(run.Trials), func(t trial.Trial) bool { return t.Repetition%2 != odd })
		return h
	}
	even, odd := half(0), half(1)
	if d := differences(Runs(even, odd, 0)); len(d) > 0 {
		t.Error(strings.Join(d, "\n"))
	}
}

// Catches: families that are not paid for, and alpha that is spent twice.
func TestEqualRunsAreCalledDifferentInAtMostOneOfTwenty(t *testing.T) {
	const tries = 400
	wrong := 0
	for i := range uint64(tries) {
		s := synth{goodput: equal(4), repetitions: 8, noise: 0.1, seed: 2*i + 1}
		old := s.run()
		s.seed++
		if len(differences(Runs(old, s.run(), 1e-9))) > 0 { // without the threshold's help
			wrong++
		}
	}
	if limit := 0.05*tries + 3*math.Sqrt(tries*0.05*0.95); float64(wrong) > limit {
		t.Errorf("%d of %d", wrong, tries)
	}
	if wrong == 0 {
		t.Error("not one of 400: it can find nothing at all")
	}
}

func TestAChangeIsFoundAndNothingElse(t *testing.T) {
	s := synth{goodput: equal(4), repetitions: 12, noise: 0.01, seed: 5}
	old := s.run()
	s.seed, s.goodput["other-1"], s.goodput["other-2"] = 6, 0.8, 1.25
	r := Runs(old, s.run(), 0)
	for _, p := range r.Pairs {
		want := map[string]Outcome{"other-1": Regressed, "other-2": Improved}[p.Strategy]
		if p.Metric.Key == "served" || want == "" {
			want = Same
		}
		// CPU time for each answer goes the other way with goodput, and is worse just as well.
		if p.Outcome != want {
			t.Errorf("%s by %s: %s, want %s: %+v", p.Strategy, p.Metric.Key, p.Outcome, want, p.Ratio)
		}
		if p.Decides != (p.Metric.Key == "goodput") {
			t.Errorf("%s decides: %v", p.Metric.Key, p.Decides)
		}
	}
	if r.Pairs[0].Metric.Key != "goodput" || r.Pairs[0].Strategy != base || !r.Pairs[3].Twin {
		t.Errorf("the order is not the old run's, decisive metrics first: %+v", r.Pairs[:4])
	}
}

func TestOldAndNewCanChangePlaces(t *testing.T) {
	s := synth{goodput: equal(6), repetitions: 9, noise: 0.04, seed: 7}
	old := s.run()
	for i := range 6 {
		s.goodput[fmt.Sprint("other-", i)] = []float64{0.7, 0.93, 0.955, 1.045, 1.07, 1.4}[i]
	}
	s.seed = 8
	new := s.run()
	there, back := Runs(old, new, 0), Runs(new, old, 0)
	inverse := map[Outcome]Outcome{Regressed: Improved, Improved: Regressed, Same: Same, Undecided: Undecided}
	seen := map[Outcome]bool{}
	for i, p := range there.Pairs {
		q := back.Pairs[i]
		seen[p.Outcome] = true
		if q.Outcome != inverse[p.Outcome] || math.Abs(p.Ratio.Value*q.Ratio.Value-1) > 1e-9 || math.Abs(p.P-q.P) > 1e-12 || p.More != q.More {
			t.Errorf("%s by %s: %+v and %+v", p.Strategy, p.Metric.Key, p, q)
		}
	}
	if len(seen) != 4 {
		t.Errorf("only %v were seen", seen)
	}
}

func TestSmallDifferencesAreTheSameHoweverCertain(t *testing.T) {
	s := synth{goodput: equal(1), repetitions: 12, noise: 0.002, seed: 9}
	old := s.run()
	s.seed, s.goodput["other-0"] = 10, 0.97
	new := s.run()
	find := func(r Result) Pair {
		return r.Pairs[slices.IndexFunc(r.Pairs, func(p Pair) bool { return p.Strategy == "other-0" && p.Metric.Key == "goodput" })]
	}
	if p := find(Runs(old, new, 0)); p.Outcome != Same || p.P > 1e-5 || !(p.Bound > 0.03 && p.Bound < 0.05) {
		t.Errorf("3 %%: %+v", p)
	}
	if p := find(Runs(old, new, 0.01)); p.Outcome != Regressed {
		t.Errorf("3 %%, and one matters: %+v", p)
	}
	old.Env.Design.Threshold, new.Env.Design.Threshold = 0.01, 0.02
	if r := Runs(old, new, 0); r.Threshold != 0.02 {
		t.Errorf("the threshold is %v, and the runs' are 0.01 and 0.02", r.Threshold)
	}
}

func TestTooFewTrialsAreUndecidedAndSayHowManyItTakes(t *testing.T) {
	s := synth{goodput: equal(1), repetitions: 3, noise: 0.002, seed: 11}
	old := s.run()
	s.seed, s.goodput["other-0"] = 12, 0.5
	for _, p := range Runs(old, s.run(), 0).Pairs {
		if p.Outcome != Undecided || !math.IsInf(p.Ratio.Hi, 1) || p.More != 1 {
			t.Errorf("three trials: %+v", p)
		}
	}
	at := func(value, half float64, n int) *Pair {
		return &Pair{Ratio: stat.Estimate{Value: value, Lo: value / (1 + half), Hi: value * (1 + half), N: n, Confidence: 0.95}}
	}
	for name, c := range map[string]struct {
		pair *Pair
		want int
	}{
		"equal, within 10 %":               {at(1, 0.1, 10), 29},    // 10 × (ln 1.1 / ln 1.05)² = 38.2
		"2 % apart, within 10 %":           {at(1.02, 0.1, 10), 99}, // 10 × (ln 1.1 / ln (1.05/1.02))² = 108.4
		"30 % apart, within 40 %":          {at(1.3, 0.4, 10), 24},  // 10 × (ln 1.4 / ln 1.3 × 2.807 / 1.960)² = 33.7
		"at the threshold":                 {at(1.0499, 0.1, 10), 0},
		"far apart, but too few for the p": {at(3, 0.1, 4), 2}, // 2 of 924 ways is under 0.5 %
	} {
		if got := c.pair.more(0.005, 0.05); got != c.want {
			t.Errorf("%s: %d more, want %d", name, got, c.want)
		}
	}
}

func TestOnAnotherMachineOnlyRatiosToTheBaselineAreCompared(t *testing.T) {
	s := synth{goodput: equal(3), repetitions: 12, noise: 0.02, seed: 13}
	s.goodput["other-0"] = 0.5
	old := s.run()
	for name := range s.goodput {
		s.goodput[name] *= 3
	}
	s.goodput["other-1"] *= 0.7
	s.seed = 14
	new := s.run()
	if r := Runs(old, new, 0); r.Basis != Absolute || r.Count(Improved) < 4 {
		t.Errorf("on the same machine a triple throughput is no improvement: %v", differences(r))
	}
	new.Env.Platform.CPUModel = "faster"
	r := Runs(old, new, 0)
	if want := []Change{{"CPU model", "fast", "faster"}}; r.Basis != ToBaseline || !slices.Equal(r.Machine, want) {
		t.Fatalf("basis %s, %+v", r.Basis, r.Machine)
	}
	for _, p := range r.Pairs {
		want := Same
		if p.Strategy == "other-1" && p.Metric.Key != "served" {
			want = Regressed
		}
		if p.Outcome != want || p.Metric.Unit != "" || p.Strategy == base && !p.Twin {
			t.Errorf("%s by %s: %s, want %s: %+v %q", p.Strategy, p.Metric.Key, p.Outcome, want, p.Ratio, p.Metric.Unit)
		}
		if p.Strategy == "other-0" && p.Metric.Key == "goodput" && math.Abs(p.Old.Median-0.5) > 0.02 {
			t.Errorf("half of the baseline is %v", p.Old.Median)
		}
	}

	new.Env.Scenarios = []trial.Scenario{{Name: "echo", Strategies: []string{"other-0"}}}
	if r := Runs(old, new, 0); len(r.Pairs) != 0 || len(r.Skipped) != 5 || !strings.Contains(r.Skipped[0].Why, "baselines are base and other-0") {
		t.Errorf("another baseline: %d comparisons, %+v", len(r.Pairs), r.Skipped)
	}
}

func TestEverythingThatMakesAnotherMachineIsSeen(t *testing.T) {
	one := func() trial.Run { return synth{goodput: equal(1), repetitions: 1}.run() }
	for name, change := range map[string]func(*trial.Run){
		"CPU model":        func(r *trial.Run) { r.Env.Platform.CPUModel = "x" },
		"CPU quota":        func(r *trial.Run) { r.Env.Platform.CPUQuota = new(float64); *r.Env.Platform.CPUQuota = 1.5 },
		"environment GOGC": func(r *trial.Run) { r.Env.Platform.GoSettings = map[string]string{"GOGC": "off"} },
		"CPUs":             func(r *trial.Run) { r.Env.Platform.CPUs = 64 },
		"system":           func(r *trial.Run) { r.Env.Platform.GOARCH = "arm64" },
		"kernel":           func(r *trial.Run) { r.Env.Platform.Kernel = "7" },
		"sysctl a.b":       func(r *trial.Run) { r.Env.Platform.Sysctls = map[string]string{"a.b": "1"} },
		"server":           func(r *trial.Run) { r.Env.Server.CPUs = []int{3} },
		"driver":           func(r *trial.Run) { r.Env.Driver.GOMAXPROCS = 3 },
		"driver used":      func(r *trial.Run) { r.Trials[0].Driver.Name = "goroutines" },
		"clock source":     func(r *trial.Run) { r.Env.Platform.Clocksource = "hpet" },
		"changed Go":       func(r *trial.Run) { r.Env.Platform.GoVersion = "go2" },
		"changed commit":   func(r *trial.Run) { r.Env.Dirty = true },
		"changed module example.org/pool": func(r *trial.Run) {
			r.Env.Modules = []trial.Module{{Path: "example.org/pool", Version: "v2"}}
		},
		"changed poolbench": func(r *trial.Run) { r.Env.Version = "v2" },
		"changed seed":      func(r *trial.Run) { r.Env.Seed = 77 },
	} {
		new := one()
		change(&new)
		r := Runs(one(), new, 0)
		what, isChange := strings.CutPrefix(name, "changed ")
		in, notIn := r.Machine, r.Changed
		if isChange {
			in, notIn = notIn, in
		}
		if len(in) != 1 || in[0].What != what || len(notIn) != 0 || (r.Basis == Absolute) != isChange {
			t.Errorf("%s: basis %s, machine %+v, changed %+v", name, r.Basis, r.Machine, r.Changed)
		}
	}
}

func TestWhatWasNotMeasuredAlikeIsNotCompared(t *testing.T) {
	plain := synth{goodput: equal(1), repetitions: 8, noise: 0.01, seed: 15}
	open := func(rate float64) func(*trial.Trial) {
		return func(t *trial.Trial) { t.Load = trial.Load{Loop: trial.Open, Clients: 2, Rate: rate, Fraction: 0.5} }
	}
	for name, c := range map[string]struct {
		before, after func(*trial.Trial)
		want          string // empty: compared
	}{
		"as measured":        {nil, nil, ""},
		"clients":            {nil, func(t *trial.Trial) { t.Load.Clients = 3 }, "clients: 2 and 3"},
		"window":             {nil, func(t *trial.Trial) { t.Window *= 5 }, "window: 1s and 5s"},
		"window, a bit late": {nil, func(t *trial.Trial) { t.Window += 50 * time.Millisecond }, ""},
		"time-out":           {nil, func(t *trial.Trial) { t.TimeOut *= 2 }, "time-out: 1s and 2s"},
		"think":              {nil, func(t *trial.Trial) { t.Load.Think = time.Second }, "think time: 0s and 1s"},
		"workload":           {nil, func(t *trial.Trial) { t.Workload = "wait" }, "workload: echo and wait"},
		"others":             {nil, func(t *trial.Trial) { t.Load.Others = []trial.Share{{Behaviour: trial.Slow, Share: 0.1}} }, "other clients"},
		"profile":            {open(1000), func(t *trial.Trial) { open(1000)(t); t.Load.Profile = trial.Burst(5, 0, 1) }, "profile"},
		"rate, nearly":       {open(1000), open(1040), ""},
		"rate":               {open(1000), open(1100), "offered load: 1000/s and 1100/s"},
		"all invalid":        {nil, func(t *trial.Trial) { t.Invalid = "disturbed" }, "NEW has no valid trial"},
	} {
		a, b := plain, plain
		a.mutate, b.mutate = c.before, c.after
		r := Runs(a.run(), b.run(), 0)
		if c.want == "" {
			if len(r.Skipped) != 0 || len(r.Pairs) == 0 {
				t.Errorf("%s: not compared: %+v", name, r.Skipped)
			}
			continue
		}
		if len(r.Pairs) != 0 || len(r.Skipped) != 3 || !strings.Contains(r.Skipped[0].Why, c.want) {
			t.Errorf("%s: %d comparisons, %+v, want %q", name, len(r.Pairs), r.Skipped, c.want)
		}
	}
	a, b := plain, plain
	a.mutate, b.mutate = open(1000), open(9000)
	new := b.run()
	new.Env.Platform.CPUModel = "faster"
	if r := Runs(a.run(), new, 0); len(r.Skipped) != 0 || len(r.Pairs) == 0 {
		t.Errorf("half of the capacity of another machine is the same load: %+v", r.Skipped)
	}
}

func TestKeysOfOneRunAreListed(t *testing.T) {
	r := Runs(synth{goodput: equal(2), repetitions: 8, noise: 0.01}.run(), synth{goodput: equal(1), repetitions: 8, noise: 0.01, mutate: func(t *trial.Trial) {
		if t.Strategy == "other-0" {
			t.Strategy = "fresh"
		}
	}}.run(), 0)
	cell := func(name string) stat.Cell { return stat.Cell{Scenario: "echo", Strategy: name} }
	if diff := cmp.Diff([]stat.Cell{cell("other-0"), cell("other-1")}, r.OnlyOld); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]stat.Cell{cell("fresh")}, r.OnlyNew); diff != "" {
		t.Error(diff)
	}
	noCPU := synth{goodput: equal(1), repetitions: 8, noise: 0.01, mutate: func(t *trial.Trial) { t.ServerUsage.CPU = 0 }}
	with := noCPU
	with.mutate = nil
	r = Runs(with.run(), noCPU.run(), 0)
	if want := (Skip{cellOfBase, "server-cpu", "only OLD has it in any valid trial"}); len(r.Skipped) != 3 || r.Skipped[0] != want {
		t.Errorf("%+v", r.Skipped)
	}
}

var cellOfBase = stat.Cell{Scenario: "echo", Strategy: base}

// Catches: invalid trials or second throws of the dice among the figures.
func TestTheFirstValidTrialOfARepetitionCounts(t *testing.T) {
	run := synth{goodput: equal(1), repetitions: 8, noise: 0.01}.run()
	again := run
	again.Trials = slices.Clone(run.Trials)
	for _, t := range run.Trials {
		bad, late := t, t
		bad.Seq, bad.Invalid, bad.Counts.Good = -1-t.Seq, "disturbed", 1
		late.Seq, late.Attempt, late.Counts.Good = 1000+t.Seq, 1, 1
		again.Trials = append(again.Trials, bad, late)
	}
	calibrates := run.Trials[0]
	calibrates.Calibrates, calibrates.Scenario, calibrates.Seq = true, "capacity", 2000
	again.Trials = append(again.Trials, calibrates)
	r := Runs(run, again, 0)
	for _, p := range r.Pairs {
		if p.Ratio.Value != 1 || p.New.N != 8 {
			t.Errorf("%+v", p)
		}
	}
	if len(r.OnlyNew) > 0 {
		t.Errorf("%+v", r.OnlyNew)
	}
}

func TestTheDriversLimitIsNotTheServers(t *testing.T) {
	with := func(code string, goodput float64, seed uint64) trial.Run {
		return synth{goodput: map[string]float64{base: goodput}, repetitions: 12, noise: 0.005, seed: seed, mutate: func(t *trial.Trial) {
			if code != "" {
				t.Findings = []trial.Finding{{Code: code}}
			}
		}}.run()
	}
	for name, c := range map[string]struct {
		old, new trial.Run
		want     Outcome
		atLeast  bool
	}{
		"equal, both at the driver's limit":        {with(finding.DriverBound, 1, 1), with(finding.DriverBound, 1, 2), Unranked, false},
		"equal, above half of what it can do":      {with("", 1, 1), with(finding.AboveHalfCeiling, 1, 2), Unranked, false},
		"worse, above half of what it can do":      {with("", 1, 1), with(finding.AboveHalfCeiling, 0.5, 2), Regressed, false},
		"worse, the new one at the limit":          {with("", 1, 1), with(finding.DriverBound, 0.5, 2), Unranked, false},
		"worse, the old one at the limit":          {with(finding.DriverBound, 1, 1), with("", 0.5, 2), Regressed, true},
		"better, and now at the driver's limit":    {with("", 1, 1), with(finding.DriverBound, 2, 2), Improved, true},
		"better, but the old one was at its limit": {with(finding.DriverBound, 1, 1), with("", 2, 2), Unranked, false},
	} {
		for _, p := range Runs(c.old, c.new, 0).Pairs {
			switch p.Metric.Key {
			case "goodput":
				if p.Outcome != c.want || p.AtLeast != c.atLeast {
					t.Errorf("%s: %s, at least %v, want %s, %v", name, p.Outcome, p.AtLeast, c.want, c.atLeast)
				}
			case "server-cpu", "served":
				if p.Outcome == Unranked {
					t.Errorf("%s: %s is not the driver's", name, p.Metric.Key)
				}
			}
		}
	}
}

// Catches: a change that starves clients and improves all else.
func TestStarvedClientsAreSeen(t *testing.T) {
	old := synth{goodput: equal(1), repetitions: 12, noise: 0.01, seed: 1}.run()
	new := synth{goodput: equal(1), repetitions: 12, noise: 0.01, seed: 2, mutate: func(t *trial.Trial) { t.Clients.Served = 1 }}.run()
	r := Runs(old, new, 0)
	for _, p := range r.Pairs {
		if (p.Outcome == Regressed) != (p.Metric.Key == "served") {
			t.Errorf("%s: %s", p.Metric.Key, p.Outcome)
		}
	}
}

func TestTheRecordSaysWhatDecides(t *testing.T) {
	run := synth{goodput: equal(1), repetitions: 8, noise: 0.01}.run()
	low := slices.Clone(run.Trials)
	for i := range low {
		low[i].Load = trial.Load{Loop: trial.Open, Clients: 2, Rate: 500, Fraction: 0.5}
	}
	for i := range run.Trials {
		run.Trials[i].Load = trial.Load{Loop: trial.Open, Clients: 2, Rate: 900, Fraction: 0.9}
		run.Trials[i].Latency.Response.RecordN(time.Millisecond, 100)
	}
	run.Trials = append(run.Trials, low...)
	decisive := func(r Result) map[string]float64 {
		all := map[string]float64{}
		for _, p := range r.Pairs {
			if p.Decides {
				all[p.Metric.Key] = p.Fraction
			}
		}
		return all
	}
	if got := decisive(Runs(run, run, 0)); !cmp.Equal(got, map[string]float64{"response-p50": 0.9}) {
		t.Errorf("an older record: %v", got)
	}
	run.Env.Scenarios[0].DecidedBy, run.Env.Scenarios[0].DecideAt = "server-cpu", 0.5
	if got := decisive(Runs(run, run, 0)); !cmp.Equal(got, map[string]float64{"server-cpu": 0.5}) {
		t.Errorf("as the record says: %v", got)
	}
}

func TestResultsAreJSONWithoutInfinities(t *testing.T) {
	s := synth{goodput: equal(1), repetitions: 2, noise: 0.01}
	old := s.run()
	s.goodput["other-0"] = 0
	text, err := json.Marshal(Runs(s.run(), old, 0))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"ratio_hi":null`, `"ratio":null`, `"machine":[]`, `"only_old":[]`, `"p_adjusted":1`, `"scenario":"echo"`, `"unit":"1/s"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
}

func TestNothingComparesWithNothing(t *testing.T) {
	if r := Runs(trial.Run{}, trial.Run{}, 0); len(r.Pairs) != 0 || r.Threshold != stat.Threshold || r.Alpha != alpha {
		t.Errorf("%+v", r)
	}
}
