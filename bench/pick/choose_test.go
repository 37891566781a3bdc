package pick_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolbench/poolbench/bench/pick"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/verdict"
	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/all"
)

// The candidates of the runs that the tests make: 1000 connections, 10,000 answers per second that hold a worker for 10 ms.
const (
	free    = "goroutine:workers=unbounded,queue=0,full=wait,unit=conn"
	big     = "channel:workers=1095,queue=0,full=wait,unit=conn"
	request = "channel:workers=130,queue=0,full=wait,unit=request"
	reject  = "channel:workers=260,queue=0,full=reject,unit=request"
)

const capacity = 20_000

var situation = pick.Situation{
	Connections: 1000, Workload: "wait:hold=10ms", Hold: 10 * time.Millisecond,
	Objective: trial.Objective{Quantile: 0.99, Response: 20 * time.Millisecond}, Budget: time.Minute, CPUs: 1,
}

// does is how a candidate does at one level; the zero value does well.
type does struct {
	cpu      float64       // over the usual CPU time of an answer; 0: 1
	response time.Duration // of all its answers; 0: 12 ms
	goodput  float64       // of what is offered; 0: 1
	change   func(*trial.Trial)
}

// A world makes the run of a suite with three scenarios.
type world struct {
	choice, beyond map[string]does
	absent         string // who is not measured beyond
	sizes          []int
	enough         int     // workers from which on all is well
	repetitions    int     // 0: 12
	short          float64 // the sizes are asked so many times less than the others; 0: 1
	noise          float64
}

func (w world) run() trial.Run {
	rng := rand.New(rand.NewPCG(3, 1))
	var run trial.Run
	add := func(sc trial.Scenario, name string, level float64, rep int, twin bool, d does) {
		or := func(v, usual float64) float64 {
			if v == 0 {
				return usual
			}
			return v
		}
		intended := int64(level * capacity)
		good := int64(float64(intended) * or(d.goodput, 1))
		response := d.response
		if response == 0 {
			response = 12 * time.Millisecond
		}
		t := trial.Trial{
			Seq: len(run.Trials), Scenario: sc.Name, Workload: situation.Workload, Measured: "request", Strategy: name, Twin: twin, Repetition: rep, Load: sc.Load,
			Window: time.Second, TimeOut: time.Second, Counts: trial.Counts{Intended: intended, Sent: intended, OK: good, Unanswered: intended - good, Good: good},
			Clients: trial.Clients{Total: situation.Connections, Served: situation.Connections}, Server: trial.Process{GOMAXPROCS: 1},
			ServerUsage: trial.Usage{CPU: time.Duration(float64(good) * or(d.cpu, 1) * math.Exp(w.noise*rng.NormFloat64()) * 20_000)},
		}
		t.Load.Fraction, t.Load.Rate = level, level*capacity
		for range intended {
			t.Latency.Response.Record(time.Duration(float64(response) * math.Exp(0.01*rng.NormFloat64())))
		}
		if d.change != nil {
			d.change(&t)
		}
		run.Trials = append(run.Trials, t)
	}
	load := trial.Load{Loop: trial.Open, Clients: situation.Connections}
	names := []string{free, big, request, reject}
	choice := trial.Scenario{Name: "choice", Question: trial.Compare, Workload: situation.Workload, Strategies: names, Load: load, Levels: []float64{0.5}, DecideAt: 0.5,
		DecidedBy: "server-cpu", Objective: situation.Objective}
	beyond := trial.Scenario{Name: "beyond", Question: trial.Compare, Workload: situation.Workload, Strategies: slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == w.absent }), Load: load, Levels: []float64{0.9, 1.4}, DecideAt: 1.4, DecidedBy: "goodput"}
	size := trial.Scenario{Name: "size", Question: trial.Size, Workload: situation.Workload, Load: load, Levels: []float64{0.5}, DecideAt: 0.5, DecidedBy: "response-p50"}
	repetitions := w.repetitions
	if repetitions == 0 {
		repetitions = 12
	}
	for rep := range repetitions {
		for i, name := range names {
			add(choice, name, 0.5, rep, false, w.choice[name])
			if i == 0 {
				add(choice, name, 0.5, rep, true, w.choice[name])
			}
			if w.beyond != nil && rep < 3 && name != w.absent {
				add(beyond, name, 0.9, rep, false, does{})
				add(beyond, name, 1.4, rep, false, w.beyond[name])
			}
		}
		for _, n := range w.sizes {
			spec, _ := strategies.ParseSpec(request)
			spec.Limits.Workers = n
			d := does{}
			if n < w.enough {
				d = does{response: 500 * time.Millisecond, goodput: 0.5}
			}
			if rep == 0 {
				size.Strategies = append(size.Strategies, spec.String())
			}
			add(size, spec.String(), 0.5, rep, false, d)
			if w.short > 0 {
				run.Trials[len(run.Trials)-1].Load.Rate /= w.short
			}
		}
	}
	run.Env.Scenarios = []trial.Scenario{choice}
	if w.sizes != nil {
		run.Env.Scenarios = append(run.Env.Scenarios, size)
	}
	if w.beyond != nil {
		run.Env.Scenarios = append(run.Env.Scenarios, beyond)
	}
	run.Env.Repetitions = repetitions
	run.Env.Design = stat.NewDesign(0, run.Env.Scenarios, repetitions)
	return run
}

