package goroutines

import (
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/account"
)

// closed asks again and again, first at a given time, then when it has its answer and has thought, and it is its load's turn.
func (c *client) closed(first time.Duration) {
	defer c.leave()
	pending := true // a request of the window may still come
	settled := func() {
		if pending {
			pending = false
			c.run.settled()
		}
	}
	defer settled()

	think := c.run.Load.Think
	for r := (account.Request{Intended: first}); c.run.Loading.Err() == nil; {
		if r.Intended >= c.run.Edges.Window().Close {
			settled()
		}
		r.Client, r.Noticed = c.index, r.Intended
		if r.Intended > r.Free { // not straight after an answer
			c.sleep(r.Intended)
			if c.run.Loading.Err() != nil {
				return
			}
			r.Noticed = c.run.clock.now()
		}
		c.do(&r)

		free, pause := r.Answered, think
		if r.Outcome.TurnedAway() {
			free += c.run.BackOff
			pause = max(think, c.run.BackOff)
			c.stayAway(free)
		}
		r = account.Request{Intended: c.run.Turn.After(r.Answered, pause), Free: free}
	}
}

// arrivals carries out what q has for it, one after the other, from a given time on.
func (c *client) arrivals(q *queue, free time.Duration) {
	defer c.leave()
	c.sleep(free)
	for c.run.Loading.Err() == nil { // the queue may be shut a moment later, and nothing new is to begin
		a, more := q.take()
		if !more {
			return
		}
		r := account.Request{Intended: a.intended, Noticed: a.noticed, Free: free, Client: c.index}
		c.do(&r)
		q.resolve(a)
		free = r.Answered
		if r.Outcome.TurnedAway() {
			free += c.run.BackOff
			c.stayAway(free)
		}
	}
}
