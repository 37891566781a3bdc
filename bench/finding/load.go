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

// expected is how many requests are due in the window on average: the rate's integral.
func expected(t trial.Trial) float64 {
	length := t.Window.Seconds()
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
	// enough answers make the number in flight at an edge, which varies, too little to matter: below 1 % of all.
	enough = 1000

	// contradiction is the practical threshold again: times that are off by less cannot make a difference that is named.
	contradiction = practical
)

// inconsistentTimes holds the times against the number in flight, which was counted without them (J. Little: A Proof for
// the Queuing Formula L = λW, Operations Research 9(3), 1961):
//
//	in flight × window = good × mean service time + fruitless time
//
// It is exact but for requests that an edge of the window cuts in two, whichever way arrivals come and servers serve. All
// that are in flight at an edge were sent within the longest time before it, so there are at most min(clients,
// rate × longest) of them, and each is off by the longest time at most: once because only a part of its time is in
// the window, and once because another one's is in the mean. A request from before the window has its time in no
// histogram if it is answered inside; whoever waited behind it has. That bound needs a rate that stays.
func inconsistentTimes(t trial.Trial) (trial.Finding, bool) {
	d, l := t.Driving, t.Latency
	if !(d.InFlight > 0) || t.Window <= 0 || len(t.Load.Profile) > 0 || t.Counts.Good < enough {
		return none()
	}
	window := t.Window.Seconds()
	counted := d.InFlight * window
	timed := float64(t.Counts.Good)*l.Service.Mean().Seconds() + d.Fruitless.Seconds()

	longest := max(l.Service.Max(), l.Wait.Max()).Seconds()
	cut := min(float64(t.Load.Clients), float64(t.Counts.Sent)/window*longest) * longest
	if !(math.Abs(counted-timed) > contradiction*max(counted, timed)+2*cut) {
		return none()
	}
	return invalid(InconsistentTimes, "on average %.3g requests were in flight, and by their times there were %.3g (Little's law): the harness mismeasures; "+
		"report it with this record", d.InFlight, timed/window)
}
