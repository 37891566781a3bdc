//go:build linux && !mips && !mipsle && !mips64 && !mips64le

package strategies

import "syscall"

// soReusePort is SO_REUSEPORT, which package syscall does not have for every architecture; it is another number on MIPS.
const soReusePort = 0xf

// portsCanBeShared: since Linux 3.9, connections to a port are dealt among all who listen on it.
const portsCanBeShared = true

func sharePort(_, _ string, c syscall.RawConn) error {
	var err error
	if e := c.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, soReusePort, 1)
	}); e != nil {
		return e
	}
	return err
}
