package report

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/report/draw"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// packed has fast times and slow ones. Equal ones are made once, as with lognormal.
func packed(fast int64, at time.Duration, slow int64) trial.Histogram {
	key := fmt.Sprint("packed ", fast, at, slow)
	if h, ok := synthShapes[key]; ok {
		return h
	}
	var dense, h trial.Histogram
	dense.RecordN(at, fast)
	dense.RecordN(time.Second, slow)
	b, err := json.Marshal(dense)
	if err != nil {
		panic(err)
	}
	if err := json.Unmarshal(b, &h); err != nil {
		panic(err)
	}
	synthShapes[key] = h
	return h
}

// one is a trial in which good requests were answered after a time, and slow ones after a second.
func one(sc trial.Scenario, strategy string, repetition int, good, slow int64, after time.Duration) trial.Trial {
	n := good + slow
	t := trial.Trial{
		Schema: trial.Schema, Scenario: sc.Name, Workload: sc.Workload, Measured: "request", Strategy: strategy, Repetition: repetition,
		Load: sc.Load, WarmUp: time.Second, Window: time.Second, TimeOut: 2 * time.Second,
		Counts:      trial.Counts{Intended: n, Sent: n, OK: n, Good: n},
		Clients:     trial.Clients{Total: sc.Load.Clients, Served: sc.Load.Clients, Jain: 1},
		ServerUsage: trial.Usage{CPU: time.Second, PeakRSS: 20 << 20, BaseRSS: 9 << 20},
	}
	t.Latency.Response = packed(good, after, slow)
	t.Latency.Lag = packed(n, 5*time.Microsecond, 0)
	return t
}

// capacityRun searches for what each strategy can do, as fractions of 4000 per second.
func capacityRun(loop trial.Loop, repetitions int, can map[string]float64, names ...string) trial.Run {
	sc := trial.Scenario{Name: "echo-capacity", About: "How much each can do.", Question: trial.Capacity, Workload: "echo", Strategies: names,
		Load: trial.Load{Loop: loop, Clients: 64, Arrivals: trial.Poisson}, Levels: []float64{0.3, 1.2}, Objective: trial.Objective{Quantile: 0.99, Response: 10 * time.Millisecond}}
	run := trial.Run{Env: trial.Env{Scenarios: []trial.Scenario{sc}}}
	rng := rand.New(rand.NewPCG(5, 6))
	for _, name := range names {
		for repetition := range repetitions {
			edge := can[name] * math.Exp(0.05*rng.NormFloat64())
			for {
				fraction, done := stat.Search{Lo: 0.3, Hi: 1.2}.Next(stat.Probes(run.Trials, sc, name, repetition))
				if done {
					break
				}
				sc.Load.Fraction, sc.Load.Rate = fraction, 4000*fraction
				good, slow := int64(sc.Load.Rate), int64(0)
				if fraction > edge {
					good, slow = good/2, good/2
				}
				t := one(sc, name, repetition, good, slow, 2*time.Millisecond)
				if can[name] == 0 {
					t.Clients.Served, t.Clients.Nothing = 2, 62
				}
				t.Seq = len(run.Trials)
				run.Trials = append(run.Trials, t)
			}
		}
	}
	return run
}

// sizeRun sweeps the workers of a pool whose answers wait 5 ms, up to 25,000 per second.
func sizeRun(unit string, noise float64, workers ...int) trial.Run {
	sc := trial.Scenario{Name: "wait-size", About: "How many workers a pool needs.", Question: trial.Size, Workload: "wait", DecidedBy: stat.Goodput.Key,
		Load: trial.Load{Loop: trial.Closed, Clients: 512}}
	for _, n := range workers {
		sc.Strategies = append(sc.Strategies, fmt.Sprintf("channel:workers=%d,queue=0,full=wait,unit=%s", n, unit))
	}
	run := trial.Run{Env: trial.Env{Scenarios: []trial.Scenario{sc}}}
	rng := rand.New(rand.NewPCG(7, 8))
	for repetition := range 10 {
		for i, n := range workers {
			good := int64(min(float64(n)/0.005, 25_000) * math.Exp(noise*rng.NormFloat64()))
			t := one(sc, sc.Strategies[i], repetition, good, 0, time.Duration(512/float64(good)*float64(time.Second)))
			t.Seq, t.ServerUsage.PeakRSS = len(run.Trials), int64(10+n/32)<<20
			if unit == "conn" && n < 512 {
				t.Clients.Served, t.Clients.Nothing = n, 512-n
			}
			run.Trials = append(run.Trials, t)
		}
	}
	return run
}

