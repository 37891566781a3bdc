package stat

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/poolbench/poolbench/bench/trial"
)

// A world is a suite whose truth is known: so many scenarios, and in each the same strategies with their true ratios to the
// first.
type world struct {
	scenarios int
	truth     []float64
	noise     func(*rand.Rand) float64 // of one trial: the logarithm of a factor
}

func normalNoise(sd float64) func(*rand.Rand) float64 {
	return func(rng *rand.Rand) float64 { return sd * rng.NormFloat64() }
}

func (w world) asked() []trial.Scenario {
	var all []trial.Scenario
	for i := range w.scenarios {
		sc := trial.Scenario{Name: fmt.Sprint("scenario-", i), Load: trial.Load{Loop: trial.Closed}}
		for j := range w.truth {
			sc.Strategies = append(sc.Strategies, fmt.Sprint("strategy-", j))
		}
		all = append(all, sc)
	}
	return all
}

// measure makes the repetitions. All trials of one share the drift of the machine, which is larger than the noise.
func (w world) measure(rng *rand.Rand, repetitions int) []Observation {
	var obs []Observation
	for repetition := range repetitions {
		for _, sc := range w.asked() {
			drift := 0.3 * rng.NormFloat64()
			for j, truth := range w.truth {
				for twin := range 2 {
					if twin == 1 && j > 0 {
						continue
					}
					obs = append(obs, Observation{
						Cell:       Cell{Scenario: sc.Name, Strategy: sc.Strategies[j], Twin: twin == 1},
						Repetition: repetition,
						Value:      1000 * truth * math.Exp(drift+w.noise(rng)),
					})
				}
			}
		}
	}
	return obs
}

// suites replays so many of them, without the estimates that no decision depends on, and hands over all pairs of each.
func (w world) suites(seed uint64, n, most int, each func([]*pair)) trial.Design {
	rng := rand.New(rand.NewPCG(seed, 99))
	d := NewDesign(0, w.asked(), most)
	for range n {
		var pairs []*pair
		for _, c := range deciding(w.measure(rng, most), w.asked(), d).contests {
			pairs = append(pairs, c.pairs...)
		}
		each(pairs)
	}
	return d
}

// exceeds says whether so many of n are clearly more than the share says: by more than three standard deviations.
func exceeds(seen, n int, share float64) bool {
	return float64(seen) > float64(n)*share+3*math.Sqrt(float64(n)*share*(1-share))
}

// Catches: a bar that is not shared over the family or the looks, a test that takes drift for difference or that needs
// normal noise.
func TestWhereNothingDiffersAtMostOneSuiteInTwentySaysSo(t *testing.T) {
	heavy := func(rng *rand.Rand) float64 { // one trial in ten is disturbed
		v := 0.05 * rng.NormFloat64()
		if rng.IntN(10) == 0 {
			v -= rng.ExpFloat64()
		}
		return v
	}
	skewed := func(rng *rand.Rand) float64 { return 0.2 * rng.ExpFloat64() }
	total, wrong := 0, 0
	for name, noise := range map[string]func(*rand.Rand) float64{"normal": normalNoise(0.15), "skewed": skewed, "heavy-tailed": heavy} {
		const suites = 110
		any, named := 0, 0
		d := world{scenarios: 10, truth: []float64{1, 1, 1, 1}, noise: noise}.suites(41, suites, 18, func(pairs []*pair) {
			any += one(slices.ContainsFunc(pairs, func(p *pair) bool { return p.rejected })) // without the threshold's help
			named += one(slices.ContainsFunc(pairs, func(p *pair) bool { return p.Outcome == Different }))
		})
		if d.Family != 60 || len(d.Looks) != 3 {
			t.Fatalf("%+v", d)
		}
		t.Logf("%s: %d of %d suites reject, %d name a difference", name, any, suites, named)
		total, wrong = total+suites, wrong+any
	}
	if exceeds(wrong, total, 0.05) {
		t.Errorf("%d of %d suites find a difference that is not there", wrong, total)
	}
}

