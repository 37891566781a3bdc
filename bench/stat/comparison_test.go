package stat

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/poolbench/poolbench/bench/trial"
)

var ignoreFunc = cmpopts.IgnoreFields(Metric{}, "Of")

// old compares the trials of a run without a design: one look at all of them.
func old(trials []trial.Trial, m Metric) []Comparison {
	return Comparisons(trials, m, nil, trial.Design{})
}

func TestADifferenceOfAFifthIsFound(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	const suites = 60
	for _, figure := range []float64{80_000, 120_000} {
		found := 0
		for range suites {
			// The drift is larger than the difference: only pairs within a repetition can see it.
			s := suite{repetitions: 8, strategies: others(3, figure), noise: 0.05, drift: 0.25}
			for _, c := range old(s.run(rng), Goodput) {
				if c.Outcome == Different && (c.Ratio.Value < 1) == (figure < 100_000) {
					found++
				}
			}
		}
		if rate := float64(found) / (3 * suites); rate < 0.9 {
			t.Errorf("%v against 100000: found in %.3f of comparisons, want nearly all", figure, rate)
		}
	}
}

// exact makes a suite in which each figure is given: repetition by repetition, baseline, twin, other.
func exact(figures ...[3]int64) []trial.Trial {
	var all []trial.Trial
	for i, f := range figures {
		all = append(all,
			withGoodput(baseline, false, i, f[0]),
			withGoodput(baseline, true, i, f[1]),
			withGoodput("other", false, i, f[2]))
	}
	for i := range all {
		all[i].Seq = i
	}
	return all
}

func times8(f [3]int64) [][3]int64 { return slices.Repeat([][3]int64{f}, 8) }

// With eight repetitions that all lie on one side, P is the least that there is. The estimate and its limits are between the
// ratios that were seen.
func TestComparisonByHand(t *testing.T) {
	got := old(exact([][3]int64{
		{100, 101, 80}, {200, 202, 162}, {100, 99, 84}, {50, 50, 43}, {100, 102, 88}, {100, 98, 78}, {1000, 1000, 790}, {100, 100, 90},
	}...), Goodput)
	want := []Comparison{{
		Cell:     Cell{Scenario: "echo", Strategy: "other"},
		Baseline: baseline,
		Metric:   Goodput,
		Ratio:    Estimate{Value: 0.825, Lo: 0.80, Hi: 0.865, N: 8, Confidence: 0.95},
		AA:       Estimate{Value: 1, Lo: 0.99, Hi: 1.015, N: 8, Confidence: 0.95},
		Family:   1,
		P:        2.0 / 6561,
		Held:     0.05,
		Bound:    0.20,
		Outcome:  Different,
	}}
	if diff := cmp.Diff(want, got, ignoreFunc, cmpopts.EquateApprox(0, 0.0075)); diff != "" {
		t.Error(diff)
	}
	if p := got[0].P; math.Abs(p-2.0/6561) > 1e-12 {
		t.Errorf("p is %v", p)
	}
}

// The range of ties and that of differences touch, and are the same in both directions.
func TestSmallDifferencesAreNotNamedHoweverCertain(t *testing.T) {
	for figure, want := range map[int64]Outcome{1000: Tied, 960: Tied, 1040: Tied, 953: Tied, 1049: Tied, 952: Different, 1051: Different, 940: Different} {
		c := old(exact(times8([3]int64{1000, 1000, figure})...), Goodput)[0]
		if c.Outcome != want {
			t.Errorf("%d against 1000: %v, want %v", figure, c.Outcome, want)
		}
		if wantBound := math.Abs(float64(figure)/1000 - 1); math.Abs(c.Bound-wantBound) > 1e-4 {
			t.Errorf("%d against 1000: bound %v, want %v", figure, c.Bound, wantBound)
		}
	}
}

func TestLargeDifferencesAreNotNamedWhileUncertain(t *testing.T) {
	noisy := exact(times8([3]int64{100, 100, 50})...)
	for i := range noisy {
		if noisy[i].Strategy == "other" && noisy[i].Repetition%3 == 0 {
			noisy[i].Counts.Good = 200
		}
	}
	if c := old(noisy, Goodput)[0]; c.Outcome != Undecided || c.Ratio.Lo > 0.55 || c.Ratio.Hi < 1 || c.More < 1 {
		t.Errorf("three of eight on the other side: %+v", c)
	}
	few := exact(times8([3]int64{100, 100, 10})[:3]...)
	if c := old(few, Goodput)[0]; c.Outcome != Undecided || !math.IsInf(c.Bound, 1) || math.Abs(c.Ratio.Value-0.1) > 1e-4 || c.More != 1 {
		t.Errorf("three repetitions, of four that are needed: %+v", c)
	}
}

