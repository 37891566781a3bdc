package load

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/account"
	"github.com/poolbench/poolbench/bench/internal/load/job"
	"github.com/poolbench/poolbench/bench/internal/load/schedule"
)

// A run sees one load through its phases while a driver carries it out: connect, warm-up, window, tail. The load ends in
// two steps: first the driver is told to begin nothing new, then to cut off whatever still waits.
type run struct {
	config Config
	job    job.Job
	totals job.Totals
	late   time.Duration // of the calls of AtEdge, the later one

	origin         time.Time
	began, settled chan struct{}
	enough         chan struct{}
	done           chan struct{} // the driver has returned, with err
	err            error
}

func newRun(c Config, address netip.AddrPort) *run {
	w := account.Window{Open: c.WarmUp, Close: c.WarmUp + c.Window, End: account.Never}
	if c.Requests > 0 {
		w = account.Window{Open: account.Never, Close: account.Never, End: account.Never}
	}
	r := &run{
		config:  c,
		began:   make(chan struct{}),
		settled: make(chan struct{}),
		enough:  make(chan struct{}),
		done:    make(chan struct{}),
	}
	r.job = job.Job{
		Address: address, Client: c.Client, Load: c.Load, Seed: c.Seed,
		WarmUp: c.WarmUp, TimeOut: c.TimeOut, BackOff: c.BackOff, Requests: c.Requests,
		Shards: c.cpus(), Spin: c.OwnCPUs,
		Edges: account.NewEdges(w),
		Watch: c.Watch,
		Begin: c.Begin,
		Began: func(origin time.Time) {
			r.origin = origin
			close(r.began)
		},
		Settled: sync.OnceFunc(func() { close(r.settled) }),
		Enough: sync.OnceFunc(func() {
			// Behind the answers of all that have counted; those of others may come before it too.
			r.job.Edges.Close(r.now() + 1)
			close(r.enough)
		}),
	}
	if r.job.Begin == nil {
		r.job.Begin = func(context.Context) (time.Time, error) { return time.Now(), nil }
	}
	if t := c.Turn; t != nil {
		r.job.Turn = schedule.Turn{Opens: c.WarmUp, Every: t.Every, Index: t.Index, Of: t.Of}
	}
	return r
}

func (r *run) now() time.Duration { return time.Since(r.origin) }

// carryOut returns when the driver has.
func (r *run) carryOut(ctx context.Context, drive job.Driver) error {
	driving, cutOff := context.WithCancel(ctx)
	defer cutOff()
	loading, leave := context.WithCancel(driving)
	defer leave()
	r.job.Loading = loading
	go func() {
		defer close(r.done)
		r.totals, r.err = drive(driving, &r.job)
	}()
	select {
	case <-r.began:
	case <-r.done: // it could not connect
		return r.err
	}
	err := r.phases(ctx, leave)
	cutOff()
	<-r.done
	if err == nil {
		err = r.err
	}
	r.totals.Driving.LateEdge = r.late
	return err
}

// phases waits through warm-up, window and tail, and for what is then still in flight. ctx's end ends each.
func (r *run) phases(ctx context.Context, leave func()) error {
	c, edges := r.config, r.job.Edges
	timer := time.NewTimer(c.WarmUp)
	defer timer.Stop()
	until := func(at time.Duration, or <-chan struct{}) error {
		timer.Reset(at - r.now())
		select {
		case <-ctx.Done():
		case <-or:
		case <-timer.C:
		case <-r.done:
			if r.err != nil {
				return r.err
			}
		}
		return context.Cause(ctx)
	}

	if err := until(c.WarmUp, nil); err != nil {
		return err
	}
	if err := r.job.Connects.Hopeless(); err != nil {
		return err
	}
	var err error
	if c.Requests > 0 {
		r.atEdge(Opens)
		edges.Open(r.now())
		err = until(account.Never, r.enough)
	} else {
		r.late = r.now() - c.WarmUp
		r.atEdge(Opens)
		err = until(edges.Window().Close, nil)
	}
	if err != nil {
		return err
	}
	closed := edges.Window().Close
	r.late = max(r.late, r.now()-closed)
	r.atEdge(Closes)

	if c.Stop != nil {
		edges.Tell(r.now())
		if err := until(closed+c.Tail, c.Stop()); err != nil {
			return err
		}
		// What the server had said before its end has to be read.
		if err := until(r.now()+parting, nil); err != nil {
			return err
		}
	}
	if err := until(closed+c.Tail, r.settled); err != nil {
		return err
	}
	edges.End(r.now())
	leave()
	if err := until(r.now()+parting, nil); err != nil {
		return err
	}
	return r.job.Connects.Hopeless()
}

func (r *run) atEdge(e Edge) {
	if r.config.AtEdge != nil {
		r.config.AtEdge(e)
	}
}
