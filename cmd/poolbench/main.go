// Command poolbench measures concurrency strategies for Go servers. See `poolbench --help`.
package main

import (
	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/cli"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies/all"
)

func main() {
	cli.Main(bench.Suite{
		Name:        "quick",
		Kinds:       all.Kinds(),
		Workloads:   workload.All(),
		Scenarios:   bench.Quick("goroutine", "channel", "ants", "pond", "thread", "tutorial"),
		Repetitions: bench.QuickRepetitions,
	})
}
