//go:build linux

package epoll

import (
	"fmt"
	"slices"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/job"
	"golang.org/x/sys/unix"
)

// dial begins to connect l, whose news come under id.
func (s *shard) dial(l *link, id int32) error {
	var from *unix.SockaddrInet4
	if len(s.from) > 0 {
		from = &s.from[s.turn%len(s.from)]
		s.turn += s.of
	}
	err := l.dial(s.poll, s.to, s.family, from, id)
	if err != nil {
		s.Connects.Failed(err)
	}
	return err
}

// dialled takes the news of a connect. An error has closed l.
func (s *shard) dialled(l *link) error {
	err := l.dialled()
	if err != nil {
		l.close()
		s.Connects.Failed(err)
		return err
	}
	s.Connects.Made()
	return nil
}

// givesUp closes l, whose connect has taken too long.
func (s *shard) givesUp(l *link, after time.Duration) {
	l.close()
	s.Connects.Failed(fmt.Errorf("connect: no answer within %v", after))
}

// lookAround is how often, at least, the connects before the load are looked after for those that take too long.
const lookAround = 20 * time.Millisecond

// connectAll makes the connections that are to be there when the load begins, a few at a time. Those that fail are left
// out: what it returns is an error of its own.
func (s *shard) connectAll() error {
	type connect struct {
		link  *link
		id    int32
		since time.Duration
	}
	var todo, under []connect
	if !s.session {
		for i := range s.slots {
			todo = append(todo, connect{link: &s.slots[i].link, id: s.slots[i].timer.id})
		}
	}
	for i := range s.others {
		if o := &s.others[i]; o.stays(s.drive) {
			todo = append(todo, connect{link: &o.link, id: o.timer.id})
		}
	}
	// All shards together.
	limit := max(1, job.ConnectsAtOnce/s.of)
	end := s.now() + job.ConnectPhase
	for len(todo)+len(under) > 0 && s.now() < end && s.forced.Err() == nil {
		for len(under) < limit && len(todo) > 0 {
			c := todo[0]
			todo = todo[1:]
			if s.dial(c.link, c.id) == nil {
				c.since = s.now()
				under = append(under, c)
			}
		}
		events, err := s.poll.wait(lookAround)
		if err != nil {
			return err
		}
		for _, e := range events {
			i := slices.IndexFunc(under, func(c connect) bool { return c.id == e.Fd && c.link.generation == e.Pad })
			if i < 0 {
				s.tell(e, s.now()) // one that is connected has been told something, or has been closed
				continue
			}
			c := under[i]
			under = slices.Delete(under, i, i+1)
			if s.dialled(c.link) == nil {
				e.Events &^= unix.EPOLLOUT
				s.tell(e, s.now())
			}
		}
		under = slices.DeleteFunc(under, func(c connect) bool {
			if s.now() < c.since+s.TimeOut {
				return false
			}
			s.givesUp(c.link, s.TimeOut)
			return true
		})
	}
	for _, c := range under {
		s.givesUp(c.link, s.now()-c.since)
	}
	return nil
}
