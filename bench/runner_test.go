package bench

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies"
)

// simulated is a suite whose trials are made up: what each strategy does is known.
func simulated(repetitions int) Suite {
	timing := Timing{Window: time.Second, TimeOut: time.Second, BackOff: time.Millisecond}
	closed := trial.Load{Loop: trial.Closed, Clients: 8}
	return Suite{
		Name: "simulated", Kinds: strategies.Kinds{strategies.Goroutine(), strategies.Channel(), strategies.Thread()}, Workloads: workload.All(),
		Repetitions: repetitions,
		Scenarios: []Scenario{
			{Name: "equal", Workload: "echo", Strategies: []string{"goroutine", "channel:workers=8"}, Load: closed, Timing: timing},
			{Name: "twice", Workload: "echo", Strategies: []string{"goroutine", "channel:workers=8", "thread"}, Load: closed, Timing: timing},
			{Name: "search", Workload: "wait", Strategies: []string{"goroutine", "channel:workers=8"}, Load: trial.Load{Loop: trial.Open, Clients: 8}, Timing: timing,
				Question: trial.Capacity, Fractions: []float64{0.25, 2}, Objective: trial.Objective{Quantile: 0.99, Response: 10 * time.Millisecond}},
		},
	}
}

// simulate makes up one trial: thread has half the goodput, and everyone breaks down beyond 1.1 times the capacity. The
// noise is that of the trial's place in the plan, so that a trial does not depend on what was measured before it.
func simulate(noise float64, spoilt func(Step) bool) func(context.Context, []Step) ([]trial.Trial, error) {
	tries := map[string]int{}
	return func(_ context.Context, steps []Step) ([]trial.Trial, error) {
		var out []trial.Trial
		for _, s := range steps {
			key := fmt.Sprint(s.Scenario.Name, s.Strategy, s.Twin, s.Repetition, s.Load.Fraction, s.Calibrates)
			random := rand.New(rand.NewPCG(mix(key, 0, 0), uint64(tries[key])))
			tries[key]++
			good := 10_000.0
			if trial.Kind(s.Strategy) == "thread" {
				good /= 2
			}
			t := trial.Trial{
				Scenario: s.Scenario.Name, Workload: s.Scenario.Workload, Measured: "request", Strategy: s.Strategy, Twin: s.Twin,
				Repetition: s.Repetition, Calibrates: s.Calibrates, Load: s.Load, Window: time.Second, TimeOut: time.Second,
			}
			n := int64(good * math.Exp(noise*random.NormFloat64()))
			response := time.Millisecond
			if s.Load.Fraction > 1.1 {
				response = 100 * time.Millisecond
			}
			t.Counts = trial.Counts{Intended: n, Sent: n, OK: n, Good: n}
			t.Latency.Wait.RecordN(0, n)
			t.Latency.Lag.RecordN(0, n)
			t.Latency.Service.RecordN(response, n)
			t.Latency.Response.RecordN(response, n)
			t.Clients = trial.Clients{Total: 8, Served: 8, Good: []int64{0, 0, 0, 0, 0, 0, 0, n}, Jain: 1}
			if spoilt != nil && spoilt(s) && tries[key] == 1 {
				t.Findings = []trial.Finding{{Code: finding.MachineDisturbed, Text: "disturbed", Invalid: true}}
				t.Invalid = "disturbed"
			}
			out = append(out, t)
		}
		return out, nil
	}
}

// goThrough runs a suite on made-up trials, behind those that are recorded.
func goThrough(t *testing.T, s Suite, seed uint64, recorded []trial.Trial, measure func(context.Context, []Step) ([]trial.Trial, error)) ([]trial.Trial, error) {
	t.Helper()
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	var emitted []trial.Trial
	r := newRunner(s, Sides{}, RunOptions{Seed: seed, Recorded: recorded}, func(t trial.Trial) error { emitted = append(emitted, t); return nil })
	r.measure = measure
	err := r.run(t.Context())
	return emitted, err
}

// repetitionsOf counts a strategy's trials in a scenario.
func repetitionsOf(trials []trial.Trial, scenario, kind string) int {
	n := 0
	for _, t := range trials {
		if t.Scenario == scenario && trial.Kind(t.Strategy) == kind && !t.Twin {
			n++
		}
	}
	return n
}

