package load

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ms = time.Millisecond

// each runs a test with every driver that this system has, beside other tests.
func each(t *testing.T, test func(t *testing.T, driver string)) {
	t.Helper()
	t.Parallel()
	for _, driver := range Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			test(t, driver)
		})
	}
}

// eachAlone is each for tests in which times matter, or goroutines are counted: nothing else runs.
func eachAlone(t *testing.T, test func(t *testing.T, driver string)) {
	t.Helper()
	for _, driver := range Drivers() {
		t.Run(driver, func(t *testing.T) { test(t, driver) })
	}
}

// undisturbed has something measured whose result says something about time, and takes the first that is right. A machine
// that does something else for half a second makes one wrong; a mistake makes all three wrong.
func undisturbed(t *testing.T, measure func() error) {
	t.Helper()
	for left := 2; ; left-- {
		err := measure()
		if err == nil {
			return
		}
		if left == 0 {
			t.Fatal(err)
		}
		t.Logf("once more: %v", err)
	}
}

// lines is a client that sends its number and wants it back.
var lines = workload.Client{
	Response: &workload.Frame{Split: bufio.ScanLines, Check: checkLine},
	Request:  line,
	Busy:     func(msg []byte) bool { return string(msg) == "busy" },
}

func line(dst []byte, seq uint64) []byte {
	return append(strconv.AppendUint(dst, seq, 10), '\n')
}

func checkLine(seq uint64, msg []byte) error {
	var want [20]byte
	if !bytes.Equal(msg, strconv.AppendUint(want[:0], seq, 10)) {
		return fmt.Errorf("answer %q to request %d", msg, seq)
	}
	return nil
}

// tens is a client that is measured by session: greeted, it sends ten lines and waits for the server's end.
var tens = workload.Client{
	Greeting: &workload.Frame{Split: bufio.ScanLines, Check: func(_ uint64, msg []byte) error {
		if string(msg) != "hello" {
			return fmt.Errorf("greeting %q", msg)
		}
		return nil
	}},
	Request: line,
	PerConn: 10,
	End:     workload.ServerCloses,
	Busy:    func(msg []byte) bool { return string(msg) == "busy" },
}

// A server of these tests is a function that is given each connection and its number, counted from 0, on a goroutine
// of its own. At the test's end stop is closed, then all connections.
type serve func(conn net.Conn, n int, stop <-chan struct{})

