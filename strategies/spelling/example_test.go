package spelling_test

import (
	"fmt"

	"github.com/poolbench/poolbench/strategies/spelling"
)

func ExampleMeant() {
	kinds := []string{"goroutine", "channel", "pond", "pond-v1"}
	for _, name := range []string{"gorutine", "pnod", "swarm"} {
		fmt.Printf("unknown strategy %q%s\n", name, spelling.Meant(name, kinds))
	}
	// Output:
	// unknown strategy "gorutine"; did you mean goroutine?
	// unknown strategy "pnod"; did you mean pond?
	// unknown strategy "swarm"
}

func ExampleLacksUnit() {
	fmt.Println(spelling.LacksUnit("5"), spelling.LacksUnit("5s"))
	// Output: true false
}
