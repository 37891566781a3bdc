package load

import (
	"io"
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/poolbench/poolbench/bench/internal/load/account"
	"github.com/poolbench/poolbench/bench/trial"
)

func TestASessionCountsOnlyIfAllOfItWasRead(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		for name, c := range map[string]struct {
			serve serve
			want  account.Outcome
		}{
			"reads none of the ten": {reads(0), account.Failed},
			"reads five of the ten": {reads(5), account.Failed},
			"reads nine of the ten": {reads(9), account.Failed},
			"has all ten and reads none": {func(conn net.Conn, _ int, _ <-chan struct{}) {
				io.WriteString(conn, "hello\n")
				waitFor(conn, 20) // ten lines of two bytes
			}, account.Failed},
			"reads all ten": {readTen, account.OK},
			"reads all ten and says one thing more": {func(conn net.Conn, n int, stop <-chan struct{}) {
				readTen(conn, n, stop)
				io.WriteString(conn, "bye\n")
			}, account.Failed},
			"greets wrongly": {func(conn net.Conn, _ int, _ <-chan struct{}) {
				io.WriteString(conn, "hullo\n")
				io.Copy(io.Discard, conn)
			}, account.Failed},
			"is busy": {func(conn net.Conn, _ int, _ <-chan struct{}) {
				io.WriteString(conn, "busy\n")
				conn.(*net.TCPConn).CloseWrite()
				io.Copy(io.Discard, conn)
			}, account.Rejected},
			"closes without a word": {func(net.Conn, int, <-chan struct{}) {}, account.Failed},
			"never ends": {func(conn net.Conn, _ int, stop <-chan struct{}) {
				io.WriteString(conn, "hello\n")
				io.Copy(io.Discard, conn)
				<-stop
			}, account.TimedOut},
			"counts reads and not messages": {func(conn net.Conn, _ int, _ <-chan struct{}) {
				io.WriteString(conn, "hello\n")
				waitFor(conn, 20) // merged by now, so that one read takes all
				b := make([]byte, 64)
				for range 10 { // the end of stream reads as often as one likes
					conn.Read(b)
				}
			}, account.OK},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				r := mustRunSessions(t, driver, c.serve, c.want)
				got := map[account.Outcome]int64{
					account.OK: r.Counts.OK, account.Failed: r.Counts.Failed, account.Rejected: r.Counts.Rejected, account.TimedOut: r.Counts.TimedOut,
				}
				if got[c.want] != r.Counts.Intended || r.Counts.Intended != 100 {
					t.Errorf("want 100 sessions, all of one kind: %+v", r.Counts)
				}
			})
		}
	})
}

func mustRunSessions(t *testing.T, driver string, s serve, want account.Outcome) Result {
	c := load(driver, start(t, s), tens, trial.Load{Loop: trial.Sessions, Clients: 10, Rate: 500, Arrivals: trial.Constant})
	c.WarmUp, c.Window, c.BackOff = 0, 200*ms, ms
	if want == account.TimedOut {
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

// waiting is how many bytes wait to be read.
func waiting(fd uintptr) int {
	n, err := unix.IoctlGetInt(int(fd), unix.TIOCINQ)
	if err != nil {
		return 0
	}
	return n
}
