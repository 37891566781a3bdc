package load

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

// beside is a closed loop of n clients at an easy pace, of whom some behave as s says and are not measured.
func beside(n int, s ...trial.Share) trial.Load {
	return trial.Load{Loop: trial.Closed, Clients: n, Think: ms, Others: s}
}

// mustServeTheMeasured says if a client that is measured was disturbed, or one counted that is not.
func mustServeTheMeasured(t *testing.T, r Result, clients int) {
	t.Helper()
	if r.Counts.OK == 0 || r.Counts.OK != r.Counts.Intended {
		t.Errorf("of those that are measured, not all is ok: %+v", r.Counts)
	}
	if r.Clients.Total != clients || r.Clients.Served != clients {
		t.Errorf("want %d clients that are measured, all served: %+v", clients, r.Clients)
	}
}

// mustHaveOne returns the one group of others.
func mustHaveOne(t *testing.T, r Result, want trial.Behaviour, clients int) trial.Other {
	t.Helper()
	if len(r.Others) != 1 || r.Others[0].Behaviour != want || r.Others[0].Clients != clients {
		t.Fatalf("want one group, of %d %s clients: %+v", clients, want, r.Others)
	}
	return r.Others[0]
}

// within receives what the server has to say, which may be later than the load's end, but not by much.
func within[T any](t *testing.T, from <-chan T) (got T) {
	t.Helper()
	select {
	case got = <-from:
	case <-time.After(20 * time.Second):
		t.Fatal("the server has seen no such connection")
	}
	return got
}

func TestASlowClientHoldsOneOfTwoWorkers(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		const every = 4 * ms
		workers := make(chan struct{}, 2)
		dribbled := make(chan int64, 1) // answers on the connection whose requests come in pieces
		begun := time.Now()
		c := load(driver, start(t, func(conn net.Conn, _ int, stop <-chan struct{}) {
			var answers int64
			pieces := false
			for b, have := make([]byte, 64), 0; ; {
				n, err := conn.Read(b[have:])
				if err != nil {
					if have > 0 {
						<-workers
					}
					break
				}
				if have == 0 { // a worker takes the request from its first byte on
					select {
					case workers <- struct{}{}:
					case <-stop:
						return
					}
				}
				have += n
				if b[have-1] != '\n' {
					pieces = true
					continue
				}
				answers++ // before it is given, so that the client cannot have more
				conn.Write(b[:have])
				have = 0
				<-workers
			}
			if pieces {
				dribbled <- answers
			}
		}), lines, beside(4, trial.Share{Behaviour: trial.Slow, Share: 0.25, Every: every}))
		r := mustRun(t, c)
		elapsed := time.Since(begun)
		mustServeTheMeasured(t, r, 3)
		slow := mustHaveOne(t, r, trial.Slow, 1)
		if slow.Connected != 1 || slow.Ended != 0 {
			t.Errorf("want one connection that stays: %+v", slow)
		}
		if slow.Answered == 0 || slow.Answered > int64(elapsed/every+1)/2 {
			t.Errorf("%d requests of two bytes and more in %v, with a byte every %v", slow.Answered, elapsed, every)
		}
		if given := within(t, dribbled); slow.Answered != given && slow.Answered != given-1 {
			t.Errorf("%d answers are counted and %d were given", slow.Answered, given)
		}
	})
}

func TestASlowClientCompletesSessions(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		l := trial.Load{Loop: trial.Sessions, Clients: 4, Rate: 100, Others: []trial.Share{{Behaviour: trial.Slow, Share: 0.5, Every: ms}}}
		r := mustRun(t, load(driver, start(t, readTen), tens, l))
		if r.Counts.OK == 0 || r.Counts.OK != r.Counts.Intended {
			t.Errorf("not all sessions are ok: %+v", r.Counts)
		}
		slow := mustHaveOne(t, r, trial.Slow, 2)
		if slow.Answered == 0 || slow.Ended != 0 || slow.Connected < slow.Answered || slow.Connected > slow.Answered+2 {
			t.Errorf("want whole sessions, one after the other: %+v", slow)
		}
	})
}

