package bench_test

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies"
)

// broken is a kind whose pool cannot be made, as a library might fail only when it starts.
func broken() strategies.Kind {
	k := strategies.Channel()
	k.Name = "broken"
	k.New = func(strategies.Limits) (strategies.Dispatcher, error) { return nil, errors.New("no such pool") }
	return k
}

// dying is a service whose process ends with the first request.
func dying() workload.Workload {
	w, err := workload.Find(workload.All(), "echo")
	if err != nil {
		panic(err)
	}
	w.Name = "dying"
	w.Handler = func() strategies.Handler {
		return strategies.HandlerFunc(func(_ context.Context, conn net.Conn) error {
			if _, err := conn.Read(make([]byte, 1)); err != nil {
				return err
			}
			os.Exit(3)
			return nil
		})
	}
	return w
}

func measured() bench.Suite {
	timing := bench.Timing{
		WarmUp: 20 * time.Millisecond, Window: 100 * time.Millisecond, Tail: 50 * time.Millisecond,
		TimeOut: time.Second, BackOff: 10 * time.Millisecond,
	}
	return bench.Suite{
		Name: "test", Kinds: append(strategies.Kinds{broken(), byHandKind()}, kinds...), Workloads: append(workload.All(), dying()), Repetitions: 1,
		Scenarios: []bench.Scenario{
			{Name: "echo", Workload: "echo", Strategies: []string{"goroutine", "tutorial"}, Load: trial.Load{Loop: trial.Closed, Clients: 4}, Timing: timing},
			{Name: "exchange", Workload: "exchange", Strategies: []string{"goroutine"}, Load: trial.Load{Loop: trial.Closed, Clients: 4}, Timing: timing},
			{Name: "wait-open", Workload: "wait", Strategies: []string{"goroutine"}, Load: trial.Load{Loop: trial.Open, Clients: 4}, Fractions: []float64{0.5}, Timing: timing},
		},
	}
}

func TestMain(m *testing.M) {
	s := measured()
	s.Workloads = append(append(s.Workloads, truthWorkloads()...), bench.HoldingWorkloads()...)
	s.ServeIfChild()
	driveIfChild()
	// The race detector lets a process that ends linger for a second; the servers need not.
	os.Setenv("GORACE", strings.TrimSpace(os.Getenv("GORACE")+" atexit_sleep_ms=0"))
	os.Exit(m.Run())
}

func run(t *testing.T, ctx context.Context, s bench.Suite, emit func(trial.Trial) error) error {
	t.Helper()
	sides, err := bench.ParseSides("", "")
	if err != nil {
		t.Fatal(err)
	}
	return s.Run(ctx, bench.RunOptions{Seed: 1, Sides: sides}, emit)
}

// waitCapacity is what the rates of wait-open are fractions of.
const waitCapacity = "capacity of wait (goroutine, 4 clients)"

func TestARunEmitsEveryTrialWithFiguresThatAddUp(t *testing.T) {
	var trials []trial.Trial
	s := measured()
	if err := run(t, t.Context(), s, func(x trial.Trial) error { trials = append(trials, x); return nil }); err != nil {
		t.Fatal(err)
	}
	plan, err := s.Plan(1)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(trials, func(x trial.Trial) bool { return x.Scenario == waitCapacity && x.Invalid == "" }) { // busy all the while
		plan = slices.DeleteFunc(plan, func(s bench.Step) bool { return s.Scenario.Name == "wait-open" })
	}
	var capacity float64
	step := -1
	for i, x := range trials {
		if x.Attempt == 0 {
			step++
		}
		if step >= len(plan) {
			t.Fatalf("%d steps are planned and this is one more: %s", len(plan), x.Scenario)
		}
		if x.Invalid != "" && !disturbed(x) {
			t.Fatalf("%s, %s: invalid: %s", x.Scenario, x.Strategy, x.Invalid)
		}
		if err := x.Check(); err != nil {
			t.Errorf("%s, %s: %v", x.Scenario, x.Strategy, err)
		}
		if x.Seq != i || x.Strategy != plan[step].Strategy || x.Scenario != plan[step].Scenario.Name || x.Twin != plan[step].Twin {
			t.Errorf("trial %d is %s of %s, and the plan says %s of %s", x.Seq, x.Strategy, x.Scenario, plan[step].Strategy, plan[step].Scenario.Name)
		}
		if x.Counts.Good == 0 || x.Server.PID == os.Getpid() || x.Server.PID == 0 || x.Server.Name != x.Strategy {
			t.Errorf("%s, %s: good %d, server %+v", x.Scenario, x.Strategy, x.Counts.Good, x.Server)
		}
		if x.Accepted.Accepted == 0 || x.Accepted.Active+x.Accepted.Queued > 0 {
			t.Errorf("%s, %s: the server's count after its end is %+v", x.Scenario, x.Strategy, x.Accepted)
		}
		if i > 0 && trials[i-1].Server.PID == x.Server.PID {
			t.Errorf("trials %d and %d share a process", i-1, i)
		}
		if x.Scenario == waitCapacity {
			capacity = max(capacity, float64(x.Counts.Good)/x.Window.Seconds())
		}
		if x.Scenario == "wait-open" && (x.Load.Rate <= 0 || x.Load.Rate > capacity/2*1.001) {
			t.Errorf("offered %v/s as half of a capacity of at most %v/s", x.Load.Rate, capacity)
		}
		if strings.HasPrefix(x.Strategy, "tutorial") && (x.Clients.Served != 2 || x.Clients.Nothing != 2) {
			t.Errorf("two workers served %d of 4 clients that stay, and %d got nothing", x.Clients.Served, x.Clients.Nothing)
		}
	}
	if step != len(plan)-1 {
		t.Errorf("%d steps of %d", step+1, len(plan))
	}
}

