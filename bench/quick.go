package bench

import (
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// quickClients is the number of clients in every scenario of Quick, and the number of workers that
// strategies.DefaultWorkers gives to each pool: limits that are equal, and enough.
const quickClients = 64

// QuickRepetitions is more than MinRepetitions because a machine with neighbours disturbs a trial now and then: with eight
// repetitions a difference shows only if every one of them agrees, so that one disturbed trial hides it; with twelve one or two
// may disagree.
const QuickRepetitions = 12

// Quick returns the scenarios of `make plots`, for the strategies named; the first is the baseline. With six strategies
// and the baseline's twin, 12 repetitions take, by their own windows,
//
//	closed loop: 4 scenarios x 7 x 12 x (0.06 + 0.2 s)        =  87 s
//	open loop:   7 levels of load x 7 x 12 x (0.06 + 0.2 s)   = 153 s
//
// and with 936 processes to start and to stop, at 50 ms each, about five minutes.
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
	sessions := trial.Load{Loop: trial.Sessions, Clients: quickClients, Arrivals: trial.Poisson}
	// A session costs the driver as much as the server, so that in closed loop the driver may be what is measured: half of it
	// leaves both alone. Waiting costs little, so its levels go past what the limit allows.
	exchangeLevels := []float64{0.5}
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
		{Name: "exchange-open", Workload: "exchange", Load: sessions, Fractions: exchangeLevels, Timing: timing, Strategies: strategies,
			About: "The tutorial's session at a rate that clients set: what a session costs the server, and how long it takes, when nobody is at their limit."},
		{Name: "echo-open", Workload: "echo", Load: open, Fractions: echoLevels, Timing: timing, Strategies: strategies,
			About: "Echo at rates that clients set: response times as users feel them, and what a limit below the number of connections does."},
		{Name: "wait-open", Workload: "wait", Load: open, Fractions: waitLevels, Timing: timing, Strategies: strategies,
			About: "Waiting at rates that clients set: when the limit, and not the machine, becomes the bottleneck."},
	}
}
