package goroutines

import (
	"context"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/account"
	"github.com/poolbench/poolbench/bench/internal/load/schedule"
)

// A pacer takes arrivals from a schedule when they are due and deals them out to queues, one after the other. It never
// waits for anything but the time: a server that is slow cannot slow down what is offered to it.
type pacer struct {
	clock    clock
	schedule schedule.Schedule
	queues   []*queue
	window   account.Window // queues are told when its last arrival has been dealt

	next time.Duration // the arrival that is dealt next
	turn int           // the queue that it is dealt to

	gaps gaps
}

// run deals until ctx ends.
func (p *pacer) run(ctx context.Context, s sleeper) {
	ended := false
	for {
		p.next = p.schedule.Next()
		intended := p.next
		if intended >= p.window.Close && !ended {
			for _, q := range p.queues {
				q.end()
			}
			ended = true
		}
		now := p.clock.now()
		for now < intended {
			s.sleep(intended - now)
			if ctx.Err() != nil {
				return
			}
			now = p.clock.now()
		}
		if ctx.Err() != nil {
			return
		}
		a := arrival{intended: intended, noticed: now}
		p.gaps.add(a, p.window)
		p.queues[p.turn].put(a)
		p.turn = (p.turn + 1) % len(p.queues)
	}
}

// left calls each for the arrivals of before the window's close that were due and not dealt when run returned: the
// driver was later than the load lasted.
func (p *pacer) left(each func(queue int, intended time.Duration)) {
	for ; p.next < p.window.Close; p.next = p.schedule.Next() {
		each(p.turn, p.next)
		p.turn = (p.turn + 1) % len(p.queues)
	}
}

// gaps compares the times between arrivals as they are scheduled with those between arrivals as they are dealt. Where others
// have their turn between two arrivals, most of the gap is theirs.
type gaps struct {
	slices           schedule.Turn
	scheduled, dealt schedule.Gaps
	last             arrival
	any              bool // there was a last one
}

// add takes in a if w holds it.
func (g *gaps) add(a arrival, w account.Window) {
	if !w.Holds(a.intended) {
		return
	}
	if g.any && g.slices.Slice(a.intended) == g.slices.Slice(g.last.intended) {
		g.scheduled.Record(a.intended - g.last.intended)
		g.dealt.Record(a.noticed - g.last.noticed)
	}
	g.last, g.any = a, true
}

// error is how far the latter are from the former, see [trial.Driving].
func (g *gaps) error() float64 { return schedule.GapError(&g.scheduled, &g.dealt) }

// A sleeper waits for one goroutine.
type sleeper interface {
	// sleep returns after d, or at once when the context that the sleeper was made with has ended. It may return
	// early.
	sleep(d time.Duration)

	// end frees what the sleeper holds. Nobody may be asleep.
	end()
}

// timerSleeper sleeps on Go's timers, which wake up to a millisecond late in a process with nothing else to do.
type timerSleeper struct {
	ctx   context.Context
	timer *time.Timer
}

func newTimerSleeper(ctx context.Context) sleeper {
	return &timerSleeper{ctx: ctx, timer: time.NewTimer(account.Never)}
}

func (t *timerSleeper) sleep(d time.Duration) {
	t.timer.Reset(d)
	select {
	case <-t.timer.C:
	case <-t.ctx.Done():
	}
}

func (t *timerSleeper) end() { t.timer.Stop() }
