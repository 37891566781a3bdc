package export_test

import (
	"fmt"
	"log"
	"os"
	"time"

	"github.com/poolbench/poolbench/bench/export"
	"github.com/poolbench/poolbench/bench/trial"
)

// One trial as a line that benchstat reads.
func ExampleBenchfmt() {
	run := trial.Run{
		Dir: "results/one", Env: trial.Env{Commit: "abc", Platform: trial.Platform{GOOS: "linux", GOARCH: "amd64", CPUModel: "EPYC"}},
		Trials: []trial.Trial{{
			Scenario: "echo", Workload: "echo", Measured: "request", Strategy: "ants:workers=64,queue=0,full=wait,unit=conn",
			Load: trial.Load{Loop: trial.Closed, Clients: 64}, Window: 2 * time.Second, TimeOut: time.Second,
			Server: trial.Process{GOMAXPROCS: 2}, Driver: trial.Process{Name: "epoll"},
			Counts: trial.Counts{Intended: 9000, Sent: 9000, OK: 9000, Good: 9000}, Clients: trial.Clients{Total: 64, Served: 64},
			ServerUsage: trial.Usage{CPU: 90 * time.Millisecond},
		}},
	}
	left, err := export.Benchfmt(os.Stdout, run)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("left out:", left)
	// Output:
	// Unit req/s better=higher
	// Unit cpu-ns/op better=lower
	// Unit p50-ns better=lower
	// Unit p90-ns better=lower
	// Unit p99-ns better=lower
	// Unit p99.9-ns better=lower
	// Unit service-p50-ns better=lower
	// Unit service-p99-ns better=lower
	// Unit ok-ratio better=higher
	// Unit served-ratio better=higher
	// goos: linux
	// goarch: amd64
	// cpu: EPYC
	// driver: epoll
	// commit: abc
	// run: one
	//
	// BenchmarkServe/scenario=echo/strategy=ants/workers=64/queue=0/full=wait/unit=conn/workload=echo/conns=64-2 9000 4500 req/s 10000 cpu-ns/op 1 ok-ratio 1 served-ratio
	// left out: {0 0}
}
