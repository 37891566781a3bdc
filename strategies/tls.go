package strategies

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"
)

// hello is the connection under TLS until the client has said something.
type hello struct {
	net.Conn
	of *conn
}

// NetConn returns the connection as it was accepted.
func (h hello) NetConn() net.Conn { return h.Conn }

func (h hello) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	if n > 0 {
		h.of.spoken()
	}
	return n, err
}

// handshake comes before a session on TLS. It may take as long as a request, or as the wait for one if that is shorter.
func (c *conn) handshake(ctx context.Context) error {
	t, ok := c.Conn.(*tls.Conn)
	if !ok {
		return nil
	}
	c.mu.Lock()
	c.shaking = true
	c.boundHandshake()
	c.mu.Unlock()
	// Not ctx itself: a handshake that is cancelled closes the connection, and a stop lets it go on for a while.
	err := t.HandshakeContext(context.WithoutCancel(ctx))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shaking = false
	if err != nil {
		return fmt.Errorf("tls handshake: %w", err)
	}
	_ = c.Conn.SetWriteDeadline(c.handlerWrite)
	c.wait()
	return nil
}

// boundHandshake sets the end of the handshake. A client that has not finished it when the server stops has not asked for
// anything yet: it is given lingerTime if it has begun, and otherwise no more than any silent client. c.mu is held.
func (c *conn) boundHandshake() {
	switch _, begins := c.Conn.(*tls.Conn).NetConn().(hello); {
	case !c.stopping:
		c.bound(shorter(c.server.options.Request, c.server.options.Idle))
	case begins && !c.spoke:
		c.bound(grace)
	default: // or nobody knows, because the listener does TLS by itself
		c.bound(lingerTime)
	}
	_ = c.Conn.SetWriteDeadline(c.until)
}

// spoken is called with each piece that has come from the client under TLS.
func (c *conn) spoken() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.spoke {
		return
	}
	c.spoke = true
	if c.shaking && c.stopping {
		c.boundHandshake()
	}
}

// shorter returns the shorter one of two durations, of which either may be zero for no bound.
func shorter(a, b time.Duration) time.Duration {
	if a == 0 || (b != 0 && b < a) {
		return b
	}
	return a
}