func start(t testing.TB, s serve) (target string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	stop := make(chan struct{})
	wg.Go(func() {
		for n := 0; ; n++ {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			wg.Go(func() {
				defer conn.Close()
				s(conn, n, stop)
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		close(stop)
		mu.Lock()
		for _, c := range conns {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return ln.Addr().String()
}

// echo answers every read with what was read.
func echo(conn net.Conn, _ int, _ <-chan struct{}) {
	io.Copy(onlyWriter{conn}, conn)
}

type onlyWriter struct{ io.Writer } // keeps io.Copy from handing the copying to the kernel

// load is a Config that the tests change to their needs.
func load(driver, target string, client workload.Client, l trial.Load) Config {
	return Config{
		Driver: driver, Target: target, NewTarget: true, Client: client, Load: l, Seed: 1,
		WarmUp: 50 * ms, Window: 300 * ms, Tail: 2 * time.Second, TimeOut: 10 * time.Second, BackOff: 20 * ms,
	}
}

func mustRun(t *testing.T, c Config) Result {
	t.Helper()
	r, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := (trial.Trial{Counts: r.Counts, Clients: r.Clients, Latency: r.Latency}).Check(); err != nil {
		t.Error(err)
	}
	if r.Driver != c.Driver {
		t.Errorf("driven by %q, want %q", r.Driver, c.Driver)
	}
	t.Logf("%+v %+v %+v", r.Counts, r.Clients, r.Others)
	return r
}

func TestEachLoopServesAllOfAGoodServer(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		greeted := lines
		greeted.Greeting = tens.Greeting
		short := lines
		short.PerConn = 3
		ended := short
		ended.End = workload.ServerCloses
		three := func(conn net.Conn, _ int, _ <-chan struct{}) {
			in := bufio.NewReader(conn)
			for range 3 {
				l, err := in.ReadString('\n')
				if err != nil {
					return
				}
				io.WriteString(conn, l)
			}
		}
		hello := func(conn net.Conn, n int, stop <-chan struct{}) {
			io.WriteString(conn, "hello\n")
			echo(conn, n, stop)
		}
		for name, c := range map[string]struct {
			serve  serve
			client workload.Client
			load   trial.Load
		}{
			"closed":                          {echo, lines, trial.Load{Loop: trial.Closed, Clients: 4}},
			"closed, thinking":                {echo, lines, trial.Load{Loop: trial.Closed, Clients: 4, Think: 10 * ms}},
			"closed, greeted":                 {hello, greeted, trial.Load{Loop: trial.Closed, Clients: 4}},
			"closed, few for each connection": {echo, short, trial.Load{Loop: trial.Closed, Clients: 4, Think: ms}},
			"closed, the server closes":       {three, ended, trial.Load{Loop: trial.Closed, Clients: 4, Think: ms}},
			"closed sessions":                 {readTen, tens, trial.Load{Loop: trial.Closed, Clients: 4, Think: ms}},
			"open, poisson":                   {echo, lines, trial.Load{Loop: trial.Open, Clients: 4, Rate: 500}},
			"open, constant":                  {echo, lines, trial.Load{Loop: trial.Open, Clients: 4, Rate: 500, Arrivals: trial.Constant}},
			"open, greeted":                   {hello, greeted, trial.Load{Loop: trial.Open, Clients: 4, Rate: 500}},
			"open, few for each connection":   {echo, short, trial.Load{Loop: trial.Open, Clients: 4, Rate: 500}},
			"sessions":                        {readTen, tens, trial.Load{Loop: trial.Sessions, Clients: 20, Rate: 200, Arrivals: trial.Constant}},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				config := load(driver, start(t, c.serve), c.client, c.load)
				r := mustRun(t, config)
				if r.Counts.OK == 0 || r.Counts.OK != r.Counts.Intended {
					t.Errorf("not all ok: %+v", r.Counts)
				}
				if c.load.Loop != trial.Sessions && r.Clients.Served != c.load.Clients {
					t.Errorf("%d of %d clients served", r.Clients.Served, c.load.Clients)
				}
				if r.Window != config.Window {
					t.Errorf("window %v, want %v", r.Window, config.Window)
				}
				if c.load.Arrivals == trial.Constant {
					// The schedule alone decides how many are due, and it was tested: from 50 up to before 350 ms.
					if want := int64(config.Window.Seconds() * c.load.Rate); r.Counts.Intended != want {
						t.Errorf("%d requests were due, want exactly %d", r.Counts.Intended, want)
					}
				}
			})
		}
	})
}

func TestAWindowOfSoManyRequests(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		for _, n := range []int{1, 500} {
			var edges []Edge
			c := load(driver, start(t, echo), lines, trial.Load{Loop: trial.Closed, Clients: 4})
			c.Window, c.Requests = 0, n
			c.AtEdge = func(e Edge) { edges = append(edges, e) }
			r := mustRun(t, c)
			// Answers may race with the last one, one for each other client at most.
			if r.Counts.Good < int64(n) || r.Counts.Good >= int64(n+c.Load.Clients) {
				t.Errorf("%d good answers in a window of %d", r.Counts.Good, n)
			}
			if r.Window <= 0 {
				t.Errorf("window %v", r.Window)
			}
			if len(edges) != 2 || edges[0] != Opens || edges[1] != Closes {
				t.Errorf("edges %v", edges)
			}
		}
	})
}

// nth answers every request, but gives each n-th of a connection to other.
func nth(n int, other func(conn net.Conn, line string) (on bool)) serve {
	return func(conn net.Conn, _ int, _ <-chan struct{}) {
		in := bufio.NewReader(conn)
		for i := 1; ; i++ {
			l, err := in.ReadString('\n')
			if err != nil {
				return
			}
			if i%n == 0 {
				if !other(conn, l) {
					return
				}
				continue
			}
			io.WriteString(conn, l)
		}
	}
}

