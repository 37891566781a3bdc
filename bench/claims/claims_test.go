package claims

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

var update = flag.Bool("update", false, "write the golden files")

// check compares a claim's verdict and place with what they have to be.
func check(t *testing.T, c Claim, want Verdict, where ...string) {
	t.Helper()
	if c.Verdict != want || !slices.Equal(c.Where, where) && len(c.Where)+len(where) > 0 {
		t.Errorf("%s in %v, and it has to be %s in %v: %s", c.Verdict, c.Where, want, where, c.Sentence)
	}
	if !strings.HasSuffix(c.Sentence, ".") || strings.Contains(c.Sentence, "NaN") || strings.Contains(c.Sentence, "Inf") {
		t.Errorf("sentence: %q", c.Sentence)
	}
}

// Catches: a place taken for another, one of two comparisons left out, a difference below the threshold named, and an open comparison
// taken for equality.
func TestThreadsTakeTimeIfTheyCostMoreThanGoroutinesAndThanWorkers(t *testing.T) {
	for name, c := range map[string]struct {
		scene scene
		want  Verdict
	}{
		"more than both":                  {spawning(40, 60, 40), True},
		"more than both, and reuse saves": {spawning(50, 60, 40), True},
		"more than a goroutine alone":     {spawning(40, 60, 60), Partly},
		"more than a worker alone":        {spawning(60, 60, 40), Partly},
		"all the same":                    {spawning(40, 40, 40), False},
		"less than both":                  {spawning(60, 40, 60), False},
		"more, but below the threshold":   {spawning(40, 40.4, 40), False},
		"at the threshold":                {spawning(40, 42, 40), Undecided},
		"threads have no valid trial":     {spawning(40, 60, 40).changed(spawnThread, invalid), Undecided},
		"too few valid trials":            {spawning(40, 60, 40).changed(spawnPool, after(3)), Undecided},
		"the last trials are not valid":   {spawning(40, 60, 40).changed(spawnThread, after(7)), True},
	} {
		t.Run(name, func(t *testing.T) {
			got := newRecord(runOf(c.scene)).spawn()
			if c.want == Undecided {
				check(t, got, c.want)
			} else {
				check(t, got, c.want, spawnName)
			}
		})
	}
}

// Catches: a cost that is a difference of medians over repetitions that drift, one in wrong units, and an interval that misses the truth.
func TestTheCostOfASpawnIsTheDifferenceWithinRepetitions(t *testing.T) {
	c := newRecord(runOf(spawning(40, 60, 40))).spawn()
	i := slices.IndexFunc(c.Figures, func(f Figure) bool { return f.What == "a thread more than a goroutine: server CPU per session" })
	if i < 0 {
		t.Fatal("no such figure")
	}
	f := c.Figures[i]
	if !(f.Lo < 20e-6 && 20e-6 < f.Hi) || math.Abs(f.Value-20e-6) > 5e-6 || f.N != repetitions || f.Confidence < 0.95 || f.Unit != "s" {
		t.Errorf("%+v, and the truth is 20 µs", f)
	}
	values := paired(
		[]stat.Observation{{Repetition: 0, Value: 7, Cell: stat.Cell{Twin: true}}, {Repetition: 0, Value: 9}, {Repetition: 1, Value: 20}, {Repetition: 1, Value: 99}, {Repetition: 2, Value: 5}},
		[]stat.Observation{{Repetition: 1, Value: 1}, {Repetition: 0, Value: 2}, {Repetition: 0, Value: 4}},
		func(own, against float64) float64 { return own - against })
	if !slices.Equal(values, []float64{6, 19}) {
		t.Errorf("%v", values)
	}
}

