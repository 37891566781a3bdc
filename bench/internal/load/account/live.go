package account

import (
	"sync/atomic"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/schedule"
	"golang.org/x/sys/cpu"
)

// A Glance is what has come of a load's window so far, for somebody who watches. It is rough, and nothing is decided by it.
type Glance struct {
	Own  time.Duration // how much of the window has passed, of the load's own time alone; 0: it has not opened
	Rate float64       // good answers per second of that

	// P99 is that of the response times so far, 0 if they are too few for one. Where several writers have seen a part each it is the
	// longest of theirs, which that of all is no longer than.
	P99 time.Duration
}

const (
	// showEvery is how often a writer lets others see what it has: an eye follows no more, and it costs 2 µs, most of it for the
	// p99, which the counts of the histogram have to be summed for.
	showEvery = 250 * time.Millisecond

	// showRoom is how long nothing has to be due for a writer to have time for it. A writer that never has shows it all the same
	// when it is late by showEvery.
	showRoom = 100 * time.Microsecond
)

// A Live is where the writer of a ledger lets others see what is in it. Recording knows nothing of it: now and then, between two
// requests, the writer copies three figures into it. Only the writer calls Due and Show; the rest may be called concurrently. A nil
// one is never due.
type Live struct {
	next time.Duration // when the writer shows again

	_ cpu.CacheLinePad // whoever watches takes no line away that the writer uses all the time
	// Read one by one while the writer goes on, they may be of two moments that are showEvery apart, which no eye can tell.
	good, own, p99 atomic.Int64
	_              cpu.CacheLinePad
}

// Due says whether it is time to call Show.
func (v *Live) Due(now time.Duration) bool { return v != nil && now >= v.next }

// Show lets others see what l holds now, if nothing is due for so long that there is time for it. The load has its turns.
func (v *Live) Show(l *Ledger, w Window, turns schedule.Turn, now, idle time.Duration) {
	if idle < showRoom && now < v.next+showEvery {
		return
	}
	v.next = now + showEvery
	p99, ok := l.Latency.Response.Quantile(0.99)
	if !ok {
		p99 = 0
	}
	v.good.Store(l.Counts.Good)
	v.own.Store(int64(w.Passed(turns, now)))
	v.p99.Store(int64(p99))
}

// P99 is the one that was shown last.
func (v *Live) P99() time.Duration { return time.Duration(v.p99.Load()) }

// Glance is what was shown last.
func (v *Live) Glance() Glance {
	return GlanceOf(v.good.Load(), time.Duration(v.own.Load()), v.P99())
}

// GlanceOf is what so many good answers in so much of the window are.
func GlanceOf(good int64, own, p99 time.Duration) Glance {
	if own <= 0 {
		return Glance{}
	}
	return Glance{Own: own, Rate: float64(good) / own.Seconds(), P99: p99}
}

// Plus is what g and other are together: two parts of a load, at the same time.
func (g Glance) Plus(other Glance) Glance {
	return Glance{Own: max(g.Own, other.Own), Rate: g.Rate + other.Rate, P99: max(g.P99, other.P99)}
}

// Passed is how much of the window has passed at now, in the own time of a load with such turns.
func (w Window) Passed(turns schedule.Turn, now time.Duration) time.Duration {
	return turns.Own(w.Clip(now)) - turns.Own(w.Open)
}
