package server

import "golang.org/x/sys/unix"

// backlogOf is the backlog that the system has given a listener, which may be less than was asked for; 0 if it does not
// tell.
func backlogOf(ln tcpListener) (n int) {
	raw, err := ln.SyscallConn()
	if err != nil {
		return 0
	}
	_ = raw.Control(func(fd uintptr) {
		// Of a socket that listens, tcpi_sacked is its backlog's bound (tcp_get_info in the kernel's net/ipv4/tcp.c).
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			n = int(info.Sacked)
		}
	})
	return n
}
