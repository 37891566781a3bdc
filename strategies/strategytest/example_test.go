package strategytest_test

import (
	"fmt"

	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/strategytest"
)

// What a strategy has to keep depends on its limits, its policy and its unit, all of which its name says: only one that
// refuses is held to telling whom it refuses. A test of one's own strategy is a call of Run, which runs all of the rows.
func ExampleRows() {
	kinds := strategies.Kinds{strategies.Channel()}
	for _, name := range []string{"channel:workers=2", "channel:workers=2,full=reject"} {
		spec, err := kinds.Spec(name)
		if err != nil {
			fmt.Println(err)
		}
		refuses := false
		for _, row := range strategytest.Rows(spec.String()) {
			refuses = refuses || row.Name == "refuses exactly the connections over its limit, and tells them"
		}
		fmt.Println(name, "is held to refusing:", refuses)
	}
	// Output:
	// channel:workers=2 is held to refusing: false
	// channel:workers=2,full=reject is held to refusing: true
}
