package epoll

import (
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/account"
)

// A timer is one client's. Its zero value must be given to reset before its first use.
type timer struct {
	id  int32         // whose
	pos int32         // in the heap; -1: not in it
	due time.Duration // account.Never: not set
	key time.Duration // where it stands in the heap: never later than due
}

func (t *timer) reset(id int32) { *t = timer{id: id, pos: -1, due: account.Never} }

// timers is a heap of timers by key. A timer that is moved to a later time, as a time-out is with each request, stays
// where it is and is put right when its old time comes: setting it costs next to nothing then.
type timers []*timer

// set makes t due at a time; account.Never unsets it.
func (h *timers) set(t *timer, due time.Duration) {
	t.due = due
	switch {
	case t.pos >= 0 && due < t.key:
		t.key = due
		h.up(t.pos)
	case t.pos < 0 && due != account.Never:
		t.key = due
		t.pos = int32(len(*h))
		*h = append(*h, t)
		h.up(t.pos)
	}
}

// next is when to look at the heap again: no later than when the first timer is due.
func (h timers) next() time.Duration {
	if len(h) == 0 {
		return account.Never
	}
	return h[0].key
}

// pop takes out a timer that is due; nil: there is none.
func (h *timers) pop(now time.Duration) *timer {
	for len(*h) > 0 && (*h)[0].key <= now {
		t := (*h)[0]
		if t.due > now && t.due != account.Never {
			t.key = t.due
			h.down(0)
			continue
		}
		h.remove()
		if t.due <= now {
			return t
		}
	}
	return nil
}

// remove takes out the first.
func (h *timers) remove() {
	old := *h
	last := len(old) - 1
	old[0].pos = -1
	old[0], old[last] = old[last], nil
	*h = old[:last]
	if last > 0 {
		(*h)[0].pos = 0
		h.down(0)
	}
}

func (h timers) up(i int32) {
	for i > 0 {
		parent := (i - 1) / 2
		if h[parent].key <= h[i].key {
			return
		}
		h.swap(i, parent)
		i = parent
	}
}

func (h timers) down(i int32) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && int(child) < len(h); child++ {
			if h[child].key < h[least].key {
				least = child
			}
		}
		if least == i {
			return
		}
		h.swap(i, least)
		i = least
	}
}

func (h timers) swap(i, j int32) {
	h[i], h[j] = h[j], h[i]
	h[i].pos, h[j].pos = i, j
}
