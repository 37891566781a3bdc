package claims

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// A served is how one strategy does in a scenario. Names say nothing to the rules.
type served struct {
	cpu     float64 // true server CPU seconds per answer
	goodput float64 // true, per second
	change  func(*trial.Trial)
}

// A scene is one scenario of a synthetic run.
type scene struct {
	name    string
	decided string
	level   float64
	clients int
	served  []served // by place
}

// noise is the standard deviation of a trial's figures, as a ratio. From two hundredths on, eight repetitions do not always show that
// two are equal within the threshold.
const noise = 0.015

const repetitions = 8

func runOf(scenes ...scene) trial.Run {
	random := rand.New(rand.NewPCG(3, 5))
	var run trial.Run
	for _, s := range scenes {
		sc := trial.Scenario{Name: s.name, Question: trial.Compare, Workload: "any", DecidedBy: s.decided, DecideAt: s.level,
			Load: trial.Load{Loop: trial.Closed, Clients: s.clients}}
		if s.level > 0 {
			sc.Load.Loop, sc.Levels = trial.Sessions, []float64{s.level}
		}
		for i := range s.served {
			sc.Strategies = append(sc.Strategies, fmt.Sprintf("%c:workers=1000,queue=0,full=wait,unit=conn", 'a'+i))
		}
		run.Env.Scenarios = append(run.Env.Scenarios, sc)
	}
	run.Env.Repetitions = repetitions
	run.Env.Design = stat.NewDesign(0.05, run.Env.Scenarios, repetitions)
	run.Env.Design.Looks = []int{repetitions} // as of the whole suite, whatever part of it this is
	for rep := range repetitions {
		drift := math.Exp(0.2 * random.NormFloat64()) // the machine's, which all of a repetition share
		for i, s := range scenes {
			sc := run.Env.Scenarios[i]
			for place, one := range s.served {
				for _, twin := range []bool{false, true}[:1+btoi(place == 0)] {
					good := max(1, int64(one.goodput/drift*math.Exp(noise*random.NormFloat64())))
					t := trial.Trial{
						Seq: len(run.Trials), Scenario: sc.Name, Workload: "any", Measured: "request", Strategy: sc.Strategies[place], Twin: twin, Repetition: rep, Load: sc.Load,
						Window: time.Second, TimeOut: time.Second, Counts: trial.Counts{Intended: good, Sent: good, OK: good, Good: good},
						Clients:     trial.Clients{Total: s.clients, Served: s.clients},
						ServerUsage: trial.Usage{CPU: time.Duration(one.cpu * drift * math.Exp(noise*random.NormFloat64()) * float64(good) * 1e9)},
					}
					t.Load.Fraction = s.level
					if one.change != nil {
						one.change(&t)
					}
					run.Trials = append(run.Trials, t)
				}
			}
		}
	}
	return run
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func invalid(t *trial.Trial) { t.Invalid = "the machine was disturbed" }

func driverBound(t *trial.Trial) {
	t.Findings = append(t.Findings, trial.Finding{Code: finding.DriverBound})
}

// starved serves two clients and no other.
func starved(t *trial.Trial) {
	t.Clients.Nothing = t.Clients.Total - 2
	t.Clients.Served = 2
}

// after makes trials from a repetition on invalid.
func after(rep int) func(*trial.Trial) {
	return func(t *trial.Trial) {
		if t.Repetition >= rep {
			invalid(t)
		}
	}
}

// spawning is the scenario spawn with what a session costs with each, in microseconds.
func spawning(goroutine, thread, pool float64) scene {
	s := scene{name: spawnName, decided: "server-cpu", level: 0.5, clients: 64}
	for _, cpu := range []float64{goroutine, thread, pool} {
		s.served = append(s.served, served{cpu: cpu / 1e6, goodput: 5000})
	}
	return s
}

// sweeping are scenarios of 16, 64, 256 and so on clients with what an answer costs, in microseconds.
func sweeping(prefix string, costs ...float64) []scene {
	var all []scene
	n := 16
	for _, cpu := range costs {
		all = append(all, scene{name: fmt.Sprintf("%s%d", prefix, n), decided: "server-cpu", clients: n,
			served: []served{{cpu: cpu / 1e6, goodput: 1e6 / cpu, change: driverBound}}})
		n *= 4
	}
	return all
}

// pooling is a scenario of pools with the goodput of each place.
func pooling(name string, goodput ...float64) scene {
	s := scene{name: poolPrefix + name, decided: "goodput", clients: 256}
	for _, g := range goodput {
		s.served = append(s.served, served{cpu: 1e-5, goodput: g})
	}
	return s
}

// changed is the scene with another change in a place.
func (s scene) changed(place int, change func(*trial.Trial)) scene {
	s.served = slices.Clone(s.served)
	s.served[place].change = change
	return s
}

// shake makes trials noisier, at random by seed.
func shake(run trial.Run, seed uint64, noise float64) {
	random := rand.New(rand.NewPCG(seed, 9))
	for i := range run.Trials {
		u := &run.Trials[i].ServerUsage
		u.CPU = time.Duration(float64(u.CPU) * math.Exp(noise*random.NormFloat64()))
	}
}