// Catches: threads that are blamed for what connections cost, a smallest number that is taken for the cheapest, a sweep out of order, and
// undecided pairs taken for equal.
func TestManyThreadsAreSlowIfTheirCostGrowsMoreThanThatOfGoroutines(t *testing.T) {
	both := func(threads, goroutines []float64) []scene {
		return append(sweeping(threadsPrefix, threads...), sweeping(goroutinesPrefix, goroutines...)...)
	}
	change := func(scenes []scene, i int, f func(*trial.Trial)) []scene {
		scenes[i] = scenes[i].changed(0, f)
		return scenes
	}
	all := []string{"threads-16", "threads-64", "threads-256", "threads-1024"}
	for name, c := range map[string]struct {
		scenes []scene
		want   Verdict
		where  []string
	}{
		"threads alone":                        {both([]float64{8, 8, 10, 14}, []float64{4, 4, 4, 4}), True, all[2:]},
		"threads more than goroutines":         {both([]float64{8, 8, 10, 14}, []float64{4, 4, 4.4, 5}), True, all[2:]},
		"as much as goroutines":                {both([]float64{8, 8, 10, 14}, []float64{4, 4, 5, 7}), Partly, all[2:]},
		"goroutines more":                      {both([]float64{8, 8, 8, 10}, []float64{4, 4, 5, 9}), Partly, all[3:]},
		"the fewest are dear as well":          {both([]float64{14, 8, 10, 14}, []float64{4, 4, 4, 4}), True, all[2:]},
		"only goroutines":                      {both([]float64{8, 8, 8, 8}, []float64{4, 4, 5, 7}), False, all},
		"more are cheaper":                     {both([]float64{8, 7, 6, 5}, []float64{4, 4, 4, 4}), False, all},
		"one number cannot be used":            {change(both([]float64{8, 8, 8, 8}, []float64{4, 4, 4, 4}), 3, invalid), Undecided, nil},
		"and another is worse":                 {change(both([]float64{8, 8, 10, 14}, []float64{4, 4, 4, 4}), 3, invalid), True, all[2:3]},
		"goroutines cannot be used":            {change(both([]float64{8, 8, 10, 14}, []float64{4, 4, 4, 4}), 4, invalid), Undecided, nil},
		"in another order":                     {both([]float64{8, 8, 10, 14}, []float64{4, 4, 4, 4}), True, all[2:]},
		"goroutines at other numbers":          {both([]float64{8, 8, 10, 14}, []float64{4, 4, 5}), Undecided, nil},
		"goroutines at other numbers and flat": {both([]float64{8, 8, 10, 14}, []float64{4, 4, 4}), True, all[2:]},
		"one number alone":                     {both([]float64{8}, []float64{4, 5}), Undecided, nil},
		"no goroutines":                        {sweeping(threadsPrefix, 8, 8, 10, 14), Undecided, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "in another order" {
				slices.Reverse(c.scenes)
			}
			check(t, newRecord(runOf(c.scenes...)).number(), c.want, c.where...)
		})
	}
	c := newRecord(runOf(both([]float64{14, 8, 10, 16}, []float64{4, 4, 4, 4})...)).number()
	if !strings.Contains(c.Sentence, "at 1024 than at 64, from 256 on") {
		t.Errorf("%s", c.Sentence)
	}
	c = newRecord(runOf(both([]float64{8, 8, 14, 10}, []float64{4, 4, 4, 4})...)).number()
	if !strings.Contains(c.Sentence, "at 1024 than at") {
		t.Errorf("the greatest number is not the one that is told: %s", c.Sentence)
	}
}

// Catches: a pool that starves its clients and is praised for its figures, one that is no better than threads, and a comparison that the
// driver decided.
func TestAPoolIsTheCureIfItBeatsThreadsAndKeepsUpWithGoroutines(t *testing.T) {
	// Of thread, goroutine, the pool that is large enough, and two workers.
	cured, two, none := []float64{10e3, 20e3, 20e3, 20e3}, []float64{10e3, 20e3, 20e3, 400}, []float64{20e3, 20e3, 20e3, 400}
	for name, c := range map[string]struct {
		scenes []scene
		want   Verdict
		where  []string
	}{
		"both in both":                           {[]scene{pooling("a", cured...), pooling("b", cured...)}, True, []string{"pool-a", "pool-b"}},
		"one in both":                            {[]scene{pooling("a", two...), pooling("b", two...)}, Partly, []string{"pool-a", "pool-b"}},
		"one in one":                             {[]scene{pooling("a", none...), pooling("b", two...)}, Partly, []string{"pool-b"}},
		"none":                                   {[]scene{pooling("a", none...), pooling("b", none...)}, False, []string{"pool-a", "pool-b"}},
		"less than goroutines":                   {[]scene{pooling("a", 10e3, 20e3, 15e3, 15e3)}, False, []string{"pool-a"}},
		"two workers that starve, and shine":     {[]scene{pooling("a", 10e3, 20e3, 20e3, 30e3).changed(twoWorkers, starved)}, Partly, []string{"pool-a"}},
		"both starve":                            {[]scene{pooling("a", cured...).changed(twoWorkers, starved).changed(sized, starved)}, False, []string{"pool-a"}},
		"two workers have no valid trial":        {[]scene{pooling("a", cured...).changed(twoWorkers, invalid)}, Undecided, nil},
		"and the other is none":                  {[]scene{pooling("a", none...).changed(twoWorkers, invalid)}, Undecided, nil},
		"one yes and one no decide":              {[]scene{pooling("a", cured...).changed(twoWorkers, invalid), pooling("b", two...)}, Partly, []string{"pool-a", "pool-b"}},
		"threads are bounded by the driver":      {[]scene{pooling("a", cured...).changed(eachThread, driverBound)}, Undecided, nil},
		"pools are, and are better all the same": {[]scene{dear(pooling("a", cured...), 1e-5)}, True, []string{"pool-a"}},
		"and cost more than goroutines":          {[]scene{dear(pooling("a", cured...), 2e-5)}, False, []string{"pool-a"}},
		"goroutines have no valid trial":         {[]scene{pooling("a", cured...).changed(eachGoroutine, invalid)}, Undecided, nil},
		"not measured":                           {[]scene{spawning(40, 60, 40)}, Undecided, nil},
	} {
		t.Run(name, func(t *testing.T) {
			check(t, newRecord(runOf(c.scenes...)).pool(), c.want, c.where...)
		})
	}
	c := newRecord(runOf(pooling("a", 10e3, 20e3, 20e3, 30e3).changed(twoWorkers, starved))).pool()
	if !strings.Contains(c.Sentence, "No cure is two workers in pool-a (it left 254 of 256 clients without an answer") {
		t.Errorf("%s", c.Sentence)
	}
}

