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
	// error: unknown strategy "chanel"; allowed: goroutine, channel
}
