package goroutines

import (
	"net"

	"golang.org/x/sys/unix"
)

const deliveryProven = true

// endedEarly has nothing to ask here: delivered tells everything, at half the system calls.
func endedEarly(*net.TCPConn) error { return nil }

// ourEnd is what our own end of stream counts in SIOCOUTQ. It may be on its way when the server, which has read the
// last message, closes.
const ourEnd = 1

// delivered asks for the bytes that were not acknowledged yet. A server that has read everything acknowledged it no
// later than in its end of stream, so at that point what is not is a message that it never read.
func delivered(conn *net.TCPConn) error {
	return control(conn, func(fd int) error {
		if err := pendingError(fd); err != nil {
			return err
		}
		unacknowledged, err := unix.IoctlGetInt(fd, unix.SIOCOUTQ)
		if err != nil {
			return err
		}
		if unacknowledged > ourEnd {
			return errUndelivered
		}
		// The reset may have come between the two questions; it throws away what was unacknowledged.
		return pendingError(fd)
	})
}
