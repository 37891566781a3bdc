package pondpool_test

import (
	"context"
	"fmt"
	"log"

	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/pondpool"
)

// Four tasks on a pool with two workers: two of them wait until a worker is free, and Close waits for all.
func ExampleNew() {
	pool, err := pondpool.New(strategies.Limits{Workers: 2})
	if err != nil {
		log.Fatal(err)
	}
	done := make(chan int, 4)
	for i := range 4 {
		if err := pool.Dispatch(context.Background(), func() { done <- i }); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println("closed:", pool.Close(), "done:", len(done))
	// Output:
	// closed: <nil> done: 4
}

// The same as a strategy for a server: its name says every limit.
func ExampleKind() {
	strategy, err := strategies.Kinds{pondpool.Kind()}.Parse("pond:workers=64,unit=request")
	fmt.Println(strategy.Name(), err)
	// Output:
	// pond:workers=64,queue=0,full=wait,unit=request <nil>
}