func TestATenthIsFoundAtANoiseOfFivePercent(t *testing.T) {
	found, all := 0, 0
	world{scenarios: 10, truth: []float64{1, 1, 0.9, 1.1}, noise: normalNoise(0.05)}.suites(42, 12, 18, func(pairs []*pair) {
		for _, p := range pairs {
			if p.Against != "strategy-0" || p.Strategy == "strategy-1" {
				continue
			}
			all++
			found += one(p.Outcome == Different && (p.Ratio.Value > 1) == (p.Strategy == "strategy-3"))
		}
	})
	t.Logf("found %d of %d", found, all)
	if float64(found) < 0.95*float64(all) {
		t.Errorf("found %d of %d", found, all)
	}
}

func TestTiesAreCalledWhereTheyAreAndSeldomWhereTheyAreNot(t *testing.T) {
	early, all := 0, 0
	world{scenarios: 10, truth: []float64{1, 1, 1, 1}, noise: normalNoise(0.03)}.suites(43, 12, 18, func(pairs []*pair) {
		for _, p := range pairs {
			all++
			early += one(p.Outcome == Tied && p.Repetitions <= 14)
		}
	})
	t.Logf("equal: %d of %d tied by 14", early, all)
	if float64(early) < 0.9*float64(all) {
		t.Errorf("equal: %d of %d are tied by 14 repetitions", early, all)
	}
	for _, truth := range []float64{1.07, 1 / 1.07} {
		wrong, all := 0, 0
		world{scenarios: 10, truth: []float64{1, truth, truth, truth}, noise: normalNoise(0.03)}.suites(44, 12, 18, func(pairs []*pair) {
			for _, p := range pairs {
				if p.Against == "strategy-0" {
					all++
					wrong += one(p.Outcome == Tied)
				}
			}
		})
		t.Logf("%v: %d of %d tied", truth, wrong, all)
		if exceeds(wrong, all, 0.05) {
			t.Errorf("%v apart: %d of %d are called tied", truth, wrong, all)
		}
	}
}

// Clear cases end at the first look, and only they.
func TestClearDifferencesEndAtTheFirstLook(t *testing.T) {
	rng := rand.New(rand.NewPCG(45, 46))
	w := world{scenarios: 3, truth: []float64{1, 0.5, 2, 1.06}, noise: normalNoise(0.05)}
	scenarios := w.asked()
	d := NewDesign(0, scenarios, 18)
	obs := w.measure(rng, d.Looks[0])
	before := slices.DeleteFunc(slices.Clone(obs), func(o Observation) bool { return o.Repetition == d.Looks[0]-1 })
	for _, sc := range scenarios {
		if got := Open(Decide(before, scenarios, d), sc, d); !slices.Equal(got, sc.Strategies) {
			t.Errorf("before the first look: open are %v, want all", got)
		}
	}
	ds := Decide(obs, scenarios, d)
	strictest := slices.MinFunc(ds, func(a, b Decision) int { return cmp.Compare(a.Held, b.Held) })
	if want := 0.05 / float64(len(d.Looks)) / float64(Family(scenarios)); !near(strictest.Held, want, 1e-12) {
		t.Errorf("the first of all is held to %v, want %v", strictest.Held, want)
	}
	for _, sc := range scenarios {
		for _, x := range ds {
			if x.Scenario == sc.Name && x.Against == sc.Strategies[0] && (x.Outcome == Different) != (x.Strategy != "strategy-3") {
				t.Errorf("%s: %s is %v", sc.Name, x.Strategy, x.Outcome)
			}
			if x.P > x.Held != (x.Outcome == Undecided) || x.Repetitions != d.Looks[0] || x.Ratio.N != d.Looks[0] {
				t.Errorf("%+v", x)
			}
		}
		// Who is slower than the baseline need not be compared with the leader.
		if got := Open(ds, sc, d); slices.Contains(got, "strategy-1") {
			t.Errorf("open are %v", got)
		}
	}
}

