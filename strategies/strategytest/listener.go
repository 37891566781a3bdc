package strategytest

import (
	"errors"
	"net"
	"runtime"
	"sync"
	"time"
	"weak"
)

// faultyListener is a listener whose Accept fails, or takes its time, when it is told to.
type faultyListener struct {
	net.Listener
	*acceptFaults
}

// acceptFaults are shared by the listeners of one port.
type acceptFaults struct {
	mu       sync.Mutex
	failures []error // of the next calls of Accept
	broken   error   // of all calls from now on
	calls    []time.Time
	listen   []net.Listener // those to wake when they break
	paused   chan struct{}  // closed when accepting goes on; nil: it does
	accepted []weak.Pointer[net.TCPConn]
}

// failing wraps ln so that its first calls of Accept fail. Where ln can open a sibling on its port, so can the wrapped one,
// and the sibling fails alike.
func failing(ln net.Listener, failures ...error) (net.Listener, *acceptFaults) {
	f := &acceptFaults{failures: failures}
	return f.wrap(ln), f
}

func (f *acceptFaults) wrap(ln net.Listener) net.Listener {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.listen = append(f.listen, ln)
	if _, ok := ln.(sibling); ok {
		return faultySibling{faultyListener{ln, f}}
	}
	return faultyListener{ln, f}
}

// sibling is a listener that can open another one on its port.
type sibling interface {
	Sibling() (net.Listener, error)
}

type faultySibling struct{ faultyListener }

func (f faultySibling) Sibling() (net.Listener, error) {
	ln, err := f.Listener.(sibling).Sibling()
	if err != nil {
		return nil, err
	}
	return f.wrap(ln), nil
}

func (f faultyListener) Accept() (net.Conn, error) {
	if err := f.next(); err != nil {
		return nil, err
	}
	conn, err := f.Listener.Accept()
	f.mu.Lock()
	paused := f.paused
	f.mu.Unlock()
	if paused != nil {
		<-paused
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil && f.broken != nil {
		err = f.broken
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		f.accepted = append(f.accepted, weak.Make(tcp))
	}
	return conn, err
}

// kept says how many of the accepted connections somebody still has in memory.
func (f *acceptFaults) kept() (n int) {
	runtime.GC()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.accepted {
		if c.Value() != nil {
			n++
		}
	}
	return n
}

func (f *acceptFaults) next() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, time.Now())
	if len(f.failures) > 0 {
		err := f.failures[0]
		f.failures = f.failures[1:]
		return err
	}
	return f.broken
}

// fail has the next calls of Accept fail.
func (f *acceptFaults) fail(failures ...error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failures = append(f.failures, failures...)
}

// recovers has no call fail any more.
func (f *acceptFaults) recovers() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failures = nil
}

// pause has no call of Accept return before resume is called: whatever a client sends meanwhile has come when it is accepted.
func (f *acceptFaults) pause() (resume func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	paused := make(chan struct{})
	f.paused = paused
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.paused = nil
		close(paused)
	}
}

// breaks has every call of Accept fail from now on, also those that wait.
func (f *acceptFaults) breaks(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = err
	for _, ln := range f.listen {
		_ = ln.(interface{ SetDeadline(time.Time) error }).SetDeadline(time.Now())
	}
}

// left says how many of the failures are still to come.
func (f *acceptFaults) left() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.failures)
}

// called returns the times of all calls of Accept.
func (f *acceptFaults) called() []time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]time.Time(nil), f.calls...)
}

func (f faultyListener) SetDeadline(t time.Time) error {
	d, ok := f.Listener.(interface{ SetDeadline(time.Time) error })
	if !ok {
		return errors.ErrUnsupported
	}
	return d.SetDeadline(t)
}

// temporary is an error as a process without free file descriptors gets it.
type temporary struct{}

func (temporary) Error() string   { return "too many open files, for now" }
func (temporary) Timeout() bool   { return false }
func (temporary) Temporary() bool { return true }
