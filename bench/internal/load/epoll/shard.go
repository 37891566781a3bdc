//go:build linux

package epoll

import (
	"runtime"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/account"
	"github.com/poolbench/poolbench/bench/internal/load/schedule"
	"github.com/poolbench/poolbench/bench/trial"
	"golang.org/x/sys/unix"
)

const (
	// spinFor is the last stretch before an arrival, which is spent asking instead of sleeping: a thread that sleeps wakes
	// 30 to 60 µs late.
	spinFor = 60 * time.Microsecond

	// heartbeat is how long a shard sleeps at most. It then knows that it was stopped, and for how long, though it had
	// nothing to do.
	heartbeat = 10 * time.Millisecond

	// harvest is what epoll_wait needs to tell what there is. What a shard spends there beyond it is waiting.
	harvest = 2 * time.Microsecond

	// atOnce is how many arrivals are dealt, and how many clients seen to whose time has come, before the shard looks at its
	// sockets again, where it is behind. A thousand clients that time out together and connect anew took 50 ms, in which
	// answers waited unread.
	atOnce = 64

	// firstQueue is how many arrivals can wait for a connection before room for more is made.
	firstQueue = 8

	// readSize takes any answer of the plain workloads in one read, and most others.
	readSize = 64 << 10
)

// A shard is one event loop with its clients. Everything in it belongs to its thread, but for what poll guards itself.
type shard struct {
	*drive
	number, of int // of all shards
	poll       *poll
	slots      []slot
	others     []other
	timers     timers
	buf        []byte // what was just read
	out        []byte // the request that is just being sent
	to         unix.Sockaddr
	family     int
	from       []unix.SockaddrInet4 // where connections come from, in turn
	turn       int
	window     account.Window

	// Open loops.
	schedule  schedule.Schedule
	next      time.Duration // the arrival that is due next
	nth       int           // its number in the whole schedule
	pending   int           // arrivals of the window that were dealt and have no outcome
	waiting   fifo[arrival] // sessions: those that found no slot
	idleSlots fifo[*slot]   // sessions: those that wait for an arrival
	open      int           // closed loop: clients that may still have a request of the window
	isSettled bool

	leaving bool
	active  int // when leaving: requests in flight

	looked time.Duration // when it was last told what had happened
	asking bool          // it asked then without waiting, there was nothing, and it has done nothing since

	book             *account.Ledger
	live             *account.Live // nil: nobody watches
	flight           *account.Flight
	scheduled, dealt schedule.Gaps
	last             [2]time.Duration // of the two: when the last arrival of the window was due, and dealt
	missed           int64
	idle, spun       time.Duration
	longestGap       time.Duration
}

// An arrival is a request that the schedule has made due.
type arrival struct{ intended, noticed time.Duration }

func newShard(d *drive, number int) *shard {
	w := d.Edges.Window()
	to, family := sockaddr(d.Address) // one each, because connecting writes to it
	var from []unix.SockaddrInet4
	for _, a := range d.sources {
		from = append(from, unix.SockaddrInet4{Addr: a.As4()})
	}
	var live *account.Live
	if d.Watch != nil {
		live = new(account.Live)
	}
	return &shard{
		drive: d, number: number, to: to, family: family, from: from, turn: number,
		buf:    make([]byte, readSize),
		window: w,
		book:   d.NewLedger(d.normal),
		live:   live,
		flight: account.NewFlight(w),
		next:   account.Never,
	}
}

// populate gives the shard its clients: of all of a kind, each of-th.
func (s *shard) populate(of int) {
	s.of = of
	for client := s.number; client < s.normal; client += of {
		s.slots = append(s.slots, slot{client: int32(client)})
	}
	n := s.normal
	for i, g := range s.groups {
		for nth := range g.Clients {
			if n%of == s.number {
				phase := time.Duration(float64(g.Every) * float64(nth) / float64(g.Clients))
				s.others = append(s.others, other{group: i, every: g.Every, phase: phase})
			}
			n++
		}
	}
	for i := range s.slots {
		s.slots[i].reset()
		s.slots[i].timer.reset(int32(i))
	}
	for i := range s.others {
		s.others[i].reset()
		s.others[i].timer.reset(int32(len(s.slots) + i))
	}
	s.timers = make(timers, 0, len(s.slots)+len(s.others))
	if s.Load.Loop == trial.Open {
		room := make([]arrival, len(s.slots)*firstQueue)
		for i := range s.slots {
			s.slots[i].queue.items = room[i*firstQueue : i*firstQueue : (i+1)*firstQueue]
		}
	}
}

