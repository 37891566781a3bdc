package pick_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/pick"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/all"
)

func catalog() bench.Suite { return bench.Suite{Kinds: all.Kinds(), Workloads: workload.All()} }

// only is a workload without message form, as a user's own may be.
func only() workload.Workload {
	w := workload.All()[1]
	h := w.Handler()
	w.Name, w.Handler = "only", func() strategies.Handler { return strategies.HandlerFunc(h.ServeConn) }
	return w
}

// grid calls test for every situation of a grid, with its capacity.
func grid(t *testing.T, test func(t *testing.T, s pick.Situation, capacity float64, in bench.Suite)) {
	full := catalog()
	full.Workloads = append(full.Workloads, only())
	few := full
	few.Kinds = strategies.Kinds{strategies.Goroutine()}
	limited := full
	limited.Kinds = strategies.Kinds{strategies.Channel(), strategies.Semaphore(), strategies.Tutorial()}
	for name, in := range map[string]bench.Suite{"all": full, "few": few, "limited": limited} {
		for _, connections := range []int{1, 2, 3, 64, 2000, 100_000} {
			for _, w := range []string{"wait:hold=5ms", "wait:hold=1s", "cpu", "echo", "exchange", "job", "http", "only"} {
				for _, rate := range []float64{0, 0.5, 900, 5000} {
					for _, objective := range []trial.Objective{{}, {Quantile: 0.99, Response: 1200 * time.Millisecond}} {
						s := pick.Situation{Connections: connections, Workload: w, Rate: rate, Objective: objective, Budget: time.Minute, CPUs: 2}
						if hold, is := strings.CutPrefix(w, "wait:hold="); is {
							s.Hold, _ = time.ParseDuration(hold)
						}
						t.Run(fmt.Sprintf("%s/%d/%s/%g/%v", name, connections, w, rate, objective), func(t *testing.T) { test(t, s, 1000, in) })
					}
				}
			}
		}
	}
}

// Catches: a candidate that its kind, the workload or the suite refuses; a strategy twice; an objective beyond the time-out.
func TestEverySituationMakesASuiteThatCanBeMeasured(t *testing.T) {
	grid(t, func(t *testing.T, s pick.Situation, capacity float64, in bench.Suite) {
		probe, err := s.Probe(in)
		if err != nil {
			t.Fatal(err)
		}
		suite, err := s.Suite(in, capacity)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []bench.Suite{probe, suite} {
			if err := c.Check(); err != nil {
				t.Error(err)
			}
		}
		if _, most := suite.Duration(); most > s.Budget {
			t.Errorf("takes %v, and %v is the budget", most, s.Budget)
		}
	})
}

// Catches: a pool whose workers are held by connections that stay, and that has fewer of them; limits beyond all use.
func TestNoCandidateIsTooSmallToServeEverybody(t *testing.T) {
	grid(t, func(t *testing.T, s pick.Situation, capacity float64, in bench.Suite) {
		suite, err := s.Suite(in, capacity)
		if err != nil {
			t.Fatal(err)
		}
		for _, sc := range suite.Scenarios {
			for i, name := range sc.Strategies {
				spec, err := in.Kinds.Spec(name)
				if err != nil {
					t.Fatal(err)
				}
				if i == 0 && sc.Question != trial.Size { // the first kind as it is, whatever it is
					continue
				}
				if n := spec.Limits.Workers; spec.Unit == strategies.ConnUnit && sc.Load.Loop == trial.Open && n < s.Connections {
					t.Errorf("%s: %s, for %d connections that stay", sc.Name, name, s.Connections)
				} else if n > s.Connections+4000 && n != strategies.Unbounded {
					t.Errorf("%s: %s, for %d connections", sc.Name, name, s.Connections)
				}
			}
		}
	})
}

