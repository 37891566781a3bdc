package bench

import (
	"bufio"
	"context"
	"slices"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies"
)

// holds are how long the handlers of HoldingWorkloads need for each answer. None of them looks at its context.
var holds = map[string]time.Duration{"holds": 100 * time.Millisecond, "holds on": time.Minute}

// HoldingWorkloads are echoes that take their time, for the test binary as a server.
func HoldingWorkloads() []workload.Workload {
	var all []workload.Workload
	for name := range holds {
		all = append(all, holding(name))
	}
	return all
}

func holding(name string) workload.Workload {
	w, err := workload.Find(workload.All(), "echo")
	if err != nil {
		panic(err)
	}
	w.Name = name
	w.Handler = func() strategies.Handler { return strategies.Messages(holder(holds[name])) }
	return w
}

type holder time.Duration

func (h holder) Open() strategies.Session { return h }
func (holder) Greet(dst []byte) []byte    { return dst }
func (holder) Split(data []byte, atEOF bool) (int, []byte, error) {
	return bufio.ScanLines(data, atEOF)
}
func (h holder) Answer(_ context.Context, dst, line []byte) ([]byte, error) {
	<-time.After(time.Duration(h))
	return append(append(dst, line...), '\n'), nil
}

// alone are sides that leave a busy machine's tests the choice of CPUs.
func alone() Sides {
	return Sides{Server: trial.Side{GOMAXPROCS: 1}, Driver: trial.Side{GOMAXPROCS: 1}}
}

func TestADrainTrialCountsWhatBecomesOfRequestsInProgress(t *testing.T) {
	t.Parallel()
	type expectation struct {
		strategy, workload string
		clients            int
		right              func(s trial.Stop) bool
	}
	for name, c := range map[string]expectation{
		// The window ends in the middle of the third answer, which all clients are waiting for.
		"what is read is answered": {"goroutine", "holds", 8, func(s trial.Stop) bool {
			return s.InProgress == 8 && s.Answered == 8 && s.Forced == 0 && s.Took < drain
		}},
		// Two workers have 2 s for 60 clients at 100 ms each.
		"what waits unread in a backlog is lost": {"tutorial", "holds", 60, func(s trial.Stop) bool {
			return s.InProgress == 60 && s.Lost >= 10 && s.Answered >= 10
		}},
		"what does not end is forced": {"goroutine", "holds on", 8, func(s trial.Stop) bool {
			return s.InProgress == 8 && s.Lost == 8 && s.Forced == 8 && s.Took >= drain
		}},
	} {
		for _, driver := range Drivers() {
			t.Run(name+", "+driver, func(t *testing.T) {
				t.Parallel()
				w := holding(c.workload)
				m := measurement{
					workload: w, sides: alone(), driver: driver,
					step: Step{
						Strategy: fullName(t, c.strategy),
						Load:     trial.Load{Loop: trial.Closed, Clients: c.clients},
						Scenario: Scenario{Name: "drain", Drain: true, Timing: Timing{
							Window: 250 * time.Millisecond, Tail: 10 * time.Millisecond, TimeOut: 30 * time.Second, BackOff: 10 * time.Millisecond,
						}},
					},
				}
				// A machine that stands still for as long as an answer takes makes one trial wrong, a mistake all of them.
				for left := 2; ; left-- {
					x, err := m.run(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					checkStopped(t, x)
					if c.right(*x.Stop) {
						return
					}
					t.Logf("%s: %+v, counts %+v, the server's %+v", x.Strategy, *x.Stop, x.Counts, x.Accepted)
					if left == 0 {
						t.Fatal("not as it should be")
					}
				}
			})
		}
	}
}

// checkStopped checks what has to be so in any drain trial.
func checkStopped(t *testing.T, x trial.Trial) {
	t.Helper()
	if err := x.Check(); err != nil {
		t.Error(err)
	}
	if x.Stop == nil {
		t.Fatal("the record says nothing about stopping")
	}
	if v, ok := stat.StopTime.Of(x); !ok || v != x.Stop.Took.Seconds() {
		t.Errorf("the metric says %v (%t)", v, ok)
	}
	if x.Has("forced-stop") != (x.Stop.Forced > 0) {
		t.Errorf("%d were forced, and the findings are %+v", x.Stop.Forced, x.Findings)
	}
	// A machine that is busy with other tests may disturb it; stopping itself is no fault.
	if x.Invalid != "" && !slices.ContainsFunc(x.Findings, byTheMachine) {
		t.Errorf("invalid: %s", x.Invalid)
	}
	if x.Counts.Failed+x.Counts.TimedOut > x.Stop.Lost {
		t.Errorf("%+v: the window has failures beside those that stopping made, %+v", x.Counts, x.Stop)
	}
}

func byTheMachine(f trial.Finding) bool {
	return f.Invalid && slices.Contains([]string{"late-edge", "driver-paused", "machine-disturbed", "driver-bound"}, f.Code)
}

// fullName is the name as a server process knows it.
func fullName(t testing.TB, name string) string {
	t.Helper()
	spec, err := strategies.Kinds{strategies.Goroutine(), strategies.Channel(), strategies.Tutorial()}.Spec(name)
	if err != nil {
		t.Fatal(err)
	}
	return spec.String()
}
