//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package gnetloop_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log"
	"net"

	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/gnetloop"
)

// upper answers each line in capitals. It has message form, because an event loop cannot run a handler that reads for itself.
type upper struct{}

func (upper) Open() strategies.Session                           { return upper{} }
func (upper) Greet(dst []byte) []byte                            { return dst }
func (upper) Split(data []byte, atEOF bool) (int, []byte, error) { return bufio.ScanLines(data, atEOF) }
func (upper) Answer(_ context.Context, dst, line []byte) ([]byte, error) {
	return append(append(dst, bytes.ToUpper(line)...), '\n'), nil
}

// A server on one event loop.
func Example() {
	strategy := strategies.PerEvent("gnet", gnetloop.New, strategies.Limits{Workers: 1, Queue: strategies.Unbounded})
	listener, err := strategies.Listen("tcp", "127.0.0.1:0", strategy)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() {
		ended <- strategy.Serve(ctx, listener, strategies.Messages(upper{}), strategies.Options{})
	}()

	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintln(conn, "hello")
	answer, err := bufio.NewReader(conn).ReadString('\n')
	conn.Close()
	fmt.Printf("%q %v\n", answer, err)

	stop()
	fmt.Println("stopped:", <-ended)
	// Output:
	// "HELLO\n" <nil>
	// stopped: <nil>
}