// Decisions are the same when they are taken one repetition after the other, with only what is open measured, and when they
// are replayed from all that was measured; what was decided stays as it was.
func TestDecisionsDoNotDependOnWhenTheyAreAsked(t *testing.T) {
	rng := rand.New(rand.NewPCG(47, 48))
	for _, sd := range []float64{0.02, 0.06, 0.2} {
		w := world{scenarios: 2, truth: []float64{1, 0.93, 1.1, 1.1, 0.5}, noise: normalNoise(sd)}
		scenarios := w.asked()
		d := NewDesign(0, scenarios, 18)
		all := w.measure(rng, 18)
		for i := range all { // some trials are lost
			if rng.IntN(15) == 0 {
				all[i].Value = math.NaN()
			}
		}
		var kept []Observation
		open := map[Cell]bool{}
		for _, o := range all {
			open[Cell{Scenario: o.Scenario, Strategy: o.Strategy}] = true
		}
		decided := map[string]Decision{}
		for repetition := range 18 {
			for _, o := range all {
				if o.Repetition == repetition && open[Cell{Scenario: o.Scenario, Strategy: o.Strategy}] {
					kept = append(kept, o)
				}
			}
			ds := Decide(kept, scenarios, d)
			clear(open)
			for _, sc := range scenarios {
				for _, name := range Open(ds, sc, d) {
					open[Cell{Scenario: sc.Name, Strategy: name}] = true
				}
			}
			for _, x := range ds {
				key := x.Scenario + x.Strategy + x.Against
				if was, ok := decided[key]; ok {
					if diff := gocmp.Diff(was, x, ignoreFunc, cmpopts.EquateNaNs()); diff != "" {
						t.Errorf("decided, and then: %s", diff)
					}
				} else if x.Outcome != Undecided {
					decided[key] = x
				}
			}
		}
		shuffled := slices.Clone(kept)
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if diff := gocmp.Diff(Decide(kept, scenarios, d), Decide(shuffled, scenarios, d), ignoreFunc, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("in another order: %s", diff)
		}
		if len(kept) == len(all) && sd < 0.1 {
			t.Error("nothing ended early")
		}
	}
}

// A look is of the repetitions before it and of no others; it waits for its last repetition, in the scenario or past it in any.
func TestALookIsTakenWhenTheRunIsPastItsRepetitions(t *testing.T) {
	rng := rand.New(rand.NewPCG(49, 50))
	w := world{scenarios: 2, truth: []float64{1, 0.5}, noise: normalNoise(0.02)}
	d := trial.Design{Alpha: 0.05, Threshold: 0.05, Family: 2, Looks: []int{6, 9}}
	all := w.measure(rng, 9)
	for _, c := range []struct {
		name string
		keep func(Observation) bool
		want [2]int // repetitions that the decisions rest on; 0: there is none
	}{
		{"five", func(o Observation) bool { return o.Repetition < 5 }, [2]int{}},
		{"six", func(o Observation) bool { return o.Repetition < 6 }, [2]int{6, 6}},
		{"interrupted in the sixth", func(o Observation) bool { return o.Repetition < 5 || o.Repetition == 5 && o.Scenario == "scenario-0" }, [2]int{6, 0}},
		{"one is lost in the sixth", func(o Observation) bool {
			return o.Repetition < 6 && !(o.Repetition == 5 && o.Strategy == "strategy-1" && o.Scenario == "scenario-1")
		}, [2]int{6, 5}},
		{"the second scenario is lost in the sixth", func(o Observation) bool {
			return o.Repetition < 5 || o.Scenario == "scenario-0" && o.Repetition < 7
		}, [2]int{6, 5}},
		{"all", func(o Observation) bool { return true }, [2]int{6, 6}},
	} {
		var obs []Observation
		for _, o := range all {
			if c.keep(o) {
				obs = append(obs, o)
			}
		}
		for i, x := range Decide(obs, w.asked(), d) {
			if decided := x.Outcome == Different && x.Held > 0 && x.Ratio.Confidence == 0.975; decided != (c.want[i] > 0) || decided && x.Repetitions != c.want[i] {
				t.Errorf("%s: %+v, want a decision by %d", c.name, x, c.want[i])
			}
			if x.Outcome == Undecided && (x.Held != 0 || x.More != 6-x.Repetitions || x.Ratio.Confidence != 0 || !near(x.Ratio.Value, 0.5, 0.05)) {
				t.Errorf("%s: %+v, want what is known, and the repetitions that are left", c.name, x)
			}
		}
	}
}

