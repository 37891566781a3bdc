package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/strategies"
)

// forNull runs a test with this system's null server and with the portable one, each in this process.
func forNull(t *testing.T, test func(t *testing.T, s strategies.Strategy)) {
	for name, s := range map[string]strategies.Strategy{"here": nullServer{}, "goroutines": nullGoroutines{}} {
		t.Run(name, func(t *testing.T) { test(t, s) })
	}
}

// A nullRun is a null server that serves.
type nullRun struct {
	addr  string
	stats *strategies.Stats
	end   context.CancelFunc
	ended chan error
}

func runNull(t *testing.T, s strategies.Strategy, drain time.Duration) *nullRun {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	t.Cleanup(end)
	return runNullOn(ctx, t, s, listenHere(t), drain, end)
}

func listenHere(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

func runNullOn(ctx context.Context, t *testing.T, s strategies.Strategy, ln net.Listener, drain time.Duration, end context.CancelFunc) *nullRun {
	t.Helper()
	r := &nullRun{addr: ln.Addr().String(), stats: new(strategies.Stats), end: end, ended: make(chan error, 1)}
	go func() {
		r.ended <- s.Serve(ctx, ln, nullEcho().Handler(), strategies.Options{Drain: drain, Stats: r.stats})
	}()
	return r
}

// stop stops the server and returns what Serve returned.
func (r *nullRun) stop(t *testing.T) error {
	t.Helper()
	r.end()
	return r.wait(t)
}

func (r *nullRun) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.ended:
		return err
	case <-testContext(t).Done():
		t.Fatalf("the server has not stopped; its counts are %+v", r.stats.Counts())
		return nil
	}
}

// await waits until the counts are as want; nothing tells when.
func (r *nullRun) await(t *testing.T, want strategies.Counts) {
	t.Helper()
	for deadline := time.Now().Add(patience); r.stats.Counts() != want; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("counts are %+v, want %+v", r.stats.Counts(), want)
		}
	}
}

// noise is n bytes that are not those of another seed.
func noise(n int, seed uint64) []byte {
	b := make([]byte, n)
	for i, r := 0, rand.New(rand.NewPCG(seed, 0)); i < n; i++ {
		b[i] = byte(r.Uint32())
	}
	return b
}

// exchange sends b and expects it back.
func (c client) exchange(b []byte) error {
	if _, err := c.Write(b); err != nil {
		return fmt.Errorf("send %d bytes: %w", len(b), err)
	}
	got := make([]byte, len(b))
	if n, err := io.ReadFull(c, got); err != nil {
		return fmt.Errorf("got %d of %d bytes: %w", n, len(b), err)
	}
	if !bytes.Equal(got, b) {
		return fmt.Errorf("%d bytes came back as others", len(b))
	}
	return nil
}

func TestNullEchoesEveryMessageOfEveryConnection(t *testing.T) {
	const conns, messages = 50, 100
	forNull(t, func(t *testing.T, s strategies.Strategy) {
		r := runNull(t, s, patience)
		var clients sync.WaitGroup
		for i := range conns {
			c := dialAddr(t, r.addr)
			clients.Go(func() {
				defer c.Close()
				all := noise(4096, uint64(i))
				for m := range messages {
					if err := c.exchange(all[m : m+1+m*37%(len(all)-m)]); err != nil {
						t.Errorf("connection %d, message %d: %v", i, m, err)
						return
					}
				}
			})
		}
		clients.Wait()
		if err := r.stop(t); err != nil {
			t.Error(err)
		}
		if n, want := r.stats.Counts(), (strategies.Counts{Accepted: conns, Served: conns}); n != want {
			t.Errorf("counts are %+v, want %+v", n, want)
		}
	})
}

