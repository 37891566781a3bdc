package bench_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/internal/load"
	"github.com/poolbench/poolbench/bench/internal/pin"
	"github.com/poolbench/poolbench/bench/internal/server"
	"github.com/poolbench/poolbench/bench/internal/usage"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

// The benchmarks of this file are about the driver, not about a strategy: what it promises of its own exactness and cost.
// They take a few seconds each and mean something only on a machine that does nothing else:
//
//	make driver
//
// Server and driver have CPUs of their own, where the system can pin processes. Each iteration is one load; its figures
// are those of the window, from edge to edge.

// A rig is a server in a process of its own, and this process as its driver.
type rig struct {
	child *server.Child
	sides bench.Sides
}

// newRig starts the server; when tb ends it is stopped, and this process is as it was.
func newRig(tb testing.TB, config server.Config) rig {
	tb.Helper()
	sides, err := bench.ParseSides("", "")
	if err != nil {
		tb.Fatal(err)
	}
	config.CPUs, config.GOMAXPROCS, config.Drain = sides.Server.CPUs, sides.Server.GOMAXPROCS, time.Second
	child, err := server.Start(tb.Context(), config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if _, err := child.Stop(ctx); err != nil {
			tb.Error(err)
		}
	})
	enterDriver(tb, sides.Driver)
	return rig{child, sides}
}

// enterDriver makes this process the driver until tb ends.
func enterDriver(tb testing.TB, side trial.Side) {
	tb.Helper()
	want := side.GOMAXPROCS
	if len(side.CPUs) > 0 {
		want = load.Procs("", want)
	}
	procs := runtime.GOMAXPROCS(want)
	tb.Cleanup(func() { runtime.GOMAXPROCS(procs) })
	if len(side.CPUs) == 0 {
		return
	}
	before, err := pin.Allowed()
	if err != nil {
		tb.Fatal(err)
	}
	if err := pin.Process(side.CPUs); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := pin.Process(before); err != nil {
			tb.Error(err)
		}
	})
}

// goroutines is a server that runs the strategy goroutine.
func goroutines(tb testing.TB, work string) server.Config {
	tb.Helper()
	spec, err := measured().Kinds.Spec("goroutine")
	if err != nil {
		tb.Fatal(err)
	}
	return server.Config{Strategy: spec.String(), Workload: work}
}

// A demand is one load on the rig's server.
type demand struct {
	driver, work   string
	load           trial.Load
	warmUp, window time.Duration
	atClose        func() // nil, or called when the window has closed and its figures are read; the load goes on
}

// figures are what a load came to, and what it cost this process between the window's edges.
type figures struct {
	load.Result
	used    trial.Usage
	mallocs uint64
}

