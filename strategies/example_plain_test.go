package strategies_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net"

	"github.com/poolbench/poolbench/strategies"
)

// An echo server on 64 workers. How it runs connections is a name, which may come from a flag or a file; the handler is
// the same for all of them.
func Example() {
	strategy, err := strategies.Kinds{strategies.Goroutine(), strategies.Channel()}.Parse("channel:workers=64")
	if err != nil {
		log.Fatal(err)
	}
	listener, err := strategies.Listen("tcp", "127.0.0.1:0", strategy)
	if err != nil {
		log.Fatal(err)
	}
	echo := strategies.HandlerFunc(func(_ context.Context, conn net.Conn) error {
		_, err := io.Copy(conn, conn)
		return err
	})

	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- strategy.Serve(ctx, listener, echo, strategies.Options{}) }()

	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintln(conn, "hello")
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(answer)

	stop() // the client is still connected, but has asked for nothing more
	fmt.Println("stopped:", <-ended)
	// Output:
	// hello
	// stopped: <nil>
}