// In each of these, each fifth request of a connection goes wrong, and where the connection ends with it, so does the
// count. In the open loop at a constant rate the numbers are then known to the last one.
func TestWhatGoesWrongIsCountedForWhatItIs(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		// 800 requests per second on 4 connections: from 0 to 0.5 s each has 100, 20 of them bad. No warm-up, so that the fifth
		// is the fifth.
		const bad, good = 80, 320
		for name, c := range map[string]struct {
			other func(conn net.Conn, line string) bool
			want  trial.Counts
		}{
			"a wrong answer": {
				func(conn net.Conn, _ string) bool { io.WriteString(conn, "wrong\n"); return true },
				trial.Counts{OK: good, Good: good, Failed: bad},
			},
			"a wrong answer, and the right one behind it": {
				func(conn net.Conn, l string) bool { io.WriteString(conn, "wrong\n"+l); return true },
				trial.Counts{OK: good, Good: good, Failed: bad},
			},
			"the connection ends": {
				func(net.Conn, string) bool { return false },
				trial.Counts{OK: good, Good: good, Failed: bad},
			},
			"the connection ends within an answer": {
				func(conn net.Conn, l string) bool { io.WriteString(conn, "wrong"); return false },
				trial.Counts{OK: good, Good: good, Failed: bad},
			},
			"the connection is reset within an answer": { // whose beginning could be all of it
				func(conn net.Conn, l string) bool {
					io.WriteString(conn, strings.TrimSuffix(l, "\n"))
					time.Sleep(ms)
					conn.(*net.TCPConn).SetLinger(0)
					return false
				},
				trial.Counts{OK: good, Good: good, Failed: bad},
			},
			"the connection is reset": {
				func(conn net.Conn, _ string) bool { conn.(*net.TCPConn).SetLinger(0); return false },
				trial.Counts{OK: good, Good: good, Failed: bad},
			},
			"the request is refused": { // and the connection stays
				func(conn net.Conn, _ string) bool { io.WriteString(conn, "busy\n"); return true },
				trial.Counts{OK: good, Good: good, Rejected: bad},
			},
			"the connection is refused": {
				func(conn net.Conn, _ string) bool { io.WriteString(conn, "busy\n"); return false },
				trial.Counts{OK: good, Good: good, Rejected: bad},
			},
			"no answer comes": {
				func(conn net.Conn, _ string) bool { return true },
				trial.Counts{OK: good, TimedOut: bad},
			},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				config := load(driver, start(t, nth(5, c.other)), lines, trial.Load{Loop: trial.Open, Clients: 4, Rate: 800, Arrivals: trial.Constant})
				// A server that refuses a connection has closed it before the client comes back, on a busy machine too.
				config.WarmUp, config.Window, config.BackOff = 0, 500*ms, 50*ms
				config.Tail = 15 * time.Second
				if c.want.TimedOut > 0 {
					config.TimeOut = 200 * ms // 20 of them on each connection
				}
				r := mustRun(t, config)
				c.want.Intended, c.want.Sent = good+bad, good+bad
				got := r.Counts
				if got.Good > got.OK || c.want.Good == 0 && got.Good >= got.OK {
					t.Errorf("%d good of %d", got.Good, got.OK)
				}
				got.Good, c.want.Good = 0, 0 // a noisy machine may answer the last ones after the window
				if got != c.want {
					t.Errorf("got  %+v\nwant %+v", got, c.want)
				}
			})
		}
	})
}

// An answer that nobody asked for must not become the answer to the next request, though it would pass for one.
func TestAnExtraAnswerIsNoAnswerToTheNextRequest(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		trusting := lines
		trusting.Response = &workload.Frame{Split: bufio.ScanLines, Check: func(uint64, []byte) error { return nil }}
		c := load(driver, start(t, nth(1, func(conn net.Conn, l string) bool { io.WriteString(conn, l+l); return true })), trusting,
			trial.Load{Loop: trial.Open, Clients: 1, Rate: 100, Arrivals: trial.Constant})
		c.WarmUp, c.BackOff = 0, ms
		if r := mustRun(t, c); r.Counts.OK != 15 || r.Counts.Failed != 15 {
			t.Errorf("want every other one of 30 requests failed: %+v", r.Counts)
		}
	})
}

