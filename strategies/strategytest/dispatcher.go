package strategytest

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/poolbench/poolbench/strategies"
)

// RunDispatcher checks that a dispatcher keeps its contract and limits l exactly.
func RunDispatcher(t *testing.T, new strategies.NewDispatcher, l strategies.Limits) {
	for _, r := range dispatcherRows {
		if !r.applies(l) {
			continue
		}
		t.Run(r.name, func(t *testing.T) { checkDispatcher(newCheck(t), r, new, l) })
	}
}

type dispatcherRow struct {
	name    string
	applies func(strategies.Limits) bool
	run     func(*pool)
}

var dispatcherRows = []dispatcherRow{
	{"takes exactly as many blocked tasks as its limits say", always, takesExactly},
	{"keeps its limits after tasks have come and gone", always, keepsLimits},
	{"lets every waiting call in when there is room for all", waits, letsAllIn},
	{"close wakes waiting calls and waits for tasks", waits, closeWakes},
	{"a waiting call whose context ends goes on waiting or gives up, and costs no place", waits, givesUp},
	{"close runs what was taken", always, closeRunsTaken},
	{"tasks that end their goroutines cost no place and lose nobody who waits", always, survivesExits},
	{"a task that dispatches into its own full pool waits until close sets it free", waits, setsFree},
	{"a task that dispatches into its own full pool is refused", rejects, refusesOwn},
	{"takes nothing after close", always, takesNothingAfterClose},
	{"runs each taken task once while calls and close overlap", always, overlaps},
}

func always(strategies.Limits) bool { return true }

// waits reports whether a call of Dispatch can come to wait.
func waits(l strategies.Limits) bool {
	_, bounded := capacity(l)
	return bounded && l.WhenFull == strategies.Wait
}

func rejects(l strategies.Limits) bool {
	_, bounded := capacity(l)
	return bounded && l.WhenFull == strategies.Reject
}

// capacity is how many tasks that never end are taken; many where there is no limit.
func capacity(l strategies.Limits) (n int, bounded bool) {
	const many = 100 // more than any number of workers that a default might silently be
	switch {
	case l.Workers == strategies.Unbounded:
		return many, false
	case l.Queue == strategies.Unbounded:
		return l.Workers + many, false
	}
	return l.Workers + l.Queue, true
}

func checkDispatcher(c *check, r dispatcherRow, new strategies.NewDispatcher, l strategies.Limits) {
	noneLeft := c.noLeak()
	p := &pool{check: c, limits: l, all: make(chan struct{}), once: &sync.Once{}}
	func() {
		defer p.releaseAll()
		d, err := new(l)
		if err != nil {
			c.Fatalf("new dispatcher: %v", err)
		}
		p.Dispatcher = d
		r.run(p)
		for _, k := range p.tasks {
			if n := k.runs.Load(); n != k.want {
				c.Errorf("a task whose Dispatch said %v ran %d times, want %d", k.err, n, k.want)
			}
		}
	}()
	noneLeft()
}

// pool is a dispatcher under test and the tasks that were offered to it.
type pool struct {
	*check
	strategies.Dispatcher
	limits strategies.Limits

	tasks []*task
	all   chan struct{} // closed to end all tasks
	once  *sync.Once
}

func (p *pool) releaseAll() { p.once.Do(func() { close(p.all) }) }

// task runs until it is released, and then does what it is to do at its end.
type task struct {
	last    func() // nil: it returns
	started chan struct{}
	release chan struct{}
	runs    atomic.Int64
	err     error // what Dispatch said
	want    int64 // runs
}

// offer calls Dispatch with a task that blocks, and does not wait for the call.
func (p *pool) offer() (*task, *call) { return p.offerWith(context.Background(), nil) }

// offerWith is offer with a context, and something for the task to do at its end.
func (p *pool) offerWith(ctx context.Context, last func()) (*task, *call) {
	k := &task{last: last, started: make(chan struct{}), release: make(chan struct{})}
	p.tasks = append(p.tasks, k)
	all := p.all
	return k, start("Dispatch", func() error {
		return p.Dispatch(ctx, func() {
			if k.runs.Add(1) == 1 {
				close(k.started)
			}
			select {
			case <-k.release:
			case <-all:
			}
			if k.last != nil {
				k.last()
			}
		})
	})
}

// settle waits for the call that offered k.
func (p *pool) settle(k *task, call *call) error {
	p.Helper()
	if k.err = p.returns(call); k.err == nil {
		k.want = 1
	}
	return k.err
}

// fill takes the pool to its capacity, and returns the tasks that run.
func (p *pool) fill() (running []*task) { return p.fillWith(nil) }

