package bench

import (
	"sync"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load"
)

// A Glance is what has come of a measurement so far, for whoever watches it. It is rough; the record says what it was.
type Glance struct {
	Own  time.Duration // how much of the window has passed, of the load's own time alone; 0: it has not opened
	Rate float64       // good answers (or sessions) per second, for each strategy if several are measured at the same time
	P99  time.Duration // of the response times, 0 if there are too few for one; of several strategies the longest
}

// A watch gathers what can be seen of measurements that are made at the same time. It may be used concurrently.
type watch struct {
	mu    sync.Mutex
	looks []func() load.Glance
}

// add is a [load.Config]'s Watch.
func (w *watch) add(look func() load.Glance) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.looks = append(w.looks, look)
}

// glance is what can be seen now.
func (w *watch) glance() Glance {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all load.Glance
	open := 0
	for _, look := range w.looks {
		if g := look(); g.Own > 0 {
			all = all.Plus(g)
			open++
		}
	}
	if open == 0 {
		return Glance{}
	}
	return Glance{Own: all.Own, Rate: all.Rate / float64(open), P99: all.P99}
}