// Catches: a bar that stays as it was, or that later looks begin anew; one that is passed after a larger p was not.
func TestHolmSharesWhatIsLeft(t *testing.T) {
	ps := []float64{0.003, 0.0001, 0.02, 0.0024, 0.0026}
	var pairs []*pair
	for _, p := range ps {
		pairs = append(pairs, &pair{Decision: Decision{P: p}})
	}
	r := &replay{alpha: 0.0125, family: 6, rejected: 0}
	r.holm(pairs)
	var got []bool
	for _, p := range pairs {
		got = append(got, p.rejected)
	}
	// 0.0125 over 6 is 0.00208, over 5 0.0025, over 4 0.003125, over 3 0.00417, over 2 0.00625.
	if want := []bool{true, true, false, true, true}; !slices.Equal(got, want) || r.rejected != 4 {
		t.Errorf("rejected are %v, want %v", got, want)
	}
	for i, want := range []float64{0.0125 / 3, 0.0125 / 6, 0.0125 / 2, 0.0125 / 5, 0.0125 / 4} {
		if !near(pairs[i].Held, want, 1e-12) {
			t.Errorf("%v was held to %v, want %v", ps[i], pairs[i].Held, want)
		}
	}
	late := &pair{Decision: Decision{P: 0.006}} // 0.0125 over the 2 that are left
	if r.holm([]*pair{{Decision: Decision{P: 0.013}}, late}); !late.rejected || r.rejected != 5 {
		t.Error("at a later look, those that were rejected before do not count")
	}
	first := &pair{Decision: Decision{P: 0.0025}}
	if (&replay{alpha: 0.0125, family: 6}).holm([]*pair{first, {Decision: Decision{P: 0.0022}}}); first.rejected {
		t.Error("a p passes by the bar of a step that was never reached")
	}
}

// Catches: a comparison that is reported as significant with a p that was not.
func TestASignificantPStaysWhatItWas(t *testing.T) {
	rng := rand.New(rand.NewPCG(57, 58))
	w := world{scenarios: 1, truth: []float64{1, 1.04}, noise: normalNoise(0.015)}
	first := trial.Design{Alpha: 0.05, Threshold: 0.05, Family: 1, Looks: []int{6, 9}}
	obs := w.measure(rng, 9)
	six := slices.DeleteFunc(slices.Clone(obs), func(o Observation) bool { return o.Repetition >= 6 })
	early, late := Decide(six, w.asked(), first)[0], Decide(obs, w.asked(), first)[0]
	if early.P > early.Held || early.Outcome != Undecided || late.Repetitions != 9 {
		t.Fatalf("this seed is not significant and near the threshold after six: %+v", early)
	}
	if late.P != early.P || late.Held != early.Held {
		t.Errorf("p was %v of %v, and is %v of %v", early.P, early.Held, late.P, late.Held)
	}
}

func TestHowManyMoreIsMissing(t *testing.T) {
	for _, c := range []struct {
		name   string
		ratio  Estimate
		looks  []int
		family int
		want   int
	}{
		// The half-width is twice the threshold, so that four times the repetitions are needed.
		{"equal, twice too wide", Estimate{Value: 1, Lo: 1 / (1.05 * 1.05), Hi: 1.05 * 1.05, N: 9, Confidence: 0.9875}, []int{9}, 60, 27},
		{"rounded up to a look", Estimate{Value: 1, Lo: 1 / (1.05 * 1.05), Hi: 1.05 * 1.05, N: 9, Confidence: 0.9875}, []int{9, 20, 40}, 60, 31},
		{"at the threshold", Estimate{Value: 1.051, Lo: 0.9, Hi: 1.2, N: 9, Confidence: 0.9875}, []int{9}, 60, 0},
		// z is 1.55 now and has to be that of 0.05/60 in two, 3.34: 9 * (3.34/1.55)^2 is 42.
		{"a fifth, uncertain", Estimate{Value: 1.2, Lo: 1.2 / 1.2592, Hi: 1.2 * 1.2592, N: 9, Confidence: 0.95}, []int{9}, 60, 33},
		{"no interval yet", Estimate{Value: 1.2, Hi: math.Inf(1), N: 4}, []int{4}, 60, 4},
		{"nothing measured", Estimate{Hi: math.Inf(1)}, []int{12}, 60, 12},
		{"a figure of 0 in some", Estimate{Value: 0, Lo: 0, Hi: 1.1, N: 9, Confidence: 0.95}, []int{9}, 60, 0},
	} {
		r := &replay{alpha: 0.05, threshold: math.Log1p(0.05), family: c.family, looks: c.looks}
		p := &pair{contest: &contest{names: []string{"a", "b"}}, Decision: Decision{Strategy: "b", Against: "a", Ratio: c.ratio, Repetitions: c.ratio.N, Held: 1e-9}}
		if got := r.more(p); got < c.want-1 || got > c.want+1 {
			t.Errorf("%s: %d more, want %d", c.name, got, c.want)
		}
	}
}

