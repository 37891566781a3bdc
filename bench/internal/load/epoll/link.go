//go:build linux

package epoll

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"unsafe"

	"github.com/poolbench/poolbench/bench/internal/load/job"
	"golang.org/x/sys/unix"
)

// A link is one client's connection, or none. The zero value must be given to reset before its first use.
type link struct {
	fd         int32 // -1: none
	generation int32 // counts connections, so that late news of an old one is known
	open       bool  // the handshake is done
	eof        bool  // the server's end of stream was read
	wasReset   bool  // or a reset, instead; eof is set as well
}

func (l *link) reset() { *l = link{fd: -1} }

// dial begins to connect, from an address of the kernel's choice if from is nil. p tells of it under id.
func (l *link) dial(p *poll, to unix.Sockaddr, family int, from *unix.SockaddrInet4, id int32) error {
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return wrap(err)
	}
	err = setUp(fd, from)
	if err == nil {
		if err = unix.Connect(fd, to); err == unix.EINPROGRESS {
			err = nil
		}
	}
	if err == nil {
		// What has happened meanwhile is told as well.
		err = p.add(fd, id, l.generation+1)
	}
	if err != nil {
		unix.Close(fd)
		return wrap(err)
	}
	l.fd, l.open, l.eof, l.wasReset = int32(fd), false, false, false
	l.generation++
	return nil
}

func setUp(fd int, from *unix.SockaddrInet4) error {
	// As Go's own connections: a request is not held back until the one before it is acknowledged.
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return err
	}
	if from == nil {
		return nil
	}
	// The port is chosen at connect, when the kernel knows to where: it can then be one that another connection of the
	// same source has, to another server.
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
		return err
	}
	return unix.Bind(fd, from)
}

// wrap says whose doing a failed connect is.
func wrap(err error) error {
	switch {
	case errors.Is(err, unix.EADDRNOTAVAIL), errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE), errors.Is(err, unix.ENOBUFS), errors.Is(err, unix.ENOMEM):
		return fmt.Errorf("%w: connect: %w", job.ErrExhausted, err)
	case errors.Is(err, unix.ETIMEDOUT):
		return fmt.Errorf("connect: %w", err)
	}
	return fmt.Errorf("%w: connect: %w", job.ErrRefused, err)
}

// dialled takes the news of a connect that was begun; nil: it is done.
func (l *link) dialled() error {
	n, err := unix.GetsockoptInt(int(l.fd), unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && n != 0 {
		err = syscall.Errno(n)
	}
	if err != nil {
		return wrap(err)
	}
	l.open = true
	return nil
}

// write sends what fits of b, which is not empty. errno is 0 if something did, or EAGAIN if nothing does now.
func (l *link) write(b []byte) (n int, errno syscall.Errno) {
	// None of the calls below blocks, so the scheduler need not hear of them. A write to a connection that the other side
	// has reset would raise SIGPIPE, were it not for MSG_NOSIGNAL.
	r, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(l.fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), unix.MSG_NOSIGNAL, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(r), 0
}

// read takes what fits into b. n is 0 and errno 0 at the end of the stream.
func (l *link) read(b []byte) (n int, errno syscall.Errno) {
	r, _, errno := syscall.RawSyscall(unix.SYS_READ, uintptr(l.fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	if errno != 0 {
		return 0, errno
	}
	return int(r), 0
}

// shut says to the server that nothing more will come.
func (l *link) shut() { _ = unix.Shutdown(int(l.fd), unix.SHUT_WR) } // an error comes again when we read

// close ends the connection, if there is one, the polite way. That leaves a port in TIME_WAIT if the server has not
// closed first; so does every real client.
func (l *link) close() {
	if l.fd >= 0 {
		unix.Close(int(l.fd))
		l.fd, l.open, l.eof, l.wasReset = -1, false, false, false
	}
}

// abort closes without the farewell of TCP: nobody waits for an answer any more, the server need not work for it, and no
// port is left in TIME_WAIT.
func (l *link) abort() {
	if l.fd >= 0 {
		_ = unix.SetsockoptLinger(int(l.fd), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		l.close()
	}
}

// ourEnd is what our own end of stream counts in SIOCOUTQ. It may be on its way when the server, which has read the
// last message, closes.
const ourEnd = 1

// isWhole says whether the stream has come to its proper end, so that its last message is complete without an end of its own.
func (l *link) isWhole() bool { return l.eof && !l.wasReset }

// delivered says, behind the server's end of stream, whether it has received all that was sent. Its end alone does not
// say so: a server that greets and closes at once has sent its end before our messages are on their way. One that has read
// everything acknowledged it no later than in its end of stream; what it leaves unread, or receives after it has closed,
// it answers with a reset.
func (l *link) delivered() bool {
	if l.failed() {
		return false
	}
	unacknowledged, err := unix.IoctlGetInt(int(l.fd), unix.SIOCOUTQ)
	if err != nil || unacknowledged > ourEnd {
		return false
	}
	// The reset may have come between the two questions; it throws away what was unacknowledged.
	return !l.failed()
}

// failed asks for what the kernel has to say about the connection and has not said yet: a reset that came after the end of
// stream is told to the next writer only.
func (l *link) failed() bool {
	n, err := unix.GetsockoptInt(int(l.fd), unix.SOL_SOCKET, unix.SO_ERROR)
	return err != nil || n != 0
}

// sockaddr is a in the form that connect takes.
func sockaddr(a netip.AddrPort) (to unix.Sockaddr, family int) {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}, unix.AF_INET
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16(), ZoneId: zone(a.Addr().Zone())}, unix.AF_INET6
}

// zone is the number of the interface that an IPv6 address names behind its %; 0: none.
func zone(name string) uint32 {
	if i, err := net.InterfaceByName(name); err == nil {
		return uint32(i.Index)
	}
	n, _ := strconv.ParseUint(name, 10, 32) // one that is neither cannot be connected to
	return uint32(n)
}
