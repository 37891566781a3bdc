package strategies_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"

	"github.com/poolbench/poolbench/strategies"
)

// A server that would rather refuse clients than let them wait: those who come while the one worker is taken are told so
// at once, and are counted.
func ExamplePerConn() {
	strategy := strategies.PerConn("channel", strategies.Channel().New,
		strategies.Limits{Workers: 1, WhenFull: strategies.Reject})
	listener, err := strategies.Listen("tcp", "127.0.0.1:0", strategy)
	if err != nil {
		log.Fatal(err)
	}
	greet := strategies.HandlerFunc(func(_ context.Context, conn net.Conn) error {
		if _, err := io.WriteString(conn, "welcome\n"); err != nil {
			return err
		}
		_, err := io.Copy(io.Discard, conn) // until the client has enough
		return err
	})
	var stats strategies.Stats
	options := strategies.Options{Busy: []byte("busy\n"), Stats: &stats}

	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- strategy.Serve(ctx, listener, greet, options) }()

	for client := 1; client <= 2; client++ {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			log.Fatal(err)
		}
		defer conn.Close() // not before: the first one is to stay
		var answer string
		if _, err := fmt.Fscanln(conn, &answer); err != nil {
			log.Fatal(err)
		}
		fmt.Printf("client %d: %s\n", client, answer)
	}

	stop()
	fmt.Println("stopped:", <-ended)
	counts := stats.Counts()
	fmt.Println("served:", counts.Served, "refused:", counts.Shed)
	// Output:
	// client 1: welcome
	// client 2: busy
	// stopped: <nil>
	// served: 1 refused: 1
}
