package strategies

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// Channel is the kind with a fixed number of workers that take tasks from a Go channel: the pool that most Go
// programmers would write.
func Channel() Kind {
	return Kind{
		Name:    "channel",
		About:   "a fixed number of workers take tasks from a Go channel; queue is the channel's buffer",
		Default: Limits{Workers: DefaultWorkers},
		Units:   []Unit{ConnUnit, RequestUnit},
		Check:   channelLimits,
		New:     newChannelPool,

		Constructor: ownConstructor("Channel().New"),
	}
}

func channelLimits(l Limits) error {
	switch {
	case l.Workers > mostAtOnce:
		return limitError("workers", l.Workers, fmt.Sprintf("its workers are started beforehand; allowed: 1 to %d", mostAtOnce))
	case l.Queue > mostAtOnce:
		return limitError("queue", l.Queue, fmt.Sprintf("a Go channel's buffer is bounded, and allocated at once; allowed: 0 to %d", mostAtOnce))
	}
	return nil
}

type channelPool struct {
	tasks   chan func()
	closed  chan struct{}
	sending sync.RWMutex // held for reading while a task is sent, so that Close closes tasks after the last one
	workers sync.WaitGroup

	// With Reject the tasks that were taken are counted, because a worker that is just coming back from one would refuse an
	// unbuffered send; tasks has room for all of them then.
	reject bool
	room   int64
	taken  atomic.Int64
}

func newChannelPool(l Limits) (Dispatcher, error) {
	if err := channelLimits(l); err != nil {
		return nil, err
	}
	p := &channelPool{closed: make(chan struct{}), reject: l.WhenFull == Reject, room: int64(l.Workers) + int64(l.Queue)}
	buffer := l.Queue
	if p.reject {
		buffer += l.Workers
	}
	p.tasks = make(chan func(), buffer)
	p.workers.Add(l.Workers)
	for range l.Workers {
		go p.work()
	}
	return p, nil
}

func (p *channelPool) work() {
	finished := false
	defer func() {
		if !finished { // the task ended this goroutine (runtime.Goexit): the pool keeps its size
			p.giveBack()
			go p.work()
			return
		}
		p.workers.Done()
	}()
	for task := range p.tasks {
		task()
		p.giveBack()
	}
	finished = true
}

func (p *channelPool) Dispatch(ctx context.Context, task func()) error {
	p.sending.RLock()
	defer p.sending.RUnlock()
	select {
	case <-p.closed:
		return ErrClosed
	default:
	}
	if p.reject {
		if !p.take() {
			return ErrFull
		}
		p.tasks <- task
		return nil
	}
	select {
	case p.tasks <- task: // nobody waits then, so this passes nobody; it costs half of what the other select does
		return nil
	default:
	}
	select {
	case p.tasks <- task:
		return nil
	case <-p.closed:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// take reports whether there was room for one task more.
func (p *channelPool) take() bool {
	for {
		n := p.taken.Load()
		if n >= p.room {
			return false
		}
		if p.taken.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (p *channelPool) giveBack() {
	if p.reject {
		p.taken.Add(-1)
	}
}

func (p *channelPool) Close() error {
	close(p.closed)
	p.sending.Lock()
	close(p.tasks)
	p.sending.Unlock()
	p.workers.Wait()
	return nil
}
