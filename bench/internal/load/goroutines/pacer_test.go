package goroutines

import (
	"math"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/account"
)

func TestGapsAreThoseOfTheWindow(t *testing.T) {
	w := account.Window{Open: 1000 * ms, Close: 2000 * ms, End: account.Never}
	for name, c := range map[string]struct {
		noticed func(intended time.Duration) time.Duration
		want    float64
	}{
		"dealt when they are due": {func(at time.Duration) time.Duration { return at }, 0},
		"always late by the same": {func(at time.Duration) time.Duration { return at + 3*ms }, 0},
		"late before the window":  {func(at time.Duration) time.Duration { return max(at, w.Open) }, 0},
		"late behind the window": {func(at time.Duration) time.Duration {
			if at >= w.Close {
				return w.Close + time.Hour
			}
			return at
		}, 0},
		// Ten bunches have 99 gaps: 90 are 10 ms too short, and 9 are 90 ms too long.
		"dealt in bunches of ten": {func(at time.Duration) time.Duration { return at.Truncate(100*ms) + 100*ms }, (90*10 + 9*90) / 99.0 / 10},
	} {
		t.Run(name, func(t *testing.T) {
			var g gaps
			for at := time.Duration(0); at < 3000*ms; at += 10 * ms {
				g.add(arrival{intended: at, noticed: c.noticed(at)}, w)
			}
			if got := g.error(); math.Abs(got-c.want) > 1e-9 {
				t.Errorf("error %v, want %v", got, c.want)
			}
		})
	}
}
