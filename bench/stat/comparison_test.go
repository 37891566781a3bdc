package stat

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/poolbench/poolbench/bench/trial"
)

var ignoreFunc = cmpopts.IgnoreFields(Metric{}, "Of")

// namesADifference says whether any comparison of a suite does.
func namesADifference(all []Comparison) bool {
	return slices.ContainsFunc(all, func(c Comparison) bool { return c.Differs })
}

func TestEqualStrategiesAreCalledDifferentInAtMostOneSuiteOfTwenty(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const suites = 1000
	for _, s := range []suite{
		{repetitions: 8, strategies: others(5, 100_000), noise: 0.13, drift: 0.2},
		{repetitions: 10, strategies: others(5, 100_000), noise: 0.13, drift: 0.2}, // where 95 % each would take a narrower interval
		{repetitions: 20, strategies: others(3, 100_000), noise: 0.3},
	} {
		wrong, excluded := 0, 0
		for range suites {
			all := Comparisons(s.run(rng), Goodput)
			if namesADifference(all) {
				wrong++
			}
			if slices.ContainsFunc(all, func(c Comparison) bool { return c.Ratio.Lo > 1 || c.Ratio.Hi < 1 }) {
				excluded++ // without the threshold's help
			}
		}
		if rate := float64(wrong) / suites; rate > 0.05 {
			t.Errorf("%d repetitions: %.3f of suites name a difference that is not there", s.repetitions, rate)
		}
		if rate := float64(excluded) / suites; rate > 0.05 {
			t.Errorf("%d repetitions: %.3f of suites have an interval without 1", s.repetitions, rate)
		}
	}
}

