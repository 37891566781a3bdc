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
	}
}

// DefaultWorkers is the number of workers where a name says nothing, for kinds that need a number. It is no
// recommendation: which number is right is what poolbench measures.
const DefaultWorkers = 64

// mostAtOnce bounds what a pool starts or allocates beforehand, workers as well as places in a queue: a million is
// already far beyond the connections that one process can have open, and a slip of the finger must not take all memory.
const mostAtOnce = 1 << 20

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
	tasks  chan func()
	closed chan struct{}
	room   int64        // tasks taken at once, for Reject
	taken  atomic.Int64 // for Reject: an unbuffered send would also be refused by a worker that is just coming back

	sending sync.RWMutex // held for reading while a task is sent, so that Close closes tasks after the last one
	workers sync.WaitGroup
	reject  bool
}

func newChannelPool(l Limits) (Dispatcher, error) {
	if err := channelLimits(l); err != nil {
		return nil, err
	}
	p := &channelPool{closed: make(chan struct{}), reject: l.WhenFull == Reject, room: int64(l.Workers) + int64(l.Queue)}
	buffer := l.Queue
	if p.reject {
		buffer += l.Workers // taken is the limit then, and a task that was taken never waits to be sent
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
			p.taken.Add(-1)
			go p.work()
			return
		}
		p.workers.Done()
	}()
	for task := range p.tasks {
		task()
		p.taken.Add(-1)
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
	if n := p.taken.Add(1); p.reject && n > p.room {
		p.taken.Add(-1)
		return ErrFull
	}
	select {
	case p.tasks <- task:
		return nil
	case <-p.closed:
		p.taken.Add(-1)
		return ErrClosed
	case <-ctx.Done():
		p.taken.Add(-1)
		return ctx.Err()
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
