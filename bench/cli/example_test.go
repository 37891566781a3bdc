package cli_test

import (
	"context"
	"fmt"
	"os"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/cli"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies/all"
)

// A command line in process, as a test of one's own program runs it: what went to standard error is one line that says what
// to do, and the exit code tells bad input from a fault.
func ExampleExecute() {
	mine := bench.Suite{Name: "mine", Kinds: all.Kinds(), Workloads: workload.All(), Repetitions: 8}
	code := cli.Execute(context.Background(), mine, []string{"run", "--workload", "echo", "--strategy", "ants:queue=16"}, os.Stdout, os.Stdout)
	fmt.Println("exit code", code)
	// Output:
	// poolbench: --strategy: strategy "ants:queue=16": queue=16: ants has no queue; allowed: 0
	// exit code 2
}
