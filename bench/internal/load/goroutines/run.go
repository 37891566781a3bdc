// Package goroutines is the portable driver: a goroutine and a blocking connection for each client, and one goroutine
// that deals arrivals out when they are due. Its scheduler is Go's, so it is late by tens of microseconds and costs a few
// more for each request than an event loop does.
package goroutines

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/account"
	"github.com/poolbench/poolbench/bench/internal/load/job"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

// Drive is a [job.Driver].
func Drive(ctx context.Context, j *job.Job) (job.Totals, error) {
	r := newRun(ctx, j)
	defer r.end()
	if err := r.start(); err != nil {
		return job.Totals{}, err
	}
	<-j.Loading.Done()
	r.leave()
	select {
	case <-r.idle:
	case <-ctx.Done():
	}
	r.end()
	return r.totals(), nil
}

// A run is a job under way.
type run struct {
	*job.Job
	forced   context.Context // ends when whatever still waits is to be cut off
	dialer   *dialer
	clock    clock
	recorder *recorder
	flight   *account.Flight
	clients  []*client
	groups   []*group
	others   []*other
	queues   []*queue // one for each client, or a single one for all slots; none in the closed loop
	pacer    *pacer   // nil in the closed loop
	missed   int64    // requests of the window that the driver never got to

	working sync.WaitGroup
	idle    chan struct{} // closed when every goroutine has returned; nil: none was started

	// The window's requests are all resolved once each client of the closed loop, or each queue, has said so.
	unsettled atomic.Int64
	answered  atomic.Int64 // where the window ends by number
}

func newRun(forced context.Context, j *job.Job) *run {
	w := j.Edges.Window()
	r := &run{
		Job:    j,
		forced: forced,
		dialer: &dialer{address: j.Address.String(), connects: &j.Connects},
		flight: account.NewFlight(w),
	}
	normal, groups := job.Groups(j.Load)
	r.recorder = &recorder{edges: j.Edges, turns: j.Turn, book: j.NewLedger(normal)}
	if j.Watch != nil {
		r.recorder.live = new(account.Live)
	}
	for i := range normal {
		r.clients = append(r.clients, &client{
			line:  line{run: r, asks: &j.Client, dials: forced},
			index: int32(i), batch: batch{to: r.recorder},
		})
	}
	for _, g := range groups {
		mine := &group{Group: g}
		r.groups = append(r.groups, mine)
		r.others = append(r.others, newOthers(r, mine)...)
	}
	switch j.Load.Loop {
	case trial.Closed:
		r.unsettled.Store(int64(len(r.clients)))
	case trial.Open:
		r.unsettled.Store(int64(len(r.clients)))
		for range r.clients {
			r.queues = append(r.queues, newQueue(w.Close, r.settled))
		}
	case trial.Sessions:
		r.unsettled.Store(1)
		r.queues = []*queue{newQueue(w.Close, r.settled)}
	}
	return r
}

// start connects all clients whose connections stay, then lets the load begin.
func (r *run) start() error {
	stay := r.Client.Measured() == workload.Request
	early := r.early(stay)
	conns, err := r.dialer.dialAll(r.forced, len(early), r.TimeOut)
	if err != nil {
		return err
	}
	origin, err := r.Begin(r.forced)
	if err != nil {
		closeAll(conns)
		return err
	}
	r.clock = clock{origin: origin}
	for i, conn := range conns {
		if conn != nil {
			early[i].adopt(conn)
		}
	}
	moment := r.FirstMoments()
	for i, c := range r.clients {
		var first time.Duration
		if stay && c.conn == nil {
			first = r.BackOff // it was refused just now
		}
		if r.Load.Loop == trial.Closed {
			first = r.Turn.After(0, max(first, moment()))
			r.working.Go(func() { c.closed(first) })
		} else {
			r.working.Go(func() { c.arrivals(r.queues[i%len(r.queues)], first) })
		}
	}
	for _, o := range r.others {
		if o.conn != nil {
			o.group.connected.Add(1)
		}
		r.working.Go(o.live)
	}
	if r.queues != nil {
		w := r.Edges.Window()
		r.pacer = &pacer{clock: r.clock, schedule: r.Schedule(w.Open), queues: r.queues, window: w, gaps: gaps{slices: r.Turn}}
		r.working.Go(func() {
			s := newSleeper(r.Loading)
			defer s.end()
			r.pacer.run(r.Loading, s)
		})
	}
	r.idle = make(chan struct{})
	go func() {
		r.working.Wait()
		close(r.idle)
	}()
	if r.Watch != nil {
		r.Watch(r.glance)
	}
	r.Began(origin)
	return nil
}

// early are the lines that are connected before the load begins; stay says whether those of the measured clients are.
func (r *run) early(stay bool) []*line {
	var all []*line
	if stay {
		for _, c := range r.clients {
			all = append(all, &c.line)
		}
	}
	for _, o := range r.others {
		if o.stays() {
			all = append(all, &o.line)
		}
	}
	return all
}

// leave sends everybody away who waits for an arrival, or is not waited for.
func (r *run) leave() {
	for _, q := range r.queues {
		q.shut()
	}
	for _, o := range r.others {
		o.leave()
	}
}

// end cuts off whatever is still waiting, and waits for every goroutine. It may be called again.
func (r *run) end() {
	r.leave()
	for _, c := range r.clients {
		c.cutOff()
	}
	if r.idle != nil {
		<-r.idle
	}
}

// settled is called by each client of the closed loop, or each queue, once.
func (r *run) settled() {
	if r.unsettled.Add(-1) == 0 {
		r.Settled()
	}
}

// resolved counts towards the end of a window that ends by number.
func (r *run) resolved(at time.Duration) {
	if r.Requests == 0 || at < r.Edges.Window().Open {
		return
	}
	if r.answered.Add(1) == int64(r.Requests) {
		r.Enough()
	}
}

// glance counts the good answers of each client, because batches may be filled seldom; the p99 is of those that were.
func (r *run) glance() account.Glance {
	var good int64
	for _, c := range r.clients {
		good += c.batch.good.Load()
	}
	return account.GlanceOf(good, r.Edges.Window().Passed(r.Turn, r.clock.now()), r.recorder.live.P99())
}

// totals is what came of the load, which has ended.
func (r *run) totals() job.Totals {
	w, book := r.Edges.Window(), r.recorder.book
	for i, q := range r.queues {
		for n, a := range q.left() {
			// Nobody's in particular if all slots share the queue: all of them were busy with others.
			client := (i + n*len(r.queues)) % len(r.clients)
			book.Add(w, account.Request{Intended: a.intended, Noticed: a.noticed, Client: int32(client)})
		}
	}
	if r.pacer != nil {
		r.pacer.left(func(queue int, intended time.Duration) {
			u := account.Request{Intended: intended, Client: int32(queue)}
			if w.Owns(u) {
				r.missed++
			}
			book.Add(w, u)
		})
	}
	t := job.Totals{EndUnproven: !deliveryProven && r.Client.Measured() == workload.Session}
	t.Fill(book, r.flight)
	for _, g := range r.groups {
		t.Others = append(t.Others, g.total())
	}
	t.Driving.Missed, t.Driving.Exhausted = r.missed, r.Connects.Exhausted()
	if r.pacer != nil {
		t.Driving.ArrivalError = r.pacer.gaps.error()
	}
	return t
}
