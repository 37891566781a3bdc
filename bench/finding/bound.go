package finding

import "github.com/poolbench/poolbench/bench/trial"

// A Limit is what kept a trial from more goodput.
type Limit string

// The limits; empty: the record does not tell.
const (
	ByDriver Limit = "driver"       // the throughput is a lower bound
	ByServer Limit = "server"       // as wanted in a closed loop: its CPU, its limits, or its waiting
	ByRate   Limit = "offered rate" // as wanted in an open loop: the server answered what it was asked
	ByThink  Limit = "think time"   // the clients thought for longer than they waited
)

// keptUp is the part of what was offered that has to be answered well in the window for the rate to be the limit.
// Answers that come behind the window are made up for by those to earlier requests, save for chance.
const keptUp = 0.99

// Bound says what limited t. It is no finding, because most trials are limited as they should be. Where server and driver
// share CPUs, waiting for one looks like waiting for the server.
func Bound(t trial.Trial) Limit {
	for _, r := range []rule{socketsExhausted, driverBound, driverMissed} {
		if f, ok := r(t); ok && (f.Invalid || f.Code == DriverBound) {
			return ByDriver
		}
	}
	switch {
	case t.Counts.Intended <= 0:
		return ""
	case t.Load.Loop == trial.Closed && t.Load.Think > 0 && t.Load.Think >= t.Latency.Response.Mean():
		return ByThink
	case t.Load.Loop == trial.Closed:
		return ByServer
	case float64(t.Counts.Good) >= keptUp*float64(t.Counts.Intended):
		return ByRate
	default:
		return ByServer
	}
}
