// Package poolbench_test has the benchmarks of the project. They stand at its root because `go test -bench ./...`, typed
// literally, runs the root's package: go reads ./... there as the pattern of names.
package poolbench_test

import (
	"os"
	"testing"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/benchtest"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies/all"
)

var suite = bench.Suite{Kinds: all.Kinds(), Workloads: workload.All()}

func TestMain(m *testing.M) {
	suite.ServeIfChild()
	os.Exit(m.Run())
}

// BenchmarkServe compares four strategies at one limit, which is enough for every client, so that only what a strategy
// itself costs can differ. Put its output into benchstat -col /strategy.
func BenchmarkServe(b *testing.B) {
	const clients = 64
	benchtest.Run(b, suite, clients,
		[]string{"goroutine:workers=64", "channel:workers=64", "ants:workers=64", "pond:workers=64"},
		[]string{"exchange", "echo", "wait"})
}
