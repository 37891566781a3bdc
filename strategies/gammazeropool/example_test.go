package gammazeropool_test

import (
	"context"
	"fmt"
	"log"

	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/gammazeropool"
)

// Four tasks on a pool with two workers: two of them queue until a worker is free, and Close waits for all.
func ExampleNew() {
	pool, err := gammazeropool.New(strategies.Limits{Workers: 2, Queue: strategies.Unbounded})
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
	strategy, err := strategies.Kinds{gammazeropool.Kind()}.Parse("workerpool:workers=64,unit=request")
	fmt.Println(strategy.Name(), err)
	// Output:
	// workerpool:workers=64,queue=unbounded,full=wait,unit=request <nil>
}