// In one of four repetitions the baseline is bounded, in one the other, and so on: it is pairs that count.
func TestPairsThatTheDriverDecidedCountTogether(t *testing.T) {
	rng := rand.New(rand.NewPCG(51, 52))
	w := world{scenarios: 1, truth: []float64{1, 1}, noise: normalNoise(0.01)}
	d := trial.Design{Alpha: 0.05, Threshold: 0.05, Family: 1, Looks: []int{8}}
	for _, c := range []struct {
		base, twin, own []int // repetitions in which it was bounded
		want            Outcome
	}{
		{nil, nil, []int{0, 1, 2}, Tied},
		{[]int{0, 1}, nil, []int{0, 1, 2}, Tied},
		{[]int{3}, nil, []int{0, 1, 2}, Unranked},
		{nil, []int{3}, []int{0, 1, 2}, Unranked},
		{[]int{0}, []int{1}, []int{2, 3}, Unranked},
	} {
		obs := w.measure(rng, 8)
		for i := range obs {
			o := &obs[i]
			bounded := c.base
			if o.Twin {
				bounded = c.twin
			} else if o.Strategy == "strategy-1" {
				bounded = c.own
			}
			o.Bounded = slices.Contains(bounded, o.Repetition)
		}
		if got := Decide(obs, w.asked(), d)[0].Outcome; got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// What may still become a difference goes on; what cannot, whatever it shows, ends at once.
func TestWhatTheDriverHidesEndsWhenNothingElseCanCome(t *testing.T) {
	rng := rand.New(rand.NewPCG(53, 54))
	d := trial.Design{Alpha: 0.05, Threshold: 0.05, Family: 1, Looks: []int{6, 12}}
	w := world{scenarios: 1, truth: []float64{1, 0.95}, noise: normalNoise(0.1)}
	all := w.measure(rng, 12)
	for _, c := range []struct {
		base, own    bool
		blurred      bool
		first, whole Outcome
	}{
		{true, true, false, Unranked, Unranked},
		{true, false, false, Undecided, Unranked},
		{false, false, true, Undecided, Unranked},
		{false, false, false, Undecided, Undecided},
	} {
		obs := slices.Clone(all)
		for i := range obs {
			obs[i].Bounded = c.base && obs[i].Strategy == "strategy-0" || c.own && obs[i].Strategy == "strategy-1"
			obs[i].Blurred = c.blurred
		}
		six := slices.DeleteFunc(slices.Clone(obs), func(o Observation) bool { return o.Repetition >= 6 })
		if got := Decide(six, w.asked(), d)[0]; got.Outcome != c.first {
			t.Errorf("%+v: after six it is %v", c, got.Outcome)
		}
		if got := Decide(obs, w.asked(), d)[0]; got.Outcome != c.whole {
			t.Errorf("%+v: at the end it is %v", c, got.Outcome)
		}
	}
}

// Catches: scenarios that ask something else, levels and metrics that do not decide, and a figure that is no figure.
func TestOnlyWhatDecidesIsLookedAt(t *testing.T) {
	rng := rand.New(rand.NewPCG(55, 56))
	w := world{scenarios: 4, truth: []float64{1, 0.5}, noise: normalNoise(0.02)}
	scenarios := w.asked()
	scenarios[1].Question = trial.Size
	scenarios[2].DecidedBy = "no such metric"
	scenarios = append(scenarios, trial.Scenario{Name: "nobody"}, trial.Scenario{Name: "alone", Strategies: []string{"strategy-0"}})
	scenarios[3].DecideAt, scenarios[3].Load.Loop, scenarios[3].Question = 0.5, trial.Open, trial.Compare
	if got := Family(scenarios); got != 3 {
		t.Errorf("the family is %d, want the three that compare", got)
	}
	d := NewDesign(0.1, scenarios, 12)
	obs := w.measure(rng, 12)
	for i := range obs {
		if obs[i].Scenario == "scenario-3" && obs[i].Repetition%2 == 0 {
			obs[i].Fraction = 0.5
		}
	}
	obs = append(obs, Observation{Cell: obs[0].Cell, Repetition: 0, Value: 1e9}, Observation{Cell: obs[1].Cell, Repetition: 13, Value: math.Inf(1)},
		Observation{Cell: obs[2].Cell, Repetition: 13, Value: -1})
	ds := Decide(obs, scenarios, d)
	if len(ds) != 2 || ds[0].Scenario != "scenario-0" || ds[1].Scenario != "scenario-3" || ds[1].Fraction != 0.5 {
		t.Fatalf("%+v", ds)
	}
	if ds[0].Metric.Key != Goodput.Key || ds[1].Metric.Key != ResponseP50.Key {
		t.Errorf("decided by %s and %s", ds[0].Metric.Key, ds[1].Metric.Key)
	}
	if ds[0].Outcome != Different || !near(ds[0].Ratio.Value, 0.5, 0.02) {
		t.Errorf("%+v", ds[0])
	}
	if got := Open(ds, scenarios[1], d); len(got) != 0 {
		t.Errorf("a scenario that does not compare has %v open", got)
	}
}

func TestNothingMeasuredIsUndecided(t *testing.T) {
	w := world{scenarios: 1, truth: []float64{1, 1, 1}, noise: normalNoise(0.02)}
	for _, d := range []trial.Design{NewDesign(0, w.asked(), 12), NewDesign(0, w.asked(), 0), {}} {
		ds := Decide(nil, w.asked(), d)
		for _, x := range ds {
			if x.Outcome != Undecided || x.P != 1 || x.Held != 0 || x.Ratio.N != 0 || (x.More > 0) != (len(d.Looks) > 0) {
				t.Errorf("%+v: %+v", d, x)
			}
		}
		if got := Open(ds, w.asked()[0], d); len(got) != 3 {
			t.Errorf("open are %v", got)
		}
	}
}

// Catches: giving up what the last look would have decided, and measuring to the end what it will not.
func TestWhatTheLastLookWillNotDecideIsGivenUp(t *testing.T) {
	rng := rand.New(rand.NewPCG(61, 62))
	decided, lost, measured, all := 0, 0, 0, 0
	for range 150 {
		w := world{scenarios: 1, truth: []float64{1, []float64{1, 0.98, 1.03, 1.1}[rng.IntN(4)]}, noise: normalNoise(0.02 + 0.13*rng.Float64())}
		scenarios := w.asked()
		d := NewDesign(0, scenarios, 18)
		obs := w.measure(rng, 18)
		ends := 18
		for _, look := range d.Looks {
			before := slices.DeleteFunc(slices.Clone(obs), func(o Observation) bool { return o.Repetition >= look })
			if len(Open(Decide(before, scenarios, d), scenarios[0], d)) == 0 {
				ends = look
				break
			}
		}
		whole := Decide(obs, scenarios, d)[0].Outcome
		part := Decide(slices.DeleteFunc(slices.Clone(obs), func(o Observation) bool { return o.Repetition >= ends }), scenarios, d)[0].Outcome
		if whole != Undecided {
			decided++
			if part == Undecided {
				lost++
			}
		} else {
			measured, all = measured+ends, all+18
		}
	}
	t.Logf("%d of %d decisions are lost, and %d of %d repetitions spared that decide nothing", lost, decided, all-measured, all)
	if exceeds(lost, decided, 0.05) {
		t.Errorf("%d of %d decisions are lost", lost, decided)
	}
	if all-measured < all/5 {
		t.Errorf("only %d of %d repetitions that decide nothing are spared", all-measured, all)
	}
}