func TestNullTakesAThousandConnectionsAtOnce(t *testing.T) {
	const conns = 1000
	forNull(t, func(t *testing.T, s strategies.Strategy) {
		r := runNull(t, s, patience)
		var clients sync.WaitGroup
		gate := make(chan struct{})
		for i := range conns {
			clients.Go(func() {
				<-gate
				conn, err := net.Dial("tcp", r.addr)
				if err != nil {
					t.Error(err)
					return
				}
				t.Cleanup(func() { conn.Close() })
				_ = conn.SetDeadline(time.Now().Add(patience))
				if _, err := fmt.Fprintf(conn, "%04d", i); err != nil {
					t.Error(err)
				}
				answer := make([]byte, 4)
				if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != fmt.Sprintf("%04d", i) {
					t.Errorf("connection %d: got %q, %v", i, answer, err)
				}
			})
		}
		close(gate)
		clients.Wait()
		if n, want := r.stats.Counts(), (strategies.Counts{Accepted: conns, Active: conns}); n != want {
			t.Errorf("counts are %+v, want %+v", n, want)
		}
		if err := r.stop(t); err != nil {
			t.Error(err)
		}
		if n, want := r.stats.Counts(), (strategies.Counts{Accepted: conns, Served: conns}); n != want {
			t.Errorf("counts are %+v, want %+v", n, want)
		}
	})
}

// What does not fit into the sockets has to wait in the server, and must hold up nobody else.
func TestNullOwesWhatAClientDoesNotReadYet(t *testing.T) {
	const size = 8 << 20
	forNull(t, func(t *testing.T, s strategies.Strategy) {
		r := runNull(t, s, patience)
		for round := range uint64(2) { // the second time with a used buffer
			c := dialAddr(t, r.addr)
			all := noise(size, round)
			written := make(chan error, 1)
			go func() {
				_, err := c.Write(all)
				if err == nil {
					err = c.Conn.(*net.TCPConn).CloseWrite()
				}
				written <- err
			}()
			for range 2 * runtime.GOMAXPROCS(0) { // whoever shares its loop
				other := dialAddr(t, r.addr)
				if err := other.exchange(all[:1000]); err != nil {
					t.Errorf("beside a client that does not read: %v", err)
				}
				other.Close()
			}
			got, err := io.ReadAll(c)
			if err != nil || !bytes.Equal(got, all) {
				t.Errorf("%d bytes of %d came back, right: %t, %v", len(got), size, bytes.HasPrefix(all, got), err)
			}
			if err := <-written; err != nil {
				t.Error(err)
			}
		}
		if err := r.stop(t); err != nil {
			t.Error(err)
		}
		if n := r.stats.Counts(); n.Served != n.Accepted {
			t.Errorf("counts are %+v, want all served", n)
		}
	})
}

// fill writes until nothing more fits, and fails if the server takes whatever comes.
func fill(t *testing.T, c client) {
	t.Helper()
	const most = 256 << 20 // several times what the sockets' buffers can hold
	block := make([]byte, 1<<20)
	for total := 0; total < most; {
		_ = c.SetWriteDeadline(time.Now().Add(200 * time.Millisecond)) // that it fits later does no harm
		n, err := c.Write(block)
		total += n
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Errorf("the server has taken %d bytes of a client that reads nothing", most)
}

func TestNullForcesAConnectionThatIsOwedAtTheEndOfTheDrain(t *testing.T) {
	forNull(t, func(t *testing.T, s strategies.Strategy) {
		r := runNull(t, s, time.Millisecond)
		fill(t, dialAddr(t, r.addr))
		err := r.stop(t)
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "1 connections closed by force") {
			t.Errorf("Serve returned %v, want what was closed by force", err)
		}
		if n, want := r.stats.Counts(), (strategies.Counts{Accepted: 1, Forced: 1}); n != want {
			t.Errorf("counts are %+v, want %+v", n, want)
		}
	})
}

func TestNullCountsResetConnectionsAsAborted(t *testing.T) {
	reset := func(c client) {
		_ = c.Conn.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
	forNull(t, func(t *testing.T, s strategies.Strategy) {
		r := runNull(t, s, patience)
		idle := dialAddr(t, r.addr)
		if err := idle.exchange([]byte("x")); err != nil {
			t.Fatal(err)
		}
		reset(idle)
		r.await(t, strategies.Counts{Accepted: 1, Aborted: 1})
		owed := dialAddr(t, r.addr)
		fill(t, owed)
		reset(owed)
		r.await(t, strategies.Counts{Accepted: 2, Aborted: 2})
		if err := r.stop(t); err != nil {
			t.Error(err)
		}
	})
}

// Everything that a client had sent before the stop is echoed, and nobody is reset: not the idle ones, nor those that
// nobody had accepted.
func TestNullLosesNothingAtAStop(t *testing.T) {
	const each = 10
	forNull(t, func(t *testing.T, s strategies.Strategy) {
		for _, test := range []struct {
			name   string
			served bool // for a while, before the stop
		}{{"while it serves", true}, {"before it has accepted", false}} {
			t.Run(test.name, func(t *testing.T) {
				ctx, end := context.WithCancel(t.Context())
				defer end()
				ln := listenHere(t)
				var r *nullRun
				if test.served {
					r = runNullOn(ctx, t, s, ln, patience, end)
				}
				var clients []client
				for range 2 * each {
					c := dialAddr(t, ln.Addr().String())
					if test.served {
						if err := c.exchange([]byte("at first")); err != nil {
							t.Fatal(err)
						}
					}
					clients = append(clients, c)
				}
				for _, c := range clients[:each] {
					if _, err := io.WriteString(c, "at last"); err != nil {
						t.Fatal(err)
					}
				}
				end()
				if !test.served {
					r = runNullOn(ctx, t, s, ln, patience, end)
				}
				for i, c := range clients {
					want := ""
					if i < each {
						want = "at last"
					}
					if got, err := io.ReadAll(c); string(got) != want || err != nil {
						t.Errorf("client %d got %q, %v, want %q and a clean end", i, got, err, want)
					}
				}
				if err := r.wait(t); err != nil {
					t.Error(err)
				}
				if n, want := r.stats.Counts(), (strategies.Counts{Accepted: 2 * each, Served: 2 * each}); n != want {
					t.Errorf("counts are %+v, want %+v", n, want)
				}
				if conn, err := net.Dial("tcp", r.addr); err == nil {
					conn.Close()
					t.Error("the address is still served")
				}
			})
		}
	})
}

func TestANullServerIsAChildLikeAnyOther(t *testing.T) {
	child := startChild(t, Config{Null: true, GOMAXPROCS: 2})
	got := child.Identity()
	if got.Name != "null" || child.ready.Workload != "echo" || got.GOMAXPROCS != 2 || got.PID == os.Getpid() {
		t.Errorf("the child is %+v for %s", got, child.ready.Workload)
	}
	if runtime.GOOS == "linux" && got.Backlog < 128 { // the least that any kernel in use has for a default
		t.Errorf("its backlog is %d, want all that the system gives", got.Backlog)
	}
	if _, err := child.Snapshot(testContext(t)); err != nil {
		t.Error(err)
	}
	for range 3 {
		conn := dial(t, child)
		conn.roundTrip(t)
		conn.Close()
	}
	idle := dial(t, child)
	idle.roundTrip(t)
	after, err := child.Snapshot(testContext(t))
	if err != nil {
		t.Error(err)
	}
	if after.CPU != after.UserCPU+after.SystemCPU {
		t.Errorf("%v of CPU time are not %v and %v", after.CPU, after.UserCPU, after.SystemCPU)
	}
	if counts, want := stop(t, child), (trial.Connections{Accepted: 4, Served: 4}); counts != want {
		t.Errorf("got  %+v\nwant %+v", counts, want)
	}
	if _, err := idle.ReadByte(); err != io.EOF {
		t.Errorf("after stop an idle connection ends with %v, want a clean end", err)
	}
}

func TestANullServersDrainTimeOutIsToldApart(t *testing.T) {
	child := startChild(t, Config{Null: true, Drain: time.Millisecond})
	fill(t, dial(t, child))
	counts, err := child.Stop(testContext(t))
	if !errors.Is(err, ErrDrain) || counts != (trial.Connections{Accepted: 1, Forced: 1}) {
		t.Errorf("Stop = %+v, %v, want one that is ErrDrain, and 1 forced", counts, err)
	}
}

func TestANullServerHasNoStrategyAndNoWorkload(t *testing.T) {
	for _, config := range []Config{{Null: true, Strategy: unlimited}, {Null: true, Workload: "echo"}} {
		if child, err := Start(testContext(t), config); err == nil {
			stop(t, child)
			t.Errorf("%+v was started", config)
		}
	}
}
