package strategytest

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// pipeListener accepts connections that exist in memory only. It behaves as TCP's does where strategies can tell: a backlog,
// deadlines, siblings on the same port, and a Close that resets whoever was not accepted. In a synctest bubble a goroutine that
// waits for it is durably blocked, which one that waits for a socket is not, so that time can be virtual.
type pipeListener struct {
	*pipePort
	until  deadline
	closed bool
}

// pipePort is what listeners on the same port share. Unlike the kernel, which deals connections among them, it gives each to
// whoever accepts first.
type pipePort struct {
	mu      sync.Mutex
	changed *sync.Cond
	backlog []*pipeConn
	open    int // listeners
}

func listenPipe() *pipeListener {
	p := &pipePort{open: 1}
	p.changed = sync.NewCond(&p.mu)
	return &pipeListener{pipePort: p}
}

// Sibling opens another listener on the same port.
func (l *pipeListener) Sibling() (net.Listener, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, net.ErrClosed
	}
	l.open++
	return &pipeListener{pipePort: l.pipePort}, nil
}

func (l *pipeListener) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		switch {
		case l.closed:
			return nil, net.ErrClosed
		case l.until.passed():
			return nil, os.ErrDeadlineExceeded
		case len(l.backlog) > 0:
			c := l.backlog[0]
			l.backlog = l.backlog[1:]
			return c, nil
		}
		l.changed.Wait()
	}
}

func (l *pipeListener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return net.ErrClosed
	}
	l.closed = true
	if l.open--; l.open == 0 {
		for _, c := range l.backlog {
			c.reset()
		}
		l.backlog = nil
	}
	l.changed.Broadcast()
	return nil
}

func (l *pipeListener) SetDeadline(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until.set(t, l.changed)
	return nil
}

func (l *pipeListener) Addr() net.Addr { return pipeAddr{l.pipePort} }

// pipeAddr is the way to the port: there is no name by which it could be found.
type pipeAddr struct{ to *pipePort }

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "in memory" }

func (a pipeAddr) dial() (net.Conn, error) {
	here, there := newPipe(a)
	a.to.mu.Lock()
	defer a.to.mu.Unlock()
	if a.to.open == 0 {
		return nil, syscall.ECONNREFUSED
	}
	a.to.backlog = append(a.to.backlog, there)
	a.to.changed.Broadcast()
	return here, nil
}

// pipeBuffer is how many bytes may be under way in one direction: then writing waits, as it does when a socket's
// buffers are full.
const pipeBuffer = 64 << 10

// pipeConn is one end of a connection in memory. Like TCP, and unlike net.Pipe, it has a buffer, can end one direction only, and
// is reset by a Close that leaves input unread.
type pipeConn struct {
	*wire
	addr        pipeAddr
	peer        *pipeConn
	in          []byte // sent by the peer, and not read yet
	ended       bool   // the peer sends no more
	closed      bool
	read, write deadline
}

// wire is what both ends share.
type wire struct {
	mu      sync.Mutex
	changed *sync.Cond
	broken  bool // reset by either end
}

func newPipe(addr pipeAddr) (a, b *pipeConn) {
	w := new(wire)
	w.changed = sync.NewCond(&w.mu)
	a, b = &pipeConn{wire: w, addr: addr}, &pipeConn{wire: w, addr: addr}
	a.peer, b.peer = b, a
	return a, b
}

func (c *pipeConn) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		switch {
		case c.closed:
			return 0, net.ErrClosed
		case c.read.passed(): // looked at first, as by package net
			return 0, os.ErrDeadlineExceeded
		case c.broken:
			return 0, syscall.ECONNRESET
		case len(c.in) > 0:
			n := copy(p, c.in)
			c.in = c.in[n:]
			c.changed.Broadcast()
			return n, nil
		case c.ended:
			return 0, io.EOF
		}
		c.changed.Wait()
	}
}

func (c *pipeConn) Write(p []byte) (n int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		switch {
		case c.closed:
			return n, net.ErrClosed
		case c.write.passed():
			return n, os.ErrDeadlineExceeded
		case c.peer.ended:
			return n, syscall.EPIPE
		case c.peer.closed:
			c.broken = true
			c.changed.Broadcast()
		}
		if c.broken {
			return n, syscall.ECONNRESET
		}
		if n == len(p) {
			return n, nil
		}
		if room := min(pipeBuffer-len(c.peer.in), len(p)-n); room > 0 {
			c.peer.in = append(c.peer.in, p[n:n+room]...)
			n += room
			c.changed.Broadcast()
			continue
		}
		c.changed.Wait()
	}
}

// CloseWrite ends the stream to the peer, which can go on sending.
func (c *pipeConn) CloseWrite() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	c.peer.ended = true
	c.changed.Broadcast()
	return nil
}

func (c *pipeConn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	c.closed = true
	c.peer.ended = true
	c.broken = c.broken || len(c.in) > 0
	c.changed.Broadcast()
	return nil
}

// reset ends both directions, and destroys what is under way.
func (c *pipeConn) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed, c.broken = true, true
	c.changed.Broadcast()
}

func (c *pipeConn) SetReadDeadline(t time.Time) error  { return c.bound(t, &c.read) }
func (c *pipeConn) SetWriteDeadline(t time.Time) error { return c.bound(t, &c.write) }
func (c *pipeConn) SetDeadline(t time.Time) error      { return c.bound(t, &c.read, &c.write) }

func (c *pipeConn) bound(t time.Time, ds ...*deadline) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	for _, d := range ds {
		d.set(t, c.changed)
	}
	return nil
}

func (c *pipeConn) LocalAddr() net.Addr  { return c.addr }
func (c *pipeConn) RemoteAddr() net.Addr { return c.addr }

// deadline is a time, and the timer that wakes whoever waits for something else when it passes. It is guarded by the lock of
// the condition that they wait for.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

func (d *deadline) set(at time.Time, waiting *sync.Cond) {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	if d.at = at; !at.IsZero() {
		d.timer = time.AfterFunc(time.Until(at), func() {
			waiting.L.Lock() // or it would be missed by one who has just looked and does not wait yet
			defer waiting.L.Unlock()
			waiting.Broadcast()
		})
	}
	waiting.Broadcast()
}

func (d *deadline) passed() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }
