package bench

import (
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// quickClients is the number of clients in every scenario of Quick, and the number of workers that
// strategies.DefaultWorkers gives to each pool: limits that are equal, and enough.
const quickClients = 64

// QuickRepetitions is more than MinRepetitions because a machine with neighbours disturbs a trial now and then: with eight
// pairs and five comparisons an interval reaches from the smallest ratio to the largest, so that one disturbed trial
// decides it; with twelve it may leave out one at each end.
const QuickRepetitions = 12

// Quick returns the scenarios of `make plots`, for the strategies named; the first is the baseline. With six strategies
// and the baseline's twin, 12 repetitions take, by their own windows,
//
//	closed loop: 4 scenarios x 7 x 12 x (0.06 + 0.2 s)            =  87 s
//	open loop:   2 scenarios x 7 x 12 x 3 levels x (0.06 + 0.2 s) = 131 s
//
// and with 846 processes to start and to stop, at 50 ms each, less than four and a half minutes.
func Quick(strategies ...string) []Scenario {
	timing := Timing{
		WarmUp:  60 * time.Millisecond,
		Window:  200 * time.Millisecond,
		Tail:    100 * time.Millisecond,
		TimeOut: time.Second,
		BackOff: 20 * time.Millisecond,
	}
	closed := trial.Load{Loop: trial.Closed, Clients: quickClients}
	open := trial.Load{Loop: trial.Open, Clients: quickClients, Arrivals: trial.Poisson}
	// Echo's capacity is the driver's as much as the server's, and an open loop costs the driver more than a closed one:
	// above half of it this driver would measure itself. Waiting costs little, so its levels go past what the limit allows.
	echoLevels := []float64{0.1, 0.25, 0.5}
	waitLevels := []float64{0.5, 0.9, 1.2}
	return []Scenario{
		{Name: "exchange", Workload: "exchange", Load: closed, Timing: timing, Strategies: strategies,
			About: "The tutorial's session, one connection after the other: what spawning costs against reusing."},
		{Name: "echo", Workload: "echo", Load: closed, Timing: timing, Strategies: strategies,
			About: "Connections that stay and small answers: the control, where no difference is expected between equal limits."},
		{Name: "wait", Workload: "wait", Load: closed, Timing: timing, Strategies: strategies,
			About: "Each answer waits 5 ms for something else: whether the limit is large enough."},
		{Name: "cpu", Workload: "cpu", Load: closed, Timing: timing, Strategies: strategies,
			About: "Each answer is a fixed piece of computing: who shares the CPU, and how."},
		{Name: "echo-open", Workload: "echo", Load: open, Fractions: echoLevels, Timing: timing, Strategies: strategies,
			About: "Echo at rates that clients set: response times as users feel them, and what a limit below the number of connections does."},
		{Name: "wait-open", Workload: "wait", Load: open, Fractions: waitLevels, Timing: timing, Strategies: strategies,
			About: "Waiting at rates that clients set: when the limit, and not the machine, becomes the bottleneck."},
	}
}
