package all_test

import (
	"fmt"
	"log"

	"github.com/poolbench/poolbench/strategies/all"
)

// A strategy by name, as a flag or a file has it, among all that there are.
func ExampleKinds() {
	strategy, err := all.Kinds().Parse("ants:workers=64,full=reject")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strategy.Name())

	_, err = all.Kinds().Parse("ants:queue=16")
	fmt.Println(err)
	// Output:
	// ants:workers=64,queue=0,full=reject,unit=conn
	// strategy "ants:queue=16": queue=16: ants has no queue; allowed: 0
}