func TestADifferenceOfAFifthIsFound(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	const suites = 300
	for _, figure := range []float64{80_000, 120_000} {
		found := 0
		for range suites {
			// The drift is larger than the difference: only pairs within a repetition can see it.
			s := suite{repetitions: 8, strategies: others(3, figure), noise: 0.05, drift: 0.25}
			for _, c := range Comparisons(s.run(rng), Goodput) {
				if c.Differs && (c.Ratio.Value < 1) == (figure < 100_000) {
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

func TestComparisonByHand(t *testing.T) {
	got := Comparisons(exact([][3]int64{
		{100, 101, 80}, {200, 202, 162}, {100, 99, 84}, {50, 50, 43}, {100, 102, 88}, {100, 98, 78}, {1000, 1000, 790}, {100, 100, 90},
	}...), Goodput)
	want := []Comparison{{
		Cell:     Cell{Scenario: "echo", Strategy: "other"},
		Baseline: baseline,
		Metric:   Goodput,
		Ratio:    Estimate{Value: 0.825, Lo: 0.78, Hi: 0.90, N: 8, Confidence: 1 - 2.0/256}, // (0.81 + 0.84) / 2
		AA:       Estimate{Value: 1, Lo: 0.98, Hi: 1.02, N: 8, Confidence: 1 - 2.0/256},
		Family:   1,
		Bound:    0.22,
		Differs:  true,
	}}
	if diff := cmp.Diff(want, got, ignoreFunc, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Error(diff)
	}
}

func TestSmallDifferencesAreNotNamedHoweverCertain(t *testing.T) {
	for figure, want := range map[int64]bool{1000: false, 960: false, 1040: false, 940: true, 1060: true} {
		c := Comparisons(exact(times8([3]int64{1000, 1000, figure})...), Goodput)[0]
		if c.Differs != want {
			t.Errorf("%d against 1000: differs %v, want %v", figure, c.Differs, want)
		}
		if wantBound := math.Abs(float64(figure)/1000 - 1); math.Abs(c.Bound-wantBound) > 1e-12 {
			t.Errorf("%d against 1000: bound %v, want %v", figure, c.Bound, wantBound)
		}
	}
}

func TestLargeDifferencesAreNotNamedWhileUncertain(t *testing.T) {
	noisy := times8([3]int64{100, 100, 50})
	noisy[3][2] = 101
	if c := Comparisons(exact(noisy...), Goodput)[0]; c.Differs || c.Ratio.Value != 0.5 {
		t.Errorf("one of eight on the other side: %+v", c)
	}
	few := times8([3]int64{100, 100, 10})[:5]
	if c := Comparisons(exact(few...), Goodput)[0]; c.Differs || !math.IsInf(c.Bound, 1) || c.Ratio.Value != 0.1 {
		t.Errorf("five repetitions: %+v", c)
	}
}

func TestAFamilyNeedsMoreThanOneComparison(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, c := range []struct {
		strategies, repetitions int
		want                    bool
	}{
		{1, 6, true}, {2, 6, false}, {3, 7, true}, {4, 7, false}, {6, 8, true}, {7, 8, false},
	} {
		all := Comparisons(suite{repetitions: c.repetitions, strategies: others(c.strategies, 10_000), noise: 0.01}.run(rng), Goodput)
		if len(all) != c.strategies {
			t.Fatalf("%d comparisons, want %d", len(all), c.strategies)
		}
		for _, one := range all {
			if one.Differs != c.want || one.Family != c.strategies {
				t.Errorf("a tenth of the baseline, %d strategies, %d repetitions: differs %v of family %d, want %v",
					c.strategies, c.repetitions, one.Differs, one.Family, c.want)
			}
		}
	}
}

func TestRepetitionsWithoutBothTrialsAreLeftOut(t *testing.T) {
	for name, c := range map[string]struct {
		change func([]trial.Trial) []trial.Trial
		n, aa  int
	}{
		"nothing missing":          {func(ts []trial.Trial) []trial.Trial { return ts }, 8, 8},
		"other missing":            {func(ts []trial.Trial) []trial.Trial { return slices.Delete(ts, 5, 6) }, 7, 8},
		"baseline missing":         {func(ts []trial.Trial) []trial.Trial { return slices.Delete(ts, 3, 4) }, 7, 7},
		"twin missing":             {func(ts []trial.Trial) []trial.Trial { return slices.Delete(ts, 4, 5) }, 8, 7},
		"other invalid":            {func(ts []trial.Trial) []trial.Trial { ts[5].Invalid = "steal"; return ts }, 7, 8},
		"baseline invalid":         {func(ts []trial.Trial) []trial.Trial { ts[3].Invalid = "steal"; return ts }, 7, 7},
		"baseline without goodput": {func(ts []trial.Trial) []trial.Trial { ts[3].Counts.Good = 0; return ts }, 7, 7},
		"baseline without window":  {func(ts []trial.Trial) []trial.Trial { ts[3].Window = 0; return ts }, 7, 7},
		"other without goodput":    {func(ts []trial.Trial) []trial.Trial { ts[5].Counts.Good = 0; return ts }, 8, 8},
		"interrupted":              {func(ts []trial.Trial) []trial.Trial { return ts[:8] }, 2, 3},
		"every twin invalid": {func(ts []trial.Trial) []trial.Trial {
			for i := range ts {
				if ts[i].Twin {
					ts[i].Invalid = "steal"
				}
			}
			return ts
		}, 8, 0},
	} {
		all := Comparisons(c.change(exact(times8([3]int64{100, 100, 100})...)), Goodput)
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
	c := Comparisons(exact(times8([3]int64{100, 100, 0})...), Goodput)[0]
	if !c.Differs || c.Ratio.Value != 0 || c.Bound != 1 {
		t.Errorf("%+v", c)
	}
	// Nobody can say what an answer costs that was never given.
	if c := Comparisons(exact(times8([3]int64{100, 100, 0})...), ServerCPU)[0]; c.Ratio.N != 0 || c.Differs {
		t.Errorf("%+v", c)
	}
}

func TestTheFirstValidTrialOfARepetitionCounts(t *testing.T) {
	trials := exact(times8([3]int64{100, 100, 100})...)
	invalid, again := trials[2], trials[2]
	trials[2].Counts.Good, trials[2].Seq = 70, 100 // the one that counts: measured again because the first was invalid
	invalid.Invalid, invalid.Counts.Good = "steal", 1
	again.Counts.Good, again.Seq = 1, 101
	trials = append([]trial.Trial{again, invalid}, trials...)
	if c := Comparisons(trials, Goodput)[0]; c.Ratio.Lo != 0.7 || c.Ratio.N != 8 {
		t.Errorf("%+v, want the 0.7 of the first valid one to be in it", c.Ratio)
	}
}

func TestOfTwoStrategiesWithATwinOneIsTheBaseline(t *testing.T) {
	trials := exact(times8([3]int64{100, 100, 80})...)
	for i := range 8 {
		trials = append(trials, withGoodput("other", true, i, 10))
	}
	for range 2 {
		all := Comparisons(trials, Goodput)
		if len(all) != 1 || all[0].Strategy != "other" || all[0].Twin || all[0].Baseline != baseline || all[0].Ratio.Value != 0.8 {
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
	for _, c := range Comparisons(trials, Goodput) {
		got = append(got, c.Ratio.Value)
		if c.Family != 1 || c.Scenario == "no twin" {
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
	want := byName(Comparisons(trials, Goodput))
	for range 20 {
		rng.Shuffle(len(trials), func(i, j int) { trials[i], trials[j] = trials[j], trials[i] })
		before := slices.Clone(trials)
		got := Comparisons(trials, Goodput)
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
