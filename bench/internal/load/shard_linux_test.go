package load

import (
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// What a request costs the driver must not be taken for waiting, least of all where the loop asks again and again between
// two requests: whether the driver was the limit is judged by it.
func TestAShardDoesNotIdleWhileItWorks(t *testing.T) {
	const cost = 30 * time.Microsecond
	c := load("epoll", start(t, echo), lines, trial.Load{Loop: trial.Open, Clients: 16, Rate: 12_000, Arrivals: trial.Constant})
	c.CPUs, c.OwnCPUs = 1, true
	c.Client.Request = func(dst []byte, seq uint64) []byte {
		for begun := time.Now(); time.Since(begun) < cost; {
		}
		return line(dst, seq)
	}
	r := mustRun(t, c)
	// Not all that are due in the window need be sent in it; most are.
	if work := time.Duration(r.Counts.Intended) * cost; r.Driving.Idle > r.Window-work*9/10 {
		t.Errorf("idle for %v of %v, with %d requests of %v each", r.Driving.Idle, r.Window, r.Counts.Intended, cost)
	}
	if r.Driving.Spun == 0 {
		t.Error("it never asked again, so nothing was tested")
	}
}
