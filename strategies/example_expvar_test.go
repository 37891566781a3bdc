package strategies_test

import (
	"context"
	"expvar"
	"fmt"
	"log"
	"net"

	"github.com/poolbench/poolbench/strategies"
)

// The counters among a process's published variables: a server that imports expvar and serves http.DefaultServeMux shows
// them under /debug/vars. Each look takes one copy, so the classes add up in it.
func ExampleStats() {
	var stats strategies.Stats
	expvar.Publish("lines", expvar.Func(func() any { return stats.Counts() })) // once in a process: it panics at a name twice

	strategy := strategies.PerConn("goroutine", strategies.Goroutine().New, strategies.Limits{Workers: 1000})
	listener, err := strategies.Listen("tcp", "127.0.0.1:0", strategy)
	if err != nil {
		log.Fatal(err)
	}
	handler := strategies.HandlerFunc(func(_ context.Context, conn net.Conn) error {
		_, err := fmt.Fprintln(conn, expvar.Get("lines")) // this connection is in it, too
		return err
	})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- strategy.Serve(ctx, listener, handler, strategies.Options{Stats: &stats}) }()

	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	var answer string
	if _, err := fmt.Fscanln(conn, &answer); err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer)

	stop()
	if err := <-ended; err != nil {
		log.Fatal(err)
	}
	fmt.Println(expvar.Get("lines"))
	// Output:
	// {"Accepted":1,"Queued":0,"Active":1,"Served":0,"Shed":0,"Aborted":0,"Forced":0,"Panics":0,"RequestsShed":0}
	// {"Accepted":1,"Queued":0,"Active":0,"Served":1,"Shed":0,"Aborted":0,"Forced":0,"Panics":0,"RequestsShed":0}
}
