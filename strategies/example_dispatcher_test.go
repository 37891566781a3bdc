package strategies_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"runtime/pprof"

	"github.com/poolbench/poolbench/strategies"
)

// labelled runs each task on a goroutine that profiles show under the label pool=lines: a server with several pools can
// then tell whose memory and processor time it is.
type labelled struct{ gate *strategies.Gate }

func (d labelled) Dispatch(ctx context.Context, task func()) error {
	err := d.gate.Enter(ctx)
	if err == nil {
		labels := pprof.Labels("pool", "lines")
		go pprof.Do(context.Background(), labels, func(context.Context) { defer d.gate.Leave(); task() })
	}
	return err
}

func (d labelled) Close() error { d.gate.Close(); return nil }

func newLabelled(l strategies.Limits) (strategies.Dispatcher, error) {
	if l.Queue != 0 {
		return nil, errors.New("a labelled task runs at once or not at all; allowed: queue=0")
	}
	return labelled{strategies.NewGate(l.Workers, l.WhenFull)}, nil
}

// A dispatcher of one's own: the gate keeps the limit and the policy, whatever runs the tasks behind it.
func ExampleDispatcher() {
	strategy := strategies.PerConn("labelled", newLabelled, strategies.Limits{Workers: 64, WhenFull: strategies.Reject})
	listener, err := strategies.Listen("tcp", "127.0.0.1:0", strategy)
	if err != nil {
		log.Fatal(err)
	}
	inspect := strategies.HandlerFunc(func(_ context.Context, conn net.Conn) error {
		var profile bytes.Buffer
		if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
			return err
		}
		_, err := fmt.Fprintln(conn, bytes.Contains(profile.Bytes(), []byte(`"pool":"lines"`)))
		return err
	})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- strategy.Serve(ctx, listener, inspect, strategies.Options{}) }()

	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	answer, err := io.ReadAll(conn)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print("labelled: ", string(answer))

	stop()
	fmt.Println("stopped:", <-ended)
	// Output:
	// labelled: true
	// stopped: <nil>
}
