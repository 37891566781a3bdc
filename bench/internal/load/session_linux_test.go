package load

import (
	"errors"
	"io"
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/poolbench/poolbench/bench/trial"
)

func TestASessionCountsOnlyIfAllOfItWasRead(t *testing.T) {
	for name, c := range map[string]struct {
		serve serve
		want  outcome
	}{
		"reads none of the ten": {reads(0), failed},
		"reads five of the ten": {reads(5), failed},
		"reads nine of the ten": {reads(9), failed},
		"has all ten and reads none": {func(conn net.Conn, _ int, _ <-chan struct{}) {
			io.WriteString(conn, "hello\n")
			waitFor(conn, 20) // ten lines of two bytes
		}, failed},
		"reads all ten": {readTen, ok},
		"reads all ten and says one thing more": {func(conn net.Conn, n int, stop <-chan struct{}) {
			readTen(conn, n, stop)
			io.WriteString(conn, "bye\n")
		}, failed},
		"greets wrongly": {func(conn net.Conn, _ int, _ <-chan struct{}) {
			io.WriteString(conn, "hullo\n")
			io.Copy(io.Discard, conn)
		}, failed},
		"is busy": {func(conn net.Conn, _ int, _ <-chan struct{}) {
			io.WriteString(conn, "busy\n")
			conn.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, conn)
		}, rejected},
		"closes without a word": {func(net.Conn, int, <-chan struct{}) {}, failed},
		"never ends": {func(conn net.Conn, _ int, stop <-chan struct{}) {
			io.WriteString(conn, "hello\n")
			io.Copy(io.Discard, conn)
			<-stop
		}, timedOut},
		"counts reads and not messages": {func(conn net.Conn, _ int, _ <-chan struct{}) {
			io.WriteString(conn, "hello\n")
			waitFor(conn, 20) // merged by now, so that one read takes all
			b := make([]byte, 64)
			for range 10 { // the end of stream reads as often as one likes
				conn.Read(b)
			}
		}, ok},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := mustRunSessions(t, c.serve, c.want)
			got := map[outcome]int64{ok: r.Counts.OK, failed: r.Counts.Failed, rejected: r.Counts.Rejected, timedOut: r.Counts.TimedOut}
			if got[c.want] != r.Counts.Intended || r.Counts.Intended != 100 {
				t.Errorf("want 100 sessions, all of one kind: %+v", r.Counts)
			}
		})
	}
}

func mustRunSessions(t *testing.T, s serve, want outcome) Result {
	c := load(start(t, s), tens, trial.Load{Loop: trial.Sessions, Clients: 10, Rate: 500, Arrivals: trial.Constant})
	c.WarmUp, c.Window, c.BackOff = 0, 200*ms, ms
	if want == timedOut {
		c.TimeOut = 50 * ms
	}
	return mustRun(t, c)
}

// waitFor returns when n bytes wait to be read from conn, and leaves them there.
func waitFor(conn net.Conn, n int) {
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return
	}
	// Saying false waits for more to come.
	_ = raw.Read(func(fd uintptr) bool { return waiting(fd) >= n })
}

func TestEndsThatComeTooEarlyAreSeen(t *testing.T) {
	// What systems other than Linux rely on.
	said := make(chan struct{})
	target := start(t, func(conn net.Conn, n int, stop <-chan struct{}) {
		if n == 1 {
			io.WriteString(conn, "x")
			<-stop
			return
		}
		<-said
	})
	dial := func() *net.TCPConn {
		c, err := net.Dial("tcp", target)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c.(*net.TCPConn)
	}
	ending := dial()
	if err := peekEnd(ending); err != nil {
		t.Errorf("open connection: %v", err)
	}
	close(said)
	// Reading sees the end without taking it away: it can be read again and again.
	if _, err := ending.Read(make([]byte, 1)); err != io.EOF {
		t.Fatal(err)
	}
	if err := peekEnd(ending); !errors.Is(err, errEndedEarly) {
		t.Errorf("closed connection: %v, want %v", err, errEndedEarly)
	}
	talking := dial()
	waitFor(talking, 1)
	if err := peekEnd(talking); err != nil {
		t.Errorf("connection with data: %v", err)
	}
}

// waiting is how many bytes wait to be read.
func waiting(fd uintptr) int {
	n, err := unix.IoctlGetInt(int(fd), unix.TIOCINQ)
	if err != nil {
		return 0
	}
	return n
}
