package strategies_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net"
	"time"

	"github.com/poolbench/poolbench/strategies"
)

// frames answers each frame with its text in capitals. A frame is its length in four bytes, big-endian, and as many bytes
// as that.
type frames struct{}

const (
	frameHeader  = 4
	longestFrame = 1 << 10 // under strategies.MaxRequest
)

func (f frames) Open() strategies.Session { return f } // nothing to remember of a connection

func (frames) Greet(dst []byte) []byte { return dst }

// Split looks at the length as soon as it is there: nobody makes room for four gigabytes that a client has announced.
func (frames) Split(data []byte, _ bool) (advance int, request []byte, err error) {
	if len(data) < frameHeader {
		return 0, nil, nil
	}
	n := binary.BigEndian.Uint32(data)
	if n > longestFrame {
		return 0, nil, fmt.Errorf("frame of %d bytes; allowed: %d", n, longestFrame)
	}
	if end := frameHeader + int(n); len(data) >= end {
		return end, data[frameHeader:end], nil
	}
	return 0, nil, nil
}

func (frames) Answer(_ context.Context, dst, request []byte) ([]byte, error) {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(request)))
	return append(dst, bytes.ToUpper(request)...), nil
}

// A server for a protocol of frames. Its eight workers answer requests that are complete; whoever sends slowly costs a
// goroutine, and no worker, which is why connections have a limit of their own.
func ExamplePerRequest() {
	strategy := strategies.PerRequest("channel", strategies.Channel().New, strategies.Limits{Workers: 8, MaxConns: 10_000})
	listener, err := strategies.Listen("tcp", "127.0.0.1:0", strategy)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() {
		ended <- strategy.Serve(ctx, listener, strategies.Messages(frames{}), strategies.Options{
			Idle:    5 * time.Minute,
			Request: 30 * time.Second,
		})
	}()

	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	if _, err := io.WriteString(conn, "\x00\x00\x00\x05hello"); err != nil {
		log.Fatal(err)
	}
	answer := make([]byte, frameHeader+len("hello"))
	if _, err := io.ReadFull(conn, answer); err != nil {
		log.Fatal(err)
	}
	conn.Close()
	fmt.Printf("%q\n", answer)

	stop()
	fmt.Println("stopped:", <-ended)
	// Output:
	// "\x00\x00\x00\x05HELLO"
	// stopped: <nil>
}
