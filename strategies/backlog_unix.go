//go:build unix

package strategies

import (
	"fmt"
	"net"
	"syscall"
)

// setBacklog has the system listen again, which changes the backlog of a socket that listens already.
func setBacklog(ln net.Listener, n int) error {
	socket, ok := ln.(syscall.Conn)
	if !ok {
		return fmt.Errorf("backlog=%d: a %T has no descriptor to set it on", n, ln)
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = syscall.Listen(int(fd), n) }); err != nil {
		return err
	}
	if failed != nil {
		return fmt.Errorf("set backlog=%d: %w", n, failed)
	}
	return nil
}
