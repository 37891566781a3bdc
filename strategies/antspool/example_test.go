package antspool_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/antspool"
)

// A server with at most 64 connections at once, which tells the others that it is busy, and which can be stopped without
// losing a request that it has begun to read.
func Example() {
	handler := strategies.HandlerFunc(func(_ context.Context, conn net.Conn) error {
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil {
			return err
		}
		_, err = io.WriteString(conn, "you said "+line)
		return err
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}

	pool := strategies.PerConn("ants", antspool.New, strategies.Limits{Workers: 64, WhenFull: strategies.Reject})
	var stats strategies.Stats
	ctx, stop := context.WithCancel(context.Background()) // in a real server: signal.NotifyContext
	defer stop()
	ended := make(chan error, 1)
	go func() {
		ended <- pool.Serve(ctx, listener, handler, strategies.Options{
			Drain: 10 * time.Second, Busy: []byte("busy\n"), Stats: &stats,
		})
	}()

	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	io.WriteString(conn, "hello\n")
	answer, _ := io.ReadAll(conn)
	conn.Close()
	fmt.Print(string(answer))

	stop()
	fmt.Println("stopped:", <-ended, "served:", stats.Counts().Served)
	// Output:
	// you said hello
	// stopped: <nil> served: 1
}