// drive puts the load on the server.
func (r rig) drive(tb testing.TB, d demand) figures {
	tb.Helper()
	w, err := workload.Find(workload.All(), d.work)
	if err != nil {
		tb.Fatal(err)
	}
	var f figures
	var used [2]usage.Snapshot
	var memory [2]runtime.MemStats
	cpus := len(r.sides.Driver.CPUs)
	f.Result, err = load.Run(tb.Context(), load.Config{
		Target: r.child.Addr(), Client: w.Client, Load: d.load, Seed: 1,
		Driver: d.driver, CPUs: cpus, OwnCPUs: cpus > 0,
		WarmUp: d.warmUp, Window: d.window, Tail: time.Second, TimeOut: 5 * time.Second, BackOff: 20 * time.Millisecond,
		AtEdge: func(e load.Edge) {
			// In this order what the reading itself allocates stays outside.
			if e == load.Opens {
				used[e] = usage.Self()
				runtime.ReadMemStats(&memory[e])
				return
			}
			runtime.ReadMemStats(&memory[e])
			used[e] = usage.Self()
			if d.atClose != nil {
				d.atClose()
			}
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	f.used = usage.Between(used[load.Opens], used[load.Closes])
	f.mallocs = memory[load.Closes].Mallocs - memory[load.Opens].Mallocs
	if f.Counts.Good == 0 {
		tb.Fatalf("not one request was answered: %+v", f.Counts)
	}
	return f
}

// measure is drive for figures that count: it fails b if a request was not answered or a client not served.
func (r rig) measure(b *testing.B, d demand) figures {
	b.Helper()
	f := r.drive(b, d)
	if n := f.Counts; n.OK != n.Intended || f.Clients.Served != d.load.Clients {
		b.Fatalf("%d of %d clients were served; %+v", f.Clients.Served, d.load.Clients, n)
	}
	return f
}

// perRequest divides what the window has cost by the answers in it.
func (f figures) perRequest(cost float64) float64 { return cost / float64(f.Counts.Good) }

// BenchmarkPacing offers requests at random moments, 64 connections, and reports how late the driver sent them:
//
//	go test -run '^$' -bench Pacing -benchtime 3x ./bench
//
// The aim is lag-p50-ns of at most 5,000 and lag-p90-ns of at most 30,000 with the epoll driver. A generator that sleeps by
// Go's timers is late by 510,000 in the median; the portable driver is there for comparison.
func BenchmarkPacing(b *testing.B) {
	for _, driver := range bench.Drivers() {
		for _, rate := range []float64{5_000, 20_000} {
			b.Run(fmt.Sprintf("driver=%s/rate=%v", driver, rate), func(b *testing.B) {
				r := newRig(b, goroutines(b, "echo"))
				var lag trial.Histogram
				var arrivals float64
				for range b.N {
					f := r.measure(b, demand{
						driver: driver, work: "echo",
						load:   trial.Load{Loop: trial.Open, Clients: 64, Rate: rate, Arrivals: trial.Poisson},
						warmUp: 500 * time.Millisecond, window: 2 * time.Second,
					})
					lag.Merge(f.Latency.Lag)
					arrivals = max(arrivals, f.Driving.ArrivalError)
				}
				for unit, q := range map[string]float64{"lag-p50-ns": 0.50, "lag-p90-ns": 0.90, "lag-p99-ns": 0.99} {
					d, _ := lag.Quantile(q)
					b.ReportMetric(float64(d), unit)
				}
				b.ReportMetric(arrivals, "arrival-error")
				b.ReportMetric(0, "ns/op") // of a load: says nothing
			})
		}
	}
}

// BenchmarkCeiling asks a null server as fast as it answers, 64 connections, and reports what the driver reaches and what a
// request costs it: of the CPU, of that in its own code, and in allocations:
//
//	go test -run '^$' -bench Ceiling -benchtime 3x ./bench
//
// The aim is user-ns/req of at most 2,000 and no allocation with the epoll driver. The rest of the CPU's time is the kernel's,
// for the sockets; the portable driver is there for comparison.
//
// Run it alone. The kernel samples at its clock tick whether a process is in its own code, and divides all CPU time that the
// process ever used by all samples so far, never letting a part shrink: behind other loads the user part of a window comes
// out too small, down to 0.
func BenchmarkCeiling(b *testing.B) {
	for _, driver := range bench.Drivers() {
		b.Run("driver="+driver, func(b *testing.B) {
			r := newRig(b, server.Config{Null: true})
			var all []figures
			for range b.N {
				all = append(all, r.measure(b, demand{
					driver: driver, work: "echo",
					load:   trial.Load{Loop: trial.Closed, Clients: 64},
					warmUp: 500 * time.Millisecond, window: 2 * time.Second,
				}))
			}
			for unit, of := range map[string]func(figures) float64{
				"req/s":       func(f figures) float64 { return float64(f.Counts.Good) / f.Window.Seconds() },
				"cpu-ns/req":  func(f figures) float64 { return f.perRequest(float64(f.used.CPU)) },
				"user-ns/req": func(f figures) float64 { return f.perRequest(float64(f.used.UserCPU)) },
				"mallocs/req": func(f figures) float64 { return f.perRequest(float64(f.mallocs)) },
			} {
				b.ReportMetric(middle(all, of), unit)
			}
			b.ReportMetric(0, "ns/op") // of a load: says nothing
		})
	}
}

// middle is the median of one figure, the upper one of two.
func middle(all []figures, of func(figures) float64) float64 {
	var values []float64
	for _, f := range all {
		values = append(values, of(f))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// BenchmarkConnections holds many connections to a null server and drives them all, 5,000 requests per second dealt to them
// in turn, so that each is asked at least twice; it fails if one of them is not served. It reports what a connection needs of
// the driver's own memory, by the Go runtime's count and by the kernel's (what the kernel itself needs for the socket is
// in neither):
//
//	go test -run '^$' -bench Connections -benchtime 1x ./bench
//
// The aim is at most 1,024 bytes with the epoll driver. Within a limit of 20,000 open files it reaches 19,000 connections;
// 100,000 need a higher one, which is set where that is allowed, and are skipped without.
func BenchmarkConnections(b *testing.B) {
	for _, clients := range []int{19_000, 100_000} {
		b.Run(fmt.Sprintf("conns=%d", clients), func(b *testing.B) {
			if err := load.CheckFiles(clients); err != nil { // raises the server's limit with ours
				b.Skip(err)
			}
			r := newRig(b, server.Config{Null: true})
			const few = 64 // what there is without connections
			base := r.hold(b, few)
			for range b.N {
				h := r.hold(b, clients)
				more := float64(clients - few)
				b.ReportMetric(float64(h.runtime-base.runtime)/more, "B/conn")
				if base.resident > 0 {
					b.ReportMetric(float64(h.resident-base.resident)/more, "resident-B/conn")
				}
				p90, _ := h.Latency.Lag.Quantile(0.90)
				b.ReportMetric(float64(p90), "lag-p90-ns")
				b.ReportMetric(float64(h.Clients.Served), "served")
			}
			b.ReportMetric(0, "ns/op") // of a load: says nothing
		})
	}
}

// held is a load's figures, and what the driver's process held right after the window, in bytes.
type held struct {
	figures
	runtime, resident int64
}

// hold drives so many connections in turn.
func (r rig) hold(b *testing.B, clients int) held {
	b.Helper()
	const rate = 5_000
	round := time.Duration(clients) * time.Second / rate // until each has been asked, on average
	var h held
	h.figures = r.measure(b, demand{
		work:   "echo",
		load:   trial.Load{Loop: trial.Open, Clients: clients, Rate: rate, Arrivals: trial.Poisson},
		warmUp: round + 500*time.Millisecond, window: round + round/4 + 500*time.Millisecond,
		atClose: func() {
			debug.FreeOSMemory() // collects, so that what is left is held
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			h.runtime, h.resident = int64(m.HeapInuse+m.StackInuse), resident()
		},
	})
	return h
}

// resident is how much of this process is in memory, in bytes; 0 where the system does not tell.
func resident() int64 {
	text, _ := os.ReadFile("/proc/self/statm")
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// TestDriverAllocatesNothingForARequest catches an allocation on a request's path: with 100,000 requests a second the
// garbage collector would run through every measurement. The server is another process, whose allocations are its own.
func TestDriverAllocatesNothingForARequest(t *testing.T) {
	const (
		driver = "epoll"
		most   = 0.01 // for one request: an allocation for each, or for one in ten, is far above it
		once   = 16   // in a window, however many requests: its histograms, which the first request makes, are 8

		// A client's queue grows when more wait in it than ever before, which is no request's own cost and becomes rare,
		// but on a busy machine not within a second. An allocation for each request is there in each of the attempts.
		attempts = 10
	)
	if !slices.Contains(bench.Drivers(), driver) {
		t.Skipf("no %s driver on %s", driver, runtime.GOOS)
	}
	for _, c := range []struct {
		name, work string
		load       trial.Load
	}{
		{"closed loop", "echo", trial.Load{Loop: trial.Closed, Clients: 16}},
		{"closed loop of http", "http", trial.Load{Loop: trial.Closed, Clients: 16}},
		{"open loop", "echo", trial.Load{Loop: trial.Open, Clients: 64, Rate: 4_000, Arrivals: trial.Poisson}},
		{"sessions", "exchange", trial.Load{Loop: trial.Sessions, Clients: 64, Rate: 1_000, Arrivals: trial.Poisson}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, goroutines(t, c.work))
			var seen []string
			for range attempts {
				f := r.drive(t, demand{
					driver: driver, work: c.work, load: c.load,
					warmUp: 200 * time.Millisecond, window: 500 * time.Millisecond,
				})
				if float64(f.mallocs) < once+most*float64(f.Counts.Good) {
					return
				}
				seen = append(seen, fmt.Sprintf("%d in %d", f.mallocs, f.Counts.Good))
			}
			t.Errorf("allocations in requests: %s; want less than %d and %v for each, in one attempt", strings.Join(seen, ", "), once, most)
		})
	}
}
