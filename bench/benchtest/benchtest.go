// Package benchtest measures strategies in Go benchmarks: for `go test -bench`, and for benchstat. Each benchmark runs its
// server in a process of its own, as package bench does, so a test binary that uses it has a TestMain which calls
// [bench.Suite.ServeIfChild] first.
//
// A benchmark is one closed-loop trial without a plan around it: for comparisons that hold, with drift and chance taken
// out, run `poolbench run`.
package benchtest

import (
	"context"
	"fmt"
	"testing"

	"github.com/poolbench/poolbench/bench"
)

// Run runs a sub-benchmark for each strategy and workload named, in which so many clients together make b.N requests
// (or sessions). Beside ns/op, which is the time between two answers, it reports
//
//	req/s            requests (or sessions) per second
//	p50-ns, p99-ns   response time, where enough answers came for it
//	cpu-ns/op        server CPU time for each, where the platform tells
//
// Starting and stopping the server is not timed. Names have the form
//
//	Serve/strategy=ants/workers=64/queue=0/full=wait/unit=conn/workload=echo/conns=64
//
// so that `benchstat -col /strategy` compares strategies whose limits are equal.
func Run(b *testing.B, suite bench.Suite, clients int, strategies, workloads []string) {
	for _, workload := range workloads {
		for _, strategy := range strategies {
			spec, err := suite.Kinds.Spec(strategy)
			if err != nil {
				b.Fatal(err)
			}
			b.Run(fmt.Sprintf("%s/workload=%s/conns=%d", spec.Path(), workload, clients), func(b *testing.B) {
				serve(b, suite, spec.String(), workload, clients)
			})
		}
	}
}

func serve(b *testing.B, suite bench.Suite, strategy, workload string, clients int) {
	b.StopTimer()
	t, err := suite.Count(context.Background(), strategy, workload, clients, b.N, func(open bool) {
		if open {
			b.StartTimer()
		} else {
			b.StopTimer()
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	if t.Counts.OK == 0 {
		b.Fatalf("no request of %d was answered: %+v", t.Counts.Intended, t.Counts)
	}
	if t.Counts.OK != t.Counts.Intended {
		b.Fatalf("%d of %d requests were answered: %+v", t.Counts.OK, t.Counts.Intended, t.Counts)
	}
	b.ReportMetric(float64(t.Counts.Good)/t.Window.Seconds(), "req/s")
	for unit, q := range map[string]float64{"p50-ns": 0.50, "p99-ns": 0.99} {
		if d, supported := t.Latency.Response.Quantile(q); supported {
			b.ReportMetric(float64(d), unit)
		}
	}
	if t.ServerUsage.CPU > 0 && t.Counts.Good > 0 {
		b.ReportMetric(float64(t.ServerUsage.CPU)/float64(t.Counts.Good), "cpu-ns/op")
	}
}
