package strategies

import (
	"context"
	"fmt"
	"sync"
)

// Tutorial is the kind of the pooled server in the 2005 tutorial that poolbench started from: two workers, and a
// thread-safe queue without a bound.
func Tutorial() Kind {
	return Kind{
		Name:    "tutorial",
		About:   "two workers and a queue without a bound: the tutorial's second server; no task is ever refused, whoever comes late waits",
		Default: Limits{Workers: 2, Queue: Unbounded, Backlog: tutorialBacklog},
		Units:   []Unit{ConnUnit, RequestUnit},
		Check:   tutorialLimits,
		New:     newQueuePool,

		Constructor: ownConstructor("Tutorial().New"),
	}
}

// tutorialBacklog is what the tutorial's servers call listen with.
const tutorialBacklog = 5

func tutorialLimits(l Limits) error {
	switch {
	case l.Workers > mostAtOnce:
		return limitError("workers", l.Workers, fmt.Sprintf("its workers are started beforehand; allowed: 1 to %d", mostAtOnce))
	case l.Queue != Unbounded:
		return limitError("queue", l.Queue, "its queue has no bound; allowed: unbounded")
	}
	return nil
}

// queuePool is Python's queue.Queue and the threads that take from it.
type queuePool struct {
	mu      sync.Mutex
	arrived *sync.Cond
	tasks   []func()
	first   int // tasks before this one have been taken
	closed  bool
	workers sync.WaitGroup
}

func newQueuePool(l Limits) (Dispatcher, error) {
	if err := tutorialLimits(l); err != nil {
		return nil, err
	}
	p := &queuePool{}
	p.arrived = sync.NewCond(&p.mu)
	p.workers.Add(l.Workers)
	for range l.Workers {
		go p.work()
	}
	return p, nil
}

func (p *queuePool) work() {
	finished := false
	defer func() {
		if !finished { // the task ended this goroutine (runtime.Goexit): the pool keeps its size
			go p.work()
			return
		}
		p.workers.Done()
	}()
	for task := p.next(); task != nil; task = p.next() {
		task()
	}
	finished = true
}

// next waits for a task; nil means that the pool is closed and the queue empty.
func (p *queuePool) next() func() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.first == len(p.tasks) {
		if p.closed {
			return nil
		}
		p.arrived.Wait()
	}
	task := p.tasks[p.first]
	p.tasks[p.first] = nil                    // the queue must not keep a connection that was served
	if p.first++; 2*p.first >= len(p.tasks) { // half of it is room for others: moving the rest costs less than it has gained
		rest := copy(p.tasks, p.tasks[p.first:])
		clear(p.tasks[rest:])
		p.tasks, p.first = p.tasks[:rest], 0
	}
	return task
}

func (p *queuePool) Dispatch(_ context.Context, task func()) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	p.tasks = append(p.tasks, task)
	p.arrived.Signal()
	return nil
}

func (p *queuePool) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.arrived.Broadcast()
	p.workers.Wait()
	return nil
}
