package finding

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// A seen finding is its code, and "!" if it is invalid.
func seen(fs []trial.Finding) []string {
	var all []string
	for _, f := range fs {
		if f.Invalid {
			f.Code += "!"
		}
		all = append(all, f.Code)
	}
	return all
}

// A ruleCase changes one thing in a trial that has nothing to say, and wants exactly these findings.
type ruleCase struct {
	name   string
	of     func() trial.Trial
	change func(*trial.Trial)
	want   []string
}

func is(codes ...string) []string { return codes }

func because(code string) string { return code + "!" }

var ruleCases = []ruleCase{
	{"no port was wanting", open, func(t *trial.Trial) { t.Driving.Exhausted = 0 }, nil},
	{"one port was wanting", open, func(t *trial.Trial) { t.Driving.Exhausted = 1 }, is(because(SocketsExhausted))},

	// 5 s of two CPUs are 10 s, of which 1 % and a tick are 110 ms, and 5 % and a tick 510 ms.
	{"stolen just as much as nobody sees", open, func(t *trial.Trial) { t.System.Steal = 110 * ms }, nil},
	{"stolen more", open, func(t *trial.Trial) { t.System.Steal = 111 * ms }, is(MachineDisturbed)},
	{"stolen just less than a difference", open, func(t *trial.Trial) { t.System.Steal = 510 * ms }, is(MachineDisturbed)},
	{"stolen more than a difference", open, func(t *trial.Trial) { t.System.Steal = 511 * ms }, is(because(MachineDisturbed))},
	{"one tick stolen in a short window", open, func(t *trial.Trial) { shorten(t, 100*ms); t.System.Steal = 10 * ms }, nil},
	{"stolen, CPUs not told", open, func(t *trial.Trial) {
		t.Server.CPUs, t.Server.GOMAXPROCS, t.Driver.CPUs, t.Driver.GOMAXPROCS = nil, 0, nil, 0
		t.System.Steal = 5 * time.Second
	}, nil},
	{"stolen from four CPUs by GOMAXPROCS", open, func(t *trial.Trial) {
		t.Server.CPUs, t.Server.GOMAXPROCS, t.Driver.CPUs, t.Driver.GOMAXPROCS = nil, 2, nil, 2
		t.System.Steal = 210 * ms
	}, nil},
	{"stolen from one CPU that both share", open, func(t *trial.Trial) { t.Server.CPUs = []int{1}; t.System.Steal = 61 * ms }, is(MachineDisturbed)},

	// Both sides use 2.5 s, of which 0.9 s in the kernel; 10 % of two CPUs and five ticks are 1.05 s.
	{"others used some", open, func(t *trial.Trial) { t.System.CPUPressure = time.Second; t.System.CPUBusy = 3550 * ms }, nil},
	{"others used more, perhaps", open, func(t *trial.Trial) { t.System.CPUPressure = time.Second; t.System.CPUBusy = 3551 * ms }, is(MachineDisturbed)},
	{"perhaps the network", open, func(t *trial.Trial) { t.System.CPUPressure = time.Second; t.System.CPUBusy = 4450 * ms }, is(MachineDisturbed)},
	{"surely others", open, func(t *trial.Trial) { t.System.CPUPressure = time.Second; t.System.CPUBusy = 4451 * ms }, is(because(MachineDisturbed))},
	{"others used much that nobody wanted", open, func(t *trial.Trial) { t.System.CPUPressure = 500 * ms; t.System.CPUBusy = 9 * time.Second }, nil},
	{"a server with many threads waits for itself", closed, func(t *trial.Trial) { t.System.CPUPressure = 5 * time.Second; t.ServerUsage.Threads = 18 }, nil},
	{"a driver with many threads waits for itself", closed, func(t *trial.Trial) { t.System.CPUPressure = 5 * time.Second; t.DriverUsage.Threads = 18 }, nil},
	{"half of the time somebody waits who has no reason", closed, func(t *trial.Trial) { t.System.CPUPressure = 2500 * ms }, nil},
	{"longer", closed, func(t *trial.Trial) { t.System.CPUPressure = 2501 * ms }, is(because(MachineDisturbed))},
	{"longer, with as many threads as may be idle", closed, func(t *trial.Trial) { t.System.CPUPressure = 2501 * ms; t.ServerUsage.Threads = 17 }, is(because(MachineDisturbed))},
	{"longer, where the kernel makes connections", closed, func(t *trial.Trial) { t.System.CPUPressure, t.Measured = 2501*ms, "session" }, is(MachineDisturbed)},
	{"longer, where the driver may spin", open, func(t *trial.Trial) { t.System.CPUPressure = 2501 * ms }, nil},
	{"longer, on CPUs that both share", closed, func(t *trial.Trial) { t.System.CPUPressure = 2501 * ms; t.Server.CPUs = []int{1} }, nil},
	{"longer, and the threads are not told", closed, func(t *trial.Trial) { t.System.CPUPressure = 2501 * ms; t.ServerUsage.Threads = 0 }, nil},
	{"all of a window that is too short to tell", closed, func(t *trial.Trial) {
		shorten(t, 100*ms)
		t.ServerUsage.Threads, t.DriverUsage.Threads = 5, 8
		t.System.CPUPressure = 100 * ms
	}, nil},
	{"most of one that is just not", closed, func(t *trial.Trial) {
		shorten(t, 150*ms)
		t.ServerUsage.Threads, t.DriverUsage.Threads = 5, 8
		t.System.CPUPressure = 101 * ms
	}, is(because(MachineDisturbed))},
	{"longer, and a little stolen", closed, func(t *trial.Trial) { t.System.CPUPressure, t.System.Steal = 2501*ms, 200*ms }, is(because(MachineDisturbed))},
	{"nobody asked the server", open, func(t *trial.Trial) {
		t.Server, t.ServerUsage = trial.Process{}, trial.Usage{}
		t.System.CPUPressure, t.System.CPUBusy = 5*time.Second, 10*time.Second
	}, nil},
	{"the server's CPU time is not told", open, func(t *trial.Trial) {
		t.ServerUsage = trial.Usage{}
		t.System.CPUPressure, t.System.CPUBusy = 5*time.Second, 10*time.Second
	}, nil},
	{"a little stolen, and much used by others", open, func(t *trial.Trial) {
		t.System = trial.System{Steal: 200 * ms, CPUPressure: time.Second, CPUBusy: 8 * time.Second}
	}, is(because(MachineDisturbed))},
	{"much stolen, and perhaps some used by others", open, func(t *trial.Trial) {
		t.System = trial.System{Steal: time.Second, CPUPressure: time.Second, CPUBusy: 3600 * ms}
	}, is(because(MachineDisturbed))},

	{"a gap of 5 %", open, func(t *trial.Trial) { t.Driving.LongestGap = 250 * ms }, nil},
	{"a longer gap", open, func(t *trial.Trial) { t.Driving.LongestGap = 251 * ms }, is(DriverPaused)},
	{"a gap of 10 %", closed, func(t *trial.Trial) { t.Driving.LongestGap = 500 * ms }, is(DriverPaused)},
	{"a gap of more", closed, func(t *trial.Trial) { t.Driving.LongestGap = 501 * ms }, is(because(DriverPaused))},

	{"an edge 1 % late", open, func(t *trial.Trial) { t.Driving.LateEdge = 50 * ms }, nil},
	{"an edge later", open, func(t *trial.Trial) { t.Driving.LateEdge = 51 * ms }, is(LateEdge)},
	{"an edge 10 % late", closed, func(t *trial.Trial) { t.Driving.LateEdge = 500 * ms }, is(LateEdge)},
	{"an edge later than that", closed, func(t *trial.Trial) { t.Driving.LateEdge = 501 * ms }, is(because(LateEdge))},

	{"a closed loop with a tenth to spare", closed, func(t *trial.Trial) { t.Driving.Idle = 500 * ms }, nil},
	{"a closed loop with less", closed, func(t *trial.Trial) { t.Driving.Idle = 499 * ms }, is(DriverBound)},
	{"a closed loop with none", closed, func(t *trial.Trial) { t.Driving.Idle = 0 }, is(DriverBound)},
	{"an open loop with a tenth to spare", open, func(t *trial.Trial) { t.Driving.Idle = 500 * ms }, nil},
	{"an open loop with less", open, func(t *trial.Trial) { t.Driving.Idle = 499 * ms }, is(because(DriverBound))},
	{"a spinning loop is not busy", open, func(t *trial.Trial) { t.DriverUsage.CPU = 5 * time.Second }, nil},
	{"goroutines at 90 % of their CPUs", closed, func(t *trial.Trial) { goroutines(t, 2, 9000*ms) }, nil},
	{"goroutines at more", closed, func(t *trial.Trial) { goroutines(t, 2, 9001*ms) }, is(DriverBound)},
	{"goroutines at more, open loop", sessions, func(t *trial.Trial) { goroutines(t, 1, 4501*ms) }, is(because(DriverBound))},
	{"goroutines on who knows how many CPUs", closed, func(t *trial.Trial) { goroutines(t, 0, 50*time.Second) }, nil},
	{"goroutines whose CPU time is not told", closed, func(t *trial.Trial) { goroutines(t, 1, 0) }, nil},

	{"lag is half of the tail", open, func(t *trial.Trial) { ask(t, times{24_000, 0, us, 100 * us}, times{1000, 0, 5 * ms, 5 * ms}) }, is(DriverLate)},
	{"lag is more than half of the tail", open, func(t *trial.Trial) { ask(t, times{24_000, 0, us, 100 * us}, times{1000, 0, 5100 * us, 5 * ms}) }, is(because(DriverBound))},
	{"lag is more than half of it, in sessions", sessions, func(t *trial.Trial) { ask(t, times{24_000, 0, us, 100 * us}, times{1000, 0, 5100 * us, 5 * ms}) }, is(because(DriverBound))},
	{"a closed loop's requests are due when they are sent", closed, func(t *trial.Trial) { ask(t, times{60_000, 0, 6 * ms, 5 * ms}) }, nil},
	{"lag is all of a tail under a millisecond", open, func(t *trial.Trial) { ask(t, times{24_000, 0, us, 100 * us}, times{1000, 0, 990 * us, 10 * us}) }, nil},
	{"lag is more than half of p90, p99 is not supported", open, func(t *trial.Trial) {
		few(t)
		ask(t, times{280, 0, us, 100 * us}, times{40, 0, 5 * ms, 4 * ms})
	}, is(because(DriverBound))},
	{"lag is more than half of p50, p90 is not supported", open, func(t *trial.Trial) {
		few(t)
		t.Load.Rate /= 8
		ask(t, times{40, 0, 5 * ms, 4 * ms})
	}, is(because(DriverBound))},
	{"too few for any percentile", open, func(t *trial.Trial) {
		few(t)
		t.Load.Rate /= 20
		ask(t, times{16, 0, 5 * ms, 4 * ms})
	}, nil},
	{"too few who were not rejected", open, func(t *trial.Trial) {
		ask(t, times{16, 0, 5 * ms, 4 * ms})
		t.Latency.Lag.RecordN(5*ms, 24_984)
		t.Latency.Wait.RecordN(0, 24_984)
		t.Counts.Rejected, t.Counts.Sent, t.Counts.Intended = 24_984, 25_000, 25_000
	}, nil},

	{"lag is a tenth of p50", open, func(t *trial.Trial) { ask(t, times{25_000, 0, 9900, 90_100}) }, nil},
	{"lag is more of p50", open, func(t *trial.Trial) { ask(t, times{25_000, 0, 10_100, 89_900}) }, is(DriverLate)},
	{"lag is a tenth of p99", open, func(t *trial.Trial) { ask(t, times{24_000, 0, us, 100 * us}, times{1000, 0, 2 * ms, 19 * ms}) }, nil},
	{"lag is more of p99", open, func(t *trial.Trial) { ask(t, times{24_000, 0, us, 100 * us}, times{1000, 0, 2 * ms, 17 * ms}) }, is(DriverLate)},
	{"lag is all of p99.9", open, func(t *trial.Trial) { ask(t, times{24_900, 0, us, 100 * us}, times{100, 0, 50 * ms, ms}) }, is(DriverLate)},

	{"one request in a thousand missed", open, func(t *trial.Trial) { miss(t, 25) }, is(DriverMissed)},
	{"more missed", open, func(t *trial.Trial) { miss(t, 26) }, is(because(DriverMissed))},

	{"half of the ceiling", open, func(t *trial.Trial) { t.Load.Ceiling = 0.5 }, nil},
	{"above half of it", open, func(t *trial.Trial) { t.Load.Ceiling = 0.51 }, is(AboveHalfCeiling)},

	{"a quarter off the gaps", open, func(t *trial.Trial) { t.Driving.ArrivalError = 0.25 }, nil},
	{"more off the gaps", open, func(t *trial.Trial) { t.Driving.ArrivalError = 0.26 }, is(ArrivalsDistorted)},
	{"gaps that hardly resemble", sessions, func(t *trial.Trial) { t.Driving.ArrivalError = 1 }, is(ArrivalsDistorted)},
	{"gaps that resemble less", sessions, func(t *trial.Trial) { t.Driving.ArrivalError = 1.01 }, is(because(ArrivalsDistorted))},

	// Poisson: 25,000 are expected, give or take 5 × 158 + 2.
	{"as few as chance allows", open, func(t *trial.Trial) { ask(t, times{24_208, 0, 400, 100 * us}) }, nil},
	{"fewer", open, func(t *trial.Trial) { ask(t, times{24_207, 0, 400, 100 * us}) }, is(because(InconsistentLoad))},
	{"as many as chance allows, with one open for each client", open, func(t *trial.Trial) { ask(t, times{25_856, 0, 400, 100 * us}) }, nil},
	{"more", open, func(t *trial.Trial) { ask(t, times{25_857, 0, 400, 100 * us}) }, is(because(InconsistentLoad))},
	{"a constant rate, and two less", open, func(t *trial.Trial) { t.Load.Arrivals = trial.Constant; ask(t, times{24_998, 0, 400, 100 * us}) }, nil},
	{"a constant rate, and three less", open, func(t *trial.Trial) { t.Load.Arrivals = trial.Constant; ask(t, times{24_997, 0, 400, 100 * us}) }, is(because(InconsistentLoad))},
	{"a constant rate, and two and the clients more", open, func(t *trial.Trial) { t.Load.Arrivals = trial.Constant; ask(t, times{25_066, 0, 400, 100 * us}) }, nil},
	{"a constant rate, and more still", open, func(t *trial.Trial) { t.Load.Arrivals = trial.Constant; ask(t, times{25_067, 0, 400, 100 * us}) }, is(because(InconsistentLoad))},
	{"one request where a hundredth is expected", open, func(t *trial.Trial) {
		few(t)
		t.Load.Rate, t.Load.Clients = 0.05, 0
		ask(t, times{1, 0, 400, 100 * us})
	}, nil},
	{"a burst as scheduled", open, func(t *trial.Trial) {
		t.Load.Profile = trial.Burst(5, time.Second, time.Second)
		ask(t, times{45_000, 0, 400, 100 * us})
	}, nil},
	{"a burst that never came", open, func(t *trial.Trial) { t.Load.Profile = trial.Burst(5, time.Second, time.Second) }, is(because(InconsistentLoad))},
	{"a ramp that the window cuts at half", open, func(t *trial.Trial) {
		t.Load.Arrivals, t.Load.Clients = trial.Constant, 0
		t.Load.Profile = trial.Ramp(0, 2, 10*time.Second)
		ask(t, times{12_500, 0, 400, 100 * us})
	}, nil},
	{"steps, of which some are outside", open, func(t *trial.Trial) {
		t.Load.Arrivals, t.Load.Clients = trial.Constant, 0
		t.Load.Profile = trial.Steps(2*time.Second, 0, 3, 1, 100)
		ask(t, times{35_000, 0, 400, 100 * us})
	}, nil},

	// In the closed loop 64 clients' requests are cut by 2 × 64 × 20 ms, beside 5 % of what was in flight.
	{"fewer in flight than the times say", closed, func(t *trial.Trial) { t.Driving.InFlight -= slackOf(t) * 0.98 }, nil},
	{"still fewer", closed, func(t *trial.Trial) { t.Driving.InFlight -= slackOf(t) * 1.02 }, is(because(InconsistentTimes))},
	{"more in flight than the times say", closed, func(t *trial.Trial) { t.Driving.InFlight += slackOf(t) * 1.03 }, nil},
	{"still more", closed, func(t *trial.Trial) { t.Driving.InFlight += slackOf(t) * 1.07 }, is(because(InconsistentTimes))},
	{"the time of requests that an edge cuts makes up for it", closed, func(t *trial.Trial) { t.Driving.InFlight += 20; t.Driving.Partial = 100 * time.Second }, nil},
	{"an open loop whose times are half of what was in flight", open, func(t *trial.Trial) { t.Driving.InFlight *= 2 }, is(because(InconsistentTimes))},
	{"an open loop with as few at an edge as its rate allows", open, func(t *trial.Trial) { t.Driving.InFlight += 0.05 }, is(because(InconsistentTimes))},
	{"in flight is not told", closed, func(t *trial.Trial) { t.Driving.InFlight = 0 }, nil},
	{"a rate that changes", open, func(t *trial.Trial) { t.Load.Profile = trial.Burst(1, 0, time.Second); t.Driving.InFlight *= 2 }, nil},
	{"too few answers to tell", closed, func(t *trial.Trial) { ask(t, times{999, 0, 0, ms}); t.Driving.InFlight *= 4 }, nil},
	{"just enough answers", closed, func(t *trial.Trial) { ask(t, times{1000, 0, 0, ms}); t.Driving.InFlight *= 4 }, is(because(InconsistentTimes))},
	{"a server that stood still at the opening edge", closed, func(t *trial.Trial) {
		t.Counts.OK -= 64 // whose times are in no histogram
		t.Driving.Whole -= 64
		t.Driving.InFlight += 64 * 0.18 / 5
		t.Driving.Partial = 64 * 180 * ms
	}, nil},
	{"a server that stood still before the window, behind which some were sent inside", open, func(t *trial.Trial) {
		t.Driving.Whole += 320
		t.Driving.InFlight += 320 * t.Latency.Service.Max().Seconds() / t.Window.Seconds()
	}, nil},
	{"a server that is so far behind that it answers what is older than the window", open, func(t *trial.Trial) {
		t.Counts.OK, t.Counts.Sent, t.Driving.InFlight = 0, 0, 64
	}, nil},

	{"the collector took 1 %", open, func(t *trial.Trial) { t.DriverUsage.GCPause = 50 * ms }, nil},
	{"it took more", closed, func(t *trial.Trial) { t.DriverUsage.GCPause = 51 * ms }, is(DriverGC)},
	{"the server's collector is its own", closed, func(t *trial.Trial) { t.ServerUsage.GCPause = 2 * time.Second }, nil},

	{"preempted 2000 times a second", open, func(t *trial.Trial) { t.DriverUsage.InvoluntarySwitches = 10_000 }, nil},
	{"preempted more often", open, func(t *trial.Trial) { t.DriverUsage.InvoluntarySwitches = 10_001 }, is(DriverPreempted)},
	{"preempted as often on each of two", open, func(t *trial.Trial) { t.Driver.CPUs = []int{1, 2}; t.DriverUsage.InvoluntarySwitches = 10_400 }, nil},
	{"preempted where the server runs too", open, func(t *trial.Trial) { t.Server.CPUs = []int{0, 1}; t.DriverUsage.InvoluntarySwitches = 50_000 }, nil},
	{"preempted where the server may run too", open, func(t *trial.Trial) { t.Server.CPUs = nil; t.DriverUsage.InvoluntarySwitches = 50_000 }, nil},
	{"preempted where the driver is moved about", open, func(t *trial.Trial) { t.Driver.CPUs = nil; t.DriverUsage.InvoluntarySwitches = 50_000 }, nil},
	{"preempted where anybody runs", open, func(t *trial.Trial) {
		t.Server.CPUs, t.Driver.CPUs = nil, nil
		t.DriverUsage.InvoluntarySwitches = 50_000
	}, nil},

	{"one connect dropped", open, func(t *trial.Trial) { t.System.ListenOverflows = 1 }, is(ListenOverflows)},
	{"one dropped before the window, backlog not told", closed, func(t *trial.Trial) { t.System.EarlyOverflows, t.Server.Backlog = 1, 0 }, is(ListenOverflows)},

	{"ports were taken, and not too many", sessions, func(t *trial.Trial) { t.System.TimeWait = 14_116 }, nil},
	{"the driver waited for ports", sessions, func(t *trial.Trial) { t.System.TimeWait, t.System.TimeWaitWait = 14_117, 10*time.Second }, is(PortsInTimeWait)},

	{"a platform that tells nothing", open, func(t *trial.Trial) {
		t.Driving, t.ServerUsage, t.DriverUsage, t.System = trial.Driving{}, trial.Usage{}, trial.Usage{}, trial.System{}
	}, nil},

	{"steady slices", closed, func(t *trial.Trial) { slicedInto(t, 50, always(1220), alike(5*ms)) }, nil},
	{"a fifth of the window at half of the goodput", closed, func(t *trial.Trial) { slicedInto(t, 50, atFirst(10, int64(600), 1200), alike(5*ms)) }, is(NotSteady)},
	{"a fifth of the window with slow answers", open, func(t *trial.Trial) { slicedInto(t, 50, always(500), atFirst(10, ms, 100*us)) }, is(NotSteady)},
	{"answers that become slower throughout", open, func(t *trial.Trial) {
		slicedInto(t, 50, always(500), func(i int) time.Duration { return 100*us + time.Duration(i)*us })
	}, is(NotSteady)},
	{"a warm-up, and answers that become slower behind it", closed, func(t *trial.Trial) {
		slicedInto(t, 50, atFirst(10, int64(600), 1200), func(i int) time.Duration { return 5*ms + time.Duration(i)*20*us })
	}, is(NotSteady)},
	{"a stall in the middle", closed, func(t *trial.Trial) {
		slicedInto(t, 50, func(i int) int64 { return int64(1200 * (1 - i/20%2)) }, alike(5*ms))
	}, nil},
	{"slow answers at first, because the load changes", open, func(t *trial.Trial) {
		t.Load.Profile = trial.Steps(time.Second, 1)
		slicedInto(t, 50, always(500), atFirst(10, ms, 100*us))
	}, nil},
}

// shorten keeps the rate.
func shorten(t *trial.Trial, window time.Duration) {
	t.Driving.Idle = time.Duration(float64(t.Driving.Idle) * of(window, t.Window))
	n := int64(t.Load.Rate * window.Seconds())
	t.Window = window
	t.ServerUsage, t.DriverUsage = trial.Usage{}, trial.Usage{}
	ask(t, times{n, 0, 400, 100 * us})
}

// few makes it 64 requests a second.
func few(t *trial.Trial) { t.Load.Rate = 64 }

func goroutines(t *trial.Trial, procs int, cpu time.Duration) {
	t.Driving.Shards, t.Driving.Idle, t.Driving.Spun = 0, 0, 0
	t.Driver.GOMAXPROCS, t.DriverUsage.CPU = procs, cpu
}

func miss(t *trial.Trial, n int64) {
	ask(t, times{25_000 - n, 0, 400, 100 * us})
	t.Counts.Intended, t.Counts.Unsent = t.Counts.Intended+n, n
	t.Latency.Response.RecordN(t.TimeOut, n)
	t.Driving.Missed = n
}

func always(n int64) func(int) int64                { return func(int) int64 { return n } }
func alike(d time.Duration) func(int) time.Duration { return func(int) time.Duration { return d } }

// atFirst is one value for so many slices, and another behind them.
func atFirst[T any](n int, first, then T) func(int) T {
	return func(i int) T {
		if i < n {
			return first
		}
		return then
	}
}

