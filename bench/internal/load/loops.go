package load

import "time"

// closed asks again and again, first at a given time, then when it has its answer and has thought.
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

	think := c.run.config.Load.Think
	for r := (request{intended: first}); c.run.loading.Err() == nil; {
		if r.intended >= c.run.edges.window().close {
			settled()
		}
		r.client, r.noticed = c.index, r.intended
		if r.intended > r.free { // not straight after an answer
			c.sleep(r.intended)
			if c.run.loading.Err() != nil {
				return
			}
			r.noticed = c.run.clock.now()
		}
		c.do(&r)

		free, pause := r.answered, think
		if r.outcome.turnedAway() {
			free += c.run.config.BackOff
			pause = max(think, c.run.config.BackOff)
			c.stayAway(free)
		}
		r = request{intended: r.answered + pause, free: free}
	}
}

// arrivals carries out what q has for it, one after the other, from a given time on.
func (c *client) arrivals(q *queue, free time.Duration) {
	defer c.leave()
	c.sleep(free)
	for {
		a, more := q.take()
		if !more {
			return
		}
		r := request{intended: a.intended, noticed: a.noticed, free: free, client: c.index}
		c.do(&r)
		q.resolve(a)
		free = r.answered
		if r.outcome.turnedAway() {
			free += c.run.config.BackOff
			c.stayAway(free)
		}
	}
}
