package load

import (
	"context"
	"time"
)

// A pacer takes arrivals from a schedule when they are due and deals them out to queues, one after the other. It never
// waits for anything but the time: a server that is slow cannot slow down what is offered to it.
type pacer struct {
	clock    clock
	schedule Schedule
	queues   []*queue
	close    time.Duration // the window's: queues are told when its last arrival has been dealt

	next time.Duration // the arrival that is dealt next
	turn int           // the queue that it is dealt to
}

// run deals until ctx ends.
func (p *pacer) run(ctx context.Context, s sleeper) {
	ended := false
	for {
		p.next = p.schedule.Next()
		intended := p.next
		if intended >= p.close && !ended {
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
		p.queues[p.turn].put(arrival{intended: intended, noticed: now})
		p.turn = (p.turn + 1) % len(p.queues)
	}
}

// left calls each for the arrivals of before the window's close that were due and not dealt when run returned: the
// driver was later than the load lasted.
func (p *pacer) left(each func(queue int, intended time.Duration)) {
	for ; p.next < p.close; p.next = p.schedule.Next() {
		each(p.turn, p.next)
		p.turn = (p.turn + 1) % len(p.queues)
	}
}

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
	return &timerSleeper{ctx: ctx, timer: time.NewTimer(never)}
}

func (t *timerSleeper) sleep(d time.Duration) {
	t.timer.Reset(d)
	select {
	case <-t.timer.C:
	case <-t.ctx.Done():
	}
}

func (t *timerSleeper) end() { t.timer.Stop() }
