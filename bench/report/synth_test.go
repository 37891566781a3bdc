package report

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/trial"
)

// A synth makes plausible trials: a control where all strategies are the same, one that costs more, one that serves
// two clients and starves the rest, one that refuses. In the closed loop of echo the driver is the bottleneck for those
// that are fast, and the higher loads of its open loop are above half of the driver's ceiling. The same synth makes the
// same trials.
type synth struct {
	strategies  int // 2 to 12; the first is the baseline
	repetitions int
	noTwin      bool
	noOpen      bool
	idle        bool      // the driver is never the bottleneck, and its ceiling is not known
	levels      []float64 // default two
	mutate      func(*trial.Trial)
}

// synthNames: long limits, two of a kind in one scenario, and more kinds than poolbench ships with.
var synthNames = []string{
	"goroutine", "tutorial:workers=2,queue=unbounded,full=wait,unit=conn", "thread",
	"ants:workers=64,queue=0,full=wait,unit=conn", "channel:workers=64,queue=0,full=wait,unit=conn",
	"pond:workers=64,queue=0,full=wait,unit=conn", "ants:workers=64,queue=0,full=wait,unit=request",
	"pond-v1:workers=64,queue=0,full=wait,unit=conn", "channel:workers=16,queue=0,full=reject,unit=conn",
	"semaphore:workers=64", "gnet:loops=2", "reuseport:listeners=4",
}

type synthScenario struct {
	name, workload, measured string
	loop                     trial.Loop
	capacity                 float64
	service                  time.Duration
}

var synthScenarios = []synthScenario{
	{"exchange", "exchange", "session", trial.Closed, 6200, 900 * time.Microsecond},
	{"echo", "echo", "request", trial.Closed, 118e3, 480 * time.Microsecond},
	{"wait", "wait", "request", trial.Closed, 11.8e3, 5300 * time.Microsecond},
	{"cpu", "cpu", "request", trial.Closed, 4600, 13 * time.Millisecond},
	{"echo-open", "echo", "request", trial.Open, 96e3, 90 * time.Microsecond},
	{"wait-open", "wait", "request", trial.Open, 11e3, 5200 * time.Microsecond},
}

const (
	synthClients = 64
	synthCeiling = 150e3 // what the driver can do, per second
)

func (s synth) run() trial.Run {
	rng := rand.New(rand.NewPCG(7, 11))
	if s.levels == nil {
		s.levels = []float64{0.5, 0.9}
	}
	started := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
	run := trial.Run{Env: trial.Env{
		Schema: trial.Schema, Program: "github.com/poolbench/poolbench", Version: "v0.1.0",
		Commit: "78079b6c0ffee00000000000000000000000abcd", Command: []string{"poolbench", "run", "--suite", "quick"}, Seed: 1,
		Platform: trial.Platform{GoVersion: "go1.26.8", GOOS: "linux", GOARCH: "amd64", Kernel: "6.18.0", CPUModel: "AMD EPYC 9R14", CPUs: 2,
			Memory: 8 << 30, Clocksource: "kvm-clock", OpenFiles: trial.Limit{Soft: 20000, Hard: 20000},
			Sysctls: map[string]string{"net.core.somaxconn": "4096", "net.ipv4.tcp_max_syn_backlog": "512"}},
		Server: trial.Side{GOMAXPROCS: 1, CPUs: []int{0}}, Driver: trial.Side{GOMAXPROCS: 1, CPUs: []int{1}},
		Started: started, Finished: started.Add(4*time.Minute + 12*time.Second),
	}}
	shapes := synthShapes
	add := func(t trial.Trial) {
		if !s.idle {
			judge(&t)
		}
		run.Trials = append(run.Trials, t)
	}
	if !s.noOpen && !s.idle {
		ceiling := synthScenarios[1]
		ceiling.name, ceiling.capacity = fmt.Sprintf("ceiling of the driver (%d clients)", synthClients), synthCeiling
		for rep := range 3 {
			t := synthTrial(rand.New(rand.NewPCG(3, uint64(rep))), shapes, ceiling, 0, trial.NullServer, rep, false)
			t.Calibrates = true
			add(t)
		}
	}
	for _, sc := range synthScenarios {
		run.Env.Scenarios = append(run.Env.Scenarios, trial.Scenario{Name: sc.name, About: "What " + sc.name + " decides."})
		if !s.noOpen && sc.loop != trial.Closed {
			capacity := sc
			capacity.name, capacity.loop = "capacity of "+sc.workload+" (goroutine, 64 clients)", trial.Closed
			for rep := range 3 {
				t := synthTrial(rng, shapes, capacity, 0, synthNames[0], rep, false)
				t.Calibrates = true
				add(t)
			}
		}
	}
	for rep := range s.repetitions {
		for _, sc := range synthScenarios {
			if s.noOpen && sc.loop != trial.Closed {
				continue
			}
			levels := s.levels
			if sc.loop == trial.Closed {
				levels = []float64{0}
			}
			for _, fraction := range levels {
				for i, name := range synthNames[:s.strategies] {
					add(synthTrial(rng, shapes, sc, fraction, name, rep, false))
					if i == 0 && !s.noTwin {
						add(synthTrial(rng, shapes, sc, fraction, name, rep, true))
					}
				}
			}
		}
	}
	for i := range run.Trials {
		run.Trials[i].Seq = i
		run.Trials[i].Started = started.Add(time.Duration(i) * time.Second)
		if s.mutate != nil {
			s.mutate(&run.Trials[i])
		}
	}
	run.Env.Planned = len(run.Trials)
	return run
}

