//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package gnetloop

import (
	"errors"
	"io"
	"net"
	"sync"

	"github.com/panjf2000/gnet/v2"

	"github.com/poolbench/poolbench/strategies"
)

// peer is one connection on a loop.
type peer struct {
	loop  *loop
	talk  *strategies.Talk
	conn  gnet.Conn // set when the loop has taken it
	left  int       // bytes that gnet holds and the session had no use for yet
	cause error     // why we end it, if not because the session is over
	gone  bool      // it has left the loop

	mu     sync.Mutex
	closed bool // its descriptor may be anybody's
}

// OnOpen is called by gnet when the loop has taken a connection.
func (l *loop) OnOpen(c gnet.Conn) ([]byte, gnet.Action) {
	p := c.Context().(*peer)
	p.conn = c
	var greeting []byte
	var next strategies.Next
	l.takeTurn(func() { greeting, next = p.talk.Begin(p) })
	if p.write(greeting, nil) && next == strategies.More {
		return nil, gnet.None
	}
	return nil, gnet.Close
}

// OnTraffic is called by gnet when it has read something, and when the connection is woken.
func (l *loop) OnTraffic(c gnet.Conn) gnet.Action {
	p := c.Context().(*peer)
	if c.InboundBuffered() == p.left && readable(c) {
		return gnet.None // woken before what has come was read: gnet will do that next, and call again
	}
	if p.converse(false) {
		return gnet.None
	}
	return gnet.Close
}

// OnClose is called by gnet before it closes its descriptor, whoever ended the connection.
func (l *loop) OnClose(c gnet.Conn, err error) gnet.Action {
	p := c.Context().(*peer)
	l.release()
	defer p.close()
	if errors.Is(err, io.EOF) {
		err = io.EOF
		p.converse(true) // what gnet holds may be requests that wait, or a last one without an end mark
	}
	if p.cause != nil {
		err = p.cause
	}
	if !p.gone {
		p.talk.End(err, func() (net.Conn, error) { return duplicate(c) })
	}
	return gnet.None
}

// converse answers the requests in what gnet has read, and reports whether the connection goes on.
func (p *peer) converse(eof bool) bool {
	data, err := p.conn.Peek(-1) // all there is, and valid until Discard
	if err != nil {
		p.cause = err
		return false
	}
	used := 0
	for {
		advance, answer, next := p.receive(data[used:], eof)
		used += advance
		switch {
		case !p.write(answer, data[used:]), next == strategies.Done:
			return false
		case next == strategies.More:
			p.left = len(data) - used
			if used > 0 { // Discard takes 0 for all
				_, _ = p.conn.Discard(used)
			}
			return true
		}
	}
}

func (p *peer) receive(data []byte, eof bool) (advance int, answer []byte, next strategies.Next) {
	p.loop.turn.Lock()
	defer p.loop.turn.Unlock()
	return p.talk.Receive(data, eof)
}

// write writes an answer, and reports whether the connection is still the loop's. If the client does not read it then the
// connection leaves with the rest, and with what was read after the request.
func (p *peer) write(answer, unread []byte) bool {
	n, err := write(p.conn, answer)
	if n == len(answer) {
		return true
	}
	if err == errFull {
		var nc net.Conn
		if nc, err = duplicate(p.conn); err == nil {
			p.gone = true
			p.talk.Leave(nc, answer[n:], unread)
			return false
		}
	}
	p.cause = err
	return false
}

// close says that gnet is about to close the descriptor.
func (p *peer) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
}

// Wake is Talk's.
func (p *peer) Wake() error { return p.loop.loops.wake(p.conn) }

// Close is Talk's. It shuts the socket down, which gnet sees as the end of the stream, and does not ask gnet: a loop
// that a handler blocks would leave the client waiting.
func (p *peer) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	return shutDown(p.conn)
}

// Turn is Talk's.
func (p *peer) Turn(f func()) { p.loop.takeTurn(f) }

// takeTurn calls f while no other handler runs.
func (l *loop) takeTurn(f func()) {
	l.turn.Lock()
	defer l.turn.Unlock()
	f()
}
