package finding_test

import (
	"fmt"
	"time"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/trial"
)

// A trial in which one request in 25 left 100 ms late says so, and its figures are not taken for the server's.
func Example() {
	t := trial.Trial{
		Measured: "request", Strategy: "goroutine:workers=unbounded,queue=0,full=wait,unit=conn",
		Load:   trial.Load{Loop: trial.Open, Clients: 64, Rate: 5000, Ceiling: 0.05, Arrivals: trial.Poisson},
		Server: trial.Process{GOMAXPROCS: 1, CPUs: []int{0}},
		Driver: trial.Process{Name: "epoll", GOMAXPROCS: 1, CPUs: []int{1}},
		Window: 5 * time.Second, TimeOut: time.Second,
		Counts:      trial.Counts{Intended: 25_000, Sent: 25_000, OK: 25_000, Good: 25_000},
		Clients:     trial.Clients{Total: 64, Served: 64, Jain: 1},
		Driving:     trial.Driving{Shards: 1, Idle: 4500 * time.Millisecond, LongestGap: 2 * time.Millisecond, InFlight: 0.5, Whole: 25_000},
		ServerUsage: trial.Usage{CPU: 500 * time.Millisecond},
	}
	t.Latency.Service.RecordN(100*time.Microsecond, 25_000)
	t.Latency.Lag.RecordN(10*time.Microsecond, 24_000)
	t.Latency.Lag.RecordN(100*time.Millisecond, 1000)
	t.Latency.Response.RecordN(110*time.Microsecond, 24_000)
	t.Latency.Response.RecordN(100*time.Millisecond, 1000)

	found := finding.Of(t)
	for _, f := range found {
		fmt.Println(f.Code)
	}
	fmt.Println("invalid:", finding.Invalid(found))
	// Output:
	// driver-bound
	// invalid: the driver was late: lag p99 is 100ms and response p99 100ms, so the response times are the driver's and not the server's; leave the machine alone while it measures, give the driver a CPU of its own, or lower the rate
}