// slackOf is how far the number in flight of closed may be off.
func slackOf(t *trial.Trial) float64 {
	return 0.05*t.Driving.InFlight + 64*(20*ms).Seconds()/t.Window.Seconds()
}

func TestEachRuleBeginsWhereItsThresholdIs(t *testing.T) {
	for _, c := range ruleCases {
		t.Run(c.name, func(t *testing.T) {
			record := c.of()
			c.change(&record)
			if got := seen(Of(record)); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v: %+v", got, c.want, Of(record))
			}
		})
	}
}

func TestASoundTrialHasNoFindings(t *testing.T) {
	for _, c := range []trial.Trial{open(), closed(), sessions(), {}, {Load: trial.Load{Loop: trial.Open}}, {Window: time.Second}} {
		if got := Of(c); got != nil {
			t.Errorf("%s: %+v", c.Load.Loop, got)
		}
	}
}

func TestFiguresThatAreNoNumbersAreNotJudged(t *testing.T) {
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		c := open()
		c.Load.Rate = x
		if got := Of(c); got != nil {
			t.Errorf("a rate of %v: %+v", x, got)
		}
		if c = open(); true {
			c.Load.Ceiling, c.Driving.ArrivalError, c.Driving.InFlight = math.NaN(), math.NaN(), math.NaN()
		}
		if got := Of(c); got != nil {
			t.Errorf("not a number: %+v", got)
		}
	}
}