// What the server said before it was asked must not stand in the way of all that comes later.
func TestARefusalOutOfTurnIsOneRefusal(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		const clients = 2
		c := load(driver, start(t, func(conn net.Conn, n int, stop <-chan struct{}) {
			if n < clients {
				io.WriteString(conn, "busy\n")
			}
			echo(conn, n, stop)
		}), lines, trial.Load{Loop: trial.Closed, Clients: clients, Think: ms})
		c.WarmUp = 0
		r := mustRun(t, c)
		// Where the refusal came late, and so in turn, the answer behind it fails the next request.
		if r.Counts.Rejected > clients || r.Counts.Failed > clients || r.Clients.Served != clients {
			t.Errorf("want each client refused at most once, and served then: %+v %+v", r.Counts, r.Clients)
		}
	})
}

func TestARefusedClientComesBackAfterItsBackOff(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		for name, l := range map[string]trial.Load{
			"closed": {Loop: trial.Closed, Clients: 1},
			"open":   {Loop: trial.Open, Clients: 1, Rate: 1000},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				var mu sync.Mutex
				var came []time.Time
				c := load(driver, start(t, func(conn net.Conn, _ int, _ <-chan struct{}) {
					mu.Lock()
					came = append(came, time.Now())
					mu.Unlock()
					io.WriteString(conn, "busy\n")
					conn.(*net.TCPConn).CloseWrite()
					io.Copy(io.Discard, conn)
				}), lines, l)
				c.WarmUp, c.BackOff, c.Tail = 0, 30*ms, 0
				r := mustRun(t, c)
				if r.Counts.Rejected == 0 || r.Counts.OK+r.Counts.Failed > 0 {
					t.Errorf("want rejected requests and no others answered: %+v", r.Counts)
				}
				if r.Clients.Refused != 1 {
					t.Errorf("want the client refused: %+v", r.Clients)
				}
				mu.Lock()
				defer mu.Unlock()
				// Within 300 ms it can come 11 times; a client that comes back at once does so thousands of times.
				if len(came) < 2 || len(came) > 14 {
					t.Errorf("it came %d times", len(came))
				}
			})
		}
	})
}

func TestAServerThatStallsForASecondIsSeenAsAUserSeesIt(t *testing.T) {
	eachAlone(t, func(t *testing.T, driver string) {
		undisturbed(t, func() error {
			c := load(driver, start(t, stalls()), lines, trial.Load{Loop: trial.Open, Clients: 10, Rate: 100, Arrivals: trial.Constant})
			c.WarmUp, c.Window = 0, 3*time.Second
			r := mustRun(t, c)
			if r.Counts.Intended != 300 || r.Counts.OK != 300 {
				t.Errorf("want 300 intended and ok: %+v", r.Counts)
			}
			response, _ := r.Latency.Response.Quantile(0.9)
			wait, _ := r.Latency.Wait.Quantile(0.9)
			service, _ := r.Latency.Service.Quantile(0.99)
			lag, _ := r.Latency.Lag.Quantile(0.99)
			switch {
			// A third of the requests falls into the stall, evenly: a tenth of all waits for more than 0.7 s.
			case response < 600*ms || response > 800*ms:
				return fmt.Errorf("response p90 is %v, want about 0.7 s", response)
			// Each connection's first request of the stall is in service, for 0.9 to 1 s; the nine after it wait.
			case wait < response*3/4:
				return fmt.Errorf("wait p90 is %v, and should carry most of the response's %v", wait, response)
			case service < 800*ms:
				return fmt.Errorf("service p99 is %v, want about a second", service)
			case lag > response/5:
				return fmt.Errorf("lag p99 is %v: the driver blames itself for the server's stall", lag)
			}
			return nil
		})
	})
}

// stalls is an echo whose connections share one thread of thought, which stops from 1 to 2 s after the first request.
func stalls() serve {
	var mu sync.Mutex
	var first time.Time
	stalled := false
	return func(conn net.Conn, _ int, stop <-chan struct{}) {
		in := bufio.NewReader(conn)
		for {
			l, err := in.ReadString('\n')
			if err != nil {
				return
			}
			mu.Lock()
			if first.IsZero() {
				first = time.Now()
			}
			if !stalled && time.Since(first) >= time.Second {
				stalled = true
				select {
				case <-time.After(time.Second):
				case <-stop:
				}
			}
			mu.Unlock()
			io.WriteString(conn, l)
		}
	}
}

