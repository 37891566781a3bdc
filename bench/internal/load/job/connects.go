package job

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Connects remembers what became of all connects of a load. It may be used concurrently.
type Connects struct {
	made      atomic.Int64
	exhausted atomic.Int64

	mu    sync.Mutex
	first error // of all failures
}

// Made says that one has succeeded.
func (c *Connects) Made() { c.made.Add(1) }

// Failed says that one has not; err wraps [ErrExhausted] if it was not the server's doing.
func (c *Connects) Failed(err error) {
	if errors.Is(err, ErrExhausted) {
		c.exhausted.Add(1)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.first == nil {
		c.first = err
	}
}

// Exhausted is how many failed because the driver had no port or file left.
func (c *Connects) Exhausted() int64 { return c.exhausted.Load() }

// Any says whether one has succeeded.
func (c *Connects) Any() bool { return c.made.Load() > 0 }

// Hopeless says that every connect so far has failed, and how the first did.
func (c *Connects) Hopeless() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.Any() || c.first == nil {
		return nil
	}
	return fmt.Errorf("not one connection could be made: %w", c.first)
}

// Connected says whether the phase before the load has led to anything; it fails if all connects did.
func (c *Connects) Connected() error {
	if c.Any() {
		return nil
	}
	if err := c.Hopeless(); err != nil {
		return err
	}
	return fmt.Errorf("not one connection could be made within %v", ConnectPhase)
}
