package bench_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies/all"
)

// asked is a suite with a scenario in closed loop, one in an open loop, one that sizes and one that looks for a capacity.
func asked() bench.Suite {
	timing := bench.Timing{Window: time.Second, TimeOut: time.Second, BackOff: time.Millisecond}
	closed, open := trial.Load{Loop: trial.Closed, Clients: 8}, trial.Load{Loop: trial.Open, Clients: 8}
	return bench.Suite{
		Kinds: all.Kinds(), Workloads: workload.All(), Repetitions: 4, Threshold: 0.1, Budget: time.Minute,
		Scenarios: []bench.Scenario{
			{Name: "closed", Workload: "echo", Strategies: []string{"goroutine", "thread"}, Load: closed, Timing: timing},
			{Name: "open", Workload: "echo", Strategies: []string{"goroutine", "thread"}, Load: open, Fractions: []float64{0.2, 0.5}, DecideAt: 0.2, DecidedBy: "response-p99", Timing: timing},
			{Name: "size", Workload: "wait", Question: trial.Size, Load: closed, Timing: timing,
				Strategies: []string{"semaphore:workers=2", "semaphore:workers=4", "semaphore:workers=8"}},
			{Name: "capacity", Workload: "wait", Question: trial.Capacity, Strategies: []string{"goroutine"}, Load: open, Fractions: []float64{0.2, 1.5},
				Objective: trial.Objective{Quantile: 0.99, Response: 10 * time.Millisecond}, Timing: timing},
		},
	}
}

func TestASuiteThatAsksEveryQuestionCanBeMeasured(t *testing.T) {
	if err := asked().Check(); err != nil {
		t.Error(err)
	}
}

