package finding

import (
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

const (
	// mostly: the response contains the lag, so if one request in a hundred lagged by half of the p99 response, the driver
	// makes as much of that figure as the server does. A driver that is stopped has nearly all of it, one whose server is
	// stopped 0.1 %.
	mostly = 0.5

	// lagPart of a percentile is what a reader has to subtract: twice the smallest difference that is ever named.
	lagPart = 0.1

	// lagFloor is what no reader acts on in a tail: a system that others use too makes anybody wait for as long now and then.
	lagFloor = time.Millisecond
)

// lagged are lag and response at a quantile.
type lagged struct {
	name          string
	lag, response time.Duration
}

func (l lagged) share() float64 { return of(l.lag, l.response) }

// at takes both at q, if enough of both lie beyond it.
func at(l trial.Latency, q float64, name string) (lagged, bool) {
	lag, ok := l.Lag.Quantile(q)
	response, too := l.Response.Quantile(q)
	return lagged{name, lag, response}, ok && too
}

// tail is the last percentile up to p99 that the requests support. With too few for any there is nothing to distort: no
// percentile is shown.
func tail(l trial.Latency) (lagged, bool) {
	for _, q := range []struct {
		q    float64
		name string
	}{{0.99, "p99"}, {0.9, "p90"}, {0.5, "p50"}} {
		if found, ok := at(l, q.q, q.name); ok {
			return found, true
		}
	}
	return lagged{}, false
}

// isOpen says whether a schedule decides when requests are due. In the closed loop requests are due when the driver is there.
func isOpen(t trial.Trial) bool { return t.Load.Loop == trial.Open || t.Load.Loop == trial.Sessions }

// driverBound says that the figures are the driver's. In the closed loop its clients simply ask for less, so the
// throughput is a lower bound. In an open loop the times are wrong: those of lag as far as it is told, and a driver without
// a moment to spare also reads answers late, which no lag shows and every service time contains.
func driverBound(t trial.Trial) (trial.Finding, bool) {
	if isOpen(t) {
		if l, ok := tail(t.Latency); ok && l.lag > lagFloor && l.share() > mostly {
			return invalid(DriverBound, "the driver was late: lag %s is %v and response %s %v, so the response times are the driver's and not the server's; "+
				"leave the machine alone while it measures, give the driver a CPU of its own, or lower the rate", l.name, short(l.lag), l.name, short(l.response))
		}
	}
	busy, ok := driverBusy(t)
	switch {
	case !ok || busy <= full:
		return none()
	case isOpen(t):
		return invalid(DriverBound, "the driver was busy for %s of its time, so it sent and read late and the times are its own; "+
			"lower the rate to half of the driver's ceiling or less, or give the driver more CPUs", percent(busy))
	default:
		return note(DriverBound, "the driver was busy for %s of its time, so the throughput is a lower bound of the server's and is not ranked; "+
			"compare in an open loop at half of the driver's ceiling or less, or give the driver more CPUs", percent(busy))
	}
}

// driverLate says where a reader has to subtract the driver's lag, in trials whose times are the server's on the whole.
func driverLate(t trial.Trial) (trial.Finding, bool) {
	if !isOpen(t) {
		return none()
	}
	if f, ok := driverBound(t); ok && f.Invalid {
		return none() // that says more
	}
	for _, q := range []struct {
		q     float64
		name  string
		floor time.Duration // the median of a lag is no accident, however short it is
	}{{0.5, "p50", 0}, {0.99, "p99", lagFloor}, {0.999, "p99.9", lagFloor}} {
		if l, ok := at(t.Latency, q.q, q.name); ok && l.lag > q.floor && l.share() > lagPart {
			return note(DriverLate, "the driver's lag is %v of the response time of %v at %s; "+
				"read the service and wait times there, give the driver a CPU of its own, or lower the rate", short(l.lag), short(l.response), l.name)
		}
	}
	return none()
}

// missable is the share of requests that may go wrong before a rate counts as more than can be done, which is judged at
// p99.9: beyond it the driver's own failures decide.
const missable = 0.001

// driverMissed speaks of any at all: they stand in the response times at the client's time-out, and no server was asked.
func driverMissed(t trial.Trial) (trial.Finding, bool) {
	missed := t.Driving.Missed
	if missed <= 0 {
		return none()
	}
	say := note
	if float64(missed) > missable*float64(t.Counts.Intended) {
		say = invalid
	}
	return say(DriverMissed, "the driver never got to %d of %d requests that were due in the window: they count as unsent and say nothing about the server; "+
		"lower the rate, or give the driver a CPU of its own", missed, t.Counts.Intended)
}
