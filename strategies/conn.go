package strategies

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// grace is how long, at stop, a connection that was not read yet is given for the first byte of a request that the
// client has already sent, and how long the listener waits for another connection that the kernel has already
// handshaken. Both are in this machine's memory by then, so it only has to outlast a scheduling delay: 5 ms served
// 12 of 12 connections in 60 of 60 stops of a full pool; none at all lost 3 of 12.
const grace = 5 * time.Millisecond

// conn is an accepted connection in its server's registry. It owns the read deadline: handlers cannot undo a stop. Idle and
// begun are its two active phases:
//
//	queued ── start ──> idle ── first byte of a request ──> begun ── its answer ──> idle
//	queued ── shed, leave ──> ended      idle, begun ── finish ──> ended      any ── force ──> ended
//
// Handlers in message form say where a request ends (between). For others the next Read after a Write is taken for the
// wait for another request.
type conn struct {
	net.Conn // guarded by mu where the connection is a loop's: Talk changes it
	server   *server
	socket   net.Conn // under TLS, or the same
	held     bool     // counts against MaxConns; guarded by server.mu
	slot     bool     // holds one of server.slots

	mu       sync.Mutex
	state    connState
	begun    bool // the first byte of a request was read, and its answer is not out
	answered bool // written to since the last read: the next read waits for a new request
	stopping bool
	shaking  bool // a TLS handshake is under way
	spoke    bool // something has come under TLS
	sawEOF   bool
	quiet    silence // of a client, at stop
	ranOut   bool    // the last read waited for a request until its deadline
	over     bool    // the session ended itself: input that is left is the client's fault

	back func() (net.Conn, error) // gets the connection from the loop that has adopted it; nil: it is with us

	until   time.Time // of the phase: the end of Idle, Request, or the stop's grace; zero: none
	handler time.Time // the deadline that the handler wants; zero: none

	handlerWrite time.Time // the same for writing, where the server's own is set by each Write
}

type connState int

const (
	queued connState = iota
	active
	ended
)

func newConn(v *server, nc net.Conn, slot bool) *conn {
	c := &conn{server: v, socket: nc, slot: slot}
	if v.options.TLS != nil {
		nc = tls.Server(hello{nc, c}, v.options.TLS)
	} else if t, ok := nc.(*tls.Conn); ok { // from a listener that does TLS by itself
		c.socket = t.NetConn()
	}
	c.Conn = nc
	return c
}

// NetConn returns the connection as it was accepted, or the [*tls.Conn] on it.
func (c *conn) NetConn() net.Conn { return c.Conn }

func (c *conn) Read(p []byte) (int, error) {
	c.mu.Lock()
	if c.answered {
		c.answered = false
		c.wait()
	}
	c.mu.Unlock()

	var n int
	var err error
	for {
		n, err = c.Conn.Read(p)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) || !c.regrace() {
			break
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if n > 0 && !c.begun {
		c.begun = true
		c.bound(c.server.options.Request)
	}
	c.sawEOF = c.sawEOF || err == io.EOF
	c.ranOut = !c.begun && errors.Is(err, os.ErrDeadlineExceeded)
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	if d := c.server.options.Request; d > 0 {
		c.mu.Lock()
		err := c.Conn.SetWriteDeadline(earlier(time.Now().Add(d), c.handlerWrite))
		c.mu.Unlock()
		if err != nil {
			return 0, err
		}
	}
	n, err := c.Conn.Write(p)
	c.mu.Lock()
	c.answered = true
	c.mu.Unlock()
	return n, err
}

// SetReadDeadline is kept to while it is earlier than the server's own.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.handler = t
	return c.apply()
}

// SetWriteDeadline is kept to while it is earlier than what Options.Request allows.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.handlerWrite = t
	return c.Conn.SetWriteDeadline(t)
}

func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// CloseWrite ends the stream to the client and leaves the other direction open, where the connection can do that.
func (c *conn) CloseWrite() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}

// start says that a task begins to serve c; it reports false if there is nothing left to serve.
func (c *conn) start() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != queued {
		return false
	}
	c.state = active
	c.server.options.Stats.Update(func(n *Counts) { n.Queued--; n.Active++ })
	c.wait()
	return true
}

// received says that n bytes are there to be answered, for a connection that somebody else reads. It reports whether
// anybody wants an answer.
func (c *conn) received(n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n > 0 && !c.begun {
		c.begun = true
		c.bound(c.server.options.Request)
	}
	return c.state == active
}

