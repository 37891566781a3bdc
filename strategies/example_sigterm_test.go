//go:build unix

package strategies_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os/signal"
	"syscall"
	"time"

	"github.com/poolbench/poolbench/strategies"
)

// A server that a service manager can stop: at SIGTERM nobody new is let in, and whoever has asked is answered. A second
// SIGTERM ends the process at once.
func ExampleOptions_gracefulStop() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // gives the signal its usual effect back

	asked := make(chan struct{})
	handler := strategies.HandlerFunc(func(ctx context.Context, conn net.Conn) error {
		question, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil {
			return err
		}
		close(asked)
		<-ctx.Done() // stands for work that takes longer than the server has left
		_, err = io.WriteString(conn, "the answer to "+question)
		return err
	})

	strategy := strategies.PerConn("goroutine", strategies.Goroutine().New, strategies.Limits{Workers: strategies.Unbounded})
	listener, err := strategies.Listen("tcp", "127.0.0.1:0", strategy)
	if err != nil {
		log.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		ended <- strategy.Serve(ctx, listener, handler, strategies.Options{Drain: 20 * time.Second})
	}()

	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintln(conn, "everything")
	<-asked
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGTERM); err != nil {
		log.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		log.Fatal(err)
	}
	conn.Close()
	fmt.Print(string(answer))
	fmt.Println("stopped:", <-ended)
	// Output:
	// the answer to everything
	// stopped: <nil>
}
