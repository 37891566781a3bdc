//go:build linux

package epoll

import (
	"syscall"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/account"
	"github.com/poolbench/poolbench/bench/internal/load/job"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"golang.org/x/sys/unix"
)

// An other is a client that is not measured: it is there for what it does to those that are. See [trial.Behaviour].
type other struct {
	link
	timer   timer
	group   int // of job.Groups
	every   time.Duration
	phase   time.Duration // below every: where in it the client has its turn, each of a group elsewhere
	driving bool          // the load has begun
	met     bool          // slow: the greeting was read, or there is none
	said    int           // slow, in a session: messages that were sent
	served  uint64

	msg  []byte // slow: the request that it is sending
	sent int    // so much of msg
	rest []byte // read and not used

	connected, answered, serverEnded int64
}

// turn is when the client does something next. What it misses while it waits for the server it does not make up for: that
// would be another pace.
func (o *other) turn(now time.Duration) time.Duration {
	if now < o.phase {
		return o.phase
	}
	return now + o.every - (now-o.phase)%o.every
}

func (d *drive) behaviour(o *other) trial.Behaviour { return d.groups[o.group].Behaviour }

// stays says whether the client is to be connected when the load begins.
func (o *other) stays(d *drive) bool { return d.behaviour(o) != trial.Resets }

// otherBegins lets the client do what it is there for.
func (s *shard) otherBegins(o *other) {
	o.driving = true
	switch {
	case o.eof:
		o.connected++
		s.otherEnded(o)
	case o.open:
		s.otherConnected(o)
	case o.stays(s.drive): // it could not connect
		s.timers.set(&o.timer, s.BackOff)
	default:
		s.timers.set(&o.timer, o.phase)
	}
}

func (s *shard) otherConnected(o *other) {
	o.connected++
	now := s.now()
	s.timers.set(&o.timer, account.Never)
	switch s.behaviour(o) {
	case trial.Slow:
		s.timers.set(&o.timer, now+s.TimeOut)
		if o.met = s.Client.Greeting == nil; o.met {
			s.dribble(o, now)
		} else {
			s.otherTakes(o, nil)
		}
	case trial.NeverReads:
		s.timers.set(&o.timer, o.turn(now))
	case trial.Resets:
		whole := s.Client.Request(nil, 0)
		_, _ = o.write(whole[:max(1, len(whole)/2)]) // an error: it is reset already
		o.abort()
		s.timers.set(&o.timer, o.turn(now))
	}
}

// otherNews is what epoll has told of the client's connection.
func (s *shard) otherNews(o *other, events uint32) {
	if o.fd >= 0 && !o.open {
		if s.dialled(&o.link) != nil {
			s.timers.set(&o.timer, s.now()+s.BackOff)
			return
		}
		if o.driving {
			s.otherConnected(o)
		}
	}
	const hangUp = unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR
	switch {
	case o.fd < 0:
	case s.behaviour(o) == trial.NeverReads:
		if events&hangUp != 0 {
			o.eof = true
			s.otherEnded(o)
		}
	case events&(unix.EPOLLIN|hangUp) != 0:
		s.otherReads(o)
	}
}

// otherReads takes everything that has come.
func (s *shard) otherReads(o *other) {
	for generation := o.generation; o.fd >= 0 && o.generation == generation; {
		n, errno := o.read(s.buf)
		switch {
		case errno == unix.EINTR:
			continue
		case errno == unix.EAGAIN:
			return
		case errno != 0 || n == 0:
			o.eof, o.wasReset = true, errno != 0
			if s.behaviour(o) == trial.Slow {
				s.otherTakes(o, nil)
			}
			if o.fd >= 0 {
				s.otherEnded(o)
			}
			return
		}
		if s.behaviour(o) == trial.Slow {
			s.otherTakes(o, s.buf[:n])
		}
	}
}

// otherEnded is the server's end of the connection.
func (s *shard) otherEnded(o *other) {
	if !o.driving {
		return
	}
	if s.behaviour(o) == trial.Slow && s.otherIsDone(o) && len(o.rest) == 0 && o.isWhole() && (!s.session || o.delivered()) {
		o.answered++ // as it should
		s.otherDrops(o)
		s.timers.set(&o.timer, s.now())
		return
	}
	o.serverEnded++
	s.otherStaysAway(o, s.now())
}

// otherIsDone says whether nothing is to come on a slow client's connection but its end.
func (s *shard) otherIsDone(o *other) bool {
	if s.session {
		return o.said == s.Client.PerConn
	}
	return s.Client.PerConn > 0 && o.served == uint64(s.Client.PerConn)
}

