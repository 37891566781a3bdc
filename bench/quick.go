package bench

import (
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// quickClients is the number of clients in every scenario of Quick, and the number of workers that
// strategies.DefaultWorkers gives to each pool: limits that are equal, and enough.
const quickClients = 64

// Quick returns the scenarios of `make plots`, for the strategies named; the first is the baseline. With six
// strategies, eight repetitions and the baseline's twin its time is, by its own windows,
//
//	closed loop: 4 scenarios x 7 x 8 x (0.1 + 0.3 s)            =  90 s
//	open loop:   2 scenarios x 7 x 8 x 3 levels x (0.1 + 0.3 s) = 134 s
//
// and with starting processes and the tails of starved clients close to four minutes.
func Quick(strategies ...string) []Scenario {
	timing := Timing{
		WarmUp:  100 * time.Millisecond,
		Window:  300 * time.Millisecond,
		Tail:    100 * time.Millisecond,
		TimeOut: time.Second,
		BackOff: 20 * time.Millisecond,
	}
	closed := trial.Load{Loop: trial.Closed, Clients: quickClients}
	open := trial.Load{Loop: trial.Open, Clients: quickClients, Arrivals: trial.Poisson}
	// Half of the capacity is where latencies are compared: well under saturation of the driver, too. The others show
	// the way there, and the last where queues begin.
	fractions := []float64{0.25, 0.5, 0.9}
	return []Scenario{
		{Name: "exchange", Workload: "exchange", Load: closed, Timing: timing, Strategies: strategies,
			About: "The tutorial's session, one connection after the other: what spawning costs against reusing."},
		{Name: "echo", Workload: "echo", Load: closed, Timing: timing, Strategies: strategies,
			About: "Connections that stay and small answers: the control, where no difference is expected between equal limits."},
		{Name: "wait", Workload: "wait", Load: closed, Timing: timing, Strategies: strategies,
			About: "Each answer waits 5 ms for something else: whether the limit is large enough."},
		{Name: "cpu", Workload: "cpu", Load: closed, Timing: timing, Strategies: strategies,
			About: "Each answer is a fixed piece of computing: who shares the CPU, and how."},
		{Name: "echo-open", Workload: "echo", Load: open, Fractions: fractions, Timing: timing, Strategies: strategies,
			About: "Echo at rates that clients set: response times as users feel them, and what a limit below the number of connections does."},
		{Name: "wait-open", Workload: "wait", Load: open, Fractions: fractions, Timing: timing, Strategies: strategies,
			About: "Waiting at rates that clients set: when the limit, and not the machine, becomes the bottleneck."},
	}
}
