package strategytest

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/poolbench/poolbench/strategies"
)

// starved are a listener and its connections whose users get no CPU for a while, once each, in front of a call.
type starved struct {
	net.Listener
	accepts atomic.Bool
	reads   atomic.Bool
}

// noCPU is longer than the grace that a stop gives.
const noCPU = 6 * time.Millisecond

func (s *starved) SetDeadline(t time.Time) error {
	return s.Listener.(interface{ SetDeadline(time.Time) error }).SetDeadline(t)
}

func (s *starved) Accept() (net.Conn, error) {
	if s.accepts.CompareAndSwap(true, false) {
		time.Sleep(noCPU)
	}
	c, err := s.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return starvedConn{c, s}, nil
}

type starvedConn struct {
	net.Conn
	by *starved
}

func (c starvedConn) Read(p []byte) (int, error) {
	if c.by.reads.CompareAndSwap(true, false) {
		time.Sleep(noCPU)
	}
	return c.Conn.Read(p)
}

// A call that begins when its deadline has passed says that nothing has come, whatever has.
func TestAStopLosesNobodyBecauseItWasLate(t *testing.T) {
	for name, starve := range map[string]func(*starved){
		"in accepting": func(s *starved) { s.accepts.Store(true) },
		"in reading":   func(s *starved) { s.reads.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pipes := listenPipe()
				ln := &starved{Listener: pipes}
				ctx, stop := context.WithCancel(t.Context())
				done := make(chan error)
				strategy := strategies.PerConn("goroutine", strategies.Goroutine().New, strategies.Limits{Workers: 1})
				service := newService(t.Name())
				go func() { done <- strategy.Serve(ctx, ln, strategies.Messages(service), strategies.Options{}) }()
				clients := make([]*client, 6) // one is served, one in the hands of the accept loop, the others in the backlog
				for i := range clients {
					k, err := dial(pipes.Addr(), time.Hour)
					if err != nil {
						t.Fatal(err)
					}
					if err := k.send("hold\n"); err != nil {
						t.Fatal(err)
					}
					clients[i] = k
				}
				synctest.Wait()
				starve(ln)
				stop()
				synctest.Wait() // the stop has done what it can do at once
				service.letAll()
				for i, k := range clients {
					if err := k.gets("held"); err != nil {
						t.Errorf("client %d: %v", i+1, err)
					}
					k.Close()
				}
				if err := <-done; err != nil {
					t.Errorf("Serve returned %v", err)
				}
			})
		})
	}
}
