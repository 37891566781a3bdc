//go:build unix && !linux

package goroutines

import "net"

// deliveryProven: a server that closes while the last message is on its way, and whose reset comes after we have asked,
// still passes.
const deliveryProven = false

func endedEarly(conn *net.TCPConn) error { return peekEnd(conn) }

func delivered(conn *net.TCPConn) error { return control(conn, pendingError) }
