package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// everyFigure is a run of n strategies that has data for every kind of figure: beside what synth makes, a load that changes and one
// beyond the capacity, both with response times by when requests were due, 1,000 clients, a limit that is looked for, and
// capacities that are searched.
func everyFigure(n, repetitions int) trial.Run {
	run := synth{strategies: n, repetitions: repetitions}.run()
	rng := rand.New(rand.NewPCG(17, 19))
	names := synthNames[:n]
	add := func(sc synthScenario, fraction float64, change func(t *trial.Trial, rep int)) {
		for rep := range repetitions {
			for i, name := range names {
				for _, twin := range []bool{false, true} {
					if twin && i > 0 {
						continue
					}
					t := synthTrial(rng, synthShapes, sc, fraction, name, rep, twin)
					change(&t, rep)
					run.Trials = append(run.Trials, t)
				}
			}
		}
	}
	describe := func(sc trial.Scenario) {
		sc.Strategies = names
		run.Env.Scenarios = append(run.Env.Scenarios, sc)
	}

	crowd := synthScenario{"crowd", "echo", "request", trial.Closed, 90e3, 9 * time.Millisecond}
	describe(trial.Scenario{Name: "crowd", About: "Many clients.", Workload: "echo", Load: trial.Load{Loop: trial.Closed, Clients: 1000}, DecidedBy: stat.Memory.Key})
	add(crowd, 0, func(t *trial.Trial, rep int) {
		missing := 1000 - synthClients
		t.Load.Clients, t.Clients.Total = 1000, 1000
		if t.Clients.Served == synthClients {
			t.Clients.Served = 1000
		} else {
			t.Clients.Nothing += missing
		}
		more := make([]int64, missing)
		for i := range more {
			if t.Clients.Served == 1000 {
				more[i] = 10 + int64(i%7)
			}
		}
		t.Clients.Good = append(t.Clients.Good, more...)
		t.ServerUsage.PeakRSS = t.ServerUsage.BaseRSS + int64(float64(10+7*len(t.Strategy))*(1<<20)*(1+0.02*rng.Float64()))
	})

	burst := synthScenario{"burst", "wait", "session", trial.Sessions, 800, 20 * time.Millisecond}
	profile := trial.Burst(8, 300*time.Millisecond, 300*time.Millisecond)
	describe(trial.Scenario{Name: "burst", About: "Eight times the rate for a while.", Workload: "wait", DecidedBy: stat.RecoveryTime.Key,
		Load: trial.Load{Loop: trial.Sessions, Clients: 256, Arrivals: trial.Poisson, Profile: profile}, Levels: []float64{0.5}, DecideAt: 0.5})
	add(burst, 0.5, func(t *trial.Trial, rep int) {
		t.Load.Loop, t.Load.Profile, t.Load.Fraction, t.Load.Rate = trial.Sessions, profile, 0.5, 400
		t.Series = series(*t, rng, func(at time.Duration) (share float64, median time.Duration) {
			back := 600*time.Millisecond + time.Duration(len(t.Strategy)%9)*50*time.Millisecond
			if at > 300*time.Millisecond && at < back {
				return 1, 700 * time.Millisecond
			}
			return 0.1, 20 * time.Millisecond
		})
	})

	overload := synthScenario{"overload", "wait", "request", trial.Open, 11e3, 5 * time.Millisecond}
	describe(trial.Scenario{Name: "overload", About: "More than can be done.", Workload: "wait", DecidedBy: stat.Goodput.Key, DecideAt: 1.4, Levels: []float64{0.5, 1.4},
		Load: trial.Load{Loop: trial.Open, Clients: synthClients, Arrivals: trial.Poisson}, Objective: trial.Objective{Quantile: 0.99, Response: 100 * time.Millisecond}})
	for _, fraction := range []float64{0.5, 1.4} {
		add(overload, min(fraction, 1), func(t *trial.Trial, rep int) {
			t.Load.Rate *= fraction / min(fraction, 1)
			t.Load.Fraction = fraction
			if fraction > 1 {
				t.Counts.Intended = int64(t.Load.Rate)
				t.Counts.Unsent = t.Counts.Intended - t.Counts.Sent
				t.Series = series(*t, rng, func(at time.Duration) (float64, time.Duration) {
					return 1, time.Duration(float64(len(t.Strategy)%5+1) * 60 * math.Exp(2*at.Seconds()) * float64(time.Millisecond))
				})
			}
		})
	}

	for _, more := range []trial.Run{sizeRun("request", 0.02, 8, 16, 32, 64, 128, 256), capacityRun(trial.Open, repetitions, capable(names), names...)} {
		run.Trials = append(run.Trials, more.Trials...)
		run.Env.Scenarios = append(run.Env.Scenarios, more.Env.Scenarios...)
	}
	for i := range run.Trials {
		run.Trials[i].Seq = i
	}
	run.Env.Planned = len(run.Trials)
	return run
}

// capable is what each can do, over what is called the capacity.
func capable(names []string) map[string]float64 {
	can := map[string]float64{}
	for i, name := range names {
		can[name] = 1.1 - 0.06*float64(i)
	}
	return can
}

// series is what a trial's window was like, by when requests were due: how many there were, relative to the most, and their
// median response time.
func series(t trial.Trial, rng *rand.Rand, of func(at time.Duration) (share float64, median time.Duration)) trial.Series {
	slice, n := trial.Slicing(t.Window)
	s := trial.Series{Slice: slice}
	for i := range n {
		share, median := of(slice * time.Duration(i))
		due := int64(60 * share)
		counts := make([]int64, trial.Buckets)
		var ok, total int64
		for range due {
			d := min(time.Duration(float64(median)*math.Exp(0.5*rng.NormFloat64())), t.TimeOut)
			counts[trial.Bucket(d)]++
			total += int64(d)
			if d < t.TimeOut {
				ok++
			}
		}
		s.Due, s.OK, s.Good, s.Timed = append(s.Due, due), append(s.OK, ok), append(s.Good, ok), append(s.Timed, due)
		s.Response = append(s.Response, time.Duration(total/max(due, 1)))
		s.Spread = append(s.Spread, trial.Pack(counts))
	}
	return s
}

// longNames is a run of 17 strategies with all their limits in their names, over 14 scenarios: as large a grid as a suite makes.
func longNames() trial.Run {
	var run trial.Run
	scenarios := []string{"echo", "exchange", "deep", "alloc", "cpu", "wait", "wait-size", "crowd", "slow", "idle", "overload", "burst", "drain", "wait-capacity"}
	for i, name := range scenarios {
		sc := trial.Scenario{Name: name, Workload: "echo", Load: trial.Load{Loop: trial.Closed, Clients: 64}, Question: trial.Compare, DecidedBy: stat.ServerCPU.Key}
		for k := range 17 {
			strategy := fmt.Sprintf("%s:workers=%d,queue=0,full=wait,unit=request", []string{"channel", "ants", "workerpool"}[k%3], 64<<(k/3))
			sc.Strategies = append(sc.Strategies, strategy)
			if (i+k)%3 == 1 {
				continue
			}
			for rep := range 3 {
				t := one(sc, strategy, rep, int64(1000+k*10+rep), 0, 3*time.Millisecond)
				t.ServerUsage.CPU *= time.Duration(1 + k%4)
				run.Trials = append(run.Trials, t)
			}
		}
		run.Env.Scenarios = append(run.Env.Scenarios, sc)
	}
	return run
}