func choose(t *testing.T, w world) pick.Choice {
	t.Helper()
	run := w.run()
	c, err := situation.Choose(run, verdict.Of(run), all.Kinds())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var again pick.Choice
	if err := json.Unmarshal(text, &again); err != nil || strings.Contains(strings.ReplaceAll(string(text), `"limit":null`, ""), "null") {
		t.Errorf("%v: %s", err, text)
	}
	if d := cmp.Diff(c, again); d != "" {
		t.Errorf("JSON loses something: %s", d)
	}
	return c
}

func says(t *testing.T, c pick.Choice, want ...string) {
	t.Helper()
	text := c.Sentence + "\n" + strings.Join(slices.Concat(c.Why, c.Changes), "\n")
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("does not say %q:\n%s", w, text)
		}
	}
}

var noise = 0.004

func TestOfThoseThatAreTiedTheSimplestIsTaken(t *testing.T) {
	c := choose(t, world{noise: noise})
	if c.Outcome != pick.Chosen || c.Take != free || len(c.AsGood) != 3 || c.Limit != nil {
		t.Errorf("%s: %s, as good: %v, limit %+v", c.Outcome, c.Take, c.AsGood, c.Limit)
	}
	says(t, c, "Take goroutine (no limit, unit=conn): at 10,000 per second (50 % of the capacity) it serves all 1,000 connections", "which keeps p99=20ms")
	if c.Code != `strategies.PerConn("goroutine", strategies.Goroutine().New, strategies.Limits{Workers: strategies.Unbounded})` || len(c.Imports) != 1 {
		t.Errorf("%v: %s", c.Imports, c.Code)
	}
}

// Catches: connections that nobody asked anything, and that are said to be served.
func TestOnlyWhoWasAskedIsSaidToBeServed(t *testing.T) {
	for name, c := range map[string]struct {
		total, served, last int // last: wanted something in the last repetition
		want                string
	}{
		"all":                   {1000, 1000, 1000, "it serves all 1,000 connections,"},
		"few asked":             {100, 100, 100, "it serves all 100 connections that were used within a window, of 1,000 in all,"},
		"fewest asked":          {100, 100, 90, "it serves all 90 connections that were used within a window, of 1,000 in all,"},
		"one of the few missed": {100, 99, 99, "it serves 99 of 100 connections that were used within a window, of 1,000 in all,"},
	} {
		t.Run(name, func(t *testing.T) {
			few := does{change: func(x *trial.Trial) {
				x.Clients = trial.Clients{Total: c.last, Served: c.last}
				if x.Repetition < 11 {
					x.Clients = trial.Clients{Total: c.total, Served: c.total}
				}
				if x.Repetition == 5 {
					x.Clients.Served = c.served
				}
			}}
			got := choose(t, world{choice: map[string]does{free: few, big: few, request: few, reject: few}})
			says(t, got, c.want)
		})
	}
}