func TestWhatBecomesOfASlowClientIsCountedForWhatItIs(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		once := lines
		once.PerConn, once.End = 1, workload.ServerCloses
		asked := func(then func(conn net.Conn, line string)) serve {
			return func(conn net.Conn, _ int, _ <-chan struct{}) {
				if l, err := bufio.NewReader(conn).ReadString('\n'); err == nil {
					then(conn, l)
				}
			}
		}
		type fate struct{ answered, ended, again bool } // again: it came back
		for name, c := range map[string]struct {
			serve  serve
			client workload.Client
			want   fate
		}{
			"a session that ends with a reset": {func(conn net.Conn, n int, stop <-chan struct{}) {
				readTen(conn, n, stop)
				conn.(*net.TCPConn).SetLinger(0)
			}, tens, fate{ended: true, again: true}},
			"no answer":                       {asked(func(conn net.Conn, _ string) { io.Copy(io.Discard, conn) }), lines, fate{again: true}},
			"no greeting":                     {func(conn net.Conn, _ int, _ <-chan struct{}) { io.Copy(io.Discard, conn) }, tens, fate{again: true}},
			"no end of a session":             {func(conn net.Conn, _ int, stop <-chan struct{}) { io.WriteString(conn, "hello\n"); <-stop }, tens, fate{again: true}},
			"turned away":                     {asked(func(conn net.Conn, _ string) { io.WriteString(conn, "busy\n"); io.Copy(io.Discard, conn) }), lines, fate{ended: true, again: true}},
			"a wrong answer":                  {asked(func(conn net.Conn, _ string) { io.WriteString(conn, "wrong\n"); io.Copy(io.Discard, conn) }), lines, fate{again: true}},
			"the proper end":                  {asked(func(conn net.Conn, l string) { io.WriteString(conn, l) }), once, fate{answered: true, again: true}},
			"the end within its first answer": {asked(func(conn net.Conn, l string) { io.WriteString(conn, l[:1]) }), once, fate{answered: true, again: true}},
			"a message without end": {func(conn net.Conn, _ int, _ <-chan struct{}) {
				for long := make([]byte, 64<<10); ; {
					if _, err := conn.Write(long); err != nil {
						return
					}
				}
			}, lines, fate{again: true}},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				l := beside(2, trial.Share{Behaviour: trial.Slow, Share: 0.5, Every: ms})
				config := load(driver, start(t, c.serve), c.client, l)
				config.TimeOut, config.Tail = 100*ms, 0
				o := mustHaveOne(t, mustRun(t, config), trial.Slow, 1)
				if got := (fate{o.Answered > 0, o.Ended > 0, o.Connected > 1}); got != c.want {
					t.Errorf("want %+v: %+v", c.want, o)
				}
			})
		}
	})
}

func TestAnIdleClientComesBackWhenItIsSentAway(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		const patience = 50 * ms
		closed := make(chan struct{}, 1000)
		c := load(driver, start(t, func(conn net.Conn, n int, stop <-chan struct{}) {
			io.WriteString(conn, "hello\n")
			conn.SetReadDeadline(time.Now().Add(patience))
			var first [1]byte
			if n, _ := conn.Read(first[:]); n == 0 {
				closed <- struct{}{}
				return
			}
			conn.SetReadDeadline(time.Time{})
			conn.Write(first[:])
			echo(conn, n, stop)
		}), lines, beside(4, trial.Share{Behaviour: trial.Idle, Share: 0.5}))
		c.Client.Greeting = tens.Greeting
		begun := time.Now()
		r := mustRun(t, c)
		elapsed := time.Since(begun)
		idle := mustHaveOne(t, r, trial.Idle, 2)
		if idle.Answered != 0 || idle.Ended == 0 || idle.Connected < idle.Ended || idle.Connected > idle.Ended+2 {
			t.Errorf("want each end by the server followed by a new connection: %+v", idle)
		}
		if most := 2 * int64(elapsed/(patience+c.BackOff)+1); idle.Connected > most {
			t.Errorf("%d connections in %v, at most %d with a back-off of %v", idle.Connected, elapsed, most, c.BackOff)
		}
		if int(idle.Ended) > len(closed) {
			t.Errorf("%d ended, and the server has closed %d", idle.Ended, len(closed))
		}
	})
}

func TestAnIdleClientStaysWhereItIsLeftAlone(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		r := mustRun(t, load(driver, start(t, echo), lines, beside(40, trial.Share{Behaviour: trial.Idle, Share: 0.9})))
		mustServeTheMeasured(t, r, 4)
		idle := mustHaveOne(t, r, trial.Idle, 36)
		if want := (trial.Other{Behaviour: trial.Idle, Clients: 36, Connected: 36}); idle != want {
			t.Errorf("got  %+v\nwant %+v", idle, want)
		}
	})
}

