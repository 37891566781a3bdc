// Command poolbench measures concurrency strategies for Go servers. See `poolbench --help`.
package main

import (
	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/cli"
	"github.com/poolbench/poolbench/bench/suites"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies/all"
)

func main() {
	built := suites.All(bench.Suite{Kinds: all.Kinds(), Workloads: workload.All()})
	cli.Main(built[0], built[1:]...)
}