// Catches: a limit that is taken as measured, without headroom, too small for the rate, or for the connections.
func TestTheLimitIsTheSmallestThatIsEnoughWithHeadroom(t *testing.T) {
	slow := does{cpu: 1.5}
	c := choose(t, world{noise: noise, choice: map[string]does{free: slow, big: slow, reject: slow}, sizes: []int{50, 100, 200, 400, 1000}, enough: 100})
	if want := "channel:workers=130,queue=0,full=wait,unit=request"; c.Take != want || c.Limit == nil || c.Limit.Enough != 100 || !c.Limit.Sure {
		t.Errorf("%s, %+v; want %s", c.Take, c.Limit, want)
	}
	c = choose(t, world{noise: noise, choice: map[string]does{free: slow, big: slow, reject: slow}, sizes: []int{50, 100, 200, 400, 1000}, enough: 200})
	if want := "channel:workers=243,queue=0,full=wait,unit=request"; c.Take != want || c.Measured != request || !strings.Contains(c.Code, "Workers: 243") {
		t.Errorf("%s (measured %s), want %s; %s", c.Take, c.Measured, want, c.Code)
	}
	says(t, c, "200 are enough", "Little's law asks for 100")
	c = choose(t, world{noise: noise, choice: map[string]does{free: slow, big: slow, reject: slow}, sizes: []int{50, 100, 1000}, enough: 1000})
	c2 := choose(t, world{noise: noise, choice: map[string]does{free: slow, big: slow, reject: slow}, sizes: []int{50, 100, 200, 1000}, enough: 100, short: 1.2})
	if c2.Limit.Enough != 120 || c2.Limit.Workers != pick.Spare(120) {
		t.Errorf("100 are enough for a rate that is 1.2 times less, and %+v is taken", c2.Limit)
	}
	if c.Limit.Workers != situation.Connections {
		t.Errorf("%d workers for %d connections", c.Limit.Workers, situation.Connections)
	}
	c = choose(t, world{noise: noise, choice: map[string]does{free: slow, request: slow, reject: slow}})
	if c.Take != big || c.Limit.Enough != 1000 || c.Limit.Workers != 1095 {
		t.Errorf("%s, %+v: want the connections and 3·√1000 more", c.Take, c.Limit)
	}
	c = choose(t, world{noise: noise, choice: map[string]does{free: slow, big: slow, request: slow}, sizes: []int{50, 100}, enough: 50})
	if c.Take != reject {
		t.Errorf("the sweep of full=wait has changed full=reject: %s", c.Take)
	}
}

func starves(t *trial.Trial) {
	n := 300 - 10*t.Repetition // not in all trials alike
	t.Clients.Served -= n
	t.Clients.Nothing = n
}

// Catches: percentiles that hide who was not served; the lesser evil taken from those that starve.
func TestWhoNeverServedAConnectionIsNeverTaken(t *testing.T) {
	fast := does{cpu: 0.5, response: time.Millisecond, change: starves}
	c := choose(t, world{noise: noise, choice: map[string]does{free: fast}})
	if c.Measured != big || slices.Contains(c.AsGood, free) || c.Outcome != pick.Chosen {
		t.Errorf("%s: %s, as good: %v", c.Outcome, c.Measured, c.AsGood)
	}
	if r := c.Rows[0]; r.Verdict != "out: starves" || r.Fewest != 700 || r.Total != 1000 {
		t.Errorf("its row: %+v", r)
	}
	late := does{response: 30 * time.Millisecond}
	c = choose(t, world{noise: noise, choice: map[string]does{free: fast, big: late, request: late, reject: late}})
	if c.Outcome != pick.Missed || c.Measured == free {
		t.Errorf("%s: %s", c.Outcome, c.Measured)
	}
	c = choose(t, world{noise: noise, choice: map[string]does{free: fast, big: fast, request: fast, reject: fast}})
	if c.Outcome != pick.None || c.Take != "" || c.Code != "" {
		t.Errorf("%s: %s", c.Outcome, c.Take)
	}
	says(t, c, "None of them can be chosen")
}