// The figures are those of a second's stop in five at 5000 requests a second (the truth tests make them with real
// processes): at any percentile the two trials look alike to whoever sees the response times alone.
func TestAStopIsBlamedOnWhoStopped(t *testing.T) {
	t.Run("server", func(t *testing.T) {
		c := open()
		ask(&c, times{19_936, 0, 400, 100 * us}, times{64, 0, us, 955 * ms}, times{4600, 480 * ms, 300 * us, 500 * us}, times{400, 953 * ms, 1200 * us, 1300 * us})
		if got := Of(c); got != nil {
			t.Errorf("%+v", got)
		}
		if got := Bound(c); got != ByRate {
			t.Errorf("bound by %q", got)
		}
	})
	t.Run("driver", func(t *testing.T) {
		c := open()
		ask(&c, times{20_000, 0, 400, 100 * us}, times{4600, 0, 480 * ms, 300 * us}, times{400, 48 * ms, 953 * ms, 1300 * us})
		c.Driving.LongestGap, c.Driving.Idle, c.Driving.ArrivalError = time.Second, 3500*ms, 0.4
		got := Of(c)
		if want := is(because(DriverPaused), because(DriverBound), ArrivalsDistorted); !slices.Equal(seen(got), want) {
			t.Errorf("got %v, want %v", seen(got), want)
		}
		if got := Bound(c); got != ByDriver {
			t.Errorf("bound by %q", got)
		}
	})
}

