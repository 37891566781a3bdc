package schedule

import (
	"math"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// A piece is a stretch of time in which the rate stays or changes in a straight line. It ends where the next one begins;
// the last has no end.
type piece struct {
	from     float64 // ns since the load's start
	expected float64 // requests up to from: Λ(from)
	rate     float64 // at from, requests per ns
	slope    float64 // of the rate, requests per ns²
}

// when is the time, in ns since the load's start, up to which u requests are expected if p has no end: from + x with
//
//	y = u − expected = rate·x + slope·x²/2
//
// The usual solution, x = (√(rate² + 2·slope·y) − rate) / slope, loses its digits as the slope becomes small and has none
// left at 0; this is the same number without the difference. While the rate is 0 no more are expected, ever.
func (p piece) when(u float64) float64 {
	y := u - p.expected
	switch {
	case p.rate == 0 && p.slope == 0:
		return math.Inf(1) // whatever y's rounding says
	case y <= 0:
		return p.from
	}
	// At the end of a slope down to 0 the root is 0, give or take the rounding.
	root := math.Sqrt(max(0, p.rate*p.rate+2*p.slope*y))
	return p.from + 2*y/(p.rate+root)
}

// until is how many requests are expected up to a time in p, in ns since the load's start.
func (p piece) until(at float64) float64 {
	x := at - p.from
	return p.expected + p.rate*x + p.slope*x*x/2
}

// pieces cuts the time from the load's start on where l's rate changes. Some may have no length, between segments that
// touch; nothing is due in them.
func pieces(l trial.Load, opens time.Duration) []piece {
	plain := l.Rate / float64(time.Second)
	all := make([]piece, 1, 1+2*len(l.Profile))
	all[0].rate = plain
	begin := func(at time.Duration, rate, slope float64) {
		from := float64(opens) + float64(at) // as Durations they might overflow
		all = append(all, piece{from: from, expected: all[len(all)-1].until(from), rate: rate, slope: slope})
	}
	for _, s := range l.Profile {
		begin(s.From, plain*s.Begin, plain*(s.End-s.Begin)/float64(s.To-s.From))
		begin(s.To, plain, 0)
	}
	return all
}