// Catches: a lower bound that is told as a figure.
func TestFiguresOfTheDriverAreBounds(t *testing.T) {
	c := newRecord(runOf(dear(pooling("a", 10e3, 20e3, 20e3, 20e3), 1e-5))).pool()
	if !strings.Contains(c.Sentence, "at least 2 times") && !strings.Contains(c.Sentence, "at least 1.9") {
		t.Errorf("%s", c.Sentence)
	}
	for _, f := range c.Figures {
		bound := f.Unit == "1/s" && !strings.HasPrefix(f.What, "a thread") || strings.Contains(f.What, "over a thread")
		if bound != (f.Sense == "at least") || bound != strings.HasPrefix(f.Text(), "at least ") {
			t.Errorf("%s: %s", f.What, f.Text())
		}
	}
}

// dear has the driver bound all but threads, and server CPU decide, of which pools need so much.
func dear(s scene, cpu float64) scene {
	s.decided = "server-cpu"
	for place := eachGoroutine; place <= twoWorkers; place++ {
		s = s.changed(place, driverBound)
		if place > eachGoroutine {
			s.served[place].cpu = cpu
		}
	}
	return s
}

// Catches: an error rate that is that of one comparison and not of a claim, or of more looks than one.
func TestStrategiesThatAreTheSameAreSeldomCalledDifferent(t *testing.T) {
	called := 0
	const runs = 60
	for seed := range uint64(runs) {
		run := runOf(append(sweeping(threadsPrefix, 8, 8, 8, 8), sweeping(goroutinesPrefix, 4, 4, 4, 4)...)...)
		shake(run, seed, 0.15)
		if c := newRecord(run).number(); c.Verdict == True || c.Verdict == Partly {
			called++
		}
	}
	if called > 7 { // of 60 at 5 %: more than 7 in under 2 % of all cases
		t.Errorf("a difference in %d of %d runs without any", called, runs)
	}
	run := runOf(spawning(40, 60, 40))
	run.Env.Design.Looks = []int{2, 4, 6, 8}
	if got, want := newRecord(run).design.Alpha, run.Env.Design.Alpha/4; got != want {
		t.Errorf("alpha %v where the run looks four times, and it has to be %v", got, want)
	}
}

// Catches: a family of another size, which would find more by chance, and a comparison that is never looked at because its last repetition is
// not valid.
func TestAllComparisonsOfAClaimAreOneFamily(t *testing.T) {
	of := func(repetitions int, cost float64) []stat.Observation {
		var all []stat.Observation
		for rep := range repetitions {
			all = append(all, stat.Observation{Repetition: rep, Value: cost * (1 + 0.001*float64(rep*rep%5))})
		}
		return all
	}
	r := record{design: trial.Design{Alpha: 0.05, Threshold: 0.05}}
	apart := question{stat.ServerCPU, of(7, 2), of(7, 1)}
	equal := question{stat.ServerCPU, of(8, 1), of(8, 1)}
	ds := r.decide([]question{apart, equal, equal})
	if ds[0].Held != 0.05/3 || ds[0].Outcome != stat.Different || ds[0].Repetitions != 7 || ds[1].Outcome != stat.Tied {
		t.Errorf("%+v", ds)
	}
}

