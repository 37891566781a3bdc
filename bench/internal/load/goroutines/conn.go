package goroutines

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/job"
)

// firstBuffer holds any answer of the plain workloads, and is small enough for ten thousand connections.
const firstBuffer = 2 << 10

var (
	errEnded = fmt.Errorf("the server closed the connection: %w", io.ErrUnexpectedEOF)
	errExtra = errors.New("the server said more than it should")
)

// A conn is a connection that cuts messages out of what it reads. It has one user at a time, apart from Close.
type conn struct {
	net.Conn
	clock clock

	// armed is when the deadline that is set on Conn fires. It is set once for many requests, not for each (that would
	// cost as much as everything else here): one that fires too early for the request at hand is set again. That takes
	// deadlines which never get earlier from one call to the next; rearm is for those that do.
	armed time.Duration

	buf    []byte
	r, w   int // buf[r:w] was read and not yet used
	ended  bool
	served uint64 // requests sent and answered: the next one's number
	met    bool   // the greeting was read, or there is none
}

func newConn(c net.Conn, k clock) *conn { return &conn{Conn: c, clock: k} }

// arm sees to it that some deadline is set that lies ahead of now.
func (c *conn) arm(now, deadline time.Duration) error {
	if c.armed > now {
		return nil
	}
	return c.rearm(deadline)
}

func (c *conn) rearm(deadline time.Duration) error {
	c.armed = deadline
	return c.SetDeadline(c.clock.at(deadline))
}

// early says whether err is a deadline that fired before the one that was meant; if so, that one is now set.
func (c *conn) early(err error, deadline time.Duration) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) && c.armed < deadline && c.rearm(deadline) == nil
}

// send writes b by deadline.
func (c *conn) send(b []byte, deadline time.Duration) error {
	for {
		n, err := c.Write(b)
		if err == nil {
			return nil
		}
		b = b[n:]
		if !c.early(err, deadline) {
			return err
		}
	}
}

// message returns the next message, read by deadline. It is valid until the next call.
func (c *conn) message(split bufio.SplitFunc, deadline time.Duration) ([]byte, error) {
	for {
		used, msg, err := job.Cut(split, c.buf[c.r:c.w], c.ended)
		c.r += used
		if err != nil || msg != nil {
			return msg, err
		}
		if c.ended {
			return nil, errEnded
		}
		if err := c.fill(deadline); err != nil {
			return nil, err
		}
	}
}

// fill reads once.
func (c *conn) fill(deadline time.Duration) error {
	if c.r == c.w {
		c.r, c.w = 0, 0
	}
	if c.w == len(c.buf) {
		if err := c.room(); err != nil {
			return err
		}
	}
	for {
		n, err := c.Read(c.buf[c.w:])
		c.w += n
		switch {
		case n > 0:
			return nil // an error comes again
		case err == io.EOF:
			c.ended = true
			return nil
		case err == nil || c.early(err, deadline):
			continue
		default:
			return err
		}
	}
}

// room makes some behind buf[w].
func (c *conn) room() error {
	switch {
	case c.r > 0:
		c.w = copy(c.buf, c.buf[c.r:c.w])
		c.r = 0
	case len(c.buf) >= job.LongestMessage:
		return job.ErrTooLong
	default:
		bigger := make([]byte, max(firstBuffer, 2*len(c.buf)))
		copy(bigger, c.buf[:c.w])
		c.buf = bigger
	}
	return nil
}

// end reads the server's end of stream by deadline. What comes before it is extra.
func (c *conn) end(deadline time.Duration) error {
	for !c.ended {
		if c.w > c.r {
			return errExtra
		}
		if err := c.fill(deadline); err != nil {
			return err
		}
	}
	if c.w > c.r {
		return errExtra
	}
	return nil
}

// abort closes without the farewell of TCP.
func (c *conn) abort() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it the connection is closed the polite way, which is no harm
	}
	c.Close()
}
