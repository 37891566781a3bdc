//go:build unix

package strategies

import (
	"net"
	"syscall"
)

// atEnd reports whether the client has ended its stream, and all that it sent was read: then closing resets nothing. Where it
// cannot tell without waiting it says no.
func atEnd(c net.Conn) (end bool) {
	socket, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	_ = raw.Control(func(fd uintptr) {
		var first [1]byte
		n, _, err := syscall.Recvfrom(int(fd), first[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		end = n == 0 && err == nil
	})
	return end
}