func TestARunEndsWhenEverythingIsDecided(t *testing.T) {
	const most = 30
	s := simulated(most)
	trials, err := goThrough(t, s, 1, nil, simulate(0.01, nil))
	if err != nil {
		t.Fatal(err)
	}
	first := s.design(s.records()).Looks[0]
	for _, c := range []struct{ scenario, kind string }{{"equal", "channel"}, {"twice", "thread"}, {"twice", "goroutine"}} {
		if n := repetitionsOf(trials, c.scenario, c.kind); n != first {
			t.Errorf("%s of %s was measured %d times; with so little noise the first look, after %d, settles it", c.kind, c.scenario, n, first)
		}
	}
}

// Catches: comparisons that nobody asks for and nothing can decide, for which all others need more repetitions; a scenario that is left
// out of the family and decides all the same.
func TestWhatIsTooShortToTellADifferenceIsNotInTheFamily(t *testing.T) {
	for own, want := range map[int]int{0: 1 + 3, 3: 1, 4: 1 + 3} {
		s := simulated(18)
		s.Scenarios[1].Repetitions = own
		d := s.design(s.records())
		if d.Family != want {
			t.Errorf("with %d repetitions of the second of two scenarios the family is of %d, want %d", own, d.Family, want)
		}
		trials, err := goThrough(t, s, 1, nil, simulate(0.01, nil))
		if err != nil {
			t.Fatal(err)
		}
		var obs []stat.Observation
		for _, x := range trials {
			if o, ok := stat.Observe(x, stat.Goodput); ok {
				obs = append(obs, o)
			}
		}
		for _, x := range stat.Decide(obs, s.records(), d) {
			if told := x.Outcome == stat.Different; x.Scenario == "twice" && told && own == 3 {
				t.Errorf("%s is told from %s by %d repetitions", x.Strategy, x.Against, x.Repetitions)
			}
		}
	}
}

func TestWhatIsNoisyGoesOnAndWhatIsClearDoesNot(t *testing.T) {
	s := simulated(30)
	trials, err := goThrough(t, s, 1, nil, simulate(0.12, nil))
	if err != nil {
		t.Fatal(err)
	}
	looks := s.design(s.records()).Looks
	if n := repetitionsOf(trials, "equal", "channel"); n != looks[len(looks)-1] {
		t.Errorf("equality was decided after %d repetitions, and no interval of 12 %% of noise is that narrow", n)
	}
	clear, noisy := repetitionsOf(trials, "twice", "thread"), repetitionsOf(trials, "twice", "channel")
	if clear >= noisy {
		t.Errorf("half of the goodput took %d repetitions to see, the undecided one %d", clear, noisy)
	}
	if n := repetitionsOf(trials, "twice", "goroutine"); n != noisy {
		t.Errorf("the baseline has %d trials for the %d of what is compared with it", n, noisy)
	}
}

func TestASearchFindsTheCapacityInEachOfItsRepetitions(t *testing.T) {
	s := simulated(30)
	trials, err := goThrough(t, s, 1, nil, simulate(0.01, nil))
	if err != nil {
		t.Fatal(err)
	}
	below, above := map[string]float64{}, map[string]float64{}
	for _, x := range trials {
		if x.Scenario != "search" || x.Calibrates {
			continue
		}
		key := fmt.Sprint(x.Strategy, x.Repetition)
		if f := x.Load.Fraction; f <= 1.1 {
			below[key] = max(below[key], f)
		} else if above[key] == 0 || f < above[key] {
			above[key] = f
		}
	}
	if want := 2 * s.Repeats(s.Scenarios[2]); len(below) != want {
		t.Fatalf("%d searches; two strategies in as many repetitions as telling two apart takes make %d", len(below), want)
	}
	for key, f := range below {
		if f < 1 || above[key] > 1.2 {
			t.Errorf("%s: the search ended between %v and %v, and the capacity is 1.1", key, f, above[key])
		}
	}
}

