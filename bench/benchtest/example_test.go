package benchtest_test

import (
	"flag"
	"fmt"
	"log"
	"os"
	"testing"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/benchtest"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies/all"
)

var suite = bench.Suite{Kinds: all.Kinds(), Workloads: workload.All()}

// The servers that are measured are processes of the test binary itself, so it has to serve where it was started for that.
func TestMain(m *testing.M) {
	suite.ServeIfChild()
	os.Exit(m.Run())
}

// BenchmarkServe is what one's own test file has beside its TestMain: `go test -bench Serve -count 10` runs it, and
// `benchstat -col /strategy` compares.
func BenchmarkServe(b *testing.B) {
	benchtest.Run(b, suite, 8, []string{"goroutine:workers=8", "ants:workers=8"}, []string{"echo"})
}

func ExampleRun() {
	if err := flag.Set("test.benchtime", "20x"); err != nil { // for the example: a few requests show that it works, and no more
		log.Fatal(err)
	}
	measured := false
	testing.Benchmark(func(b *testing.B) {
		BenchmarkServe(b)
		measured = !b.Failed()
	})
	fmt.Println("measured:", measured)
	// Output:
	// measured: true
}