// Catches: panics at records without anything, JSON without numbers or with null, and a run that is changed.
func TestEveryRunHasAllClaimsAndTheSameBytes(t *testing.T) {
	full := whole()
	twice := full // a valid trial that was measured again: the first counts
	again := full.Trials[0]
	again.Seq, again.ServerUsage.CPU = len(full.Trials), 5*again.ServerUsage.CPU
	twice.Trials = append(slices.Clone(full.Trials), again)
	none := full
	none.Trials = nil
	nothing := runOf(spawning(40, 60, 40), pooling("a", 10e3, 20e3, 20e3, 0))
	for i := range nothing.Trials {
		nothing.Trials[i].Counts = trial.Counts{}
	}
	zero := func(t *trial.Trial) { t.Counts = trial.Counts{} }
	threads := runOf(pooling("a", 10e3, 20e3, 20e3, 20e3).changed(eachThread, zero))
	few := runOf(spawning(40, 60, 40).changed(spawnThread, after(3)), pooling("a", 10e3, 20e3, 20e3, 20e3).changed(sized, after(2)))
	for name, run := range map[string]trial.Run{"full": full, "no trials": none, "nothing at all": {}, "no answers": nothing, "none from threads": threads, "few": few, "twice": twice} {
		t.Run(name, func(t *testing.T) {
			before := slices.Clone(run.Trials)
			said := Of(run)
			if len(said.Claims) != 3 {
				t.Fatalf("%d claims", len(said.Claims))
			}
			for _, c := range said.Claims {
				if c.Verdict == "" || c.Statement == "" || c.Sentence == "" || c.Where == nil || c.Figures == nil {
					t.Errorf("%+v", c)
				}
				if name != "full" && name != "twice" {
					check(t, c, c.Verdict, c.Where...)
				}
			}
			b, err := json.Marshal(said)
			if err != nil {
				t.Fatal(err)
			}
			shuffled := run
			shuffled.Trials = slices.Clone(run.Trials)
			slices.Reverse(shuffled.Trials)
			again, err := json.Marshal(Of(shuffled))
			if err != nil || string(again) != string(b) {
				t.Errorf("another order of the same trials says something else (error %v)", err)
			}
			if !cmp.Equal(before, run.Trials, cmp.Comparer(func(a, b trial.Trial) bool { return a.Seq == b.Seq })) {
				t.Error("the run's trials are in another order")
			}
		})
	}
}

func whole() trial.Run {
	scenes := append([]scene{spawning(40, 60, 40)}, sweeping(threadsPrefix, 8, 8, 10, 14)...)
	scenes = append(scenes, sweeping(goroutinesPrefix, 4, 4, 4.4, 5)...)
	return runOf(append(scenes, pooling("exchange", 10e3, 20e3, 20e3, 18e3), pooling("wait", 10e3, 20e3, 20e3, 400).changed(twoWorkers, starved))...)
}

// Catches: any change of what is said or in the JSON that was not meant.
func TestAWholeRunSaysWhatItSaid(t *testing.T) {
	got, err := json.MarshalIndent(Of(whole()), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	path := filepath.Join("testdata", "whole.json")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("(-golden +now), write it with -update:\n%s", diff)
	}
}

// Catches: names of strategies in the rules.
func TestNamesOfStrategiesDoNotMatter(t *testing.T) {
	run := whole()
	rename := strings.NewReplacer("a:", "x:", "b:", "a:", "c:", "b:", "d:", "c:")
	for i, sc := range run.Env.Scenarios {
		run.Env.Scenarios[i].Strategies = slices.Clone(sc.Strategies)
		for j, name := range sc.Strategies {
			run.Env.Scenarios[i].Strategies[j] = rename.Replace(name)
		}
	}
	for i := range run.Trials {
		run.Trials[i].Strategy = rename.Replace(run.Trials[i].Strategy)
	}
	for i, c := range Of(run).Claims {
		if want := Of(whole()).Claims[i]; c.Sentence != want.Sentence || c.Verdict != want.Verdict {
			t.Errorf("%s, and before: %s", c.Sentence, want.Sentence)
		}
	}
}
