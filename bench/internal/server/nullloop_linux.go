package server

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/poolbench/poolbench/strategies"
)

// A nullLoop echoes on its connections, on one thread: per message one read and one write, and a share of one wait. Only
// stop and hand may be called from elsewhere.
type nullLoop struct {
	epoll int
	wakes int // an event counter: something was handed over
	stats *strategies.Stats
	drain time.Duration

	acceptor *nullAcceptor // nil, but in one loop

	conns  []nullConn // by descriptor
	open   int        // of conns
	buf    []byte
	spare  [][]byte  // buffers for what is owed
	until  time.Time // of the drain; zero: nobody has asked to stop
	forced int       // connections that the drain's end has closed

	mu     sync.Mutex
	handed []int // connections that were accepted for this loop
	asked  bool  // to stop
}

// A nullConn is a connection of one loop. While it is owed something nothing is read from it, so that a client that
// does not read cannot make the server keep more than one buffer for it. That also means that at the end of what a client
// sends nothing is owed to it any more.
type nullConn struct {
	open bool
	owed []byte // what its socket did not take
	paid int    // of owed
}

// newNullLoops makes n loops, or as many as there are with the error; they have to be closed.
func newNullLoops(n int, o strategies.Options) (loops []*nullLoop, err error) {
	for range n {
		l := &nullLoop{
			epoll: -1, wakes: -1, stats: o.Stats, drain: cmp.Or(o.Drain, strategies.DefaultDrain),
			buf: make([]byte, nullBuffer),
		}
		loops = append(loops, l)
		if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
			return loops, os.NewSyscallError("epoll_create1", err)
		}
		if l.wakes, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
			return loops, os.NewSyscallError("eventfd", err)
		}
		if err = l.watch(l.wakes); err != nil {
			return loops, err
		}
	}
	return loops, nil
}

// close frees what a loop that does not run holds: the connections, if it ended out of order.
func (l *nullLoop) close() {
	for _, fd := range l.handed {
		l.adopt(fd)
	}
	for fd := range l.conns {
		if l.conns[fd].open {
			l.end(fd, asAborted)
		}
	}
	for _, fd := range []int{l.epoll, l.wakes} {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
}

// run serves until it was asked to stop, and then until its connections have ended or the drain time-out has passed.
func (l *nullLoop) run() error {
	runtime.LockOSThread() // for good: the thread ends with the loop
	if l.acceptor != nil {
		defer l.acceptor.end(l)
	}
	// As many as package net's poller takes at once.
	events := make([]unix.EpollEvent, 128)
	for l.until.IsZero() || l.open > 0 {
		n, err := unix.EpollWait(l.epoll, events, l.patience())
		if err != nil && !errors.Is(err, unix.EINTR) {
			return os.NewSyscallError("epoll_wait", err)
		}
		for i := range max(n, 0) {
			if err := l.turn(int(events[i].Fd)); err != nil {
				return err
			}
		}
		if l.acceptor != nil {
			if err := l.acceptor.resume(l); err != nil {
				return err
			}
		}
		if !l.until.IsZero() && !time.Now().Before(l.until) {
			l.force()
		}
	}
	return nil
}

// patience is how long to wait for events, in milliseconds as epoll_wait has it; -1: for ever.
func (l *nullLoop) patience() int {
	until := l.until
	if l.acceptor != nil && !l.acceptor.paused.IsZero() {
		until = l.acceptor.paused // the sooner one, as the listener is closed before a drain
	}
	if until.IsZero() {
		return -1
	}
	return int(max(0, time.Until(until).Milliseconds()+1))
}

// turn does what an event on fd asks for.
func (l *nullLoop) turn(fd int) error {
	switch {
	case fd == l.wakes:
		return l.woken()
	case l.acceptor != nil && fd == l.acceptor.fd:
		return l.acceptor.accept(l, acceptBatch)
	case fd >= len(l.conns) || !l.conns[fd].open:
		// The listener's last event, in the same breath as the stop that has closed it.
	case len(l.conns[fd].owed) > 0:
		l.pay(fd)
	default:
		l.echo(fd)
	}
	return nil
}

func (l *nullLoop) echo(fd int) {
	n, err := readNow(fd, l.buf)
	switch {
	case n > 0:
	case err == nil:
		l.end(fd, asServed)
		return
	case later(err):
		return
	default:
		l.end(fd, asAborted)
		return
	}
	sent, err := writeNow(fd, l.buf[:n])
	if err != nil && !later(err) {
		l.end(fd, asAborted)
		return
	}
	if sent == n {
		return
	}
	c := &l.conns[fd]
	c.owed = append(l.buffer(), l.buf[sent:n]...)
	if l.want(fd, unix.EPOLLOUT) != nil {
		l.end(fd, asAborted)
	}
}

// pay writes what a connection is owed, as far as its socket takes it.
func (l *nullLoop) pay(fd int) {
	c := &l.conns[fd]
	sent, err := writeNow(fd, c.owed[c.paid:])
	if err != nil && !later(err) {
		l.end(fd, asAborted)
		return
	}
	if c.paid += sent; c.paid < len(c.owed) {
		return
	}
	l.spare = append(l.spare, c.owed[:0])
	c.owed, c.paid = nil, 0
	if l.want(fd, unix.EPOLLIN) != nil {
		l.end(fd, asAborted)
	}
}

// later reports whether a socket has only asked for patience.
func later(err error) bool { return errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) }

