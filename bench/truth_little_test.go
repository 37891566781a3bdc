package bench_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/trial"
)

func TestLittlesLawHoldsForThinkingClients(t *testing.T) { thinkingClients(t, 2*time.Second) }

// thinkingClients holds the figures of a closed loop against each other (J. Little: A Proof for the Queuing Formula L = λW,
// Operations Research 9(3), 1961). Of N clients each is thinking or waits, so with X answers per second
//
//	N = X · (response + think)
//
// and of the requests in flight, which are counted as they come and go and not by their times, on average
//
//	in flight · window = whole · service + partial
func thinkingClients(t *testing.T, window time.Duration) {
	const clients, think = 20, 20 * time.Millisecond
	all := map[string]experiment{}
	for _, driver := range bench.Drivers() {
		all[driver] = func(t *testing.T) error {
			child, err := startServer(t, "goroutine", "wait")
			if err != nil {
				return err
			}
			l := trial.Load{Loop: trial.Closed, Clients: clients, Think: think}
			x, err := bench.Drive(t.Context(), child.Addr(), find("wait"), l, truthTiming(window), bench.DriveOptions{Driver: driver, Seed: 1})
			if err != nil {
				return err
			}
			checkRecord(t, x, driver)
			good := float64(x.Counts.Good)
			n := good / x.Window.Seconds() * (x.Latency.Response.Mean() + think).Seconds()
			counted := x.Driving.InFlight * x.Window.Seconds()
			timed := float64(x.Driving.Whole)*x.Latency.Service.Mean().Seconds() + x.Driving.Partial.Seconds()
			t.Logf("%s: %v answers, %.3f clients; in flight %.4f s, by their times %.4f s", driver, good, n, counted, timed)
			switch {
			case !near(n, clients, 0.02):
				return fmt.Errorf("%v answers in %v make %.2f clients, and there are %d", good, x.Window, n, clients)
			case !near(counted, timed, 0.02):
				return fmt.Errorf("%.4f s were spent in flight, and by their times %.4f s", counted, timed)
			}
			return nil
		}
	}
	together(t, all)
}