func TestARunThatWasStoppedAnywhereGoesOnAsIfItHadNot(t *testing.T) {
	s := simulated(14)
	spoilt := func(s Step) bool { return s.Repetition == 2 && s.Twin }
	whole, err := goThrough(t, s, 1, nil, simulate(0.05, spoilt))
	if err != nil {
		t.Fatal(err)
	}
	cuts := []int{0, 1, len(whole) / 2, len(whole) - 1, len(whole)}
	random := rand.New(rand.NewPCG(1, 2))
	for range 12 {
		cuts = append(cuts, random.IntN(len(whole)))
	}
	for _, cut := range cuts {
		measure := simulate(0.05, spoilt)
		before, err := goThrough(t, s, 1, nil, func(ctx context.Context, steps []Step) ([]trial.Trial, error) {
			if cut == 0 {
				return nil, errStopped
			}
			cut--
			return measure(ctx, steps)
		})
		if err != nil && !errors.Is(err, errStopped) {
			t.Fatal(err)
		}
		after, err := goThrough(t, s, 1, before, measure)
		if err != nil {
			t.Fatal(err)
		}
		names := func(ts []trial.Trial) (out []string) {
			for _, x := range ts {
				out = append(out, fmt.Sprint(x.Seq, x.Scenario, x.Strategy, x.Twin, x.Repetition, x.Attempt, x.Load.Fraction, x.Counts.Good))
			}
			return out
		}
		if diff := cmp.Diff(names(whole), names(slices.Concat(before, after))); diff != "" {
			t.Fatalf("stopped after %d trials (-whole +stopped and gone on):\n%s", len(before), diff)
		}
	}
}

var errStopped = errors.New("stopped")