// Least p is 2/3ⁿ, held to 5 % over the family; Holm lets the later ones of a family off with less.
func TestAFamilyNeedsMoreThanOneComparison(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, c := range []struct {
		strategies, repetitions int
		want                    bool
	}{
		{1, 3, false}, {1, 4, true}, {2, 4, true}, {3, 4, false}, {6, 5, true}, {7, 5, false}, {7, 6, true},
	} {
		all := old(suite{repetitions: c.repetitions, strategies: others(c.strategies, 10_000), noise: 0.01}.run(rng), Goodput)
		if len(all) != c.strategies {
			t.Fatalf("%d comparisons, want %d", len(all), c.strategies)
		}
		for _, one := range all {
			if (one.Outcome == Different) != c.want || one.Family != c.strategies {
				t.Errorf("a tenth of the baseline, %d strategies, %d repetitions: %v of family %d, want a difference: %v",
					c.strategies, c.repetitions, one.Outcome, one.Family, c.want)
			}
		}
	}
}

func TestRepetitionsWithoutBothTrialsAreLeftOut(t *testing.T) {
	for name, c := range map[string]struct {
		change func([]trial.Trial) []trial.Trial
		n, aa  int
	}{
		"nothing missing":           {func(ts []trial.Trial) []trial.Trial { return ts }, 8, 8},
		"other missing":             {func(ts []trial.Trial) []trial.Trial { return slices.Delete(ts, 5, 6) }, 7, 8},
		"baseline missing":          {func(ts []trial.Trial) []trial.Trial { return slices.Delete(ts, 3, 4) }, 8, 7},
		"twin missing":              {func(ts []trial.Trial) []trial.Trial { return slices.Delete(ts, 4, 5) }, 8, 7},
		"other invalid":             {func(ts []trial.Trial) []trial.Trial { ts[5].Invalid = "steal"; return ts }, 7, 8},
		"baseline and twin invalid": {func(ts []trial.Trial) []trial.Trial { ts[3].Invalid, ts[4].Invalid = "steal", "steal"; return ts }, 7, 7},
		"baseline without goodput":  {func(ts []trial.Trial) []trial.Trial { ts[3].Counts.Good = 0; return ts }, 8, 8},
		"baseline without window":   {func(ts []trial.Trial) []trial.Trial { ts[3].Window = 0; return ts }, 8, 7},
		"other without goodput":     {func(ts []trial.Trial) []trial.Trial { ts[5].Counts.Good = 0; return ts }, 8, 8},
		"interrupted":               {func(ts []trial.Trial) []trial.Trial { return ts[:8] }, 2, 3},
		"every twin invalid": {func(ts []trial.Trial) []trial.Trial {
			for i := range ts {
				if ts[i].Twin {
					ts[i].Invalid = "steal"
				}
			}
			return ts
		}, 8, 0},
	} {
		all := old(c.change(exact(times8([3]int64{100, 100, 100})...)), Goodput)
		if len(all) != 1 {
			t.Errorf("%s: %d comparisons, want 1", name, len(all))
			continue
		}
		got := all[0]
		if got.Ratio.N != c.n || got.AA.N != c.aa {
			t.Errorf("%s: %d and %d repetitions, want %d and %d", name, got.Ratio.N, got.AA.N, c.n, c.aa)
		}
		for _, v := range []float64{got.Ratio.Value, got.AA.Value} {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Errorf("%s: %+v", name, got)
			}
		}
	}
}

func TestAStrategyThatServesNothingIsCompared(t *testing.T) {
	c := old(exact(times8([3]int64{100, 100, 0})...), Goodput)[0]
	if c.Outcome != Different || c.Ratio.Value != 0 || c.Ratio.Hi != 0 || c.Bound != 1 {
		t.Errorf("%+v", c)
	}
	// Nobody can say what an answer costs that was never given.
	if c := old(exact(times8([3]int64{100, 100, 0})...), ServerCPU)[0]; c.Ratio.N != 0 || c.Outcome != Undecided {
		t.Errorf("%+v", c)
	}
}

