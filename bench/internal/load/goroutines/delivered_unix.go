//go:build unix

package goroutines

import (
	"fmt"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// peekEnd says errEndedEarly if the server's end of stream waits to be read. It does not block and takes nothing out.
func peekEnd(conn *net.TCPConn) error {
	return control(conn, func(fd int) error {
		var one [1]byte
		n, _, err := unix.Recvfrom(fd, one[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		switch {
		case err == unix.EAGAIN || err == unix.EWOULDBLOCK || err == unix.EINTR:
			return nil
		case err != nil:
			return err
		case n == 0:
			return errEndedEarly
		}
		return nil
	})
}

// pendingError is what the kernel has to say about a connection and has not said yet: a reset that came after the end
// of stream is told to the next writer only.
func pendingError(fd int) error {
	n, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return err
	}
	if n != 0 {
		return fmt.Errorf("%w: %w", errUndelivered, syscall.Errno(n))
	}
	return nil
}

func control(conn *net.TCPConn, ask func(fd int) error) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var answer error
	if err := raw.Control(func(fd uintptr) { answer = ask(int(fd)) }); err != nil {
		return err
	}
	return answer
}