func TestTrialsOfAnotherRunAreRefused(t *testing.T) {
	s := simulated(12)
	whole, err := goThrough(t, s, 1, nil, simulate(0.05, nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := goThrough(t, s, 2, whole, simulate(0.05, nil)); !errors.Is(err, ErrNotThisRun) {
		t.Errorf("with another seed: %v", err)
	}
	shorter := simulated(3)
	if _, err := goThrough(t, shorter, 1, whole, simulate(0.05, nil)); !errors.Is(err, ErrNotThisRun) {
		t.Errorf("with fewer repetitions: %v", err)
	}
}

func TestABudgetEndsARunBetweenRepetitions(t *testing.T) {
	s := simulated(30)
	s.Budget = time.Nanosecond
	trials, err := goThrough(t, s, 1, nil, simulate(0.12, nil))
	if err != nil {
		t.Fatal(err)
	}
	if n := repetitionsOf(trials, "equal", "channel"); n != 1 {
		t.Errorf("%d repetitions in a budget of nothing: one there always is", n)
	}
	whole, err := goThrough(t, simulated(30), 1, nil, simulate(0.12, nil))
	if err != nil {
		t.Fatal(err)
	}
	// What is recorded is gone through, whatever the budget: it has been measured.
	if rest, err := goThrough(t, s, 1, whole, simulate(0.12, nil)); err != nil || len(rest) > 0 {
		t.Errorf("recorded beyond the budget: %d more trials, error %v", len(rest), err)
	}
}

// Catches: a budget that forgets, behind a stop, what servers' starts took, or how long the last repetition was.
func TestARunThatWasStoppedAnywhereEndsWithItsBudgetWhereItWouldHave(t *testing.T) {
	s := simulated(18)
	s.Scenarios = s.Scenarios[:2]
	s.Budget = 130 * time.Second
	const each = 1300 * time.Millisecond // a window of a second, and the start and the stop of a server
	stretch := func(recorded []trial.Trial, trials int) (all []trial.Trial, told []Progress) {
		now := time.Unix(0, 0)
		all = slices.Clone(recorded)
		made := simulate(0.2, nil)
		r := newRunner(s, Sides{}, RunOptions{Seed: 3, Recorded: recorded, Upcoming: func(p Progress) { told = append(told, p) }},
			func(x trial.Trial) error { all = append(all, x); return nil })
		r.clock = func() time.Time { return now }
		r.measure = func(ctx context.Context, steps []Step) ([]trial.Trial, error) {
			if len(all) == trials {
				return nil, errStopped
			}
			now = now.Add(each)
			return made(ctx, steps)
		}
		if err := r.run(t.Context()); err != nil && !errors.Is(err, errStopped) {
			t.Fatal(err)
		}
		return all, told
	}
	whole, toldOfWhole := stretch(nil, -1)
	if took := time.Duration(len(whole)) * each; took > s.Budget || whole[len(whole)-1].Repetition+1 >= s.Repetitions {
		t.Fatalf("the budget of %v does not end the run of %v", s.Budget, took)
	}
	for stop := 1; stop <= len(whole); stop += 3 {
		part, _ := stretch(nil, stop)
		all, told := stretch(part, -1)
		if len(all) != len(whole) {
			t.Errorf("stopped after %d trials and gone on: %d trials, and %d without a stop", stop, len(all), len(whole))
			continue
		}
		if stop < len(whole) && told[0].TimeLeft != toldOfWhole[stop].TimeLeft {
			t.Errorf("stopped after %d trials, it expects %v more, and %v without a stop", stop, told[0].TimeLeft, toldOfWhole[stop].TimeLeft)
		}
	}
}

// Catches: minutes in which nothing can be measured, and a reason that is told for each step; a run that goes on otherwise than it
// would have.
func TestWhatHasNoRateToOfferIsLeftOutAndToldOnce(t *testing.T) {
	spoil := func(which func(Step) bool) func(context.Context, []Step) ([]trial.Trial, error) {
		good := simulate(0.01, nil)
		return func(ctx context.Context, steps []Step) ([]trial.Trial, error) {
			ts, err := good(ctx, steps)
			for i := range ts {
				if which(steps[i]) {
					ts[i].Invalid = "disturbed"
					ts[i].Findings = []trial.Finding{{Code: finding.MachineDisturbed, Text: "disturbed", Invalid: true}}
				}
			}
			return ts, err
		}
	}
	calibrates := func(s Step) bool { return s.Calibrates }
	onlyOpen := simulated(30)
	onlyOpen.Scenarios = onlyOpen.Scenarios[2:]
	for name, c := range map[string]struct {
		suite    Suite
		spoilt   func(Step) bool
		measured []string // scenarios, but for calibrations
		told     []string // codes
	}{
		"nothing is spoilt":                     {simulated(30), func(Step) bool { return false }, []string{"equal", "search", "twice"}, nil},
		"one capacity of three":                 {simulated(30), func(s Step) bool { return s.Calibrates && s.Repetition == 1 }, []string{"equal", "search", "twice"}, nil},
		"what the driver can do":                {simulated(30), func(s Step) bool { return s.Null }, []string{"equal", "search", "twice"}, nil},
		"all of them":                           {simulated(30), calibrates, []string{"equal", "twice"}, []string{"not-measured"}},
		"all of them, and nothing else is":      {onlyOpen, calibrates, nil, []string{"not-measured"}},
		"everything but what the driver can do": {simulated(30), func(s Step) bool { return !s.Null }, []string{"equal", "twice"}, []string{"not-measured", "hopeless"}},
	} {
		goOn := func(recorded []trial.Trial) (trials []trial.Trial, told []string) {
			r := newRunner(c.suite, Sides{}, RunOptions{Seed: 1, Recorded: recorded, Warn: func(w trial.Warning) { told = append(told, w.Code) }},
				func(x trial.Trial) error { trials = append(trials, x); return nil })
			r.measure = spoil(c.spoilt)
			if err := r.run(t.Context()); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return trials, told
		}
		whole, told := goOn(nil)
		measured := map[string]bool{}
		for _, x := range whole {
			if !x.Calibrates {
				measured[x.Scenario] = true
			}
		}
		if got := slices.Sorted(maps.Keys(measured)); !slices.Equal(got, c.measured) || !slices.Equal(told, c.told) {
			t.Errorf("%s: measured %v and told %v, want %v and %v", name, got, told, c.measured, c.told)
		}
		if most := 2 * 30; slices.Contains(told, "hopeless") && len(whole) > most {
			t.Errorf("%s: a hopeless run has %d trials", name, len(whole))
		}
		for _, cut := range []int{1, len(whole) / 2, len(whole)} {
			rest, again := goOn(whole[:cut])
			if len(rest) != len(whole)-cut || !slices.Equal(again, told) {
				t.Errorf("%s: stopped after %d of %d trials it goes on with %d and tells %v", name, cut, len(whole), len(rest), again)
			}
		}
	}
}
