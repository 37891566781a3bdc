package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

// A run is a load under way. It ends in two steps: first the clients are told to begin nothing new (loading ends),
// then whatever still waits is cut off (forced ends).
type run struct {
	config   Config
	dialer   *dialer
	clock    clock
	edges    *edges
	recorder *recorder
	clients  []*client
	queues   []*queue // one for each client, or a single one for all slots; none in the closed loop
	pacer    *pacer   // nil in the closed loop
	missed   int64    // requests that the driver never got to

	loading, forced context.Context
	unload, force   context.CancelFunc
	working         sync.WaitGroup
	idle            chan struct{} // closed when every goroutine has returned; nil: none was started

	// The window's requests are all resolved once each client of the closed loop, or each queue, has said so.
	unsettled  atomic.Int64
	allSettled chan struct{}

	// Where the window ends by number: how many requests it has had answered.
	answered atomic.Int64
	enough   chan struct{}
}

func newRun(c Config, address string) *run {
	w := window{open: c.WarmUp, close: c.WarmUp + c.Window, end: never}
	if c.Requests > 0 {
		w = window{open: never, close: never, end: never}
	}
	r := &run{
		config:     c,
		dialer:     &dialer{address: address},
		edges:      newEdges(w),
		allSettled: make(chan struct{}),
		enough:     make(chan struct{}),
		unload:     func() {},
		force:      func() {},
	}
	r.recorder = &recorder{edges: r.edges, book: newLedger(c.Load.Clients, c.TimeOut, c.BackOff)}
	for i := range c.Load.Clients {
		r.clients = append(r.clients, &client{run: r, asks: &r.config.Client, index: int32(i), batch: batch{to: r.recorder}})
	}
	switch c.Load.Loop {
	case trial.Closed:
		r.unsettled.Store(int64(len(r.clients)))
	case trial.Open:
		r.unsettled.Store(int64(len(r.clients)))
		for range r.clients {
			r.queues = append(r.queues, newQueue(w.close, r.settled))
		}
	case trial.Sessions:
		r.unsettled.Store(1)
		r.queues = []*queue{newQueue(w.close, r.settled)}
	}
	return r
}

// start connects all clients whose connections stay, then lets the load begin.
func (r *run) start(ctx context.Context) error {
	r.forced, r.force = context.WithCancel(ctx)
	r.loading, r.unload = context.WithCancel(r.forced)

	conns := make([]net.Conn, len(r.clients))
	stay := r.config.Client.Measured() == workload.Request
	if stay {
		var err error
		if conns, err = r.dialer.dialAll(ctx, len(r.clients), r.config.TimeOut); err != nil {
			return err
		}
	}
	r.clock = clock{origin: time.Now()}
	random := rand.New(rand.NewPCG(r.config.Seed, thinkStream))
	for i, c := range r.clients {
		var first time.Duration
		switch {
		case conns[i] != nil:
			c.adopt(conns[i])
		case stay:
			first = r.config.BackOff // it was refused just now
		}
		if r.config.Load.Loop == trial.Closed {
			if think := r.config.Load.Think; think > 0 {
				// Or all would think, and ask, in step.
				first = max(first, time.Duration(random.Int64N(int64(think))))
			}
			r.working.Go(func() { c.closed(first) })
		} else {
			r.working.Go(func() { c.arrivals(r.queues[i%len(r.queues)], first) })
		}
	}
	if r.queues != nil {
		r.pacer = &pacer{clock: r.clock, schedule: schedule(r.config.Load, r.config.Seed), queues: r.queues, close: r.edges.window().close}
		r.working.Go(func() {
			s := newSleeper(r.loading)
			defer s.end()
			r.pacer.run(r.loading, s)
		})
	}
	r.idle = make(chan struct{})
	go func() {
		r.working.Wait()
		close(r.idle)
	}()
	return nil
}

// thinkStream keeps the clients' first moments independent of whatever else is drawn from the same seed.
const thinkStream = 0x7468696e6b