func TestAServerOfTwoStarvesTheOtherSix(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		two := func(conn net.Conn, n int, stop <-chan struct{}) {
			if n >= 2 {
				<-stop
				return
			}
			echo(conn, n, stop)
		}
		for name, l := range map[string]trial.Load{
			"closed": {Loop: trial.Closed, Clients: 8},
			"open":   {Loop: trial.Open, Clients: 8, Rate: 400},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				c := load(driver, start(t, two), lines, l)
				c.Tail, c.TimeOut = 100*ms, 5*time.Second
				r := mustRun(t, c)
				if r.Clients.Total != 8 || r.Clients.Served != 2 || r.Clients.Nothing != 6 {
					t.Errorf("want 2 of 8 served and 6 with nothing: %+v", r.Clients)
				}
				q, want := 0.5, 6*int64(1)
				if l.Loop == trial.Closed {
					// Each of the six has one request, sent before the window and never answered; they are its slowest.
					q = 1
					// What the two served clients have asked last may still be open on a noisy machine.
					if r.Counts.Unanswered < want || r.Counts.Unanswered > want+2 {
						t.Errorf("%d unanswered, want %d", r.Counts.Unanswered, want)
					}
				} else if r.Counts.Unsent < r.Counts.OK {
					t.Errorf("three quarters of the requests have no connection: %+v", r.Counts)
				}
				if response, _ := r.Latency.Response.Quantile(q); response < c.TimeOut*99/100 {
					t.Errorf("response at %v is %v, want the time-out, %v", q, response, c.TimeOut)
				}
			})
			t.Run(name+", with less patience than the window is long", func(t *testing.T) {
				t.Parallel()
				c := load(driver, start(t, two), lines, l)
				c.Tail, c.TimeOut = 100*ms, 100*ms
				r := mustRun(t, c)
				if r.Clients.Served != 2 || r.Clients.Nothing != 6 || r.Counts.TimedOut < 6 {
					t.Errorf("want 2 of 8 served and the others timed out again and again: %+v %+v", r.Clients, r.Counts)
				}
			})
		}
	})
}

func TestAnswersThatComeBecauseTheLoadHasEndedAreNone(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		// Two workers serve two connections at a time, as a pool does: when the load ends and the first two close, the others
		// get their turn within moments, and their answers must not hide that they were starved.
		workers := make(chan struct{}, 2)
		pool := func(conn net.Conn, n int, stop <-chan struct{}) {
			select {
			case workers <- struct{}{}:
				echo(conn, n, stop)
				<-workers
			case <-stop:
			}
		}
		c := load(driver, start(t, pool), lines, trial.Load{Loop: trial.Closed, Clients: 8})
		c.Tail, c.TimeOut = 20*ms, 5*time.Second
		r := mustRun(t, c)
		// What the two served clients have asked last may still be open on a noisy machine.
		if r.Counts.Unanswered < 6 || r.Counts.Unanswered > 8 || r.Clients.Nothing != 6 {
			t.Errorf("%d unanswered and %d clients with nothing, want 6 and 6: %+v", r.Counts.Unanswered, r.Clients.Nothing, r.Counts)
		}
	})
}

