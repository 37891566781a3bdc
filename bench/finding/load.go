package finding

import (
	"math"

	"github.com/poolbench/poolbench/bench/trial"
)

// half of what the driver can do at most: a driver that is busy for half of its time makes what comes at random wait
// for half of what it needs for one request (M/D/1, ρ / (2(1−ρ))), and twice as much work does not overwhelm it.
const half = 0.5

func aboveHalfCeiling(t trial.Trial) (trial.Finding, bool) {
	if !isOpen(t) || !(t.Load.Ceiling > half) {
		return none()
	}
	return note(AboveHalfCeiling, "the offered rate is %s of what the driver itself can do, so equality of servers is not judged at it; "+
		"lower the rate to %s, or give the driver more CPUs", percent(t.Load.Ceiling), percent(half))
}

// The error of gaps (trial.Driving.ArrivalError) by the size of the bunches that requests are dealt in:
//
//	bunches of    2     3     4     5    10
//	constant    1.00  1.33  1.50  1.60  1.80    2(n−1)/n
//	Poisson     0.37  0.63  0.82  0.96  1.34    numerically
const (
	distorted = 0.25 // less than pairs: many that were due one by one came together
	unlike    = 1    // no resemblance: the server was asked in bursts, and its queues are those of bursts
)

// arrivalsDistorted is about what the server sees. Lag is small beside a slow server's response while its requests come
// in bunches all the same.
func arrivalsDistorted(t trial.Trial) (trial.Finding, bool) {
	off := t.Driving.ArrivalError
	if !isOpen(t) || !(off > distorted) {
		return none()
	}
	say := note
	if off > unlike {
		say = invalid
	}
	return say(ArrivalsDistorted, "the gaps between requests differ from the schedule's by %s of their mean, so they came in bunches, and the server queued what was due one by one; "+
		"lower the rate, or give the driver a CPU of its own", percent(off))
}

const (
	// sigmas: by chance alone, one trial in a million and a half.
	sigmas = 5

	// edgeRequests fall on the other side of an edge by rounding; they also are what keeps the rule's chances as they are
	// where only a few are expected, which are not distributed normally.
	edgeRequests = 2
)

// inconsistentLoad compares the requests that were intended with those that the schedule makes due. Whatever the server
// and the driver do, each arrival is counted, so it can only be wrong by a fault in the harness. A request that was
// open through all of the window counts although it was due before it: one for each client at most.
func inconsistentLoad(t trial.Trial) (trial.Finding, bool) {
	due := expected(t)
	if !isOpen(t) || !(due > 0) || math.IsInf(due, 1) {
		return none()
	}
	slack := float64(edgeRequests)
	if t.Load.Arrivals != trial.Constant {
		slack += sigmas * math.Sqrt(due)
	}
	intended := float64(t.Counts.Intended)
	if intended >= due-slack && intended <= due+slack+float64(t.Load.Clients) {
		return none()
	}
	return invalid(InconsistentLoad, "%d requests were due in the window and the schedule expects %.0f: the harness miscounts; "+
		"report it with this record", t.Counts.Intended, due)
}

// expected is how many requests are due in the window on average: the rate's integral. Loads that take turns have no profile.
func expected(t trial.Trial) float64 {
	length := t.Active().Seconds()
	for _, s := range t.Load.Profile {
		from, to := max(0, s.From), min(s.To, t.Window)
		if from >= to {
			continue
		}
		// A straight line has its mean in the middle.
		middle := (from.Seconds() + to.Seconds()) / 2
		factor := s.Begin + (s.End-s.Begin)*(middle-s.From.Seconds())/(s.To.Seconds()-s.From.Seconds())
		length += (factor - 1) * (to - from).Seconds()
	}
	return t.Load.Rate * length
}

const (
	// enough answers for their mean to say something.
	enough = 1000

	// contradiction is the practical threshold again: times that are off by less cannot make a difference that is named.
	contradiction = practical
)

// inconsistentTimes holds the times against the number in flight, which was counted without them (J. Little: A Proof for
// the Queuing Formula L = λW, Operations Research 9(3), 1961):
//
//	in flight × window = whole × mean service time + partial
//
// Requests that an edge of the window cuts in two are in partial by what is inside. What is left is that the mean is of the
// requests that were due in the window, and whole of those that were sent and answered in it: those in flight at the
// closing edge are in the mean alone. There are at most min(clients, rate × longest) of them, each longer than the mean
// by the longest time at most; and those that were due before the window and sent in it are in whole alone. Where many more differ, because the server is behind and answers what was due before the window,
// there is nothing to compare.
func inconsistentTimes(t trial.Trial) (trial.Finding, bool) {
	d, l, n := t.Driving, t.Latency, t.Counts
	if !(d.InFlight > 0) || t.Active() <= 0 || len(t.Load.Profile) > 0 || d.Whole < enough {
		return none()
	}
	if math.Abs(float64(n.OK-d.Whole)) > contradiction*float64(d.Whole)+float64(t.Load.Clients) {
		return none()
	}
	window := t.Window.Seconds()
	counted := d.InFlight * window
	timed := float64(d.Whole)*l.Service.Mean().Seconds() + d.Partial.Seconds()

	longest := l.Service.Max().Seconds()
	cut := max(min(float64(t.Load.Clients), float64(n.Sent)/t.Active().Seconds()*longest), math.Abs(float64(n.OK-d.Whole))) * longest
	if !(math.Abs(counted-timed) > contradiction*max(counted, timed)+cut) {
		return none()
	}
	return invalid(InconsistentTimes, "on average %.3g requests were in flight, and by their times there were %.3g (Little's law): the harness mismeasures; "+
		"report it with this record", d.InFlight, timed/window)
}