// Catches: rates that are fractions of what the smallest limit can do, which is no capacity; limits that miss what Little's law asks for; windows that do not shrink with the budget.
func TestTheSweepIsAroundWhatLittlesLawAsksFor(t *testing.T) {
	s := pick.Situation{Connections: 2000, Workload: "wait:hold=5ms", Hold: 5 * time.Millisecond, Rate: 20_000, Budget: 2 * time.Minute, CPUs: 1}
	suite, err := s.Suite(catalog(), 40_000)
	if err != nil {
		t.Fatal(err)
	}
	size := scenario(t, suite, "size")
	want := []int{2000, 400, 200, 100, 50}
	for i, name := range size.Strategies {
		spec, err := strategies.ParseSpec(name)
		if err != nil || i >= len(want) || spec.Limits.Workers != want[i] || spec.Unit != strategies.RequestUnit {
			t.Errorf("limit %d is %s, %v; want %d workers", i, name, err, want[min(i, len(want)-1)])
		}
	}
	if choice := scenario(t, suite, "choice"); choice.Fractions[0] != 0.5 {
		t.Errorf("20,000 of 40,000 per second is offered as %v", choice.Fractions)
	}
	s.Budget *= 20
	long, err := s.Suite(catalog(), 40_000)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := scenario(t, suite, "choice").Timing.Window, scenario(t, long, "choice").Timing.Window; a >= b {
		t.Errorf("windows of %v in two minutes, of %v in forty", a, b)
	}
}

func TestWithoutAHoldTheLimitsRiseGeometrically(t *testing.T) {
	s := pick.Situation{Connections: 4096, Workload: "cpu", Budget: time.Minute, CPUs: 4}
	suite, err := s.Suite(catalog(), 5000)
	if err != nil {
		t.Fatal(err)
	}
	var limits []int
	for _, name := range scenario(t, suite, "size").Strategies {
		spec, _ := strategies.ParseSpec(name)
		limits = append([]int{spec.Limits.Workers}, limits...)
	}
	if limits[0] != 4 || limits[len(limits)-1] != 4096 || len(limits) != 6 {
		t.Fatalf("limits %v: want six from the CPUs to the connections", limits)
	}
	for i := 2; i < len(limits); i++ {
		if a, b := float64(limits[i])/float64(limits[i-1]), float64(limits[i-1])/float64(limits[i-2]); math.Abs(a/b-1) > 0.2 {
			t.Errorf("steps of %.2f and %.2f in %v", b, a, limits)
		}
	}
}