func TestCancelStopsAtOnceAndLeavesNothing(t *testing.T) {
	eachAlone(t, func(t *testing.T, driver string) {
		silent := func(_ net.Conn, _ int, stop <-chan struct{}) { <-stop }
		thinking := trial.Load{Loop: trial.Closed, Clients: 4, Think: time.Hour}
		for name, c := range map[string]struct {
			serve  serve
			client workload.Client
			load   trial.Load
		}{
			"closed":           {echo, lines, trial.Load{Loop: trial.Closed, Clients: 4}},
			"closed, thinking": {echo, lines, thinking},
			"closed, beside others": {echo, lines, beside(12, trial.Share{Behaviour: trial.Slow, Share: 0.2}, trial.Share{Behaviour: trial.Idle, Share: 0.2},
				trial.Share{Behaviour: trial.NeverReads, Share: 0.2}, trial.Share{Behaviour: trial.Resets, Share: 0.2})},
			"closed, never answered":     {silent, lines, trial.Load{Loop: trial.Closed, Clients: 4}},
			"open":                       {echo, lines, trial.Load{Loop: trial.Open, Clients: 4, Rate: 100}},
			"open, hardly ever due":      {echo, lines, trial.Load{Loop: trial.Open, Clients: 4, Rate: 1e-6}},
			"open, never answered":       {silent, lines, trial.Load{Loop: trial.Open, Clients: 4, Rate: 100}},
			"sessions":                   {readTen, tens, trial.Load{Loop: trial.Sessions, Clients: 4, Rate: 100}},
			"sessions, not even greeted": {silent, tens, trial.Load{Loop: trial.Sessions, Clients: 4, Rate: 100}},
		} {
			t.Run(name, func(t *testing.T) {
				target := start(t, c.serve)
				before := goleak.IgnoreCurrent()
				ctx, cancel := context.WithCancelCause(t.Context())
				config := load(driver, target, c.client, c.load)
				config.WarmUp, config.Window, config.TimeOut = 0, time.Hour, time.Hour
				opened := make(chan struct{})
				config.AtEdge = func(e Edge) {
					if e == Closes {
						t.Error("the window has come to its end, and was cancelled long before")
						return
					}
					close(opened)
				}
				go func() {
					<-opened
					cancel(nil)
				}()
				_, err := Run(ctx, config) // or the test binary's time-out ends this
				if !errors.Is(err, context.Canceled) {
					t.Errorf("error %v, want one that wraps context.Canceled", err)
				}
				// The server's goroutines for connections that are closed now may take a moment.
				goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("github.com/poolbench/poolbench/bench/internal/load.start.func1.1"))
			})
		}
	})
}

func TestWhatTheDriverNeverGotToIsCountedToo(t *testing.T) {
	eachAlone(t, func(t *testing.T, driver string) {
		const tooMuch = 10e6 // per second: no driver sends so many, and none may ask for more
		config := load(driver, start(t, echo), lines, trial.Load{Loop: trial.Open, Clients: 2, Rate: tooMuch, Arrivals: trial.Constant})
		config.WarmUp, config.Window, config.Tail = 0, 50*time.Millisecond, 0
		got, err := Run(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		if want := int64(tooMuch / 20); got.Counts.Intended != want || got.Counts.Check() != nil {
			t.Errorf("%d requests were due and these are counted: %+v", want, got.Counts)
		}
		// An event loop may manage to deal out even these: 100 ns for each.
		if got.Driving.Missed == 0 && driver == "goroutines" || got.Driving.Missed > got.Counts.Unsent {
			t.Errorf("the driver missed %d of them and %d were not sent", got.Driving.Missed, got.Counts.Unsent)
		}
	})
}

func TestATargetThatNobodyServesIsAnErrorThatNamesIt(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		target := ln.Addr().String()
		ln.Close()
		for name, c := range map[string]Config{
			"connections that stay": load(driver, target, lines, trial.Load{Loop: trial.Closed, Clients: 8}),
			"sessions":              load(driver, target, tens, trial.Load{Loop: trial.Sessions, Clients: 8, Rate: 1000}),
		} {
			t.Run(name, func(t *testing.T) {
				_, err := Run(t.Context(), c)
				if err == nil || !strings.Contains(err.Error(), target) || !strings.Contains(err.Error(), "not one connection") {
					t.Errorf("error %v, want one that names %s", err, target)
				}
			})
		}
	})
}

// A server that goes away half way leaves refused clients behind, not an error.
func TestAServerThatGoesAwayIsCounted(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan struct{})
		go func() {
			defer close(served)
			for range 2 {
				if conn, err := ln.Accept(); err == nil {
					defer conn.Close()
				}
			}
			ln.Close()
		}()
		c := load(driver, ln.Addr().String(), lines, trial.Load{Loop: trial.Closed, Clients: 2})
		r := mustRun(t, c)
		<-served
		if r.Counts.Failed == 0 || r.Clients.Refused != 2 {
			t.Errorf("want failed requests and both clients refused: %+v %+v", r.Counts, r.Clients)
		}
	})
}