// Catches: any change of wording, numbers or shape that nobody meant.
func TestGoldenAnswers(t *testing.T) {
	capacity := capacityRun(trial.Open, 8, map[string]float64{"goroutine": 0.8, "other": 0.8, "slow": 0.45, "fast": 9, "two": 0}, "goroutine", "other", "slow", "two")
	bound := capacityRun(trial.Sessions, 8, map[string]float64{"fast": 9, "slow": 0.6}, "fast", "slow")
	text := ""
	for _, run := range []trial.Run{capacity, bound, sizeRun("request", 0.01, 4, 8, 16, 32, 64, 128, 256, 512), sizeRun("conn", 0.01, 2, 64, 512, 1024)} {
		md := string(Markdown(run))
		from, to := strings.Index(md, "**Asked:**"), strings.Index(md, "What became of all")
		if from < 0 || to < from {
			t.Fatalf("no answer in:\n%s", md)
		}
		_, notes, _ := strings.Cut(md, "\n[^1]: ")
		text += md[from:to] + "[^1]: " + notes + "\n"
	}
	golden(t, "answers.md", []byte(text))
}

// Catches: a panic, NaN, Inf or a formatting error in print, for questions that nothing or little answers; a scenario that
// is compared level by level although it asks something else.
func TestNoQuestionBreaksTheReport(t *testing.T) {
	bad := regexp.MustCompile(`NaN|\bInf\b|\+Inf|%!|-1`)
	for name, run := range map[string]trial.Run{
		"one repetition":     capacityRun(trial.Open, 1, map[string]float64{"a": 0.8, "b": 0.5}, "a", "b"),
		"nobody holds":       capacityRun(trial.Open, 8, nil, "a", "b"),
		"everybody holds":    capacityRun(trial.Open, 8, map[string]float64{"a": 5, "b": 5}, "a", "b"),
		"one limit":          sizeRun("request", 0.01, 64),
		"two workers of one": sizeRun("request", 0.01, 1, 2),
		"noise":              sizeRun("request", 0.4, 64, 128, 256),
		"all starve":         sizeRun("conn", 0.01, 2, 64),
	} {
		for change, of := range map[string]func(trial.Run) trial.Run{
			"as it is":    func(r trial.Run) trial.Run { return r },
			"interrupted": func(r trial.Run) trial.Run { r.Trials = r.Trials[:2]; return r },
			"without memory": func(r trial.Run) trial.Run {
				r.Trials = append([]trial.Trial{}, r.Trials...)
				for i := range r.Trials {
					r.Trials[i].ServerUsage = trial.Usage{}
				}
				return r
			},
			"all wrong": func(r trial.Run) trial.Run {
				r.Trials = append([]trial.Trial{}, r.Trials...)
				for i := range r.Trials {
					r.Trials[i].Counts.Good, r.Trials[i].Counts.OK = 0, 0
				}
				return r
			},
			"a metric that does not exist": func(r trial.Run) trial.Run {
				r.Env.Scenarios = append([]trial.Scenario{}, r.Env.Scenarios...)
				r.Env.Scenarios[0].DecidedBy = "beauty"
				return r
			},
			"by time": func(r trial.Run) trial.Run {
				r.Env.Scenarios = append([]trial.Scenario{}, r.Env.Scenarios...)
				r.Env.Scenarios[0].DecidedBy = "response-p50"
				return r
			},
			"no strategy, no level": func(r trial.Run) trial.Run {
				r.Env.Scenarios = append([]trial.Scenario{}, r.Env.Scenarios...)
				r.Env.Scenarios[0].Strategies, r.Env.Scenarios[0].Levels = nil, nil
				return r
			},
		} {
			text := string(Markdown(of(run)))
			if change == "as it is" {
				set := draw.NewTypesetter()
				for _, f := range newView(run).figures(set) {
					if _, err := f.SVG(set); err != nil {
						t.Errorf("%s: %s.svg: %v", name, f.Name, err)
					}
				}
			}
			_, section, _ := strings.Cut(text, "\n## ")
			if m := bad.FindString(strings.ReplaceAll(section, "-1)", "")); m != "" {
				t.Errorf("%s, %s: report.md says %q", name, change, m)
			}
			if strings.Contains(text, "\n### ") {
				t.Errorf("%s, %s: levels are shown one by one", name, change)
			}
		}
	}
}
