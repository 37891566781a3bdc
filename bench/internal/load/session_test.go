package load

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// reads greets, reads so many of the ten lines and closes.
func reads(n int) serve {
	return func(conn net.Conn, _ int, _ <-chan struct{}) {
		io.WriteString(conn, "hello\n")
		// One byte at a time, so that no more is taken out of the socket than was asked for.
		var one [1]byte
		for n := n; n > 0; {
			if _, err := conn.Read(one[:]); err != nil {
				return
			}
			if one[0] == '\n' {
				n--
			}
		}
	}
}

var readTen = reads(10)

func TestLaterSessionsWaitForASlot(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		// Two slots, 20 ms for each session: 100 sessions per second of the 200 that are due.
		r := func() Result {
			c := load(driver, start(t, func(conn net.Conn, n int, stop <-chan struct{}) {
				<-time.After(20 * ms)
				readTen(conn, n, stop)
			}), tens, trial.Load{Loop: trial.Sessions, Clients: 2, Rate: 200, Arrivals: trial.Constant})
			c.WarmUp, c.Window = 0, 500*ms
			return mustRun(t, c)
		}()
		if r.Counts.Intended != 100 || r.Counts.OK != 100 {
			t.Errorf("want 100 sessions, all ok in the end: %+v", r.Counts)
		}
		wait, _ := r.Latency.Wait.Quantile(0.9)
		service, _ := r.Latency.Service.Quantile(0.5)
		if wait < 5*service {
			t.Errorf("wait p90 is %v: with service of %v and twice as much due as fits, sessions wait for their slot", wait, service)
		}
	})
}
