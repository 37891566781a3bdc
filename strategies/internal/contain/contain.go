// Package contain keeps runtime.Goexit inside a function from ending the goroutine that called it. Pool libraries cannot
// bear that: a worker that a task takes along is lost to them for good, and closing such a pool can wait for ever.
//
// A Goexit ends the goroutine that it is called on, and nothing stops it. So the function runs on another one, a coroutine
// that is kept and used again: switching to a coroutine and back goes past the scheduler and costs a small part of what
// handing the function to another goroutine would.
package contain

import (
	"iter"
	"runtime"
	"sync"
)

// A Pool runs functions on coroutines. The zero value is ready to use, and safe for concurrent use. It keeps as many
// coroutines as functions ran at once, until Close.
//
// The calling goroutine must not be locked to its thread (runtime.LockOSThread). A function may lock the one that it
// runs on, and is unlocked when it has ended, up to mostLocks times: the Go runtime ends a process in which a locked
// goroutine switches to one that is not.
type Pool struct {
	mu     sync.Mutex
	idle   []*coroutine // the last one used is used next: its stack is in the cache
	closed bool
	ending sync.WaitGroup // of coroutines that were let go
}

// Run calls f and returns when it has ended: by itself, or by runtime.Goexit, which it reports. If f panics then Run does,
// with the same value. f's deferred functions have run in each case.
func (p *Pool) Run(f func()) (exited bool) {
	c := p.take()
	c.f = f
	end, _ := c.resume()
	c.f = nil // whoever is idle keeps nothing alive
	switch end {
	case exiting:
		p.letGo(c)
		return true
	case panicked:
		cause := c.cause
		c.cause = nil
		p.put(c)
		panic(cause)
	}
	p.put(c)
	return false
}

// Close ends the coroutines, and returns when they have ended. It does not wait for those in use, which end when their
// function does. Run may still be called, and keeps nothing from then on.
func (p *Pool) Close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	for _, c := range idle {
		c.stop()
	}
	p.ending.Wait()
}

func (p *Pool) take() *coroutine {
	p.mu.Lock()
	last := len(p.idle) - 1
	if last < 0 {
		p.mu.Unlock()
		return newCoroutine()
	}
	c := p.idle[last]
	p.idle[last] = nil
	p.idle = p.idle[:last]
	p.mu.Unlock()
	return c
}

func (p *Pool) put(c *coroutine) {
	p.mu.Lock()
	closed := p.closed
	if !closed {
		p.idle = append(p.idle, c)
	}
	p.mu.Unlock()
	if closed {
		c.stop()
	}
}

// letGo ends a coroutine with a Goexit under way: on a goroutine of its own, because that is the end of whoever calls stop.
func (p *Pool) letGo(c *coroutine) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed { // too late to be waited for
		go c.stop()
		return
	}
	p.ending.Go(c.stop)
}

// coroutine calls f each time that it is resumed.
type coroutine struct {
	f     func()
	cause any // of a panic

	resume func() (ending, bool)
	stop   func()
}

// ending is how a function ended.
type ending int

const (
	returned ending = iota
	panicked
	exiting // a Goexit is under way: the coroutine is of no more use
)

func newCoroutine() *coroutine {
	c := new(coroutine)
	c.resume, c.stop = iter.Pull(c.serve)
	return c
}

func (c *coroutine) serve(yield func(ending) bool) {
	stopped := false
	defer func() {
		if !stopped {
			yield(exiting) // before the Goexit gets to iter.Pull, which would pass it on to whoever called resume
		}
	}()
	for yield(c.call()) {
	}
	stopped = true
}

// mostLocks bounds how often a function can have locked its thread and be unlocked again: locks are counted, nothing tells
// the count, and unlocking once too often does nothing. Locks in a lock are rare, and each try costs about a nanosecond.
const mostLocks = 4

func (c *coroutine) call() (end ending) {
	defer func() {
		if cause := recover(); cause != nil { // also under a Goexit, which then goes on
			c.cause, end = cause, panicked
		}
		for range mostLocks {
			runtime.UnlockOSThread()
		}
	}()
	c.f()
	return returned
}
