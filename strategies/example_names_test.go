package strategies_test

import (
	"fmt"

	"github.com/poolbench/poolbench/strategies"
)

// A name says as much as the reader of a configuration wants to say; the strategy's own name says everything.
func ExampleKinds_Parse() {
	kinds := strategies.Kinds{strategies.Goroutine(), strategies.Channel()}
	for _, name := range []string{"goroutine", "channel:workers=8,queue=100,full=reject", "chanel"} {
		strategy, err := kinds.Parse(name)
		if err != nil {
			fmt.Println("error:", err)
			continue
		}
		fmt.Println(strategy.Name())
	}
	// Output:
	// goroutine:workers=unbounded,queue=0,full=wait,unit=conn
	// channel:workers=8,queue=100,full=reject,unit=conn
	// error: unknown strategy "chanel"; did you mean channel?; allowed: goroutine, channel
}

// What a configuration names can be written into a program, which then needs neither the name nor the list.
func ExampleKinds_Go() {
	kinds := strategies.Kinds{strategies.Goroutine(), strategies.Channel()}
	for _, name := range []string{"goroutine", "channel:workers=8,queue=100,full=reject,unit=request"} {
		code, imports, err := kinds.Go(name)
		if err != nil {
			fmt.Println("error:", err)
			continue
		}
		fmt.Println(code)
		fmt.Println("  with", imports)
	}
	// Output:
	// strategies.PerConn("goroutine", strategies.Goroutine().New, strategies.Limits{Workers: strategies.Unbounded})
	//   with [github.com/poolbench/poolbench/strategies]
	// strategies.PerRequest("channel", strategies.Channel().New, strategies.Limits{Workers: 8, Queue: 100, WhenFull: strategies.Reject})
	//   with [github.com/poolbench/poolbench/strategies]
}