// becomes puts another connection in the place of c's.
func (c *conn) becomes(nc net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Conn, c.socket = nc, nc
}

// renew sets the deadline of the phase again.
func (c *conn) renew() {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.apply()
}

// between says that a request was answered or input skipped, and whether the next request has begun. It reports whether to go on.
func (c *conn) between(begun bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answered = false
	if begun {
		c.begun = true
		c.bound(c.server.options.Request)
		return true
	}
	c.wait()
	return !c.stopping
}

// stop lets idle connections run out; those with a request begun go on until it is answered.
func (c *conn) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopping = true
	switch {
	case c.state != active || c.begun:
	case c.shaking:
		c.boundHandshake()
	default:
		c.wait()
	}
}

// regrace renews the grace of a stopping connection whose read ran out of it, unless that is to be believed. An error that
// came before the deadline is an old one (crypto/tls repeats that of its handshake) and would come for ever.
func (c *conn) regrace() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if !c.stopping || c.begun || now.Before(c.until) || (!c.handler.IsZero() && c.handler.Before(now)) || c.quiet.believed(c.until, now) {
		return false
	}
	c.bound(grace)
	return true
}

// wait enters the idle phase. c.mu is held.
func (c *conn) wait() {
	c.begun = false
	if c.stopping {
		c.bound(grace)
		return
	}
	c.bound(c.server.options.Idle)
}

// bound sets the end of the phase to d from now; 0 means none. c.mu is held.
func (c *conn) bound(d time.Duration) {
	var until time.Time
	if d > 0 {
		until = time.Now().Add(d)
	}
	if until.IsZero() && c.until.IsZero() { // the usual case: nothing to set, and no cost
		return
	}
	c.until = until
	_ = c.apply() // fails only on a closed connection, which the next read finds out
}

// apply sets the earlier one of the two deadlines. c.mu is held.
func (c *conn) apply() error {
	return c.Conn.SetReadDeadline(earlier(c.until, c.handler))
}

// earlier returns the earlier one of two deadlines, of which either may be zero for none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// force closes c, whatever it is doing, and reports whether that is what ended it.
func (c *conn) force() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	ongoing := c.state != ended
	switch c.state {
	case queued:
		c.server.options.Stats.Update(func(n *Counts) { n.Queued--; n.Forced++ })
	case active:
		c.server.options.Stats.Update(func(n *Counts) { n.Active--; n.Forced++ })
	}
	c.state = ended
	c.socket.Close() // not c.Conn: ending TLS in order would wait for a client that does not read
	return ongoing
}

// finish counts c by how its handler ended, and closes it. One that the server ends is seen off on a goroutine of its own:
// a client that stays must not hold up those who wait for a worker.
func (c *conn) finish(err error) {
	c.mu.Lock()
	// A read that ran out between requests is how an idle connection learns of a stop or of Idle's end.
	ranOut := c.ranOut && errors.Is(err, os.ErrDeadlineExceeded)
	inOrder := err == nil || ranOut
	cutOff := (ranOut || c.stopping) && !c.over // a request that has come now is left unread by the server's will
	seeOff := inOrder && !c.sawEOF
	back := c.back
	c.mu.Unlock()
	if seeOff && back != nil {
		nc, err := back()
		if seeOff = err == nil; seeOff {
			c.becomes(nc)
		}
	}
	seeOff = seeOff && !atEnd(c.socket) && c.server.startLinger()
	class := func(served bool) {
		c.count(active, func(n *Counts) {
			n.Active--
			if served {
				n.Served++
			} else {
				n.Aborted++
			}
		})
	}
	if !seeOff || !cutOff {
		class(inOrder)
	}
	switch {
	case seeOff:
		go func() {
			defer c.server.remove(c)
			defer c.server.endLinger()
			unread := c.linger() > 0
			if cutOff {
				class(!unread)
			}
			c.close()
		}()
	case inOrder && c.socket != c.Conn:
		go func() { // ending TLS in order writes, for which a worker need not wait
			defer c.server.remove(c)
			c.close()
		}()
	default:
		c.socket.Close()
		c.server.remove(c)
	}
}

// leave counts c out of the state that it is in, and closes it.
func (c *conn) leave(from connState, change func(*Counts)) {
	c.count(from, change)
	c.socket.Close()
	c.server.remove(c)
}

// count moves c from one class to another that ends it, unless force was first.
func (c *conn) count(from connState, change func(*Counts)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == from {
		c.state = ended
		c.server.options.Stats.Update(change)
	}
}
