package load

import (
	"math"
	"math/rand/v2"
	"time"
)

// A Schedule decides when requests are due, and nothing else: it has no clock and knows nothing of what became of the
// requests before. It is not safe for concurrent use.
type Schedule interface {
	// Next returns the intended time of the next request, counted from the load's start. It never decreases.
	Next() time.Duration
}

// NewPoisson returns the arrivals of many independent users: gaps are exponentially distributed with mean 1/rate
// seconds. The same rate (per second, above 0) and seed give the same times.
func NewPoisson(rate float64, seed uint64) Schedule {
	return &poisson{gap: float64(time.Second) / rate, random: rand.New(rand.NewPCG(seed, poissonStream))}
}

// poissonStream keeps the arrivals independent of whatever else is drawn from the same seed. Any number does.
const poissonStream = 0x706f6973736f6e

type poisson struct {
	gap    float64 // mean, ns
	at     float64 // ns; exact to a nanosecond for a hundred days, and the rounding never adds up over gaps
	random *rand.Rand
}

func (p *poisson) Next() time.Duration {
	p.at += p.gap * p.random.ExpFloat64()
	return nanoseconds(p.at)
}

// NewConstant returns one request every 1/rate seconds, the first at 0.
func NewConstant(rate float64) Schedule { return &constant{gap: float64(time.Second) / rate} }

type constant struct {
	gap float64 // ns
	n   float64
}

// Next multiplies where it could add: added gaps add up their rounding.
func (c *constant) Next() time.Duration {
	at := nanoseconds(c.n * c.gap)
	c.n++
	return at
}

// nanoseconds keeps rates close to 0 from overflowing into the past: they are due after everything else.
func nanoseconds(ns float64) time.Duration {
	if ns >= float64(never) {
		return never
	}
	return time.Duration(math.Round(ns))
}
