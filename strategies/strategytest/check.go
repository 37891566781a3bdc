package strategytest

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TB is what the checks need of testing.TB, so that the suite's own tests can watch them fail.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Skipf(format string, args ...any)
}

// patience is how long a check waits for something that has to happen. It is no measure of speed: only a failing
// check waits that long, and a healthy one on a machine that is busy with other things never should.
const patience = 20 * time.Second

// Rows have less patience once enough of them have failed, whatever their strategy: a fault that many share would otherwise last
// until the test binary's own time-out, which swallows what the rows have said.
const (
	enough = 3

	// hurried outlasts what a healthy row may have to wait for: a second until a client connects again whom a short backlog
	// had no room for, and the second that a strategy may give handlers which do not return.
	hurried = 2 * time.Second
)

// failed counts the rows of this process that have failed.
var failed atomic.Int64

// check is one row under way.
type check struct {
	TB
	patience time.Duration
	t        *testing.T // for rows in virtual time, which need a test of the testing package's own
}

func newCheck(t *testing.T) *check {
	c := &check{t, patience, t}
	if failed.Load() >= enough {
		c.patience = hurried
	}
	began := time.Now()
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		failed.Add(1)
		if c.patience < patience && time.Since(began) >= c.patience {
			t.Logf("other rows had failed before, so this one had a patience of %v and not of %v; if in doubt, run it alone", c.patience, patience)
		}
	})
	return c
}

// eventually waits until holds, where there is no event to wait for.
func (c *check) eventually(holds func() bool, format string, args ...any) {
	c.Helper()
	limit := time.NewTimer(c.patience)
	defer limit.Stop()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-again.C:
		case <-limit.C:
			c.Fatalf("waited in vain: "+format, args...)
		}
	}
}

// event waits for a channel to be closed, or for one element of it.
func event[T any](c *check, ch <-chan T, format string, args ...any) T {
	c.Helper()
	limit := time.NewTimer(c.patience)
	defer limit.Stop()
	select {
	case v := <-ch:
		return v
	case <-limit.C:
		c.Fatalf("waited in vain: "+format, args...)
		panic("unreachable")
	}
}

// noLeak returns a function that fails if goroutines are left which were not there when noLeak was called.
func (c *check) noLeak() func() {
	before := goleak.IgnoreCurrent()
	return func() {
		c.Helper()
		limit := time.Now().Add(c.patience)
		for {
			err := goleak.Find(before) // tries for about half a second
			if err == nil {
				return
			}
			if time.Now().After(limit) {
				c.Errorf("goroutines left: %v", err)
				return
			}
		}
	}
}

// call is a function under way on a goroutine of its own.
type call struct {
	what string
	id   chan []byte
	done chan struct{}
	err  error // valid once done is closed
}

func start(what string, f func() error) *call {
	k := &call{what: what, id: make(chan []byte, 1), done: make(chan struct{})}
	go func() {
		defer close(k.done)
		defer func() {
			if cause := recover(); cause != nil { // which would end the process, and name no row
				k.err = fmt.Errorf("%s panicked: %v\n%s", what, cause, debug.Stack())
			}
		}()
		k.id <- goroutineID()
		k.err = f()
	}()
	return k
}

// goroutineID returns "goroutine 12 ", as stack traces begin.
func goroutineID() []byte {
	buf := make([]byte, 64)
	buf = buf[:runtime.Stack(buf, false)]
	return buf[:bytes.IndexByte(buf, '[')]
}

// returns waits for the call and gives its error. It has more patience than the calls that it waits for: their own errors
// say more.
func (c *check) returns(k *call) error {
	c.Helper()
	event(&check{c.TB, 2 * c.patience, c.t}, k.done, "%s returns", k.what)
	return k.err
}

// blocks waits until the call is parked: until its goroutine neither runs nor could run. It fails if the call returns.
func (c *check) blocks(k *call) {
	c.Helper()
	id := event(c, k.id, "%s starts", k.what)
	c.eventually(func() bool {
		select {
		case <-k.done:
			c.Fatalf("%s returned (%v), but it has to block", k.what, k.err)
		default:
		}
		return parked(id)
	}, "%s blocks", k.what)
}

// parked looks the goroutine's state up in a trace of all: there is no other way to tell a call that waits from one
// that has not got there yet.
func parked(id []byte) bool {
	buf := make([]byte, 1<<16)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	for _, trace := range bytes.Split(buf, []byte("\n\n")) {
		if state, ok := bytes.CutPrefix(trace, append(id, '[')); ok {
			return !bytes.HasPrefix(state, []byte("run")) && !bytes.HasPrefix(state, []byte("syscall"))
		}
	}
	return false
}

func plural(n int, what string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, what)
	}
	return fmt.Sprintf("%d %ss", n, what)
}