// disturbed says whether all that is wrong with x is that the machine was busy with other tests.
func disturbed(x trial.Trial) bool {
	for _, f := range x.Findings {
		if f.Invalid && !slices.Contains([]string{finding.LateEdge, finding.DriverPaused, finding.MachineDisturbed, finding.DriverBound}, f.Code) {
			return false
		}
	}
	return x.Invalid == "" || finding.Invalid(x.Findings) != ""
}

func TestATrialThatGoesWrongIsKeptAsInvalidAndTheRunGoesOn(t *testing.T) {
	s := measured()
	s.Scenarios = s.Scenarios[:1]
	s.Scenarios[0].Strategies = []string{"goroutine", "broken"}
	var good, invalid int
	err := run(t, t.Context(), s, func(x trial.Trial) error {
		switch {
		case x.Attempt > 0: // of a good one, on a busy machine
		case x.Invalid == "" || disturbed(x):
			good++
		case strings.HasPrefix(x.Strategy, "broken") && strings.Contains(x.Invalid, "no such pool"):
			invalid++
		default:
			t.Errorf("%s: invalid: %s", x.Strategy, x.Invalid)
		}
		return x.Check()
	})
	if err != nil || good != 2 || invalid != 1 {
		t.Errorf("got %v, %d good and %d invalid trials; want 2 and 1", err, good, invalid)
	}
}

func TestAServerThatDiesInATrialIsToldAsTheReason(t *testing.T) {
	s := measured()
	s.Scenarios = s.Scenarios[:1]
	s.Scenarios[0].Workload, s.Scenarios[0].Strategies = "dying", []string{"goroutine"}
	s.Scenarios[0].Timing.Window = time.Hour // nothing but its end ends the trial
	trials := 0
	err := run(t, t.Context(), s, func(x trial.Trial) error {
		trials++
		if !strings.Contains(x.Invalid, "the server process has ended") || !strings.Contains(x.Invalid, "exit status 3") || strings.Contains(x.Invalid, "context") {
			t.Errorf("invalid because %q", x.Invalid)
		}
		if !x.Has(finding.ServerEnded) || finding.Invalid(x.Findings) != "" {
			t.Errorf("findings %+v, want the server's end, as no reason to measure again", x.Findings)
		}
		return x.Check()
	})
	if err != nil || trials != 2 {
		t.Errorf("got %v after %d trials, want 2", err, trials)
	}
}

func TestCancellingEndsTheTrialAndKeepsTheOthers(t *testing.T) {
	s := measured()
	s.Scenarios[0].Timing.Window = time.Hour // nothing but the end of ctx ends this one
	s.Scenarios[0].Strategies = []string{"goroutine"}
	s.Scenarios = []bench.Scenario{s.Scenarios[1], s.Scenarios[0]}
	ctx, cancel := context.WithCancel(t.Context())
	emitted := 0
	err := run(t, ctx, s, func(trial.Trial) error {
		if emitted++; emitted == 2 { // both trials of exchange
			time.AfterFunc(10*time.Millisecond, cancel)
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || emitted != 2 {
		t.Errorf("got %v after %d trials, want context.Canceled after 2", err, emitted)
	}
}

func TestAnErrorOfEmitEndsTheRun(t *testing.T) {
	full := errors.New("disk full")
	emitted := 0
	err := run(t, t.Context(), measured(), func(trial.Trial) error { emitted++; return full })
	if !errors.Is(err, full) || emitted != 1 {
		t.Errorf("got %v after %d trials", err, emitted)
	}
}

func TestDrivingAServerThatSomebodyElseServes(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w, err := workload.Find(workload.All(), "echo")
	if err != nil {
		t.Fatal(err)
	}
	s, err := kinds.Parse("goroutine")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, ln, w.Handler(), strategies.Options{}) }()
	defer func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	timing := measured().Scenarios[0].Timing
	got, err := bench.Drive(t.Context(), ln.Addr().String(), w, trial.Load{Loop: trial.Closed, Clients: 3}, timing, bench.DriveOptions{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := got.Check(); err != nil || got.Clients.Served != 3 || got.Counts.OK == 0 {
		t.Errorf("check %v, clients %+v, counts %+v", err, got.Clients, got.Counts)
	}
}
