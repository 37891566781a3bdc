package server

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/poolbench/poolbench/strategies"
)

const (
	// acceptBatch bounds the connections that are accepted before others get their answers: thousands may come at once.
	acceptBatch = 64

	// acceptBackOff is the pause after an accept that failed for want of files or memory. The listener stays ready all the
	// time, and a loop that looked at it again at once would do nothing else. As long as net/http's first one.
	acceptBackOff = 5 * time.Millisecond
)

// nullAcceptor deals connections to loops in turn. The first of them runs it.
type nullAcceptor struct {
	fd    int // of the listener; -1 when it is closed
	loops []*nullLoop
	next  int
	stats *strategies.Stats

	paused time.Time // it does not listen until then; zero: it does
}

// accepts makes l the loop that accepts from listener for all of loops, of which it is one. After an error the listener
// is still the caller's.
func (l *nullLoop) accepts(listener int, loops []*nullLoop) error {
	if err := l.watch(listener); err != nil {
		return err
	}
	l.acceptor = &nullAcceptor{fd: listener, loops: loops, stats: l.stats}
	return nil
}

// accept takes up to most connections. Only an error that will not go away is returned.
func (a *nullAcceptor) accept(by *nullLoop, most int) error {
	for range most {
		fd, _, err := unix.Accept4(a.fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		switch {
		case err == nil:
			a.deal(fd, by)
		case errors.Is(err, unix.EAGAIN):
			return nil
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.ECONNABORTED):
		case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE), errors.Is(err, unix.ENOBUFS), errors.Is(err, unix.ENOMEM):
			a.paused = time.Now().Add(acceptBackOff)
			return by.want(a.fd, 0)
		default:
			return fmt.Errorf("accept a connection: %w", os.NewSyscallError("accept4", err))
		}
	}
	return nil
}

func (a *nullAcceptor) deal(fd int, by *nullLoop) {
	a.stats.Update(func(n *strategies.Counts) { n.Accepted++; n.Active++ })
	// As package net sets it: an answer in two parts must not wait for the acknowledgement of the first.
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	to := a.loops[a.next]
	a.next = (a.next + 1) % len(a.loops)
	if to == by {
		by.adopt(fd)
	} else {
		to.hand(fd)
	}
}

// resume listens again if the pause is over.
func (a *nullAcceptor) resume(by *nullLoop) error {
	if a.paused.IsZero() || time.Now().Before(a.paused) {
		return nil
	}
	a.paused = time.Time{}
	return by.want(a.fd, unix.EPOLLIN)
}

// end closes the listener, and has all other loops stop. It may be called again.
func (a *nullAcceptor) end(by *nullLoop) {
	if a.fd < 0 {
		return
	}
	_ = unix.Close(a.fd)
	a.fd, a.paused = -1, time.Time{}
	for _, l := range a.loops {
		if l != by {
			l.stop()
		}
	}
}
