package suitefile_test

import (
	"fmt"
	"strings"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/suitefile"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies/all"
)

// A suite as a file, and what is said of a mistake in one.
func Example() {
	text := []byte(`name: mine
repetitions: 8
scenarios:
  - name: chat
    workload: echo
    clients: 500
    strategies: [goroutine, "ants:workers=64", "ants:workers=64,unit=request"]
`)
	catalog := bench.Suite{Kinds: all.Kinds(), Workloads: workload.All()}
	suite, err := suitefile.Read("mine.yaml", text, catalog)
	fmt.Println(suite.Name, len(suite.Scenarios), suite.Scenarios[0].Load.Clients, suite.Scenarios[0].Timing.Window, err)

	_, err = suitefile.Read("mine.yaml", append(text, "    clientele: 500\n"...), catalog)
	mistake, _, _ := strings.Cut(err.Error(), ";") // what is allowed follows, and the line with a caret
	fmt.Println(mistake)
	// Output:
	// mine 1 500 1s <nil>
	// mine.yaml:8:5: unknown field "clientele"
}