// judge says of a trial what package finding says of one like it.
func judge(t *trial.Trial) {
	note := func(code, text string) { t.Findings = append(t.Findings, trial.Finding{Code: code, Text: text}) }
	if t.Load.Rate > 0 {
		t.Load.Ceiling = t.Load.Rate / synthCeiling
	}
	switch {
	case t.Load.Loop == trial.Closed && float64(t.Counts.Good)/t.Window.Seconds() > 0.6*synthCeiling:
		note(finding.DriverBound, "the driver was busy for 97 % of its time, so the throughput is a lower bound of the server's and is not ranked; compare in an open loop")
	case t.Load.Ceiling > 0.5:
		note(finding.AboveHalfCeiling, fmt.Sprintf("the offered rate is %s of what the driver itself can do, so equality of servers is not judged at it; lower the rate", percent(t.Load.Ceiling)))
	}
}

// synthShapes keeps what lognormal and packed have made, over all tests: making histograms is most of their time.
var synthShapes = map[string]trial.Histogram{}

// synthTrial: counts, clients and histograms add up as trial.Check wants them.
func synthTrial(rng *rand.Rand, shapes map[string]trial.Histogram, sc synthScenario, fraction float64, name string, rep int, twin bool) trial.Trial {
	const window, timeOut = time.Second, time.Second
	speed, served, refused := 1.0, synthClients, 0
	switch kind := trial.Kind(name); {
	case kind == "thread":
		speed = 0.42
	case kind == "tutorial" && sc.measured == "request":
		served, speed = 2, 0.05
	case kind == "tutorial":
		speed = 0.4
	case strings.Contains(name, "reject") && sc.measured == "request":
		served, refused = 16, 44
		speed = 0.8
	}
	noise := math.Exp(0.02 * rng.NormFloat64())
	capacity := sc.capacity * speed
	rate := capacity * noise
	load := trial.Load{Loop: sc.loop, Clients: synthClients}
	intended := int64(rate * window.Seconds())
	if sc.loop == trial.Open {
		load.Rate, load.Fraction, load.Arrivals = sc.capacity*fraction, fraction, trial.Poisson
		intended = int64(load.Rate * window.Seconds())
		rate = min(load.Rate*float64(served)/synthClients, capacity)
	}
	good := min(int64(rate*window.Seconds()), intended)
	c := trial.Counts{OK: good, Good: good}
	nothing := synthClients - served - refused
	c.Rejected = int64(refused) * 10
	if sc.loop == trial.Open {
		c.Unsent = max(intended-good-c.Rejected, 0)
	} else {
		c.Unanswered = int64(nothing)
	}
	c.Sent = c.OK + c.Rejected + c.Unanswered
	c.Intended = c.Sent + c.Unsent

	clients := trial.Clients{Total: synthClients, Served: served, Refused: refused, Nothing: nothing, Good: make([]int64, synthClients)}
	for i := range served {
		clients.Good[i] = good / int64(served)
	}
	clients.Good[0] += good - good/int64(served)*int64(served)
	clients.Jain = float64(served) / synthClients

	// Near its capacity a server's queue grows.
	service := time.Duration(float64(sc.service) / speed)
	if sc.loop == trial.Open {
		service = time.Duration(float64(sc.service) * (1 + 0.4*fraction/(1.02-fraction)) / math.Sqrt(speed))
	}
	if served < synthClients {
		service /= 8
	}
	t := trial.Trial{
		Schema: trial.Schema, Scenario: sc.name, Workload: sc.workload, Measured: sc.measured, Strategy: name, Twin: twin, Repetition: rep,
		Load: load, WarmUp: 250 * time.Millisecond, Window: window, TimeOut: timeOut, Counts: c, Clients: clients,
		Server:      trial.Process{Name: name, PID: 100 + rep, GoVersion: "go1.26.8", GOMAXPROCS: 1, CPUs: []int{0}},
		Driver:      trial.Process{Name: "epoll", PID: 99, GoVersion: "go1.26.8", GOMAXPROCS: 1, CPUs: []int{1}},
		Driving:     trial.Driving{Shards: 1, Idle: window / 10, Spun: window / 20},
		ServerUsage: trial.Usage{CPU: time.Duration(0.9 * float64(window) * noise), PeakRSS: 20 << 20, BaseRSS: 10 << 20},
	}
	t.Latency.Service = lognormal(shapes, service, 0.35, c.OK, 0)
	t.Latency.Response = lognormal(shapes, service+service/20, 0.4, c.OK, c.Unanswered+c.Unsent)
	t.Latency.Lag = lognormal(shapes, 12*time.Microsecond, 0.9, c.Sent, 0)
	t.Latency.Wait = lognormal(shapes, 2*time.Microsecond, 0.3, c.Sent, 0)
	return t
}

