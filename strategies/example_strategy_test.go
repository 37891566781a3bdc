package strategies_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"sync"

	"github.com/poolbench/poolbench/strategies"
)

// perAddress is a strategy under which no client address has more than most connections served at once. Without it, one
// client that opens as many connections as a pool has workers has the server to itself.
//
// Limits, counters, panics, the busy answer and how to stop are the other strategy's business; one that accepts by itself
// takes all of that on, and strategytest.Run says what is missing. The handler that it passes on has no message form, so
// the other one has to run whole connections.
type perAddress struct {
	strategies.Strategy
	most int
}

func (s perAddress) Serve(ctx context.Context, ln net.Listener, h strategies.Handler, o strategies.Options) error {
	var mu sync.Mutex
	held := map[string]int{}
	count := func(host string, n int) int {
		mu.Lock()
		defer mu.Unlock()
		if held[host] += n; held[host] == 0 {
			delete(held, host)
		}
		return held[host]
	}
	return s.Strategy.Serve(ctx, ln, strategies.HandlerFunc(func(ctx context.Context, conn net.Conn) error {
		host, _, _ := net.SplitHostPort(conn.RemoteAddr().String()) // "" for addresses that have no port: they share
		defer count(host, -1)
		if count(host, 1) > s.most {
			return errors.New("too many connections from " + host) // closed, and counted as aborted
		}
		return h.ServeConn(ctx, conn)
	}), o)
}

// A strategy of one's own, made of another one.
func ExampleStrategy() {
	strategy := perAddress{strategies.PerConn("channel", strategies.Channel().New, strategies.Limits{Workers: 64}), 2}
	listener, err := strategies.Listen("tcp", "127.0.0.1:0", strategy)
	if err != nil {
		log.Fatal(err)
	}
	greet := strategies.HandlerFunc(func(_ context.Context, conn net.Conn) error {
		if _, err := io.WriteString(conn, "welcome\n"); err != nil {
			return err
		}
		_, err := io.Copy(io.Discard, conn)
		return err
	})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- strategy.Serve(ctx, listener, greet, strategies.Options{}) }()

	var clients []net.Conn
	for client := 1; client <= 3; client++ {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			log.Fatal(err)
		}
		clients = append(clients, conn) // which stays
		answer, err := bufio.NewReader(conn).ReadString('\n')
		fmt.Printf("client %d: %q, %v\n", client, answer, err)
	}
	for _, conn := range clients {
		conn.Close()
	}
	stop()
	fmt.Println("stopped:", <-ended)
	// Output:
	// client 1: "welcome\n", <nil>
	// client 2: "welcome\n", <nil>
	// client 3: "", EOF
	// stopped: <nil>
}
