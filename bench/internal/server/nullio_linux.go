package server

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Reads and writes of sockets that never wait need not be told to the scheduler, as package unix does it: not to do so
// saves about 6 % of an echo. b must not be empty.

func readNow(fd int, b []byte) (int, error)  { return transfer(unix.SYS_READ, fd, b) }
func writeNow(fd int, b []byte) (int, error) { return transfer(unix.SYS_WRITE, fd, b) }

// transfer moves some of b; none with an error.
func transfer(call uintptr, fd int, b []byte) (int, error) {
	n, _, errno := unix.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
