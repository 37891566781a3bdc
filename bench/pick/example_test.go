package pick_test

import (
	"fmt"
	"log"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/pick"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies/all"
)

// From a situation to the suite that decides it, at a capacity of 20,000 requests per second.
func Example() {
	catalog := bench.Suite{Kinds: all.Kinds(), Workloads: workload.All()}
	s := pick.Situation{Connections: 256, Workload: "wait:hold=5ms", Hold: 5 * time.Millisecond, Budget: 2 * time.Minute, CPUs: 1}
	suite, err := s.Suite(catalog, 20_000)
	if err != nil {
		log.Fatal(err)
	}
	for _, sc := range suite.Scenarios {
		fmt.Printf("%s: %d strategies, the first is %s\n", sc.Name, len(sc.Strategies), sc.Strategies[0])
	}
	fmt.Println("busy at half of the capacity, by Little's law:", pick.Little(10_000, s.Hold), "and with room to spare:", pick.Spare(pick.Little(10_000, s.Hold)))
	// Output:
	// choice: 7 strategies, the first is goroutine:workers=unbounded,queue=0,full=wait,unit=conn
	// size: 5 strategies, the first is channel:workers=256,queue=0,full=wait,unit=request
	// beyond: 4 strategies, the first is goroutine:workers=unbounded,queue=0,full=wait,unit=conn
	// busy at half of the capacity, by Little's law: 50 and with room to spare: 72
}
