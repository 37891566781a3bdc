//go:build !unix

package goroutines

import "net"

// deliveryProven: only a server that closes early enough for a reset to reach one of our writes is found out.
const deliveryProven = false

func endedEarly(*net.TCPConn) error { return nil }

func delivered(*net.TCPConn) error { return nil }
