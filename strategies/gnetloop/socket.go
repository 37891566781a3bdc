//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package gnetloop

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/panjf2000/gnet/v2"
	"golang.org/x/sys/unix"
)

// errFull says that a socket takes no more for now.
var errFull = errors.New("socket is full")

// write writes to c's socket without waiting. n is less than len(b) only with an error.
func write(c gnet.Conn, b []byte) (n int, err error) {
	for n < len(b) {
		m, err := unix.Write(c.Fd(), b[n:])
		switch err {
		case nil:
			n += m
		case unix.EINTR:
		case unix.EAGAIN:
			return n, errFull
		default:
			return n, os.NewSyscallError("write", err)
		}
	}
	return n, nil
}

// readable reports whether gnet will read something from c's socket, if only an error or the end of the stream.
func readable(c gnet.Conn) bool {
	var first [1]byte
	for {
		_, _, err := unix.Recvfrom(c.Fd(), first[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		if err != unix.EINTR {
			return err != unix.EAGAIN
		}
	}
}

// duplicate returns another descriptor of c's socket, which stays open when gnet closes its own. The stream does not
// end with that, either.
func duplicate(c gnet.Conn) (net.Conn, error) {
	fd, err := c.Dup()
	if err != nil {
		return nil, fmt.Errorf("duplicate a descriptor: %w", err)
	}
	f := os.NewFile(uintptr(fd), "")
	defer f.Close()
	return net.FileConn(f) // has a descriptor of its own
}

// headroom is how many descriptors have to be free for connections to be adopted side by side: as many as may be at gnet at
// once, and some for whoever accepts.
const headroom = 128

// short reports whether the process may soon have no descriptor left. The lowest free one is always given out, so conn's
// number tells how many are in use at least.
func short(conn net.Conn) (few bool) {
	var limit unix.Rlimit
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil || unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return false
	}
	_ = raw.Control(func(fd uintptr) { few = uint64(fd)+headroom > uint64(limit.Cur) })
	return few
}

// shutDown ends the stream in both directions. Any goroutine may call it, before c's descriptor is closed.
func shutDown(c gnet.Conn) error {
	return os.NewSyscallError("shutdown", unix.Shutdown(c.Fd(), unix.SHUT_RDWR))
}