func TestTheFirstValidTrialOfARepetitionCounts(t *testing.T) {
	trials := exact(times8([3]int64{100, 100, 100})...)
	invalid, again := trials[2], trials[2]
	trials[2].Counts.Good, trials[2].Seq = 70, 100 // the one that counts: measured again because the first was invalid
	invalid.Invalid, invalid.Counts.Good = "steal", 1
	again.Counts.Good, again.Seq = 1, 101
	want := old(trials, Goodput)[0]
	trials = append([]trial.Trial{again, invalid}, trials...)
	if c := old(trials, Goodput)[0]; c.Ratio != want.Ratio || c.P != want.P {
		t.Errorf("%+v, want what there is without the other two, %+v", c, want)
	}
}

func TestOfTwoStrategiesWithATwinOneIsTheBaseline(t *testing.T) {
	trials := exact(times8([3]int64{100, 100, 80})...)
	for i := range 8 {
		trials = append(trials, withGoodput("other", true, i, 10))
	}
	for range 2 {
		all := old(trials, Goodput)
		if len(all) != 1 || all[0].Strategy != "other" || all[0].Twin || all[0].Baseline != baseline || !near(all[0].Ratio.Value, 0.8, 1e-4) {
			t.Errorf("%+v", all)
		}
		slices.Reverse(trials)
	}
}

func TestEachLevelIsComparedByItself(t *testing.T) {
	var trials []trial.Trial
	for i, level := range []struct {
		scenario string
		fraction float64
		other    int64
	}{{"echo-open", 0.3, 50}, {"echo-open", 0.6, 100}, {"wait-open", 0.3, 100}} {
		for _, one := range exact(times8([3]int64{100, 100, level.other})...) {
			one.Scenario, one.Load.Fraction, one.Seq = level.scenario, level.fraction, one.Seq+100*i
			trials = append(trials, one)
		}
	}
	for _, one := range exact(times8([3]int64{100, 100, 1})...) {
		if one.Scenario = "no twin"; !one.Twin {
			trials = append(trials, one)
		}
	}
	var got []float64
	for _, c := range old(trials, Goodput) {
		got = append(got, math.Round(1000*c.Ratio.Value)/1000)
		if c.Family != 3 || c.Scenario == "no twin" {
			t.Errorf("%+v", c)
		}
	}
	if !slices.Equal(got, []float64{0.5, 1, 1}) {
		t.Errorf("ratios %v", got)
	}
}

func TestOnlyTheOrderOfTheOutputFollowsTheInput(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	trials := suite{repetitions: 8, strategies: others(3, 90_000), noise: 0.1}.run(rng)
	byName := func(all []Comparison) map[string]Comparison {
		m := map[string]Comparison{}
		for _, c := range all {
			m[c.Strategy] = c
		}
		return m
	}
	want := byName(old(trials, Goodput))
	for range 20 {
		rng.Shuffle(len(trials), func(i, j int) { trials[i], trials[j] = trials[j], trials[i] })
		before := slices.Clone(trials)
		got := old(trials, Goodput)
		if diff := cmp.Diff(want, byName(got), ignoreFunc); diff != "" {
			t.Fatal(diff)
		}
		for i := range trials {
			if trials[i].Seq != before[i].Seq {
				t.Fatal("the caller's slice was sorted")
			}
		}
		var order, first []string
		for _, c := range got {
			order = append(order, c.Strategy)
		}
		for _, one := range trials {
			if one.Strategy != baseline && !slices.Contains(first, one.Strategy) {
				first = append(first, one.Strategy)
			}
		}
		if !slices.Equal(order, first) {
			t.Fatalf("order %v, want that of first appearance %v", order, first)
		}
	}
}

// Catches: a ratio over all trials, which drift turns, one over trials that are not valid, and a ratio of what no repetition has both of.
func TestARatioIsOfPairsWithinRepetitions(t *testing.T) {
	var own, against []trial.Trial
	one := func(repetition int, cpu time.Duration) trial.Trial {
		return trial.Trial{Repetition: repetition, Counts: trial.Counts{Good: 1000, OK: 1000}, Window: time.Second, ServerUsage: trial.Usage{CPU: cpu}}
	}
	for rep := range 9 { // each repetition is slower than the one before, and own leaves early
		drift := time.Duration(1+rep) * 100 * time.Millisecond
		against = append(against, one(rep, drift))
		if rep < 4 {
			own = append(own, one(rep, drift*2))
		}
	}
	own[3].Invalid, own[3].ServerUsage.CPU = "spoilt", time.Hour
	if r := Ratio(own, against, ServerCPU); r.N != 3 || math.Abs(r.Value-2) > 1e-4 {
		t.Errorf("the ratio is %+v, want 2 of 3 pairs", r)
	}
	if r := Ratio(own[:2], against[2:], ServerCPU); r.N != 0 {
		t.Errorf("without a pair the ratio is %+v", r)
	}
}