// fillWith is fill with something for each task to do at its end.
func (p *pool) fillWith(last func()) (running []*task) {
	p.Helper()
	n, _ := capacity(p.limits)
	for i := range n {
		k, call := p.offerWith(context.Background(), last)
		if err := p.settle(k, call); err != nil {
			p.Fatalf("task %d of %d was not taken: %v", i+1, n, err)
		}
	}
	atOnce := min(n, p.limits.Workers)
	p.eventually(func() bool {
		running = p.running()
		return len(running) >= atOnce
	}, "%s at once", plural(atOnce, "task"))
	if len(running) > atOnce {
		p.Fatalf("%s run at once, want %d", plural(len(running), "task"), atOnce)
	}
	return running
}

func (p *pool) running() (running []*task) {
	for _, k := range p.tasks {
		if k.runs.Load() > 0 {
			running = append(running, k)
		}
	}
	return running
}

func (p *pool) close() {
	p.Helper()
	if err := p.returns(start("Close", p.Close)); err != nil {
		p.Errorf("close: %v", err)
	}
}

func takesExactly(p *pool) {
	running := p.fill()
	if _, bounded := capacity(p.limits); bounded {
		k, call := p.offer()
		if p.limits.WhenFull == strategies.Wait {
			p.blocks(call)
			close(running[0].release)
			if err := p.settle(k, call); err != nil {
				p.Errorf("a call that waited was not let in when a task had ended: %v", err)
			}
		} else {
			if err := p.settle(k, call); err != strategies.ErrFull {
				p.Fatalf("one task too many: got %v, want ErrFull", err)
			}
			close(running[0].release)
			p.eventually(func() bool { return p.settle(p.offer()) == nil }, "a task is taken when another has ended")
			if k, call := p.offer(); p.settle(k, call) != strategies.ErrFull {
				p.Errorf("one task has ended and two were taken: got %v, want ErrFull", k.err)
			}
		}
	}
	p.releaseAll()
	p.close()
}

// keepsLimits catches workers that are thought busy when they are free, and free when they are busy.
func keepsLimits(p *pool) {
	p.keepsPlaces(20)
	p.close()
}

// keepsPlaces fills the pool so many times.
func (p *pool) keepsPlaces(rounds int) {
	p.Helper()
	n, _ := capacity(p.limits)
	atOnce := min(n, p.limits.Workers)
	for range rounds {
		var round []*task
		for range n {
			p.eventually(func() bool { // a place may come free a moment after its task has ended
				k, call := p.offer()
				taken := p.settle(k, call) == nil
				if taken {
					round = append(round, k)
				}
				return taken
			}, "as many tasks are taken as at first")
		}
		p.eventually(func() bool { return started(round) >= atOnce }, "%s at once, as at first", plural(atOnce, "task"))
		for _, k := range round {
			close(k.release)
		}
		for _, k := range round {
			event(p.check, k.started, "a task that was taken runs")
		}
	}
}

func started(tasks []*task) (n int) {
	for _, k := range tasks {
		if k.runs.Load() > 0 {
			n++
		}
	}
	return n
}

// survivesExits ends the goroutines of all workers at once, by tasks that call runtime.Goexit, while others are queued, which
// do the same in their turn. Package strategies lets no panic come to a dispatcher, but nobody can stop a Goexit.
func survivesExits(p *pool) {
	p.fillWith(runtime.Goexit)
	p.releaseAll()
	for i, k := range p.tasks {
		event(p.check, k.started, "task %d of %d runs, after others have ended their goroutines", i+1, len(p.tasks))
	}
	p.all, p.once = make(chan struct{}), &sync.Once{}
	p.keepsPlaces(1)
	p.close()
}

// nested fills the pool with tasks of which each dispatches another one at its end, lets one of them do that, and returns the
// call.
func (p *pool) nested() (running []*task, inner *call) {
	p.Helper()
	said := make(chan error, 1)
	nested := make(chan []byte, 1)
	var one atomic.Bool
	running = p.fillWith(func() {
		if one.CompareAndSwap(false, true) {
			nested <- goroutineID()
			said <- p.Dispatch(context.Background(), func() {})
		}
	})
	close(running[0].release)
	inner = &call{what: "Dispatch of a task into its own full pool", id: nested, done: make(chan struct{})}
	go func() {
		defer close(inner.done)
		inner.err = <-said
	}()
	return running, inner
}

func setsFree(p *pool) {
	_, inner := p.nested()
	p.blocks(inner)
	closing := start("Close", p.Close)
	if err := p.returns(inner); !errors.Is(err, strategies.ErrClosed) {
		p.Errorf("a task that waited in its own pool when Close was called: got %v, want ErrClosed", err)
	}
	p.releaseAll()
	if err := p.returns(closing); err != nil {
		p.Errorf("close: %v", err)
	}
}

