package strategies

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"
)

// handshake comes before a session on TLS. It may take as long as a request, or as the wait for one if that is shorter. A
// client that has not finished it when the server stops has not asked for anything yet, and is given lingerTime.
func (c *conn) handshake(ctx context.Context) error {
	t, ok := c.Conn.(*tls.Conn)
	if !ok {
		return nil
	}
	c.mu.Lock()
	c.greeting = true
	if c.stopping {
		c.bound(lingerTime)
	} else {
		c.bound(shorter(c.server.options.Request, c.server.options.Idle))
	}
	_ = c.Conn.SetWriteDeadline(c.until)
	c.mu.Unlock()
	// A background context: a handshake that is cancelled closes the connection, and a stop lets it go on for a while.
	err := t.HandshakeContext(context.WithoutCancel(ctx))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.greeting = false
	if err != nil {
		return fmt.Errorf("tls handshake: %w", err)
	}
	_ = c.Conn.SetWriteDeadline(c.handlerWrite)
	c.wait()
	return nil
}

// shorter returns the shorter one of two durations, of which either may be zero for no bound.
func shorter(a, b time.Duration) time.Duration {
	if a == 0 || (b != 0 && b < a) {
		return b
	}
	return a
}