// enter makes the calling goroutine's thread the shard's. It ends with the goroutine, and with it what was set.
func (s *shard) enter(cpus []int, i int) {
	runtime.LockOSThread()
	// Without these the shard is less exact, which lag tells.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	if len(cpus) > 0 {
		var set unix.CPUSet
		set.Set(cpus[i])
		_ = unix.SchedSetaffinity(0, &set)
	}
}

// now is the time since the load began.
func (s *shard) now() time.Duration { return time.Since(s.origin) }

// run carries the load to its end.
func (s *shard) run() error {
	s.begin()
	for s.looked = s.now(); !s.leaving || s.active > 0; {
		s.window = s.Edges.Window()
		if s.forced.Err() != nil {
			s.cutOff()
			return nil
		}
		if !s.leaving && s.Loading.Err() != nil {
			s.leave()
			continue
		}
		s.deal(s.now())
		s.fire(s.now())
		if s.live.Due(s.looked) {
			now := s.now()
			s.live.Show(s.book, s.window, s.Turn, now, min(s.next, s.timers.next())-now)
		}

		before := s.now()
		due := min(s.next, s.timers.next(), before+heartbeat)
		sleep := due - before
		spin := s.Spin && sleep <= spinFor
		if s.Spin {
			sleep -= spinFor
		}
		events, err := s.poll.wait(sleep)
		if err != nil {
			return err
		}
		after := s.now()
		s.window = s.Edges.Window() // behind the wait: the load may have ended in it, and what was answered since then is no answer
		s.keepTime(before, after, due, spin, len(events))
		for _, e := range events {
			s.tell(e, after)
		}
	}
	return nil
}

// keepTime keeps account of what the shard does with its own time: from before to after it waited until due, or asked
// without waiting (spin), and was told of so many events.
func (s *shard) keepTime(before, after, due time.Duration, spin bool, events int) {
	// In another's slice there is nothing to do, which says nothing about how much there is in an own one.
	in := func(from, to time.Duration) time.Duration {
		return s.Turn.Own(s.window.Clip(to)) - s.Turn.Own(s.window.Clip(from))
	}
	s.longestGap = max(s.longestGap, in(s.looked, before), in(max(before, due), after))
	asking := spin && events == 0
	switch {
	case events > 0:
		s.idle += max(0, in(before, after)-harvest)
	case asking && s.asking: // again, and so all of the loop was waiting
		s.idle += in(s.looked, after)
		s.spun += in(s.looked, after)
	default:
		s.idle += in(before, after)
	}
	s.asking = asking
	s.looked = after
}

// tell hands e to whom it is for.
func (s *shard) tell(e unix.EpollEvent, now time.Duration) {
	switch id := int(e.Fd); {
	case id == wakerID: // the loop looks for why
	case id < len(s.slots):
		if c := &s.slots[id]; c.generation == e.Pad {
			s.news(c, e.Events, now)
		}
	default:
		if o := &s.others[id-len(s.slots)]; o.generation == e.Pad {
			s.otherNews(o, e.Events)
		}
	}
}

// fire sees to those whose time has come, or the first of them.
func (s *shard) fire(now time.Duration) {
	for range atOnce {
		t := s.timers.pop(now)
		if t == nil {
			return
		}
		s.asking = false
		switch {
		case int(t.id) < len(s.slots):
			s.alarm(&s.slots[t.id], now)
		default:
			s.otherAlarm(&s.others[int(t.id)-len(s.slots)], now)
		}
		if s.leaving && s.active == 0 {
			return
		}
	}
}

// begin lets the load begin.
func (s *shard) begin() {
	if s.Load.Loop != trial.Closed {
		s.schedule = s.Job.Schedule(s.window.Open)
		s.next = s.schedule.Next()
		s.skip()
	}
	s.open = len(s.slots)
	moment := s.FirstMoments()
	client := 0
	for i := range s.slots {
		c := &s.slots[i]
		var first time.Duration
		for ; client <= int(c.client); client++ {
			first = moment() // the same for a client whatever the number of shards
		}
		refused := !s.session && c.fd < 0
		switch {
		case s.Load.Loop == trial.Closed:
			if refused {
				first = max(first, s.BackOff)
			}
			c.next = s.Turn.After(0, first)
			s.timers.set(&c.timer, c.next)
		case refused:
			c.away, c.free = true, s.BackOff
			s.timers.set(&c.timer, c.free)
		case s.session:
			s.idleSlots.push(c)
		}
	}
	for i := range s.others {
		s.otherBegins(&s.others[i])
	}
}

