package goroutines

import (
	"sync"
	"time"
)

// An arrival is a request that the schedule has made due.
type arrival struct{ intended, noticed time.Duration }

// A queue holds arrivals, first in first out and without bound (a bound would drop requests, and a starved connection
// would look the better the more it starves), for one connection or for all slots of a load of sessions.
type queue struct {
	mu      sync.Mutex
	wake    sync.Cond
	waiting []arrival
	head    int // waiting[head:] is what waits
	closed  bool

	// Whether all of the window's arrivals are resolved.
	close   time.Duration // the window's
	pending int           // arrivals of before that, not yet resolved
	last    bool          // no more of them will come
	settled func()        // called once, when there are none left; nil afterwards
}

func newQueue(close time.Duration, settled func()) *queue {
	q := &queue{close: close, settled: settled}
	q.wake.L = &q.mu
	return q
}

// put adds a, and wakes the taker that has waited longest.
func (q *queue) put(a arrival) {
	q.mu.Lock()
	q.waiting = append(q.waiting, a)
	if a.intended < q.close {
		q.pending++
	}
	q.mu.Unlock()
	q.wake.Signal()
}

// take waits for an arrival. It returns false once the queue is shut, though arrivals may be left.
func (q *queue) take() (arrival, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.head == len(q.waiting) && !q.closed {
		q.wake.Wait()
	}
	if q.closed {
		return arrival{}, false
	}
	a := q.waiting[q.head]
	q.head++
	switch {
	case q.head == len(q.waiting):
		q.waiting, q.head = q.waiting[:0], 0
	case q.head >= 1024 && q.head*2 >= len(q.waiting):
		// A queue that is never quite empty would otherwise keep all it has ever held.
		q.waiting, q.head = q.waiting[:copy(q.waiting, q.waiting[q.head:])], 0
	}
	return a, true
}

// resolve says that a, which was taken, has an outcome.
func (q *queue) resolve(a arrival) {
	if a.intended >= q.close {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.pending--
	q.settle()
}

// end says that every arrival of the window has been put.
func (q *queue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.last = true
	q.settle()
}

func (q *queue) settle() {
	if q.last && q.pending == 0 && q.settled != nil {
		q.settled()
		q.settled = nil
	}
}

// shut sends all takers away.
func (q *queue) shut() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.wake.Broadcast()
}

// left are the arrivals that nobody took. It must be the last use of q.
func (q *queue) left() []arrival { return q.waiting[q.head:] }