// lognormal has n durations, and more at the time-out of one second. Equal ones are made once: a dense histogram takes
// 30 kB, so they are packed by a round trip.
func lognormal(made map[string]trial.Histogram, median time.Duration, sigma float64, n, more int64) trial.Histogram {
	key := fmt.Sprint(median, sigma, n, more)
	if h, ok := made[key]; ok {
		return h
	}
	var dense, packed trial.Histogram
	left := n
	const steps = 60
	for i := range steps {
		z := -3 + 7*float64(i)/(steps-1)
		share := int64(math.Round(float64(n) * 7 / (steps - 1) * math.Exp(-z*z/2) / math.Sqrt(2*math.Pi)))
		if i == steps-1 {
			share = left
		}
		share = min(share, left)
		dense.RecordN(time.Duration(float64(median)*math.Exp(sigma*z)), share)
		left -= share
	}
	dense.RecordN(time.Second, more)
	b, err := json.Marshal(dense)
	if err != nil {
		panic(err)
	}
	if err := json.Unmarshal(b, &packed); err != nil {
		panic(err)
	}
	made[key] = packed
	return packed
}

func TestSyntheticTrialsAddUp(t *testing.T) {
	for _, tr := range (synth{strategies: 12, repetitions: 1}).run().Trials {
		if err := tr.Check(); err != nil {
			t.Fatalf("%s %s: %v", tr.Scenario, tr.Strategy, err)
		}
	}
}