func TestAClientThatNeverReadsBlocksItsServer(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		// Answers of 64 KB and small buffers, so that a few of them fill all there is.
		long := strings.Repeat("x", 64<<10)
		padded := workload.Client{
			Response: &workload.Frame{Split: bufio.ScanLines, Check: func(seq uint64, msg []byte) error {
				return checkLine(seq, bytes.TrimRight(msg, "x"))
			}},
			Request: line,
		}
		type stuck struct{ received, written int }
		blocked := make(chan stuck, 4)
		c := load(driver, start(t, func(conn net.Conn, _ int, _ <-chan struct{}) {
			conn.(*net.TCPConn).SetWriteBuffer(64 << 10)
			in := bufio.NewReader(conn)
			for s := (stuck{}); ; {
				l, err := in.ReadString('\n')
				if err != nil {
					return
				}
				s.received++
				n, err := io.WriteString(conn, strings.TrimSuffix(l, "\n")+long+"\n")
				s.written += n
				if err != nil {
					blocked <- s
					return
				}
			}
		}), padded, trial.Load{Loop: trial.Closed, Clients: 4, Think: 10 * ms,
			Others: []trial.Share{{Behaviour: trial.NeverReads, Share: 0.25, Every: ms}}})
		r := mustRun(t, c)
		mustServeTheMeasured(t, r, 3)
		never := mustHaveOne(t, r, trial.NeverReads, 1)
		if want := (trial.Other{Behaviour: trial.NeverReads, Clients: 1, Connected: 1}); never != want {
			t.Errorf("got  %+v\nwant %+v", never, want)
		}
		if s := within(t, blocked); s.written > 16<<20 {
			t.Errorf("the server could write %d bytes to a client that does not read", s.written)
		}
		if len(blocked) > 0 {
			t.Errorf("%d more writes were cut off: of clients that read", len(blocked))
		}
	})
}

func TestOthersThatAreSentAwayComeBackAfterTheBackOff(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		for _, behaviour := range []trial.Behaviour{trial.Slow, trial.NeverReads, trial.Idle} {
			t.Run(string(behaviour), func(t *testing.T) {
				t.Parallel()
				share := trial.Share{Behaviour: behaviour, Share: 0.5, Every: ms}
				if behaviour == trial.Idle {
					share.Every = 0
				}
				c := load(driver, start(t, func(net.Conn, int, <-chan struct{}) {}), lines, beside(2, share))
				begun := time.Now()
				r := mustRun(t, c)
				elapsed := time.Since(begun)
				if r.Counts.OK != 0 || r.Counts.Failed == 0 {
					t.Errorf("a server that closes at once answers nothing: %+v", r.Counts)
				}
				o := mustHaveOne(t, r, behaviour, 1)
				if o.Answered != 0 || o.Ended < 2 || o.Connected < o.Ended || o.Connected > o.Ended+1 {
					t.Errorf("want each connection ended: %+v", o)
				}
				if most := int64(elapsed/c.BackOff) + 2; o.Connected > most {
					t.Errorf("%d connections in %v, at most %d with a back-off of %v", o.Connected, elapsed, most, c.BackOff)
				}
			})
		}
	})
}

func TestGroupsAreToldInTheOrderOfTheirShares(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		r := mustRun(t, load(driver, start(t, echo), lines, beside(20,
			trial.Share{Behaviour: trial.Resets, Share: 0.1, Every: 20 * ms},
			trial.Share{Behaviour: trial.Idle, Share: 0.2},
			trial.Share{Behaviour: trial.Slow, Share: 0.3, Every: 2 * ms},
			trial.Share{Behaviour: trial.NeverReads, Share: 0.05})))
		mustServeTheMeasured(t, r, 7)
		for i, want := range []trial.Other{
			{Behaviour: trial.Resets, Clients: 2}, {Behaviour: trial.Idle, Clients: 4}, {Behaviour: trial.Slow, Clients: 6}, {Behaviour: trial.NeverReads, Clients: 1},
		} {
			if i >= len(r.Others) || r.Others[i].Behaviour != want.Behaviour || r.Others[i].Clients != want.Clients {
				t.Fatalf("want %+v at %d: %+v", want, i, r.Others)
			}
			if r.Others[i].Connected < int64(want.Clients) {
				t.Errorf("want each of them connected: %+v", r.Others[i])
			}
		}
	})
}

func TestOthersThatAreStuckEndWithTheLoad(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		silent := func(_ net.Conn, _ int, stop <-chan struct{}) { <-stop }
		c := load(driver, start(t, silent), lines, beside(4,
			trial.Share{Behaviour: trial.Slow, Share: 0.25, Every: ms}, trial.Share{Behaviour: trial.Idle, Share: 0.25},
			trial.Share{Behaviour: trial.NeverReads, Share: 0.25, Every: ms}))
		// Nobody reads them and they do not fit: those that send them are stuck in writing.
		long := make([]byte, 5<<20)
		c.Client.Request = func(dst []byte, _ uint64) []byte { return append(dst, long...) }
		c.TimeOut, c.Tail = time.Hour, 0
		r := mustRun(t, c) // or the test binary's time-out ends this; whoever is left is found at the end of all tests
		if r.Counts.OK != 0 || r.Counts.Unanswered != r.Counts.Intended {
			t.Errorf("want no request answered: %+v", r.Counts)
		}
		if len(r.Others) != 3 {
			t.Fatalf("want three groups: %+v", r.Others)
		}
		for _, o := range r.Others {
			if o.Connected != 1 || o.Ended != 0 || o.Answered != 0 {
				t.Errorf("want a connection that nobody ends: %+v", o)
			}
		}
	})
}