func TestAnObjectiveThatNobodyKeepsIsSaidFirst(t *testing.T) {
	c := choose(t, world{noise: noise, choice: map[string]does{
		free: {response: 50 * time.Millisecond}, big: {response: 40 * time.Millisecond}, request: {response: 30 * time.Millisecond}, reject: {response: 45 * time.Millisecond},
	}})
	if c.Outcome != pick.Missed || c.Measured != request || c.Code == "" {
		t.Errorf("%s: %s", c.Outcome, c.Measured)
	}
	if !strings.HasPrefix(c.Sentence, "No candidate keeps p99=20ms at 10,000 per second") {
		t.Errorf("the first line: %s", c.Sentence)
	}
}

func TestWhatIsNotDecidedIsSaidWithTheSimplestMeanwhile(t *testing.T) {
	c := choose(t, world{noise: 0.2, repetitions: 3})
	if c.Outcome != pick.Undecided || c.Take != free {
		t.Errorf("%s: %s: %s", c.Outcome, c.Take, c.Sentence)
	}
	says(t, c, "Not decided at 10,000 per second", "take goroutine (no limit, unit=conn) meanwhile")
}

// Catches: the one that collapses taken before another that is as good and does not; one that was not measured there
// taken for one that holds.
func TestOfThoseThatAreTiedTheOneThatHoldsBeyondTheCapacityIsTaken(t *testing.T) {
	collapse := does{goodput: 0.1}
	c := choose(t, world{noise: noise, beyond: map[string]does{free: collapse, big: collapse, request: collapse}})
	if c.Measured != reject || c.Outcome != pick.Chosen {
		t.Errorf("%s: %s", c.Outcome, c.Measured)
	}
	says(t, c, "At 140 % of the capacity it holds its goodput")
	slow := does{cpu: 1.5}
	c = choose(t, world{noise: noise, choice: map[string]does{reject: slow}, beyond: map[string]does{free: collapse, big: collapse, request: collapse}})
	if c.Measured != free {
		t.Errorf("%s is not among the best", c.Measured)
	}
	says(t, c, "At 140 % of the capacity it collapses; if so much can come, rather take", "full=reject")
	absent := world{noise: noise, beyond: map[string]does{free: collapse}, absent: big}
	if c := choose(t, absent); c.Measured != request {
		t.Errorf("%s is taken, before one that is shown to hold", c.Measured)
	}
	if c.Rows[0].Beyond != "collapses" || c.Rows[3].Beyond != "holds" {
		t.Errorf("%+v", c.Rows)
	}
}

func TestARunOfSomethingElseIsAnError(t *testing.T) {
	if _, err := situation.Choose(trial.Run{}, verdict.Verdict{}, all.Kinds()); err == nil {
		t.Error("a choice out of nothing")
	}
}

func TestARunSaysTheSituationThatItWasMeasuredFor(t *testing.T) {
	var run trial.Run
	if _, err := pick.Asked(run); err == nil || !strings.Contains(err.Error(), "not measured to pick from") {
		t.Errorf("of any other run: %v", err)
	}
	full := situation
	full.Rate = 1234.5
	for _, s := range []pick.Situation{full, {Connections: 64, Workload: "cpu", Budget: time.Minute, CPUs: 2}} {
		record, err := s.Record()
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.MarshalIndent(trial.Env{Situation: record}, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &run.Env); err != nil {
			t.Fatal(err)
		}
		if got, err := pick.Asked(run); err != nil || got != s {
			t.Errorf("%+v, %v; want %+v", got, err, s)
		}
	}
}
