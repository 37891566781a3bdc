package suites_test

import (
	"fmt"
	"slices"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/suites"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies/all"
)

// The built-in suites, each of which is a file that can be read and changed.
func Example() {
	for _, s := range suites.All(bench.Suite{Kinds: all.Kinds(), Workloads: workload.All()}) {
		names := make([]string, len(s.Scenarios))
		for i, sc := range s.Scenarios {
			names[i] = sc.Name
		}
		least, most := s.Duration()
		fmt.Println(s.Name, "asks about a crowd:", slices.Contains(names, "crowd"), "and its sum is known:", 0 < least && least <= most)
	}
	// Output:
	// quick asks about a crowd: true and its sum is known: true
	// standard asks about a crowd: true and its sum is known: true
	// thorough asks about a crowd: true and its sum is known: true
	// claims asks about a crowd: false and its sum is known: true
}
