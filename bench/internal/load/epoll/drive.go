//go:build linux

package epoll

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/account"
	"github.com/poolbench/poolbench/bench/internal/load/job"
	"github.com/poolbench/poolbench/bench/internal/load/schedule"
	"github.com/poolbench/poolbench/bench/internal/pin"
	"github.com/poolbench/poolbench/bench/trial"
)

// A drive is a job under way: what its shards share.
type drive struct {
	*job.Job
	forced  context.Context // ends when whatever still waits is to be cut off
	sources []netip.Addr
	session bool // sessions are measured, not requests
	normal  int  // clients that are measured: those with the first numbers
	groups  []job.Group
	shards  []*shard
	origin  time.Time

	unsettled atomic.Int64 // shards that may still have a request of the window
	answered  atomic.Int64 // where the window ends by number
}

// Drive is a [job.Driver].
func Drive(ctx context.Context, j *job.Job) (job.Totals, error) {
	d := newDrive(ctx, j)
	if err := d.open(); err != nil {
		return job.Totals{}, err
	}
	// The shards wake when somebody wants something of them.
	stopLeave := context.AfterFunc(j.Loading, d.wake)
	defer stopLeave()
	stopForce := context.AfterFunc(ctx, d.wake)
	defer stopForce()

	connected, ended := d.start()
	if err := connected(); err != nil {
		return job.Totals{}, errors.Join(err, ended())
	}
	if j.Watch != nil {
		j.Watch(d.glance)
	}
	j.Began(d.origin)
	if err := ended(); err != nil {
		return job.Totals{}, err
	}
	return d.totals(), nil
}

func newDrive(ctx context.Context, j *job.Job) *drive {
	d := &drive{Job: j, forced: ctx, origin: time.Now(), session: j.Client.Response == nil}
	d.sources = Sources(j.Address.Addr(), j.Load.Clients, d.session)
	d.normal, d.groups = job.Groups(j.Load)
	for i := range shardsFor(j.Shards, d.normal, j.Load.Loop) {
		d.shards = append(d.shards, newShard(d, i))
	}
	for i := range d.shards {
		d.shards[i].populate(len(d.shards))
	}
	d.unsettled.Store(int64(len(d.shards)))
	return d
}

// slotsOfShard is the fewest with which a shard runs sessions. Arrivals are dealt to shards in turn, so that one with all its
// slots taken has them wait while another has slots free; that wait would be called the server's. With 4 clients on two
// shards it was 32 ms in the mean instead of 0.4; with many slots it is rare that one has none and the other some.
const slotsOfShard = 32

// shardsFor is how many shards carry out a load with so many clients, on so many CPUs. Each has a client that is measured, or it
// would have nothing to pace.
func shardsFor(cpus, clients int, loop trial.Loop) int {
	if loop == trial.Sessions {
		return max(1, min(cpus, clients/slotsOfShard))
	}
	return min(cpus, clients)
}

// open makes what the shards wait with.
func (d *drive) open() error {
	quiet := d.Spin && runtime.GOMAXPROCS(0) >= len(d.shards)+Spare
	for _, s := range d.shards {
		var err error
		if s.poll, err = newPoll(quiet); err != nil {
			for _, s := range d.shards {
				if s.poll != nil {
					s.poll.close()
				}
			}
			return fmt.Errorf("epoll driver: %w", err)
		}
	}
	return nil
}

func (d *drive) wake() {
	for _, s := range d.shards {
		s.poll.wake()
	}
}

// start starts the shards. connected waits until all have made their connections, and lets them go on if it returns no
// error; ended waits until they have returned, and gives the first error of any.
func (d *drive) start() (connected, ended func() error) {
	var connecting, running sync.WaitGroup
	begin := make(chan bool)
	errs := make([]error, len(d.shards))
	cpus := d.cpus()
	for i, s := range d.shards {
		connecting.Add(1)
		running.Go(func() {
			defer s.close()
			s.enter(cpus, i)
			errs[i] = s.connectAll()
			connecting.Done()
			if <-begin {
				errs[i] = s.run()
			}
		})
	}
	connected = func() error {
		connecting.Wait()
		err := errors.Join(append(errs, context.Cause(d.forced))...)
		if err == nil && !d.session {
			err = d.Connects.Connected()
		}
		d.origin = time.Now() // wrong if there is an error, and then nobody asks
		if err == nil {
			d.origin, err = d.Begin(d.forced)
		}
		for range d.shards {
			begin <- err == nil
		}
		return err
	}
	ended = func() error {
		running.Wait()
		return errors.Join(errs...)
	}
	return connected, ended
}

// cpus are those that shards can have one each of; none: they share.
func (d *drive) cpus() []int {
	if !d.Spin || len(d.shards) < 2 {
		return nil // a process with one CPU is on it
	}
	cpus, err := pin.Allowed()
	if err != nil || len(cpus) < len(d.shards) {
		return nil
	}
	return cpus
}

// settled is called by each shard, once.
func (d *drive) settled() {
	if d.unsettled.Add(-1) == 0 {
		d.Settled()
	}
}

// resolved counts towards the end of a window that ends by number.
func (d *drive) resolved() {
	if d.answered.Add(1) == int64(d.Requests) {
		d.Enough()
	}
}

// glance is what the shards have shown last.
func (d *drive) glance() account.Glance {
	var g account.Glance
	for _, s := range d.shards {
		g = g.Plus(s.live.Glance())
	}
	return g
}

// totals is what came of the load, which has ended.
func (d *drive) totals() job.Totals {
	first := d.shards[0]
	book, flight := first.book, first.flight
	var scheduled, dealt schedule.Gaps
	driving := trial.Driving{Shards: len(d.shards), Idle: account.Never, Exhausted: d.Connects.Exhausted()}
	others := make([]trial.Other, len(d.groups))
	for i, s := range d.shards {
		if i > 0 {
			book.Merge(s.book)
			flight.Merge(s.flight)
		}
		scheduled.Merge(&s.scheduled)
		dealt.Merge(&s.dealt)
		driving.Idle = min(driving.Idle, s.idle)
		driving.Spun += s.spun
		driving.LongestGap = max(driving.LongestGap, s.longestGap)
		driving.Missed += s.missed
		s.countOthers(others)
	}
	if d.Load.Loop != trial.Closed {
		driving.ArrivalError = schedule.GapError(&scheduled, &dealt)
	}
	t := job.Totals{Driving: driving, Others: others}
	t.Fill(book, flight)
	return t
}
