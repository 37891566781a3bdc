package verdict

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/trial"
)

// Full names that the tests use. What they are called says what the rules read in them; nothing else does.
const (
	free    = "free:workers=unbounded,queue=0,full=wait,unit=conn"
	bigA    = "a:workers=1000,queue=0,full=wait,unit=conn"
	bigB    = "b:workers=1000,queue=0,full=wait,unit=conn"
	bigC    = "c:workers=1000,queue=0,full=wait,unit=conn"
	small   = "a:workers=64,queue=0,full=wait,unit=conn"
	request = "a:workers=64,queue=0,full=wait,unit=request"
	reject  = "a:workers=64,queue=16,full=reject,unit=conn"
	slow    = "slow:workers=unbounded,queue=0,full=wait,unit=conn"
)

const clients = 1000

// A served is how one strategy does in a scene: its true goodput per second by level of load, and what else is changed in
// its trials.
type served struct {
	name    string
	goodput float64
	at      map[float64]float64 // goodput at a level, where it is another one
	change  func(*trial.Trial)
}

// A scene makes the trials of one scenario.
type scene struct {
	trial.Scenario
	repetitions int
	noise       float64 // standard deviation of a trial's goodput, as a ratio
	served      []served
}

// closed is a scene in closed loop with little noise.
func closed(name string, s ...served) scene {
	return scene{
		Scenario: trial.Scenario{Name: name, Question: trial.Compare, Workload: "echo", DecidedBy: "goodput",
			Load: trial.Load{Loop: trial.Closed, Clients: clients}},
		repetitions: 12, noise: 0.005, served: s,
	}
}

// open is a scene that is decided by goodput at the last of its levels.
func open(name string, levels []float64, s ...served) scene {
	sc := closed(name, s...)
	sc.Load.Loop, sc.Levels, sc.DecideAt = trial.Open, levels, levels[len(levels)-1]
	return sc
}

func runOf(scenes ...scene) trial.Run {
	rng := rand.New(rand.NewPCG(5, 7))
	var run trial.Run
	for _, sc := range scenes {
		for _, s := range sc.served {
			sc.Strategies = append(sc.Strategies, s.name)
		}
		run.Env.Scenarios = append(run.Env.Scenarios, sc.Scenario)
		run.Env.Repetitions = max(run.Env.Repetitions, sc.repetitions)
		levels := sc.Levels
		if sc.Load.Loop == trial.Closed {
			levels = []float64{0}
		}
		for rep := range sc.repetitions {
			for _, level := range levels {
				for i, s := range sc.served {
					run.Trials = append(run.Trials, s.trial(rng, sc, level, rep, false))
					if i == 0 {
						run.Trials = append(run.Trials, s.trial(rng, sc, level, rep, true))
					}
				}
			}
		}
	}
	for i := range run.Trials {
		run.Trials[i].Seq = i
	}
	return run
}

func (s served) trial(rng *rand.Rand, sc scene, level float64, rep int, twin bool) trial.Trial {
	goodput, ok := s.at[level]
	if !ok {
		goodput = s.goodput
	}
	good := int64(goodput * math.Exp(sc.noise*rng.NormFloat64()))
	t := trial.Trial{
		Scenario: sc.Name, Workload: sc.Workload, Measured: "request", Strategy: s.name, Twin: twin, Repetition: rep, Load: sc.Load,
		Window: time.Second, TimeOut: time.Second, Counts: trial.Counts{Intended: good, Sent: good, OK: good, Good: good},
		Clients:     trial.Clients{Total: clients, Served: clients},
		Server:      trial.Process{GOMAXPROCS: 1},
		ServerUsage: trial.Usage{CPU: 950 * time.Millisecond},
	}
	t.Load.Fraction = level
	if s.change != nil {
		s.change(&t)
	}
	return t
}

// died makes a trial of one in which the server ended by itself.
func died(t *trial.Trial) {
	t.Invalid = "the server process has ended"
	t.Findings = []trial.Finding{finding.Ended(errors.New(t.Invalid))}
}

// unserved leaves n clients without anything.
func unserved(n int) func(*trial.Trial) {
	return func(t *trial.Trial) {
		t.Clients = trial.Clients{Total: clients, Served: clients - n, Nothing: n}
	}
}

// lost moves n requests from ok to where change wants them.
func lost(n int64, change func(c *trial.Counts, n int64)) func(*trial.Trial) {
	return func(t *trial.Trial) {
		t.Counts.OK -= n
		change(&t.Counts, n)
	}
}

func rejected(c *trial.Counts, n int64)   { c.Rejected += n }
func timedOut(c *trial.Counts, n int64)   { c.TimedOut += n }
func failed(c *trial.Counts, n int64)     { c.Failed += n }
func unanswered(c *trial.Counts, n int64) { c.Unanswered += n }
func unsent(c *trial.Counts, n int64)     { c.Sent, c.Unsent = c.Sent-n, c.Unsent+n }

func invalid(t *trial.Trial) { t.Invalid = "the machine was disturbed" }

// spoilt is invalid by what disturbed the machine.
func spoilt(t *trial.Trial) {
	t.Invalid, t.Findings = "others used the CPU", []trial.Finding{{Code: finding.MachineDisturbed, Text: "others used the CPU; leave the machine alone", Invalid: true}}
}

func driverBound(t *trial.Trial) {
	t.Findings = append(t.Findings, trial.Finding{Code: finding.DriverBound})
}

func all(changes ...func(*trial.Trial)) func(*trial.Trial) {
	return func(t *trial.Trial) {
		for _, change := range changes {
			change(t)
		}
	}
}

// evidenceOf is what a scene's first strategy shows.
func evidenceOf(t *testing.T, sc scene) evidence {
	t.Helper()
	run := runOf(sc)
	for _, tr := range run.Trials {
		if err := tr.Counts.Check(); err != nil {
			t.Fatal(err)
		}
	}
	qs := questions(run)
	if len(qs) != 1 {
		t.Fatalf("%d questions", len(qs))
	}
	return qs[0].evidence[sc.served[0].name]
}

// codes are those of the reasons.
func codes(rs []Reason) []Code {
	var out []Code
	for _, r := range rs {
		out = append(out, r.Code)
	}
	return out
}

// classes are how often a strategy is in each class of s.
func classes(s Scenario, name string) (n int) {
	count := func(found bool) {
		if found {
			n++
		}
	}
	for _, b := range s.Best {
		count(b == name)
	}
	for _, b := range s.Unranked {
		count(b == name)
	}
	for _, b := range s.Behind {
		count(b.Strategy == name)
	}
	for _, b := range s.Out {
		count(b.Strategy == name)
	}
	for _, b := range s.Undecided {
		count(b.Strategy == name)
	}
	return n
}

func outCodes(s Scenario, name string) []Code {
	i := slices.IndexFunc(s.Out, func(o Out) bool { return o.Strategy == name })
	if i < 0 {
		return nil
	}
	return codes(s.Out[i].Reasons)
}
