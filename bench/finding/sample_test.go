package finding

import (
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

const (
	us = time.Microsecond
	ms = time.Millisecond
)

// times are those of n equal requests.
type times struct {
	n                  int64
	wait, lag, service time.Duration
}

// ask makes good requests with these times the trial's only ones, with the number in flight that follows from them.
func ask(t *trial.Trial, all ...times) {
	t.Counts, t.Latency = trial.Counts{}, trial.Latency{}
	var inFlight time.Duration
	for _, q := range all {
		t.Counts.OK += q.n
		t.Latency.Wait.RecordN(q.wait, q.n)
		t.Latency.Lag.RecordN(q.lag, q.n)
		t.Latency.Service.RecordN(q.service, q.n)
		t.Latency.Response.RecordN(q.wait+q.lag+q.service, q.n)
		inFlight += time.Duration(q.n) * q.service
	}
	t.Counts.Intended, t.Counts.Sent, t.Counts.Good = t.Counts.OK, t.Counts.OK, t.Counts.OK
	t.Clients = trial.Clients{Total: 1, Served: 1, Good: []int64{t.Counts.Good}, Jain: 1}
	t.Driving.InFlight, t.Driving.Whole = float64(inFlight)/float64(t.Window), t.Counts.OK
}

// open is a trial in the open loop with nothing to say: 5000 requests a second for 5 s, on CPUs of their own.
func open() trial.Trial {
	t := trial.Trial{
		Measured: "request",
		Strategy: "ants:workers=64,queue=0,full=wait,unit=conn",
		Load:     trial.Load{Loop: trial.Open, Clients: 64, Rate: 5000, Ceiling: 0.05, Arrivals: trial.Poisson},
		Server:   trial.Process{Name: "ants", PID: 12, GOMAXPROCS: 1, CPUs: []int{0}, Backlog: 4096},
		Driver:   trial.Process{Name: "epoll", PID: 11, GOMAXPROCS: 1, CPUs: []int{1}},
		WarmUp:   time.Second,
		Window:   5 * time.Second,
		TimeOut:  time.Second,
		Driving:  trial.Driving{Shards: 1, Idle: 4500 * ms, Spun: 1500 * ms, LongestGap: ms, LateEdge: 100 * us, ArrivalError: 0.01},
		ServerUsage: trial.Usage{
			CPU: 500 * ms, UserCPU: 100 * ms, VoluntarySwitches: 25000, InvoluntarySwitches: 900, GCCycles: 2, GCPause: ms, Threads: 5},
		DriverUsage: trial.Usage{
			CPU: 2000 * ms, UserCPU: 1500 * ms, VoluntarySwitches: 20000, InvoluntarySwitches: 400, GCCycles: 1, GCPause: 100 * us, Threads: 8},
		System: trial.System{Steal: 10 * ms, CPUPressure: 100 * ms, CPUBusy: 2520 * ms, TimeWait: 80},
	}
	ask(&t, times{24_000, 0, 400, 100 * us}, times{900, 20 * us, 16 * us, 150 * us}, times{100, 500 * us, 30 * us, 2 * ms})
	return t
}

// closed is one in the closed loop with nothing to say: 64 clients whose answers wait for 5 ms.
func closed() trial.Trial {
	t := open()
	t.Load = trial.Load{Loop: trial.Closed, Clients: 64}
	t.Driving.ArrivalError = 0
	ask(&t, times{60_000, 0, 20 * us, 5 * ms}, times{1000, 0, 100 * us, 20 * ms})
	return t
}

// sessions is one in the sessions loop with nothing to say.
func sessions() trial.Trial {
	t := open()
	t.Measured, t.Load.Loop, t.System.TimeWait = "session", trial.Sessions, 1000
	return t
}

// slicedInto gives t a series in which good is the answers of each slice and mean their response time; the trial's own
// figures stay as they are.
func slicedInto(t *trial.Trial, n int, good func(i int) int64, mean func(i int) time.Duration) {
	s := trial.Series{Slice: t.Window / time.Duration(n)}
	for i := range n {
		g := good(i)
		s.Due, s.OK, s.Good, s.Timed = append(s.Due, g), append(s.OK, g), append(s.Good, g), append(s.Timed, g)
		s.Response = append(s.Response, mean(i))
	}
	t.Series = s
}

func TestTheSamplesAddUp(t *testing.T) {
	for _, c := range []trial.Trial{open(), closed(), sessions()} {
		if err := c.Check(); err != nil {
			t.Errorf("%s: %v", c.Load.Loop, err)
		}
	}
}
