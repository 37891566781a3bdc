package strategies

import (
	"io"
	"time"
)

const (
	// lingerTime and lingerBytes bound how long a connection that the server ends is read on, so that input still
	// under way does not turn its clean end into a reset. 500 ms is net/http's bound for the same purpose; the bytes
	// keep a client that never stops sending from costing more.
	lingerTime  = 500 * time.Millisecond
	lingerBytes = 256 << 10

	// mostLingering bounds how many connections are read on at once: refused clients that stay would otherwise cost a
	// goroutine and a descriptor each, which is what their refusal was to save. Beyond it they may see a reset.
	mostLingering = 1 << 10
)

// startLinger reports whether another connection may linger; endLinger says that it no longer does.
func (v *server) startLinger() bool {
	select {
	case v.lingering <- struct{}{}:
		return true
	default:
		return false
	}
}

func (v *server) endLinger() { <-v.lingering }

// shed refuses c: the busy answer, then a clean end, on a goroutine of its own, because a refused client must not hold
// up the next one. With too many of them it is told and closed, and whatever it has sent may reset the answer.
func (c *conn) shed() {
	c.count(queued, func(n *Counts) { n.Queued--; n.Shed++ })
	busy := c.server.options.Busy
	if !c.server.startLinger() {
		if c.socket == c.Conn { // TLS would have to shake hands first
			_ = c.Conn.SetWriteDeadline(time.Now().Add(grace)) // which a new connection's empty buffer does not need
			_, _ = c.Conn.Write(busy)
		}
		c.socket.Close()
		c.server.remove(c)
		return
	}
	go func() {
		defer c.server.remove(c)
		defer c.server.endLinger()
		defer c.socket.Close()
		if len(busy) == 0 {
			return
		}
		defer func() { // a handshake calls functions of the TLS configuration, which are the user's
			if cause := recover(); cause != nil {
				c.server.logPanic(cause)
			}
		}()
		// Nor can it hold up the server's end. Writing may read first: a TLS handshake.
		_ = c.Conn.SetDeadline(time.Now().Add(lingerTime))
		if _, err := c.Conn.Write(busy); err == nil {
			c.linger()
		}
	}()
}

// linger ends the stream to the client and reads what is still under way from it: closing with unread input would
// reset the connection, and the reset would overtake the answer. It returns how many bytes nobody will answer.
func (c *conn) linger() int64 {
	defer c.inTime()()
	if c.CloseWrite() != nil {
		return 0
	}
	_ = c.Conn.SetReadDeadline(time.Now().Add(lingerTime))
	n, _ := io.CopyN(io.Discard, c.Conn, lingerBytes)
	return n
}

// close ends c in order.
func (c *conn) close() {
	defer c.inTime()()
	c.Conn.Close()
}

// inTime closes c's socket when lingerTime has passed, unless what it returns was called before. It is for TLS: crypto/tls
// grants the last record that it writes 5 s, whatever deadline is set.
func (c *conn) inTime() (done func()) {
	if c.socket == c.Conn {
		return func() {}
	}
	timer := time.AfterFunc(lingerTime, func() { c.socket.Close() })
	return func() { timer.Stop() }
}
