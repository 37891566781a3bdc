// Package schedule decides when the requests of an open loop are due, and says how far from that a driver was. It is
// pure: it has no clock, waits for nothing, knows nothing of what became of the requests before, and all its chance comes
// out of a seed. The drivers of package load wait for the times and send.
package schedule

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// A Schedule decides when requests are due, and nothing else. It is not safe for concurrent use.
type Schedule interface {
	// Next returns the intended time of the next request, counted from the load's start. It never decreases; [Never]
	// is behind everything and stays.
	Next() time.Duration
}

// Never is when a request is due that comes later than any time there is.
const Never = time.Duration(math.MaxInt64)

// New returns the schedule that l asks for, in a load whose window starts at opens. l has passed [Check]. The same l,
// opens and seed give the same times; constant arrivals have no use for the seed.
//
// The requests that are expected up to t, both counted from the load's start, are
//
//	Λ(t) = ∫ rate(x) dx, x from 0 to t
//
// with rate(x), per second, as l.Profile has it from opens on ([trial.Segment] has the formula) and l.Rate before that
// and outside of all segments. Request n, from 0, is due where u(n) requests are expected:
//
//	t(n) = max {t: Λ(t) = u(n)}
//	constant: u(n) = n
//	Poisson:  u(n) = u(n−1) + e(n), u(−1) = 0, each e(n) exponentially distributed with mean 1
//
// So Poisson arrivals are those of many independent users, whose gaps have the mean 1/rate(t) wherever the rate stays
// (E. Çinlar, Introduction to Stochastic Processes, 1975, section 4.7), a constant rate has one request every 1/l.Rate
// seconds, the first one at 0, and nothing is due while the rate is 0.
func New(l trial.Load, opens time.Duration, seed uint64) Schedule {
	s := &schedule{pieces: pieces(l, opens)}
	if l.Arrivals == trial.Constant {
		s.expected = new(constant)
	} else {
		s.expected = &poisson{random: rand.New(rand.NewPCG(seed, poissonStream))}
	}
	return s
}

type schedule struct {
	expected process
	pieces   []piece // of the rate: the one of the last request, and those behind it
	last     time.Duration
}

func (s *schedule) Next() time.Duration {
	u := s.expected.next()
	at := s.pieces[0].when(u)
	// What would round to the end of a piece belongs to the next one: a rate of 0 may begin there.
	for len(s.pieces) > 1 && at >= s.pieces[1].from-0.5 {
		s.pieces = s.pieces[1:]
		at = s.pieces[0].when(u)
	}
	// Two that are due at almost the same time of a slope may come out of the rounding the wrong way round.
	s.last = max(s.last, nanoseconds(at))
	return s.last
}

// nanoseconds keeps what is later than any time from overflowing into the past.
func nanoseconds(ns float64) time.Duration {
	if ns >= float64(Never) {
		return Never
	}
	return time.Duration(math.Round(ns))
}

// A process is the same arrivals at a rate of 1: next returns u(n) of the next n. It never decreases.
type process interface{ next() float64 }

// poissonStream keeps the arrivals independent of whatever else is drawn from the same seed. Any number does.
const poissonStream = 0x706f6973736f6e

type poisson struct {
	u      float64 // each sum is rounded by at most 2⁻⁵³ of itself: nothing beside the chance that is in it
	random *rand.Rand
}

func (p *poisson) next() float64 {
	p.u += p.random.ExpFloat64()
	return p.u
}

// constant counts where it could add up gaps: in added gaps the rounding of the gap adds up too.
type constant struct{ n float64 }

func (c *constant) next() float64 {
	u := c.n
	c.n++
	return u
}