// skip goes on to the next arrival that is dealt to this shard. Every shard walks the whole schedule: the arrivals are
// then the same whatever the number of shards.
func (s *shard) skip() {
	for s.next != account.Never && s.nth%s.normal%s.of != s.number {
		s.next = s.schedule.Next()
		s.nth++
	}
}

// advance goes on to this shard's next arrival.
func (s *shard) advance() {
	s.next = s.schedule.Next()
	s.nth++
	s.skip()
}

// deal deals out what is due, or the first of it.
func (s *shard) deal(now time.Duration) {
	if s.leaving {
		return
	}
	for range atOnce {
		if s.next > now {
			break
		}
		a := arrival{intended: s.next, noticed: now}
		client := s.nth % s.normal / s.of
		s.asking = false
		s.advance()
		if a.intended < s.window.Close {
			s.pending++
		}
		s.measureGap(a)
		if s.session {
			if s.idleSlots.len() > 0 {
				s.serve(s.idleSlots.pop(), a)
			} else {
				s.waiting.push(a)
			}
		} else if c := &s.slots[client]; c.isFree() {
			s.serve(c, a)
		} else {
			c.queue.push(a)
		}
		now = s.now() // serving one takes a while
	}
	s.settle()
}

// measureGap compares what the schedule says with what is dealt. Where others have their turn between two arrivals, most of
// the gap is theirs.
func (s *shard) measureGap(a arrival) {
	if !s.window.Holds(a.intended) {
		return
	}
	if s.last[1] > 0 && s.Turn.Slice(a.intended) == s.Turn.Slice(s.last[0]) {
		s.scheduled.Record(a.intended - s.last[0])
		s.dealt.Record(a.noticed - s.last[1])
	}
	s.last = [2]time.Duration{a.intended, a.noticed}
}

// settle says once that every request of the window has its outcome.
func (s *shard) settle() {
	if s.isSettled {
		return
	}
	if s.Load.Loop == trial.Closed {
		s.isSettled = s.open == 0
	} else {
		s.isSettled = s.pending == 0 && s.next >= s.window.Close
	}
	if s.isSettled {
		s.settled()
	}
}

// leave begins nothing new: who has nothing in flight goes.
func (s *shard) leave() {
	s.leaving = true
	s.window = s.Edges.Window() // the load may have ended since it was last looked at
	for i := range s.slots {
		if c := &s.slots[i]; c.state == resting {
			s.drop(c)
			s.timers.set(&c.timer, account.Never)
		} else {
			s.active++
		}
	}
	for i := range s.others {
		s.otherLeaves(&s.others[i])
	}
	s.countUnsent()
	s.next = account.Never
}

// countUnsent counts the arrivals of the window that nobody has begun.
func (s *shard) countUnsent() {
	unsent := func(a arrival, client int32) bool {
		r := account.Request{Intended: a.intended, Noticed: a.noticed, Client: client}
		s.book.Add(s.window, r)
		return s.window.Owns(r)
	}
	for i := range s.slots {
		for c := &s.slots[i]; c.queue.len() > 0; {
			unsent(c.queue.pop(), c.client)
		}
	}
	for n := 0; s.waiting.len() > 0; n++ {
		unsent(s.waiting.pop(), s.slots[n%len(s.slots)].client) // nobody's in particular: all of them were busy with others
	}
	for ; s.next < s.window.Close; s.advance() {
		if unsent(arrival{intended: s.next}, int32(s.nth%s.normal)) {
			s.missed++
		}
	}
}

// cutOff ends whatever is still waiting.
func (s *shard) cutOff() {
	if !s.leaving {
		s.leave()
	}
	now := s.now()
	for i := range s.slots {
		if c := &s.slots[i]; c.state != resting {
			c.abort()
			s.finish(c, account.Unanswered, now)
		}
	}
}

// close gives everything back.
func (s *shard) close() {
	for i := range s.slots {
		s.slots[i].close()
	}
	for i := range s.others {
		s.others[i].close()
	}
	s.poll.close()
}