func TestTheFirstInvalidFindingIsTheReason(t *testing.T) {
	for name, c := range map[string]struct {
		findings []trial.Finding
		want     string
	}{
		"none at all":         {nil, ""},
		"notes alone":         {[]trial.Finding{{Text: "a"}, {Text: "b"}}, ""},
		"one behind a note":   {[]trial.Finding{{Text: "a"}, {Text: "b", Invalid: true}}, "b"},
		"the first of two":    {[]trial.Finding{{Text: "a", Invalid: true}, {Text: "b", Invalid: true}}, "a"},
		"from somewhere else": {[]trial.Finding{{Code: "forced-stop", Text: "a"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Invalid(c.findings); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// Catches: a reason that depends on the order of trials or on chance, one that is not the most frequent, and control characters of what a
// server wrote.
func TestWhatMostOftenSpoilsTrials(t *testing.T) {
	by := func(code, text string) trial.Trial {
		x := trial.Trial{Invalid: text}
		if code != "" {
			x.Findings = []trial.Finding{{Code: LateEdge, Text: "a note"}, {Code: code, Text: text, Invalid: true}}
		}
		return x
	}
	for name, c := range map[string]struct {
		trials []trial.Trial
		want   string
	}{
		"no trials":         {nil, ""},
		"all can be used":   {[]trial.Trial{{}, {Findings: []trial.Finding{{Code: LateEdge}}}}, ""},
		"the most frequent": {[]trial.Trial{by(LateEdge, "a"), by(DriverPaused, "b"), {}, by(DriverPaused, "c"), by("", "start")}, DriverPaused},
		"of equals the first by name, whatever the order": {[]trial.Trial{by(MachineDisturbed, "a"), by(DriverPaused, "b")}, DriverPaused},
		"no finding": {[]trial.Trial{by("", "start:\n no\tsuch pool"), by("", "start:\n no\tsuch pool"), by(LateEdge, "a")}, "start: no such pool"},
	} {
		if got := Usual(c.trials); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestWhatLimited(t *testing.T) {
	for name, c := range map[string]struct {
		of     func() trial.Trial
		change func(*trial.Trial)
		want   Limit
	}{
		"a closed loop":                       {closed, func(t *trial.Trial) {}, ByServer},
		"a closed loop, the driver busy":      {closed, func(t *trial.Trial) { t.Driving.Idle = 0 }, ByDriver},
		"clients that think for longer":       {closed, func(t *trial.Trial) { t.Load.Think = 10 * ms }, ByThink},
		"clients that think for less":         {closed, func(t *trial.Trial) { t.Load.Think = ms }, ByServer},
		"an open loop that is answered":       {open, func(t *trial.Trial) {}, ByRate},
		"an open loop, 99 % of it answered":   {open, func(t *trial.Trial) { t.Counts.Good = 24_750 }, ByRate},
		"an open loop, less of it":            {open, func(t *trial.Trial) { t.Counts.Good = 24_749 }, ByServer},
		"an open loop, the driver out of CPU": {open, func(t *trial.Trial) { t.Driving.Idle = 0 }, ByDriver},
		"an open loop that a few missed":      {open, func(t *trial.Trial) { miss(t, 25) }, ByRate},
		"an open loop that many missed":       {open, func(t *trial.Trial) { miss(t, 100) }, ByDriver},
		"no ports":                            {sessions, func(t *trial.Trial) { t.Driving.Exhausted = 1 }, ByDriver},
		"nothing was asked":                   {func() trial.Trial { return trial.Trial{} }, func(t *trial.Trial) {}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			record := c.of()
			c.change(&record)
			if got := Bound(record); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// Whether the text says by what and for how long, and of the right figures that they contain it.
func TestANoteOfUnsteadinessSaysHowMuchWasDiscardedAndFromWhat(t *testing.T) {
	for name, c := range map[string]struct {
		of   func() trial.Trial
		good func(int) int64
		mean func(int) time.Duration
		want string
	}{
		"a closed loop": {closed, atFirst(10, int64(600), 1200), alike(5 * ms),
			"the first 1s of the window, 20 % of it, differ from the rest by their goodput, which is left out of goodput, and stands in all other figures; use a longer warm-up, and if that changes nothing a longer window"},
		"an open loop": {open, always(500), atFirst(8, ms, 100*us),
			"the first 800ms of the window, 16 % of it, differ from the rest by their mean response time, which stands in all figures; use a longer warm-up, and if that changes nothing a longer window"},
		"a fall": {closed, func(i int) int64 { return 1200 - 5*int64(i) }, alike(5 * ms),
			""},
	} {
		t.Run(name, func(t *testing.T) {
			record := c.of()
			slicedInto(&record, 50, c.good, c.mean)
			f, _ := notSteady(record)
			if c.want != "" && f.Text != c.want {
				t.Errorf("got  %q\nwant %q", f.Text, c.want)
			}
			if c.want == "" && !strings.Contains(f.Text, "the goodput fell by ") {
				t.Errorf("got %q", f.Text)
			}
		})
	}
}
