package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat"

	"github.com/poolbench/poolbench/bench/internal/load"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

// interleaved is a measurement of a server for together, 10 slices of 20 ms each where there are two.
func interleaved(t testing.TB, strategy, work string) measurement {
	t.Helper()
	w, err := workload.Find(workload.All(), "echo")
	if err != nil {
		t.Fatal(err)
	}
	w.Name = work
	return measurement{
		workload: w, sides: alone(),
		step: Step{
			Strategy: fullName(t, strategy), Load: trial.Load{Loop: trial.Closed, Clients: 4},
			Scenario: Scenario{Name: "echo", Timing: Timing{
				WarmUp: 60 * time.Millisecond, Window: 400 * time.Millisecond, Tail: 100 * time.Millisecond, TimeOut: 5 * time.Second, BackOff: 10 * time.Millisecond,
			}},
		},
	}
}

const slice = 20 * time.Millisecond

func TestTwoServersInTurnsHaveHalfOfTheWindowEach(t *testing.T) {
	for _, driver := range Drivers() {
		t.Run(driver, func(t *testing.T) {
			var ratio float64
			for range 4 { // the machine may have better to do during one of them
				a, b := interleaved(t, "goroutine", "echo"), interleaved(t, "goroutine", "echo")
				a.driver, b.driver, b.step.Twin = driver, driver, true
				all := together(t.Context(), []measurement{a, b}, slice)
				for i, o := range all {
					checkInTurn(t, o, i, all[1-i].trial)
				}
				if t.Failed() {
					return
				}
				ratio = float64(all[1].trial.Counts.Good) / float64(all[0].trial.Counts.Good)
				if math.Abs(math.Log(ratio)) < math.Log(1.5) {
					return
				}
				t.Logf("once more: twins answered %d and %d", all[0].trial.Counts.Good, all[1].trial.Counts.Good)
			}
			t.Errorf("the ratio of two equal servers is %v", ratio)
		})
	}
}

func checkInTurn(t *testing.T, o outcome, index int, other trial.Trial) {
	t.Helper()
	x := o.trial
	if o.err != nil {
		t.Fatal(o.err)
	}
	if err := x.Check(); err != nil {
		t.Error(err)
	}
	if x.Invalid != "" && !slices.ContainsFunc(x.Findings, byTheMachine) {
		t.Errorf("invalid: %s", x.Invalid)
	}
	if x.Turns == nil || x.Turns.Every != slice || x.Turns.Index != index || x.Turns.Of != 2 || x.Active() != x.Window/2 || x.Window != 400*time.Millisecond {
		t.Errorf("turns %+v, active for %v of %v", x.Turns, x.Active(), x.Window)
	}
	if x.Server.PID == other.Server.PID || x.Accepted.Accepted != 4 {
		t.Errorf("server %+v, and beside it %+v; accepted %d", x.Server, other.Server, x.Accepted.Accepted)
	}
	want := trial.Neighbours{CPU: other.ServerUsage.CPU, UserCPU: other.ServerUsage.UserCPU}
	if x.Turns.Neighbours != want {
		t.Errorf("neighbours %+v, want what the other server has used, %+v", x.Turns.Neighbours, want)
	}
}

func TestAServerThatDiesInTurnsLeavesTheOthersValid(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]func(*measurement){
		"under the load": func(m *measurement) { m.workload.Name = "dying" },
		"at its start":   func(m *measurement) { m.step.Strategy = "nobody's" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b, c := interleaved(t, "goroutine", "echo"), interleaved(t, "goroutine", "echo"), interleaved(t, "channel:workers=8", "echo")
			broken(&b)
			all := together(t.Context(), []measurement{a, b, c}, slice)
			if all[1].err == nil || all[1].trial.Turns == nil {
				t.Errorf("the one that died: error %v, record %+v", all[1].err, all[1].trial)
			}
			for _, i := range []int{0, 2} {
				x := all[i].trial
				if all[i].err != nil || x.Check() != nil || x.Counts.Good == 0 || x.Invalid != "" && !slices.ContainsFunc(x.Findings, byTheMachine) {
					t.Errorf("server %d: error %v, invalid %q, check %v, counts %+v", i, all[i].err, x.Invalid, x.Check(), x.Counts)
				}
				if x.Turns.Neighbours != (trial.Neighbours{}) {
					t.Errorf("server %d: neighbours %+v, and one of them never told", i, x.Turns.Neighbours)
				}
			}
		})
	}
}

func TestNoServerInTurnsOutlivesItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	a, b := interleaved(t, "goroutine", "echo"), interleaved(t, "goroutine", "echo")
	a.step.Scenario.Timing.Window, b.step.Scenario.Timing.Window = time.Hour, time.Hour
	a.atEdge = func(load.Edge) { cancel() }
	for _, o := range together(ctx, []measurement{a, b}, slice) {
		if !errors.Is(o.err, context.Canceled) {
			t.Errorf("error %v, want the context's", o.err)
		}
		p, err := os.FindProcess(o.trial.Server.PID)
		if err == nil {
			err = p.Signal(syscall.Signal(0))
		}
		if o.trial.Server.PID <= 1 || err == nil {
			t.Errorf("server %d is still there", o.trial.Server.PID)
		}
	}
}

func TestWhatCannotBeMeasuredInTurnsIsAnErrorOfAll(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*measurement)
		want   []string
	}{
		"another window":          {func(m *measurement) { m.step.Scenario.Timing.Window = time.Second }, []string{"window 1s", "400ms", "the same"}},
		"another warm-up":         {func(m *measurement) { m.step.Scenario.Timing.WarmUp = time.Second }, []string{"warm-up 1s", "60ms", "the same"}},
		"stopping":                {func(m *measurement) { m.step.Scenario.Drain = true }, []string{"stopping"}},
		"more clients than files": {func(m *measurement) { m.step.Load.Clients = math.MaxInt32 - 4 }, []string{"connections"}},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := interleaved(t, "goroutine", "echo"), interleaved(t, "goroutine", "echo")
			c.change(&b)
			for _, o := range together(t.Context(), []measurement{a, b}, slice) {
				if o.err == nil || o.trial.Strategy != a.step.Strategy {
					t.Fatalf("error %v, record %+v", o.err, o.trial)
				}
				for _, part := range append(c.want, "2 servers in turns") {
					if !strings.Contains(o.err.Error(), part) {
						t.Errorf("error %q does not say %q", o.err, part)
					}
				}
			}
		})
	}
}

// BenchmarkNoise measures twins in turns and one after the other, with as much time for each, and says how much the ratio of
// their goodputs varies: sd is the standard deviation of its logarithm. Run it on an idle machine:
//
//	go test -run '^$' -bench Noise -benchtime 40x ./bench
func BenchmarkNoise(b *testing.B) {
	own, err := ParseSides("", "")
	if err != nil {
		b.Fatal(err)
	}
	sides := own.forDriver("")
	restore, err := sides.enterDriver()
	if err != nil {
		b.Fatal(err)
	}
	defer restore()
	const window = 250 * time.Millisecond // of each
	take := func(b *testing.B, inTurns bool) float64 {
		x, y := interleaved(b, "goroutine", "echo"), interleaved(b, "goroutine", "echo")
		for _, m := range []*measurement{&x, &y} {
			m.sides, m.step.Load.Clients, m.step.Scenario.Timing.Window = sides, 64, window
		}
		var all []outcome
		if inTurns {
			x.step.Scenario.Timing.Window, y.step.Scenario.Timing.Window = 2*window, 2*window
			all = together(b.Context(), []measurement{x, y}, 25*time.Millisecond)
		} else {
			for _, m := range []measurement{x, y} {
				t, err := m.run(b.Context())
				all = append(all, outcome{t, err})
			}
		}
		for _, o := range all {
			if o.err != nil {
				b.Fatal(o.err)
			}
			for _, f := range o.trial.Findings {
				b.Logf("%s", f.Text)
			}
		}
		return math.Log(float64(all[1].trial.Counts.Good) / float64(all[0].trial.Counts.Good))
	}
	for _, inTurns := range []bool{false, true} {
		b.Run(fmt.Sprintf("turns=%t", inTurns), func(b *testing.B) {
			var ratios []float64
			without := 0 // pairs of which one has no answer at all: the machine did something else
			for b.Loop() {
				if r := take(b, inTurns); math.IsInf(r, 0) || math.IsNaN(r) {
					without++
				} else {
					ratios = append(ratios, r)
				}
			}
			b.ReportMetric(float64(without), "without")
			b.ReportMetric(stat.StdDev(ratios, nil), "sd")
			b.ReportMetric(math.Exp(stat.Mean(ratios, nil)), "ratio")
		})
	}
}
