package stat

import (
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// RecoveryTime and Memory are metrics of scenarios that are about just that, [Metrics] has them too.
//
// RecoveryTime is [Recovery] and one slice of the series, so that ratios of servers that were never disturbed can be taken:
// a slice is what it is told to. Memory is what the server's process had resident at most, less what it had before its strategy
// began, over the connections that it held. The half megabyte of code that runs with the first connection, what the garbage
// collector has not come to yet, and workers that have no connection are in it, so that it says something about connections with
// a thousand of them or more.
var (
	RecoveryTime = Metric{Key: "recovery", Name: "recovery", Unit: "s", Of: func(t trial.Trial) (float64, bool) {
		d, ok := Recovery(t)
		return (d + t.Series.Slice).Seconds(), ok
	}}
	Memory = Metric{Key: "memory", Name: "memory per connection", Unit: "B", Own: true, Of: memory}
)

const (
	// servedWell is the part of a slice's requests that has to be answered OK in normal service.
	servedWell = 0.99

	// slower than before by this factor is no normal service. Up to about 90 % load, a steady server's slices hardly are.
	slower = 2

	// slowFloor is a mean response time that counts as normal whatever it was before: a server that answered in 50 µs is
	// not disturbed because of a scheduler's time slice.
	slowFloor = time.Millisecond
)

// Recovery is how long after the end of a load's profile service is back to normal: from the end of the last segment to
// that of the last slice, by when requests were due, in which it was not, 0 if it was normal all along. Normal is that at least
// 99 % are answered OK and the mean response time is at most twice that of the slices before the profile began, or a
// millisecond if that is more. The slice in which the profile ends is the first that is looked at, so d is told to one
// slice. A server that is not back when the window ends has the rest of the window, which is a lower bound.
//
// It is false where there is nothing to tell: no profile, no series, nothing asked before the profile began, or no window
// left behind its end.
func Recovery(t trial.Trial) (d time.Duration, ok bool) {
	s := t.Series
	if len(t.Load.Profile) == 0 || s.IsZero() {
		return 0, false
	}
	begins, ends := t.Load.Profile[0].From, t.Load.Profile[0].To
	for _, segment := range t.Load.Profile {
		begins, ends = min(begins, segment.From), max(ends, segment.To)
	}
	if ends < 0 || ends >= t.Window {
		return 0, false
	}
	before, ok := meanResponse(s, int(max(0, begins)/s.Slice))
	if !ok {
		return 0, false
	}
	for i := s.Len() - 1; i >= int(ends/s.Slice); i-- {
		if !undisturbed(s, i, before) {
			return min(time.Duration(i+1)*s.Slice, t.Window) - ends, true
		}
	}
	return 0, true
}

// meanResponse is that of the first n slices; false if nothing in them has one.
func meanResponse(s trial.Series, n int) (time.Duration, bool) {
	var total time.Duration
	var timed int64
	for i := range min(n, s.Len()) {
		total += s.Response[i] * time.Duration(s.Timed[i])
		timed += s.Timed[i]
	}
	if timed == 0 {
		return 0, false
	}
	return total / time.Duration(timed), true
}

func undisturbed(s trial.Series, i int, before time.Duration) bool {
	return float64(s.OK[i]) >= servedWell*float64(s.Due[i]) && s.Response[i] <= max(slower*before, slowFloor)
}

// memory is told of connections that stay: how many of the slots of a sessions loop are open at once, nobody has counted. It is
// not told of records that have no base: the program itself, some 10 MB, would make all that differs look alike.
func memory(t trial.Trial) (float64, bool) {
	u := t.ServerUsage
	if u.BaseRSS <= 0 || u.PeakRSS <= u.BaseRSS || t.Load.Clients <= 0 || t.Load.Loop == trial.Sessions {
		return 0, false
	}
	return float64(u.PeakRSS-u.BaseRSS) / float64(t.Load.Clients), true
}
