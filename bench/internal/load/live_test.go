package load

import (
	"fmt"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// Catches: figures that whoever watches never sees, that count the warm-up, or that a race makes.
func TestWhoeverWatchesSeesWhatComesOfTheLoad(t *testing.T) {
	eachAlone(t, func(t *testing.T, driver string) {
		target := start(t, echo)
		undisturbed(t, func() error {
			c := load(driver, target, lines, trial.Load{Loop: trial.Open, Clients: 8, Rate: 4000, Arrivals: trial.Constant})
			c.WarmUp, c.Window = 100*ms, 900*ms
			c.CPUs = 2 // two shards, where there are shards
			var look atomic.Pointer[func() Glance]
			c.Watch = func(f func() Glance) { look.Store(&f) }
			stop, watched := make(chan struct{}), make(chan int)
			go func() {
				seen := 0
				ticker := time.NewTicker(10 * ms)
				defer ticker.Stop()
				for {
					select {
					case <-ticker.C:
						if f := look.Load(); f != nil && (*f)().Own > 0 {
							seen++
						}
					case <-stop:
						watched <- seen
						return
					}
				}
			}()
			r := mustRun(t, c)
			close(stop)
			if seen := <-watched; seen == 0 {
				return fmt.Errorf("nothing was seen while it went on")
			}
			g := (*look.Load())()
			longest := r.Latency.Response.Max()
			if math.Abs(g.Rate/4000-1) > 0.1 || g.Own < c.Window/2 || g.Own > c.Window || g.P99 <= 0 || g.P99 > longest {
				return fmt.Errorf("seen at the end: %+v, of 4000 per second in %v, with %v as the longest response", g, c.Window, longest)
			}
			return nil
		})
	})
}
