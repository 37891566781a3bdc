package server

import (
	"context"
	"io"
	"net"

	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies"
)

// A null server is an echo of bytes at the level of sockets: it looks for no request, limits nothing and refuses nobody. As
// a server does next to nothing then, the load at which it is saturated is its driver's ceiling. It is a strategy, so
// that all else about its process is what it is for the others; it brings its own handler.
//
// The clients of nullWorkload find nothing amiss, because its answers are its requests.
const nullWorkload = "echo"

// nullBuffer is the most that is echoed at once. Where sockets take more than this the server only goes round more often.
const nullBuffer = 64 << 10

// nullEcho is the workload of a null server.
func nullEcho() workload.Workload {
	return workload.Workload{
		Name:    nullWorkload,
		Handler: func() strategies.Handler { return strategies.HandlerFunc(echoBytes) },
	}
}

// echoBytes is the blocking form of what a null server does with a connection.
func echoBytes(_ context.Context, conn net.Conn) error {
	buf := make([]byte, nullBuffer)
	for {
		n, err := conn.Read(buf)
		if n > 0 {
			if _, err := conn.Write(buf[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// nullGoroutines is the null server of systems without epoll: a goroutine for each connection.
type nullGoroutines struct{}

func (nullGoroutines) Name() string { return trial.NullServer }

func (nullGoroutines) Serve(ctx context.Context, ln net.Listener, h strategies.Handler, o strategies.Options) error {
	limits := strategies.Limits{Workers: strategies.Unbounded}
	return strategies.PerConn(trial.NullServer, strategies.Goroutine().New, limits).Serve(ctx, ln, h, o)
}