// measure sees the load through warm-up, window and tail and tells it to leave. It returns by how much the calls of
// AtEdge were late.
func (r *run) measure(ctx context.Context) (late time.Duration, err error) {
	c := r.config
	timer := time.NewTimer(c.WarmUp)
	defer timer.Stop()
	until := func(d time.Duration, or <-chan struct{}) error {
		timer.Reset(d)
		select {
		case <-ctx.Done():
		case <-or:
		case <-timer.C:
		}
		return context.Cause(ctx)
	}

	if err := until(c.WarmUp-r.clock.now(), nil); err != nil {
		return 0, err
	}
	if err := r.dialer.hopeless(); err != nil {
		return 0, err
	}
	late = r.clock.now() - c.WarmUp
	r.atEdge(Opens)
	if c.Requests > 0 {
		late = 0
		r.edges.open.Store(int64(r.clock.now()))
		err = until(never, r.enough)
	} else {
		err = until(r.edges.window().close-r.clock.now(), nil)
	}
	if err != nil {
		return 0, err
	}
	w := r.edges.window()
	late = max(late, r.clock.now()-w.close)
	r.atEdge(Closes)

	if err := until(w.close+c.Tail-r.clock.now(), r.allSettled); err != nil {
		return 0, err
	}
	r.leave()
	if err := until(parting, r.idle); err != nil {
		return 0, err
	}
	return late, r.dialer.hopeless()
}

func (r *run) atEdge(e Edge) {
	if r.config.AtEdge != nil {
		r.config.AtEdge(e)
	}
}

// leave tells all clients to begin nothing new.
func (r *run) leave() {
	r.edges.end.CompareAndSwap(int64(never), int64(r.clock.now()))
	r.unload()
	for _, q := range r.queues {
		q.shut()
	}
}

// end cuts off whatever is still waiting, and waits for every goroutine. It may be called again.
func (r *run) end() {
	r.leave()
	r.force()
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
		close(r.allSettled)
	}
}

// resolved counts towards the end of a window that ends by number.
func (r *run) resolved(at time.Duration) {
	if r.config.Requests == 0 || at < r.edges.window().open {
		return
	}
	if r.answered.Add(1) == int64(r.config.Requests) {
		// Read anew, so that it lies behind the answers of all that have counted; those of others may come before it too.
		r.edges.close.Store(int64(r.clock.now() + 1))
		close(r.enough)
	}
}

// result is what came of the load, which has ended.
func (r *run) result(late time.Duration) Result {
	w, book := r.edges.window(), r.recorder.book
	for i, q := range r.queues {
		for n, a := range q.left() {
			// Nobody's in particular if all slots share the queue: all of them were busy with others.
			client := (i + n*len(r.queues)) % len(r.clients)
			book.add(w, request{intended: a.intended, noticed: a.noticed, client: int32(client), outcome: unsent})
		}
	}
	if r.pacer != nil {
		r.pacer.left(func(queue int, intended time.Duration) {
			u := request{intended: intended, client: int32(queue), outcome: unsent}
			if w.owns(u) {
				r.missed++
			}
			book.add(w, u)
		})
	}
	return Result{
		Window:   w.close - w.open,
		Counts:   book.counts,
		Clients:  book.served(),
		Latency:  book.latency,
		Warnings: r.warnings(w, late),
		Late:     late,
	}
}

func (r *run) warnings(w window, late time.Duration) []trial.Warning {
	var all []trial.Warning
	if n := r.dialer.exhausted.Load(); n > 0 {
		all = append(all, trial.Warning{Code: "sockets-exhausted", Text: fmt.Sprintf(
			"%d connects failed because the driver had no port or file left: they count as failed and say nothing about the server; "+
				"lower the rate, or wait a minute for ports in TIME_WAIT", n)})
	}
	if r.missed > 0 {
		all = append(all, trial.Warning{Code: "driver-late", Text: fmt.Sprintf(
			"the driver never got to %d requests that were due in the window: they count as unsent and say nothing about the server; "+
				"lower the rate, or give the driver a CPU of its own", r.missed)})
	}
	if length := w.close - w.open; late > length/lateShare {
		all = append(all, trial.Warning{Code: "late-edge", Text: fmt.Sprintf(
			"the usage snapshot was taken %v after its edge of a window of %v: CPU time per request is off by as much; "+
				"give the driver a CPU of its own, or a longer window", late.Round(time.Microsecond), length)})
	}
	if !deliveryProven && r.config.Client.Measured() == workload.Session {
		all = append(all, trial.Warning{Code: "session-end-unproven", Text: "this system does not tell whether the server received the last message of a session " +
			"before it closed: a server that reads all but the last may be counted as serving; measure sessions on Linux"})
	}
	return all
}

// lateShare: 1 % of the window is less than any difference that is ever reported.
const lateShare = 100
