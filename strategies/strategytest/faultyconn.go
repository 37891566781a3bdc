package strategytest

import (
	"errors"
	"net"
	"time"
)

// faultyConn does to what is written what slow clients and bad networks do. It is used on the client's side, over sockets as
// well as in memory: a strategy that is handed a wrapped connection may not be able to serve it. Writes are not concurrent.
type faultyConn struct {
	net.Conn
	slice int           // bytes of a write that go out at once; 0: all
	delay time.Duration // after each slice
	limit int           // bytes after which end is called, and the rest of what is written lost; 0: none
	end   func(net.Conn) error

	written int
}

func (f *faultyConn) Write(p []byte) (n int, err error) {
	for n < len(p) {
		if f.limit > 0 && f.written >= f.limit {
			return len(p), nil
		}
		next := p[n:]
		if f.slice > 0 {
			next = next[:min(f.slice, len(next))]
		}
		if f.limit > 0 {
			next = next[:min(f.limit-f.written, len(next))]
		}
		m, err := f.Conn.Write(next)
		n += m
		f.written += m
		if err != nil {
			return n, err
		}
		if f.delay > 0 {
			<-time.After(f.delay)
		}
		if f.limit > 0 && f.written == f.limit {
			if err := f.end(f.Conn); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// truncate ends the stream to the server, and goes on reading.
func truncate(c net.Conn) error {
	if f, ok := c.(*faultyConn); ok {
		c = f.Conn
	}
	half, ok := c.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}

// reset ends the connection as the system of a client that dies does: what is under way is destroyed.
func reset(c net.Conn) error {
	switch c := c.(type) {
	case *faultyConn:
		return reset(c.Conn)
	case *pipeConn:
		c.reset()
		return nil
	case interface{ SetLinger(sec int) error }:
		return errors.Join(c.SetLinger(0), c.(net.Conn).Close())
	}
	return errors.ErrUnsupported
}
