package bench

import (
	"time"

	"github.com/poolbench/poolbench/bench/internal/load"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

// Timing is how long the parts of a trial take.
type Timing struct {
	WarmUp  time.Duration // load before the window, not counted
	Window  time.Duration
	Tail    time.Duration // at most so long the load goes on after the window, for its answers to come
	TimeOut time.Duration // the client's patience with one request
	BackOff time.Duration // before a refused client comes back
}

// config is one load on one target as the driver takes it.
func (t Timing) config(target string, w workload.Workload, l trial.Load) load.Config {
	return load.Config{
		Target: target, Client: w.Client, Load: l,
		WarmUp: t.WarmUp, Window: t.Window, Tail: t.Tail, TimeOut: t.TimeOut, BackOff: t.BackOff,
	}
}
