package antspool_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"

	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/antspool"
)

// An echo server on the workers of an ants pool: at most 64 connections are served at once, and the others are told that
// the server is busy.
func Example() {
	strategy := strategies.PerConn("ants", antspool.New, strategies.Limits{Workers: 64, WhenFull: strategies.Reject})
	listener, err := strategies.Listen("tcp", "127.0.0.1:0", strategy)
	if err != nil {
		log.Fatal(err)
	}
	echo := strategies.HandlerFunc(func(_ context.Context, conn net.Conn) error {
		_, err := io.Copy(conn, conn)
		return err
	})
	ctx, stop := context.WithCancel(context.Background()) // in a real server: signal.NotifyContext
	ended := make(chan error)
	go func() { ended <- strategy.Serve(ctx, listener, echo, strategies.Options{Busy: []byte("busy\n")}) }()

	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintln(conn, "hello")
	var answer string
	if _, err := fmt.Fscanln(conn, &answer); err != nil {
		log.Fatal(err)
	}
	conn.Close()
	fmt.Println(answer)

	stop()
	fmt.Println("stopped:", <-ended)
	// Output:
	// hello
	// stopped: <nil>
}