// otherStaysAway has the client come back on a new connection when its back-off is over.
func (s *shard) otherStaysAway(o *other, now time.Duration) {
	s.otherDrops(o)
	s.timers.set(&o.timer, now+s.BackOff)
}

// otherDrops closes the connection and forgets what was said on it.
func (s *shard) otherDrops(o *other) {
	o.close()
	o.said, o.served, o.sent = 0, 0, 0
	o.msg, o.rest = o.msg[:0], o.rest[:0]
}

// otherTakes is what a slow client does with what it is told. It reads as fast as others.
func (s *shard) otherTakes(o *other, data []byte) {
	o.rest = append(o.rest, data...)
	switch {
	case len(o.rest) >= job.LongestMessage:
		s.otherStaysAway(o, s.now())
		return
	case !o.driving || s.otherIsDone(o):
		return
	}
	frame := s.Client.Response
	if !o.met {
		frame = s.Client.Greeting
	}
	asked := o.sent > 0 && o.sent == len(o.msg)
	if frame == nil || o.met && !asked {
		return
	}
	used, msg, err := job.Cut(frame.Split, o.rest, o.isWhole())
	if err == nil && msg == nil {
		return
	}
	busy := err == nil && s.busy(msg)
	right := err == nil && !busy && frame.Right(o.served, msg) == nil
	o.rest = append(o.rest[:0], o.rest[used:]...)
	now := s.now()
	switch {
	case busy:
		o.serverEnded++
		s.otherStaysAway(o, now)
		return
	case !right:
		s.otherStaysAway(o, now)
		return
	case !o.met:
		o.met = true
	default:
		o.served++
		done := s.otherIsDone(o)
		if done && s.Client.End == workload.ServerCloses {
			return // the server's end is part of it
		}
		o.answered++
		if done {
			s.otherDrops(o)
			s.timers.set(&o.timer, now)
			return
		}
	}
	s.dribble(o, now)
}

// dribble begins the slow client's next request.
func (s *shard) dribble(o *other, now time.Duration) {
	seq := o.served
	if s.session {
		seq = uint64(o.said)
	}
	o.msg, o.sent = s.Client.Request(o.msg[:0], seq), 0
	s.timers.set(&o.timer, o.turn(now))
}

// otherAlarm is the client's time.
func (s *shard) otherAlarm(o *other, now time.Duration) {
	switch {
	case o.fd < 0:
		s.timers.set(&o.timer, now+s.TimeOut)
		if s.dial(&o.link, o.timer.id) != nil {
			s.timers.set(&o.timer, now+s.BackOff)
		}
	case !o.open:
		s.givesUp(&o.link, s.TimeOut)
		s.timers.set(&o.timer, now+s.BackOff)
	case s.behaviour(o) == trial.Slow && o.sent < len(o.msg):
		s.sendByte(o, now)
	case s.behaviour(o) == trial.Slow: // it has waited for the server for too long
		s.otherStaysAway(o, now)
	case s.behaviour(o) == trial.NeverReads:
		s.out = s.Client.Request(s.out[:0], o.served)
		n, errno := o.write(s.out)
		switch {
		case errno == unix.EAGAIN || n < len(s.out) && errno == 0:
			// Nothing more fits, and part of a request was sent: it has nothing more to say.
			s.timers.set(&o.timer, account.Never)
		case errno != 0:
			s.otherEnded(o)
		default:
			o.served++
			s.timers.set(&o.timer, o.turn(now))
		}
	}
}

// sendByte sends one more byte of the slow client's request.
func (s *shard) sendByte(o *other, now time.Duration) {
	n, errno := o.write(o.msg[o.sent : o.sent+1])
	if errno != 0 && errno != syscall.EAGAIN {
		s.otherEnded(o)
		return
	}
	o.sent += n
	s.timers.set(&o.timer, now+s.TimeOut) // for the server, unless there is more to send
	switch {
	case o.sent < len(o.msg):
		s.timers.set(&o.timer, o.turn(now))
	case !s.session:
		s.otherTakes(o, nil) // should the answer have been there before
	default:
		if o.said++; o.said < s.Client.PerConn {
			s.dribble(o, now)
		} else {
			o.shut()
		}
	}
}

// otherLeaves ends the client with the load.
func (s *shard) otherLeaves(o *other) {
	s.timers.set(&o.timer, account.Never)
	o.close()
}

// countOthers adds up what became of them, by group.
func (s *shard) countOthers(all []trial.Other) {
	for i := range s.others {
		o := &s.others[i]
		sum := &all[o.group]
		sum.Behaviour = s.behaviour(o)
		sum.Clients++
		sum.Connected += o.connected
		sum.Answered += o.answered
		sum.Ended += o.serverEnded
	}
}
