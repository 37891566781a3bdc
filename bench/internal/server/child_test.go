package server

import (
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies"
)

// serves is a strategy that serves as it is told to here.
type serves func(ctx context.Context, ln net.Listener) error

func (serves) Name() string { return "own" }

func (s serves) Serve(ctx context.Context, ln net.Listener, _ strategies.Handler, _ strategies.Options) error {
	defer ln.Close()
	return s(ctx, ln)
}

func TestAStrategyThatDoesNotStopIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		const drain = time.Minute
		stopped := make(chan int64)
		close(stopped) // the harness has gone before anything was served

		start := time.Now()
		err := runService(serves(func(context.Context, net.Listener) error { <-release; return nil }), drain, stopped)
		if err == nil || !strings.Contains(err.Error(), "own had not stopped") {
			t.Errorf("got %v, want an error that says who had not stopped", err)
		}
		if took := time.Since(start); took != drain+lastWait {
			t.Errorf("it was left after %v, want %v", took, drain+lastWait)
		}
	})
}

func TestAStrategyThatStopsByItselfIsAnError(t *testing.T) {
	err := runService(serves(func(context.Context, net.Listener) error { return nil }), time.Minute, nil)
	if err == nil || !strings.Contains(err.Error(), "without being asked") {
		t.Errorf("got %v, want an error: nobody serves any more", err)
	}
}

func runService(strategy strategies.Strategy, drain time.Duration, snapshots <-chan int64) error {
	s := service{
		strategy: strategy,
		workload: workload.Workload{Handler: func() strategies.Handler { return nil }},
		drain:    drain,
	}
	return s.run(new(strategies.Stats), snapshots, func(message) {})
}

func TestTheFirstUseOfTheListenerIsTold(t *testing.T) {
	for name, use := range map[string]func(acceptListener){
		"Accept":      func(l acceptListener) { _, _ = l.Accept() },
		"AcceptTCP":   func(l acceptListener) { _, _ = l.AcceptTCP() },
		"SyscallConn": func(l acceptListener) { _, _ = l.SyscallConn() },
		"File": func(l acceptListener) {
			if f, err := l.File(); err == nil {
				f.Close()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			tcp, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer tcp.Close()
			ln, accepting := newAcceptListener(tcp.(*net.TCPListener))
			if err := ln.SetDeadline(time.Now()); err != nil { // so that nobody waits below
				t.Fatal(err)
			}
			select {
			case <-accepting:
				t.Error("told before it was used")
			default:
			}
			for range 2 {
				use(ln)
			}
			select {
			case <-accepting:
			default:
				t.Error("not told")
			}
		})
	}
}
