//go:build linux

package epoll

import (
	"bufio"
	"errors"
	"syscall"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/account"
	"github.com/poolbench/poolbench/bench/internal/load/job"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"golang.org/x/sys/unix"
)

// A state is what a slot waits for.
type state uint8

const (
	resting    state = iota // its time, or an arrival: it has no request in flight
	connecting              // its connection
	greeting                // the server's greeting
	sending                 // room for the rest of its request
	waiting                 // the answer
	ending                  // the server's end of stream
)

// A slot is one client that is measured: a connection that stays, or one that runs one session after the other.
type slot struct {
	link
	timer  timer
	client int32 // its number
	state  state
	met    bool   // the greeting was read, or there is none
	away   bool   // it was turned away, and comes back when its timer says so
	past   bool   // closed loop: no request of the window is to come
	said   int    // messages of the session that were sent
	served uint64 // requests of this connection that were answered: the next one's number

	req  account.Request
	free time.Duration // when the previous answer had come
	next time.Duration // closed loop: when the next request is due

	rest   []byte        // read and not used: seldom anything
	unsent []byte        // of the request at hand: seldom anything
	queue  fifo[arrival] // open loop: what is due and waits for this connection
}

// keptRest is how much room a slot keeps for partial messages; thousands of clients may each have seen one long message.
const keptRest = 4 << 10

// isFree says whether an arrival can be served at once.
func (c *slot) isFree() bool { return c.state == resting && !c.away && c.queue.len() == 0 }

// serve begins what has arrived.
func (s *shard) serve(c *slot, a arrival) {
	c.req = account.Request{Intended: a.intended, Noticed: a.noticed, Free: c.free, Client: c.client}
	if !s.session && c.open && c.met {
		s.ask(c)
		return
	}
	// Whoever has no connection, or none that works, asks for one.
	now := s.now()
	c.req.Sent = now
	if !s.session {
		c.req.Connect = now
	}
	s.flight.Begin(now)
	s.timers.set(&c.timer, now+s.TimeOut)
	if c.open {
		s.greet(c, now)
		return
	}
	c.state = connecting
	if err := s.dial(&c.link, c.timer.id); err != nil {
		s.finish(c, outcome(err), s.now())
	}
}

func outcome(err error) account.Outcome {
	switch {
	case errors.Is(err, job.ErrRefused):
		return account.Refused
	case errors.Is(err, job.ErrExhausted):
		return account.Failed
	}
	return account.TimedOut
}