func refusesOwn(p *pool) {
	_, inner := p.nested()
	if err := p.returns(inner); !errors.Is(err, strategies.ErrFull) {
		p.Errorf("a task that dispatched into its own full pool: got %v, want ErrFull", err)
	}
	p.releaseAll()
	p.close()
}

func letsAllIn(p *pool) {
	running := p.fill()
	n := min(len(running), 4)
	offered, calls := make([]*task, n), make([]*call, n)
	for i := range calls {
		offered[i], calls[i] = p.offer()
	}
	for _, call := range calls {
		p.blocks(call)
	}
	for _, k := range running[:n] {
		close(k.release)
	}
	for i := range calls {
		if err := p.settle(offered[i], calls[i]); err != nil {
			p.Errorf("a call that waited was not let in when a task had ended: %v", err)
		}
	}
	p.releaseAll()
	p.close()
}

func closeWakes(p *pool) {
	p.fill()
	var offered [3]*task
	var calls [3]*call
	for i := range calls {
		offered[i], calls[i] = p.offer()
		p.blocks(calls[i])
	}
	closing := start("Close", p.Close)
	for i := range calls {
		if err := p.settle(offered[i], calls[i]); !errors.Is(err, strategies.ErrClosed) {
			p.Errorf("a call that waited while Close was called: got %v, want ErrClosed", err)
		}
	}
	p.blocks(closing)
	p.releaseAll()
	if err := p.returns(closing); err != nil {
		p.Errorf("close: %v", err)
	}
}

// givesUp ends the context of a call that waits, and then lets everybody in. Not every library can listen to a context. A task that
// is given up must not be run, any other has to be, and the pool is as it was.
func givesUp(p *pool) {
	p.fill()
	ctx, cancel := context.WithCancel(context.Background())
	k, call := p.offerWith(ctx, nil)
	p.blocks(call)
	cancel()
	const often = 1000 // enough for a call that listens to return before there is room
	for range often {
		runtime.Gosched()
	}
	p.releaseAll()
	if err := p.settle(k, call); err != nil && !errors.Is(err, context.Canceled) {
		p.Errorf("a call that waited while its context ended: got %v, want nil or the context's error", err)
	}
	p.all, p.once = make(chan struct{}), &sync.Once{}
	p.keepsPlaces(1)
	p.close()
}

func closeRunsTaken(p *pool) {
	p.fill()
	closing := start("Close", p.Close)
	p.blocks(closing)
	p.releaseAll()
	if err := p.returns(closing); err != nil {
		p.Errorf("close: %v", err)
	}
}

func takesNothingAfterClose(p *pool) {
	p.close()
	if k, call := p.offer(); !errors.Is(p.settle(k, call), strategies.ErrClosed) {
		p.Errorf("after Close: got %v, want ErrClosed", k.err)
	}
}

// overlaps lets callers and Close race: no count of ours orders them.
func overlaps(p *pool) {
	const callers, each = 8, 250
	var (
		closed, late atomic.Bool
		atOnce, most atomic.Int64
		halfway      = make(chan struct{}, callers)
		calls        [callers]*call
		runs         [callers][each]atomic.Int64
		said         [callers][each]error
	)
	for i := range calls {
		calls[i] = start("a caller of Dispatch", func() error {
			for j := range each {
				said[i][j] = p.Dispatch(context.Background(), func() {
					for n := atOnce.Add(1); ; {
						old := most.Load()
						if n <= old || most.CompareAndSwap(old, n) {
							break
						}
					}
					runtime.Gosched()
					runs[i][j].Add(1)
					if closed.Load() {
						late.Store(true)
					}
					atOnce.Add(-1)
				})
				if j == each/2 {
					halfway <- struct{}{}
				}
				runtime.Gosched()
			}
			return nil
		})
	}
	event(p.check, halfway, "a caller of Dispatch gets on")
	p.close()
	closed.Store(true)
	if n := atOnce.Load(); n != 0 {
		p.Errorf("%s still running when Close had returned", plural(int(n), "task"))
	}
	for _, call := range calls {
		_ = p.returns(call)
	}
	if late.Load() {
		p.Errorf("a task ran after Close had returned")
	}
	if n := most.Load(); n > int64(p.limits.Workers) {
		p.Errorf("%d tasks ran at once, want at most %d", n, p.limits.Workers)
	}
	for i := range calls {
		for j := range each {
			err, n := said[i][j], runs[i][j].Load()
			switch {
			case err == nil && n != 1:
				p.Errorf("a task that was taken ran %d times", n)
			case err != nil && n != 0:
				p.Errorf("a task that was refused (%v) ran", err)
			case err != nil && !errors.Is(err, strategies.ErrClosed) && !(err == strategies.ErrFull && p.limits.WhenFull == strategies.Reject):
				p.Errorf("Dispatch refused with %v", err)
			}
		}
	}
}