// Catches: an event loop that is asked to block, or is left out where it is fit; policies and groups that nobody measures.
func TestCandidatesFollowFromTheWorkload(t *testing.T) {
	for _, c := range []struct {
		workload     string
		loop, reject bool
		request      bool
	}{
		{"wait", false, true, true},
		{"echo", true, true, true},
		{"only", false, false, false},
		{"job", true, true, false},
	} {
		in := catalog()
		in.Workloads = append(in.Workloads, only())
		suite, err := pick.Situation{Connections: 500, Workload: c.workload, Budget: time.Minute, CPUs: 3}.Suite(in, 1000)
		if err != nil {
			t.Fatal(err)
		}
		var loop, reject, request bool
		for _, name := range scenario(t, suite, "choice").Strategies {
			spec, err := strategies.ParseSpec(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range in.Kinds {
				isLoop := k.Name == spec.Kind && k.EventLoop
				loop = loop || isLoop
				if isLoop && spec.Limits.Workers != 3 {
					t.Errorf("%s: %s on 3 CPUs", c.workload, name)
				}
				request = request || k.Name == spec.Kind && !isLoop && spec.Unit == strategies.RequestUnit
			}
			reject = reject || spec.Limits.WhenFull == strategies.Reject
		}
		if loop != c.loop || reject != c.reject || request != c.request {
			t.Errorf("%s: event loop %v, reject %v, by request %v; want %v", c.workload, loop, reject, request, c)
		}
	}
}

func TestBeyondTheCapacityGoodputDecides(t *testing.T) {
	suite, err := pick.Situation{Connections: 500, Workload: "echo", Rate: 1500, Budget: time.Minute, CPUs: 1}.Suite(catalog(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, sc := range suite.Scenarios {
		if sc.DecidedBy != "goodput" || sc.Name == "beyond" {
			t.Errorf("%s is decided by %s", sc.Name, sc.DecidedBy)
		}
	}
}

func TestImpossibleSituationsNameTheOption(t *testing.T) {
	good := pick.Situation{Connections: 64, Workload: "wait:hold=5ms", Hold: 5 * time.Millisecond, Budget: time.Minute, CPUs: 1}
	for _, c := range []struct {
		change func(*pick.Situation)
		want   string
	}{
		{func(s *pick.Situation) { s.Connections = 0 }, "--connections 0"},
		{func(s *pick.Situation) { s.Connections = math.MaxInt }, "--connections"},
		{func(s *pick.Situation) { s.Rate = math.NaN() }, "--rate NaN"},
		{func(s *pick.Situation) { s.Rate = -1 }, "--rate -1"},
		{func(s *pick.Situation) { s.Rate = 1e6 }, "does 1e+03 per second"},
		{func(s *pick.Situation) { s.Budget = 0 }, "--budget 0s"},
		{func(s *pick.Situation) { s.Hold = 10 * time.Second }, "at least 6m40s"},
		{func(s *pick.Situation) { s.Objective = trial.Objective{Quantile: 0.5, Response: 10 * time.Second} }, "at least 6m40s"},
		{func(s *pick.Situation) { s.Objective = trial.Objective{Quantile: 0.5, Response: time.Millisecond} }, "before the handler has waited"},
		{func(s *pick.Situation) { s.Workload = "opera" }, "allowed: exchange"},
	} {
		s := good
		c.change(&s)
		if _, err := s.Suite(catalog(), 1000); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v; want one line with %q", err, c.want)
		}
	}
	for _, capacity := range []float64{0, math.NaN()} {
		if _, err := good.Suite(catalog(), capacity); err == nil {
			t.Errorf("capacity %v makes a suite", capacity)
		}
	}
}

func TestTheCapacityIsThatOfValidTrialsIfThereIsOne(t *testing.T) {
	of := func(perSecond int64, invalid string) trial.Trial {
		return trial.Trial{Window: time.Second, Counts: trial.Counts{Good: perSecond}, Invalid: invalid}
	}
	for _, c := range []struct {
		trials []trial.Trial
		want   float64
		valid  bool
	}{
		{nil, 0, false},
		{[]trial.Trial{of(0, "")}, 0, false},
		{[]trial.Trial{of(900, ""), of(1000, ""), of(5000, "late")}, 1000, true},
		{[]trial.Trial{of(5000, "late"), of(900, "")}, 900, true},
		{[]trial.Trial{of(500, "late"), of(600, "late")}, 600, false},
	} {
		if got, valid := pick.Capacity(c.trials); got != c.want || valid != c.valid {
			t.Errorf("%v, %v; want %v, %v", got, valid, c.want, c.valid)
		}
	}
}

// Catches: a choice that is decided late because of comparisons beyond the capacity, of which nobody asks who is best; a run that
// does not say what its limits follow from.
func TestOnlyTheChoiceComparesAndTheSuiteSaysWhatWasMeasuredFirst(t *testing.T) {
	s := pick.Situation{Connections: 64, Workload: "wait:hold=5ms", Hold: 5 * time.Millisecond, Budget: time.Minute, CPUs: 2}
	suite, err := s.Suite(catalog(), 1234)
	if err != nil {
		t.Fatal(err)
	}
	env, err := suite.Environment(bench.RunOptions{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	scenario(t, suite, "beyond") // there it is
	if want := stat.Pairs(len(scenario(t, suite, "choice").Strategies)); env.Design.Family != want {
		t.Errorf("%d comparisons share the error, want %d", env.Design.Family, want)
	}
	if !strings.Contains(suite.About, "1,234 per second") {
		t.Errorf("the suite is about %q", suite.About)
	}
}

func TestLittleAndSpareAreWhatTheirFormulasSay(t *testing.T) {
	for _, c := range []struct {
		rate float64
		hold time.Duration
		want int
	}{{1000, 5 * time.Millisecond, 5}, {1001, 5 * time.Millisecond, 6}, {0.1, time.Millisecond, 1}, {math.MaxFloat64, time.Minute, 1 << 19}} {
		if got := pick.Little(c.rate, c.hold); got != c.want {
			t.Errorf("Little(%v, %v) is %d, want %d", c.rate, c.hold, got, c.want)
		}
	}
	for n, want := range map[int]int{1: 4, 100: 130, 2000: 2135} {
		if got := pick.Spare(n); got != want {
			t.Errorf("Spare(%d) is %d, want %d", n, got, want)
		}
	}
}

func scenario(t *testing.T, s bench.Suite, name string) bench.Scenario {
	t.Helper()
	for _, sc := range s.Scenarios {
		if sc.Name == name {
			return sc
		}
	}
	t.Fatalf("no scenario %q", name)
	panic("unreachable")
}