// news is what epoll has told of the slot's connection.
func (s *shard) news(c *slot, events uint32, now time.Duration) {
	generation := c.generation
	if c.state == connecting {
		if err := s.dialled(&c.link); err != nil {
			s.finish(c, outcome(err), now)
			return
		}
		s.greet(c, now)
	} else if events&unix.EPOLLOUT != 0 && c.state == sending {
		s.flush(c, now)
	}
	if events&(unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 && c.fd >= 0 && c.generation == generation {
		s.read(c, events&^(unix.EPOLLIN|unix.EPOLLOUT) != 0, now)
	}
}

// read takes everything that has come; all says that the stream has ended, so that there is more than one read.
func (s *shard) read(c *slot, all bool, now time.Duration) {
	for generation := c.generation; ; {
		n, errno := c.link.read(s.buf)
		switch {
		case errno == unix.EINTR:
			continue
		case errno == unix.EAGAIN:
			return
		case errno != 0 || n == 0:
			c.eof, c.wasReset = true, errno != 0
			s.take(c, nil, now)
			return
		}
		s.take(c, s.buf[:n], now)
		if c.fd < 0 || c.generation != generation || n < len(s.buf) && !all {
			return
		}
	}
}

// take uses what was read: data, behind what was left over before, and the end of the stream if it has come.
func (s *shard) take(c *slot, data []byte, now time.Duration) {
	if len(c.rest) > 0 {
		c.rest = append(c.rest, data...)
		data = c.rest
	}
	switch c.state {
	case greeting:
		s.greeted(c, data, now)
	case waiting:
		s.answered(c, data, now)
	case ending:
		s.ended(c, data, now)
	case sending:
		c.keep(data)
		if c.eof {
			s.broken(c, now)
		}
	default:
		c.keep(data)
		if c.away && c.eof || len(c.rest) > job.LongestMessage {
			s.drop(c) // the server that turned it away has closed now
		}
	}
}

// keep holds on to data, which was read and not used. It may be part of c.rest.
func (c *slot) keep(data []byte) {
	switch {
	case len(data) == 0 && cap(c.rest) > keptRest:
		c.rest = nil
	case len(data) == 0:
		c.rest = c.rest[:0]
	default:
		c.rest = append(c.rest[:0], data...) // append moves the bytes also where they overlap
	}
}

// greet waits for the greeting, where the server says one.
func (s *shard) greet(c *slot, now time.Duration) {
	if s.Client.Greeting == nil {
		s.welcome(c, now)
		return
	}
	c.state = greeting
	if len(c.rest) > 0 || c.eof {
		s.take(c, nil, now)
	}
}

func (s *shard) greeted(c *slot, data []byte, now time.Duration) {
	g := s.Client.Greeting
	used, msg, err := job.Cut(g.Split, data, c.isWhole())
	switch {
	case err != nil:
		s.finish(c, account.Failed, now)
	case msg == nil:
		s.lacking(c, data[used:], now)
	case s.busy(msg):
		c.keep(data[used:])
		s.finish(c, account.Rejected, now)
	case g.Check(0, msg) != nil:
		s.finish(c, account.Failed, now)
	default:
		c.keep(data[used:])
		s.welcome(c, now)
	}
}

// lacking keeps a message that is not complete, unless it never will be.
func (s *shard) lacking(c *slot, data []byte, now time.Duration) {
	if c.eof || len(data) >= job.LongestMessage {
		s.finish(c, account.Failed, now)
		return
	}
	c.keep(data)
}

func (s *shard) busy(msg []byte) bool { return s.Client.Busy != nil && s.Client.Busy(msg) }

// welcome goes on with a connection whose greeting was read.
func (s *shard) welcome(c *slot, now time.Duration) {
	c.met = true
	if s.session {
		s.say(c, now)
		return
	}
	c.req.Free = max(c.req.Free, now)
	s.ask(c)
}

// ask sends the request at hand.
func (s *shard) ask(c *slot) {
	s.out = s.Client.Request(s.out[:0], c.served)
	now := s.now()
	c.req.Sent = now
	if c.req.Connect > 0 {
		s.flight.Again(c.req.Connect, now)
	} else {
		s.flight.Begin(now)
	}
	if len(c.rest) > 0 || c.eof {
		// Said since the last answer: it would be taken for the answer to this.
		o := s.unlessBusy(c, s.Client.Response.Split)
		s.drop(c) // or it would stand before the next one too
		s.finish(c, o, now)
		return
	}
	s.timers.set(&c.timer, now+s.TimeOut)
	c.state = waiting
	s.send(c, s.out, now)
}

// unlessBusy looks for the busy answer in what was said out of turn: a server that refuses a connection has often said so
// before our request failed.
func (s *shard) unlessBusy(c *slot, split bufio.SplitFunc) account.Outcome {
	if _, msg, err := job.Cut(split, c.rest, c.isWhole()); err == nil && msg != nil && s.busy(msg) {
		return account.Rejected
	}
	return account.Failed
}

// say sends what is left of the session's messages, then that they are all.
func (s *shard) say(c *slot, now time.Duration) {
	for c.said < s.Client.PerConn {
		s.out = s.Client.Request(s.out[:0], uint64(c.said))
		c.said++
		c.state = ending // unless send says otherwise
		generation := c.generation
		s.send(c, s.out, now)
		if c.state != ending || c.generation != generation {
			return
		}
	}
	c.state = ending
	// A server that counts reads instead of messages, as the tutorial's does, gets fewer of them than we wrote, because TCP
	// merges; it sees the end of ours then and does not wait for more.
	c.shut()
	if len(c.rest) > 0 || c.eof {
		s.take(c, nil, now)
	}
}

// send writes b, and keeps what does not fit now.
func (s *shard) send(c *slot, b []byte, now time.Duration) {
	n, errno := 0, syscall.Errno(0)
	for n < len(b) {
		var wrote int
		if wrote, errno = c.write(b[n:]); errno == unix.EINTR {
			continue
		} else if errno != 0 {
			break
		}
		n += wrote
	}
	switch {
	case n == len(b):
	case errno == unix.EAGAIN:
		c.unsent = append(c.unsent[:0], b[n:]...)
		c.state = sending
	default:
		c.state = sending
		s.broken(c, now)
	}
}

// flush sends more of what did not fit.
func (s *shard) flush(c *slot, now time.Duration) {
	c.state = waiting
	if s.session {
		c.state = ending
	}
	generation := c.generation
	left := c.unsent
	c.unsent = nil
	s.send(c, left, now)
	if c.state == sending || c.state == resting || c.generation != generation {
		return
	}
	if s.session {
		s.say(c, now)
	} else if len(c.rest) > 0 || c.eof {
		s.take(c, nil, now)
	}
}

// broken is the end of a connection that does not take what we send.
func (s *shard) broken(c *slot, now time.Duration) {
	// What the server has said before can still be read, unless it was reset.
	for {
		n, errno := c.link.read(s.buf)
		if errno != 0 || n == 0 {
			break
		}
		c.rest = append(c.rest, s.buf[:n]...)
		if len(c.rest) > job.LongestMessage {
			break
		}
	}
	c.eof = true
	split := lastWords
	switch {
	case !s.session:
		split = s.Client.Response.Split
	case s.Client.Greeting != nil:
		split = s.Client.Greeting.Split
	}
	s.finish(c, s.unlessBusy(c, split), now)
}

// lastWords cuts what a server says in a session beside its greeting, where it has none to cut by.
func lastWords(data []byte, atEOF bool) (int, []byte, error) {
	if !atEOF {
		return 0, nil, nil
	}
	return len(data), data, nil
}

// answered looks for the answer in what has come.
func (s *shard) answered(c *slot, data []byte, now time.Duration) {
	used, msg, err := job.Cut(s.Client.Response.Split, data, c.isWhole())
	switch {
	case err != nil:
		s.finish(c, account.Failed, now)
		return
	case msg == nil:
		s.lacking(c, data[used:], now)
		return
	case s.busy(msg):
		c.keep(data[used:])
		s.finish(c, account.Rejected, now)
		return
	case s.Client.Response.Right(c.served, msg) != nil:
		s.finish(c, account.Failed, now)
		return
	}
	c.keep(data[used:])
	c.served++
	if c.served == uint64(s.Client.PerConn) && s.Client.End == workload.ServerCloses {
		c.state = ending
		if len(c.rest) > 0 || c.eof {
			s.take(c, nil, now)
		}
		return
	}
	s.finish(c, account.OK, now)
}

// ended waits for the server's end of stream. What comes before it is too much.
func (s *shard) ended(c *slot, data []byte, now time.Duration) {
	switch {
	case len(data) > 0 && !s.session:
		s.finish(c, account.Failed, now)
	case len(data) > 0:
		s.overheard(c, data, now)
	case !c.eof:
	case c.wasReset || s.session && !c.delivered():
		s.finish(c, account.Failed, now)
	default:
		s.finish(c, account.OK, now)
	}
}

// overheard is what a server says in a session that it should have ended: its busy answer, or nothing that counts.
func (s *shard) overheard(c *slot, data []byte, now time.Duration) {
	split := lastWords
	if s.Client.Greeting != nil {
		split = s.Client.Greeting.Split
	}
	used, msg, err := job.Cut(split, data, c.isWhole())
	switch {
	case err == nil && msg == nil:
		s.lacking(c, data[used:], now)
	case err == nil && s.busy(msg):
		s.finish(c, account.Rejected, now)
	default:
		s.finish(c, account.Failed, now)
	}
}

// drop closes the connection and forgets what was said on it.
func (s *shard) drop(c *slot) {
	c.close()
	c.met, c.said, c.served = false, 0, 0
	c.keep(nil)
	c.unsent = nil
}

// finish records the outcome of the request at hand, and goes on to what comes next.
func (s *shard) finish(c *slot, o account.Outcome, now time.Duration) {
	r := &c.req
	r.Outcome, r.Answered = o, max(now, r.Sent)
	if c.state == connecting && c.fd >= 0 && o == account.TimedOut {
		s.givesUp(&c.link, s.TimeOut)
	}
	c.state = resting
	s.timers.set(&c.timer, account.Never)
	s.flight.End(r.Answered)
	s.book.Add(s.window, *r)
	if s.Requests > 0 && r.Answered >= s.window.Open {
		s.resolved()
	}
	used := s.Client.PerConn > 0 && c.served >= uint64(s.Client.PerConn)
	// A refused request may leave the connection as it was; nothing else that goes wrong does.
	if s.session || c.eof || used || o != account.OK && (o != account.Rejected || !c.met) {
		s.drop(c)
	}
	c.free = r.Answered
	if c.away = o.TurnedAway(); c.away {
		c.free += s.BackOff
	}
	if s.leaving {
		s.active--
		s.drop(c)
		return
	}
	switch {
	case s.Load.Loop == trial.Closed:
		s.again(c)
	default:
		if r.Intended < s.window.Close {
			s.pending--
		}
		s.settle()
		if c.away {
			s.timers.set(&c.timer, c.free)
		} else {
			s.nextArrival(c)
		}
	}
}

// again has a client of the closed loop ask once more: at once, or when it has thought or stayed away, or when it is its
// load's turn.
func (s *shard) again(c *slot) {
	pause := s.Load.Think
	if c.away {
		pause = max(pause, s.BackOff)
	}
	c.next = s.Turn.After(c.req.Answered, pause)
	if c.next >= s.window.Close && !c.past {
		c.past = true
		s.open--
		s.settle()
	}
	if c.next > c.req.Answered {
		s.timers.set(&c.timer, c.next)
		return
	}
	s.serve(c, arrival{intended: c.next, noticed: c.next})
}

// nextArrival has a client of an open loop go on with what is due.
func (s *shard) nextArrival(c *slot) {
	switch {
	case s.session && s.waiting.len() > 0:
		s.serve(c, s.waiting.pop())
	case s.session:
		s.idleSlots.push(c)
	case c.queue.len() > 0:
		s.serve(c, c.queue.pop())
	}
}

// alarm is the slot's time: to ask, to come back, or to wait no longer.
func (s *shard) alarm(c *slot, now time.Duration) {
	switch {
	case c.state != resting:
		s.finish(c, account.TimedOut, now)
	case s.Load.Loop == trial.Closed:
		c.away = false
		// The first is asked when the load begins, and not noticed late because many are.
		s.serve(c, arrival{intended: c.next, noticed: max(c.next, now)})
	default:
		c.away = false
		s.nextArrival(c)
	}
}