// buffer is an empty one. There are never more than connections that were owed something at the same time.
func (l *nullLoop) buffer() []byte {
	last := len(l.spare) - 1
	if last < 0 {
		return make([]byte, 0, nullBuffer)
	}
	b := l.spare[last]
	l.spare = l.spare[:last]
	return b
}

// hand gives l a connection.
func (l *nullLoop) hand(fd int) { l.tell(func() { l.handed = append(l.handed, fd) }) }

// stop asks l to stop, after what was handed to it before.
func (l *nullLoop) stop() { l.tell(func() { l.asked = true }) }

func (l *nullLoop) tell(what func()) {
	l.mu.Lock()
	what()
	l.mu.Unlock()
	// In whichever order of bytes, it is not 0. An error: the counter is full, and the loop about to wake anyway.
	_, _ = unix.Write(l.wakes, []byte{1, 0, 0, 0, 0, 0, 0, 0})
}

// woken takes what was handed over.
func (l *nullLoop) woken() error {
	_, _ = unix.Read(l.wakes, l.buf[:8])
	l.mu.Lock()
	handed, asked := l.handed, l.asked
	l.handed = nil
	l.mu.Unlock()
	for _, fd := range handed {
		l.adopt(fd)
	}
	if asked && l.until.IsZero() {
		return l.beginStop()
	}
	return nil
}

// beginStop makes the end of each connection's input the end of what is there now: the loop then reads, echoes and closes
// as it always does.
func (l *nullLoop) beginStop() error {
	l.until = time.Now().Add(l.drain)
	if l.acceptor != nil {
		err := l.acceptor.accept(l, math.MaxInt)
		l.acceptor.end(l)
		if err != nil {
			return err
		}
	}
	for fd := range l.conns {
		if l.conns[fd].open {
			_ = unix.Shutdown(fd, unix.SHUT_RD) // an error: the connection is no more, as the next read will tell
		}
	}
	return nil
}

// force closes what the drain has not ended.
func (l *nullLoop) force() {
	for fd := range l.conns {
		if l.conns[fd].open {
			l.end(fd, asForced)
			l.forced++
		}
	}
}

// adopt makes an accepted connection one of l's.
func (l *nullLoop) adopt(fd int) {
	for fd >= len(l.conns) {
		l.conns = append(l.conns, nullConn{})
	}
	l.conns[fd] = nullConn{open: true}
	l.open++
	if l.watch(fd) != nil {
		l.end(fd, asAborted)
	}
}

// What a connection came to.
func asServed(n *strategies.Counts)  { n.Served++ }
func asAborted(n *strategies.Counts) { n.Aborted++ }
func asForced(n *strategies.Counts)  { n.Forced++ }

// end closes a connection and counts it.
func (l *nullLoop) end(fd int, as func(*strategies.Counts)) {
	_ = unix.Close(fd)
	l.conns[fd] = nullConn{}
	l.open--
	l.stats.Update(func(n *strategies.Counts) { n.Active--; as(n) })
}

// watch has the loop told when there is something to read from fd.
func (l *nullLoop) watch(fd int) error {
	err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
	if err != nil {
		return fmt.Errorf("watch a socket: %w", os.NewSyscallError("epoll_ctl", err))
	}
	return nil
}

// want changes what the loop is told of fd.
func (l *nullLoop) want(fd int, events uint32) error {
	err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_MOD, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
	if err != nil {
		return fmt.Errorf("watch a socket: %w", os.NewSyscallError("epoll_ctl", err))
	}
	return nil
}
