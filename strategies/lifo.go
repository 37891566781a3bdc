package strategies

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// Lifo is the kind whose free worker is always the one that became free last: under little load a few workers, with
// stacks that are grown and in the cache, do everything, and the others come to their end. valyala/fasthttp serves its
// connections in this manner.
func Lifo() Kind {
	return Kind{
		Name:    "lifo",
		About:   "up to so many workers, started when needed; the one that became free last goes first, those unused for some seconds end; no queue",
		Default: Limits{Workers: DefaultWorkers},
		Units:   []Unit{ConnUnit, RequestUnit},
		Check:   noQueue,
		New:     newLifoPool,

		Constructor: ownConstructor("Lifo().New"),
	}
}

// retirePeriod is how long a worker stays without a task: at least one period, at most two. An idle worker costs its
// stack, some kilobytes; a new one costs less than a microsecond and the growth of its stack. So 5 s, which makes the
// 10 s of fasthttp the most: pauses between bursts are bridged, and the peak of the day is not kept until night.
const retirePeriod = 5 * time.Second

// lifoPool keeps idle workers on a stack. Calls that wait are served in their order, with the first worker that is free:
// so long as one waits no worker is idle, and there are as many as the limit allows.
type lifoPool struct {
	most   int
	reject bool

	mu      sync.Mutex
	alive   int // workers that have not been told to end
	idle    []*lifoWorker
	waiting list.List // of *lifoCall
	closed  bool

	// unused is how many workers at the bottom of the stack no task has come down to in this period: a low-water mark, so
	// that no task has to look at the clock. retire is pending while armed.
	unused int
	timer  *time.Timer
	armed  bool

	ends sync.WaitGroup // workers' goroutines, and the timer while it is armed
}

// lifoWorker has room for the one task that it is given when it has been taken off the stack, so that giving never blocks.
type lifoWorker struct{ tasks chan func() } // nil: the worker ends

// lifoCall is a call of Dispatch that waits.
type lifoCall struct {
	task  func()
	taken chan error // room for one, sent with the pool's lock held
}

func newLifoPool(l Limits) (Dispatcher, error) {
	if err := noQueue(l); err != nil {
		return nil, err
	}
	return &lifoPool{most: l.Workers, reject: l.WhenFull == Reject}, nil
}

func (p *lifoPool) Dispatch(ctx context.Context, task func()) error {
	p.mu.Lock()
	switch last := len(p.idle) - 1; {
	case p.closed:
		p.mu.Unlock()
		return ErrClosed
	case last >= 0:
		w := p.idle[last]
		p.idle[last] = nil
		p.idle = p.idle[:last]
		p.unused = min(p.unused, last)
		p.mu.Unlock()
		w.tasks <- task // not under the lock: the worker that wakes will want it
		return nil
	case p.alive < p.most:
		p.alive++
		p.ends.Add(1)
		p.mu.Unlock()
		go p.work(&lifoWorker{tasks: make(chan func(), 1)}, task)
		return nil
	case p.reject:
		p.mu.Unlock()
		return ErrFull
	}
	call := &lifoCall{task: task, taken: make(chan error, 1)}
	place := p.waiting.PushBack(call)
	p.mu.Unlock()

	select {
	case err := <-call.taken:
		return err
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case err := <-call.taken: // it was our turn in the same moment
		return err
	default:
		p.waiting.Remove(place)
		return ctx.Err()
	}
}

// work is a worker's goroutine.
func (p *lifoPool) work(w *lifoWorker, task func()) {
	finished := false
	defer func() {
		if !finished { // the task ended this goroutine (runtime.Goexit): the worker goes on in another
			go p.work(w, func() {})
			return
		}
		p.ends.Done()
	}()
	for task != nil {
		task()
		task = p.next(w)
	}
	finished = true
}

// next returns the task of the call that has waited longest; if none does, w waits on the stack. nil means that w ends.
func (p *lifoPool) next(w *lifoWorker) func() {
	p.mu.Lock()
	if first := p.waiting.Front(); first != nil {
		call := p.waiting.Remove(first).(*lifoCall)
		call.taken <- nil
		p.mu.Unlock()
		return call.task
	}
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.idle = append(p.idle, w)
	if !p.armed {
		p.arm()
	}
	p.mu.Unlock()
	return <-w.tasks
}

// arm begins a period. p.mu is held.
func (p *lifoPool) arm() {
	p.armed = true
	p.unused = len(p.idle)
	p.ends.Add(1)
	if p.timer == nil {
		p.timer = time.AfterFunc(retirePeriod, p.retire)
		return
	}
	p.timer.Reset(retirePeriod)
}

// retire ends the workers that had no task in the period that is over, and begins another one if any is left: a pool
// without idle workers has no timer.
func (p *lifoPool) retire() {
	defer p.ends.Done()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.armed = false
	p.release(p.unused)
	if len(p.idle) > 0 {
		p.arm()
	}
}

// release tells the n workers at the bottom of the stack to end. p.mu is held.
func (p *lifoPool) release(n int) {
	for _, w := range p.idle[:n] {
		w.tasks <- nil
	}
	p.alive -= n
	rest := copy(p.idle, p.idle[n:])
	clear(p.idle[rest:])
	p.idle = p.idle[:rest]
}

func (p *lifoPool) Close() error {
	p.mu.Lock()
	p.closed = true
	for first := p.waiting.Front(); first != nil; first = p.waiting.Front() {
		p.waiting.Remove(first).(*lifoCall).taken <- ErrClosed
	}
	p.release(len(p.idle))
	if p.armed && p.timer.Stop() { // otherwise retire is on its way, and counts itself out
		p.ends.Done()
	}
	p.mu.Unlock()
	p.ends.Wait()
	return nil
}