func TestAFaultIsSaidAndPlaced(t *testing.T) {
	const closed, open, size, capacity = 0, 1, 2, 3
	type scenario = bench.Scenario
	of := func(i int, change func(*scenario)) func(*bench.Suite) {
		return func(s *bench.Suite) { change(&s.Scenarios[i]) }
	}
	for name, c := range map[string]struct {
		change   func(*bench.Suite)
		at, says string
	}{
		"no scenario":                 {func(s *bench.Suite) { s.Scenarios = nil }, "scenarios", "no scenario"},
		"a threshold of all":          {func(s *bench.Suite) { s.Threshold = 1 }, "threshold", "below 1"},
		"a threshold that is none":    {func(s *bench.Suite) { s.Threshold = math.NaN() }, "threshold", "above 0"},
		"a budget backwards":          {func(s *bench.Suite) { s.Budget = -1 }, "budget", "budget -1ns"},
		"a suite's name of two lines": {func(s *bench.Suite) { s.Name = "a\nb" }, "name", "on one line"},
		"an about that is no text":    {of(open, func(sc *scenario) { sc.About = "\xff" }), "scenarios[1].about", "UTF-8"},
		"a name of two lines":         {of(open, func(sc *scenario) { sc.Name = "a\nb" }), "scenarios[1].name", "on one line"},
		"no name":                     {of(open, func(sc *scenario) { sc.Name = "" }), "scenarios[1].name", "scenario 2 has no name"},
		"a name twice":                {of(open, func(sc *scenario) { sc.Name = "closed" }), "scenarios[1].name", "twice"},
		"an unknown workload":         {of(open, func(sc *scenario) { sc.Workload = "sing" }), "scenarios[1].workload", "sing"},
		"an unknown strategy":         {of(open, func(sc *scenario) { sc.Strategies = []string{"thread", "swarm"} }), "scenarios[1].strategies[1]", "swarm"},

		"sessions of requests":       {of(open, func(sc *scenario) { sc.Load.Loop = trial.Sessions }), "scenarios[1].loop", "open loop"},
		"no clients":                 {of(open, func(sc *scenario) { sc.Load.Clients = 0 }), "scenarios[1].clients", "clients 0"},
		"thinking in an open loop":   {of(open, func(sc *scenario) { sc.Load.Think = 1 }), "scenarios[1].think", "think time"},
		"arrivals in a closed loop":  {of(closed, func(sc *scenario) { sc.Load.Arrivals = trial.Poisson }), "scenarios[0].arrivals", "closed loop"},
		"others who are all":         {of(open, func(sc *scenario) { sc.Load.Others = []trial.Share{{Behaviour: trial.Idle, Share: 0.99}} }), "scenarios[1].others", "none that is measured"},
		"a profile past the window":  {of(open, func(sc *scenario) { sc.Load.Profile = trial.Burst(2, time.Second, 1) }), "scenarios[1].rate-profile", "window"},
		"a profile in a closed loop": {of(closed, func(sc *scenario) { sc.Load.Profile = trial.Burst(2, 0, 1) }), "scenarios[0].rate-profile", "closed loop"},
		"a warm-up backwards":        {of(open, func(sc *scenario) { sc.Timing.WarmUp = -1 }), "scenarios[1].warm-up", "warm-up"},
		"no window":                  {of(open, func(sc *scenario) { sc.Timing.Window = 0 }), "scenarios[1].window", "window"},
		"a tail backwards":           {of(open, func(sc *scenario) { sc.Timing.Tail = -1 }), "scenarios[1].tail", "tail"},
		"no patience":                {of(open, func(sc *scenario) { sc.Timing.TimeOut = 0 }), "scenarios[1].time-out", "time-out"},
		"no back-off":                {of(open, func(sc *scenario) { sc.Timing.BackOff = 0 }), "scenarios[1].back-off", "back-off"},

		"levels in a closed loop":     {of(closed, func(sc *scenario) { sc.Fractions = []float64{1} }), "scenarios[0].offered", "open loops"},
		"a level to decide at in one": {of(closed, func(sc *scenario) { sc.DecideAt = 1 }), "scenarios[0].decide-at", "open loops"},
		"a sketch of one":             {of(closed, func(sc *scenario) { sc.Sketch = 1 }), "scenarios[0].sketch", "open loops"},
		"no levels in an open loop":   {of(open, func(sc *scenario) { sc.Fractions = nil }), "scenarios[1].offered", "for example 50%"},
		"a level of nothing":          {of(open, func(sc *scenario) { sc.Fractions = []float64{0.2, 0} }), "scenarios[1].offered[1]", "fraction 0"},
		"a level without end":         {of(open, func(sc *scenario) { sc.Fractions = []float64{0.2, math.Inf(1)} }), "scenarios[1].offered[1]", "finite"},
		"a level twice":               {of(open, func(sc *scenario) { sc.Fractions = []float64{0.2, 0.2} }), "scenarios[1].offered[1]", "twice"},
		"another level to decide at":  {of(open, func(sc *scenario) { sc.DecideAt = 0.3 }), "scenarios[1].decide-at", "one of the offered"},
		"a sketch backwards":          {of(open, func(sc *scenario) { sc.Sketch = -1 }), "scenarios[1].sketch", "sketch -1"},

		"an unknown question":        {of(open, func(sc *scenario) { sc.Question = "why" }), "scenarios[1].question", "allowed: compare, size, capacity"},
		"an unknown metric":          {of(open, func(sc *scenario) { sc.DecidedBy = "beauty" }), "scenarios[1].decided-by", "beauty"},
		"an objective for nobody":    {of(open, func(sc *scenario) { sc.Objective = trial.Objective{Response: time.Millisecond} }), "scenarios[1].objective", "above p0"},
		"an objective for all":       {of(open, func(sc *scenario) { sc.Objective = trial.Objective{Quantile: 1, Response: time.Millisecond} }), "scenarios[1].objective", "below p100"},
		"an objective of no time":    {of(open, func(sc *scenario) { sc.Objective = trial.Objective{Quantile: 0.5} }), "scenarios[1].objective", "a time above 0"},
		"an objective that all keep": {of(open, func(sc *scenario) { sc.Objective = trial.Objective{Quantile: 0.5, Response: time.Second} }), "scenarios[1].objective", "below the time-out"},
		"slices that are too short":  {of(open, func(sc *scenario) { sc.Interleaved = time.Millisecond - 1 }), "scenarios[1].interleaved", "at least 1ms"},
		"slices backwards":           {of(open, func(sc *scenario) { sc.Interleaved = -time.Second }), "scenarios[1].interleaved", "at least 1ms"},
		"turns that nobody gets to":  {of(open, func(sc *scenario) { sc.Interleaved = 400 * time.Millisecond }), "scenarios[1].interleaved", "window of at least"},
		"turns in a rate that changes": {of(open, func(sc *scenario) {
			sc.Interleaved, sc.Load.Profile = 10*time.Millisecond, trial.Burst(5, 0, time.Millisecond)
		}), "scenarios[1].interleaved", "rate that changes"},
		"draining those who take turns": {of(open, func(sc *scenario) { sc.Interleaved, sc.Drain = time.Second, true }), "scenarios[1].interleaved", "drain"},

		"one size":                    {of(size, func(sc *scenario) { sc.Strategies = sc.Strategies[:1] }), "scenarios[2].strategies", "at least two"},
		"sizes of two kinds":          {of(size, func(sc *scenario) { sc.Strategies[1] = "channel:workers=4" }), "scenarios[2].strategies[1]", "of one kind"},
		"sizes of two policies":       {of(size, func(sc *scenario) { sc.Strategies = []string{"channel:workers=4", "channel:workers=8,full=reject"} }), "scenarios[2].strategies[1]", "differ in workers"},
		"sizes of two bounds":         {of(size, func(sc *scenario) { sc.Strategies = []string{"channel:workers=4", "channel:workers=8,maxconns=100"} }), "scenarios[2].strategies[1]", "differ in workers"},
		"the first of two bounds":     {of(size, func(sc *scenario) { sc.Strategies = []string{"channel:workers=8,maxconns=100", "channel:workers=4"} }), "scenarios[2].strategies[1]", "differ in workers"},
		"a capacity of no promise":    {of(capacity, func(sc *scenario) { sc.Objective = trial.Objective{} }), "scenarios[3].objective", "needs an objective"},
		"a capacity in a closed loop": {of(capacity, func(sc *scenario) { sc.Load.Loop, sc.Fractions = trial.Closed, nil }), "scenarios[3].loop", "needs an open loop"},
		"a capacity between three":    {of(capacity, func(sc *scenario) { sc.Fractions = []float64{0.1, 0.2, 0.3} }), "scenarios[3].offered", "between two"},
		"a capacity backwards":        {of(capacity, func(sc *scenario) { sc.Fractions = []float64{0.2, 0.1} }), "scenarios[3].offered", "the lower one first"},
	} {
		s := asked()
		c.change(&s)
		var fault *bench.FieldError
		if err := s.Check(); !errors.As(err, &fault) {
			t.Errorf("%s: got %v, want what is wrong with a field", name, err)
		} else if fault.At != c.at || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %q at %s, want an error at %s that says %q", name, err, fault.At, c.at, c.says)
		}
	}
}

func TestSizesMayDifferInTheQueueAndInWhatFollowsFromTheWorkers(t *testing.T) {
	s := asked()
	s.Scenarios = s.Scenarios[2:3]
	for _, names := range [][]string{
		{"channel:workers=4", "channel:workers=4,queue=8", "channel:workers=64,queue=8"},
		{"semaphore:workers=4", "semaphore:workers=9"}, // whose maxconns follows
	} {
		s.Scenarios[0].Strategies = names
		if err := s.Check(); err != nil {
			t.Errorf("%q: %v", names, err)
		}
	}
}
