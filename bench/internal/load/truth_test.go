package load

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// Little's law says that the number in flight is the rate of answers times the time that each takes. The driver counts
// the first as requests come and go, and the second from their times: one that loses requests, or takes their times
// wrongly, breaks it.
func TestLittlesLawHoldsInTheClosedLoop(t *testing.T) {
	eachAlone(t, func(t *testing.T, driver string) {
		const clients, think = 20, 15 * ms
		undisturbed(t, func() error {
			c := load(driver, start(t, afterFiveMilliseconds), lines, trial.Load{Loop: trial.Closed, Clients: clients, Think: think})
			c.Window = time.Second
			r := mustRun(t, c)
			good := float64(r.Counts.Good)
			inFlight := r.Driving.InFlight * r.Window.Seconds()
			served := float64(r.Driving.Whole)*r.Latency.Service.Mean().Seconds() + r.Driving.Partial.Seconds()
			if !near(inFlight, served, 0.02) {
				return fmt.Errorf("%.3f request-seconds in flight, and the answers' service times make %.3f", inFlight, served)
			}
			cycle := (r.Latency.Response.Mean() + think).Seconds()
			if n := good / r.Window.Seconds() * cycle; !near(n, clients, 0.02) {
				return fmt.Errorf("%v answers with a cycle of %.3f s make %.2f clients, want %d", good, cycle, n, clients)
			}
			return nil
		})
	})
}

// afterFiveMilliseconds is an echo that takes its time.
func afterFiveMilliseconds(conn net.Conn, _ int, _ <-chan struct{}) {
	in := bufio.NewReader(conn)
	for {
		l, err := in.ReadString('\n')
		if err != nil {
			return
		}
		<-time.After(5 * ms)
		io.WriteString(conn, l)
	}
}

// Where nothing is answered, all the time in flight leads to nothing.
func TestLittlesLawHoldsWhereNobodyAnswers(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		const clients = 8
		silent := func(_ net.Conn, _ int, stop <-chan struct{}) { <-stop }
		undisturbed(t, func() error {
			c := load(driver, start(t, silent), lines, trial.Load{Loop: trial.Closed, Clients: clients})
			c.Tail = 0
			r := mustRun(t, c)
			inFlight, want := r.Driving.InFlight, float64(clients)
			partial := r.Driving.Partial.Seconds() / r.Window.Seconds()
			if !near(inFlight, want, 0.001) || !near(partial, want, 0.001) {
				return fmt.Errorf("%v in flight and %v of them never answered, want %v and %v", inFlight, partial, want, want)
			}
			return nil
		})
	})
}

func near(got, want, by float64) bool { return math.Abs(got-want) <= by*want }

// The arrivals are counted where they arrive, which is later than they are due by whatever the machine has to do besides:
// the bounds are wide, and what they tell is whether the profile was driven at all and begins with the window.
func TestTheRateChangesAsItsProfileSays(t *testing.T) {
	const length, steps = 200 * ms, 4
	const rate = 500.0
	for name, c := range map[string]struct {
		profile []trial.Segment
		due     [steps]float64 // in each length
	}{
		"steps": {trial.Steps(length, 1, 4, 0, 2), [...]float64{100, 400, 0, 200}},
		"burst": {trial.Burst(5, length, length), [...]float64{100, 500, 100, 100}},
	} {
		t.Run(name, func(t *testing.T) {
			eachAlone(t, func(t *testing.T, driver string) {
				undisturbed(t, func() error {
					var mu sync.Mutex
					var opened time.Time
					var came [steps]float64
					stamp := func(conn net.Conn, _ int, _ <-chan struct{}) {
						in := bufio.NewReader(conn)
						for {
							l, err := in.ReadString('\n')
							if err != nil {
								return
							}
							mu.Lock()
							if at := int(time.Since(opened) / length); !opened.IsZero() && at < steps {
								came[at]++
							}
							mu.Unlock()
							io.WriteString(conn, l)
						}
					}
					config := load(driver, start(t, stamp), lines,
						trial.Load{Loop: trial.Open, Clients: 16, Rate: rate, Arrivals: trial.Constant, Profile: c.profile})
					config.WarmUp, config.Window = 100*ms, steps*length
					config.AtEdge = func(e Edge) {
						mu.Lock()
						defer mu.Unlock()
						if e == Opens {
							opened = time.Now()
						}
					}
					r := mustRun(t, config)
					mu.Lock()
					defer mu.Unlock()
					var due float64
					for _, n := range c.due {
						due += n
					}
					if got := float64(r.Counts.Intended); math.Abs(got-due) > 1 {
						t.Errorf("%v requests were due, want %v", got, due)
					}
					for i, want := range c.due {
						if math.Abs(came[i]-want) > 30+0.1*want {
							return fmt.Errorf("arrivals every %v are %v, want %v", length, came, c.due)
						}
					}
					return nil
				})
			})
		})
	}
}

// 100 per second are far from what any driver can do.
func TestASteadyRateIsDealtSteadily(t *testing.T) {
	eachAlone(t, func(t *testing.T, driver string) {
		undisturbed(t, func() error {
			r := mustRun(t, load(driver, start(t, echo), lines, trial.Load{Loop: trial.Open, Clients: 4, Rate: 100, Arrivals: trial.Constant}))
			if e := r.Driving.ArrivalError; e <= 0 || e > 0.3 {
				return fmt.Errorf("arrival error %v, want little, and not nothing", e)
			}
			return nil
		})
	})
}
