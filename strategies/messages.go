package strategies

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
)

// Messages makes the blocking [Handler] of a protocol. Any strategy can run it, and [PerRequest] can run it one
// request at a time.
func Messages(p Protocol) Handler { return messages{p} }

// ProtocolOf returns the message form of a handler, if it has one: if it was made by [Messages], or has a method
// Protocol() Protocol of its own.
func ProtocolOf(h Handler) (Protocol, bool) {
	m, ok := h.(interface{ Protocol() Protocol })
	if !ok {
		return nil, false
	}
	return m.Protocol(), true
}

type messages struct{ protocol Protocol }

func (m messages) Protocol() Protocol { return m.protocol }

func (m messages) ServeConn(ctx context.Context, nc net.Conn) error {
	return converse(ctx, nc, m.protocol, func(answer func() error) error { return answer() })
}

// readBuffer is the first size of a connection's buffer: one page holds most requests. It grows to MaxRequest with a
// longer request, and stays so for the rest of the connection.
const readBuffer = 4 << 10

// converse runs one connection's session: it reads until a request is complete, and has run answer it. Only one
// answer is under way at a time. It returns nil when the client ends the stream between requests, when the session
// ends itself, or when the server stops and the connection is idle.
func converse(ctx context.Context, nc net.Conn, p Protocol, run func(answer func() error) error) error {
	session := p.Open()
	out := session.Greet(nil)
	if len(out) > 0 {
		if _, err := nc.Write(out); err != nil {
			return err
		}
	}
	var request []byte
	answer := func() (err error) { // one closure a connection: a request allocates nothing here
		out, err = session.Answer(ctx, out[:0], request)
		if err != nil && err != io.EOF {
			return err
		}
		if len(out) > 0 {
			if _, werr := nc.Write(out); werr != nil {
				return werr
			}
		}
		return err
	}
	in := inbox{buf: make([]byte, readBuffer)}
	for {
		var err error
		if request, err = in.next(nc, session.Split); err != nil {
			if err == io.EOF { // between requests
				return nil
			}
			return err
		}
		if request != nil {
			if err := run(answer); err != nil {
				if err != io.EOF {
					return err
				}
				if c, ok := nc.(*conn); ok && in.pending() {
					c.surplus = true
				}
				return nil
			}
		}
		if c, ok := nc.(*conn); ok && !c.between(in.pending()) {
			return nil
		}
	}
}

// inbox cuts requests out of a stream. Unlike bufio.Scanner it says whether the next request has begun, which
// decides what a stop may cut off.
type inbox struct {
	buf    []byte
	lo, hi int // unread bytes
	eof    bool
}

func (in *inbox) pending() bool { return in.hi > in.lo }

// next returns the next request, nil if Split only skipped something, or io.EOF at the end of the stream.
func (in *inbox) next(r io.Reader, split func([]byte, bool) (int, []byte, error)) ([]byte, error) {
	for {
		if in.pending() || in.eof {
			advance, request, err := split(in.buf[in.lo:in.hi], in.eof)
			if err != nil {
				return nil, err
			}
			if advance < 0 || advance > in.hi-in.lo {
				return nil, fmt.Errorf("split advanced by %d of %d bytes", advance, in.hi-in.lo)
			}
			if request != nil && advance == 0 {
				return nil, errors.New("split returned a request that takes no bytes")
			}
			if advance > 0 {
				in.lo += advance
				return request, nil
			}
			if in.eof {
				if in.pending() {
					return nil, io.ErrUnexpectedEOF
				}
				return nil, io.EOF
			}
		}
		if err := in.fill(r); err != nil {
			return nil, err
		}
	}
}

var errTooLong = errors.New("request is longer than MaxRequest")

func (in *inbox) fill(r io.Reader) error {
	if in.lo > 0 {
		in.hi = copy(in.buf, in.buf[in.lo:in.hi])
		in.lo = 0
	}
	if in.hi == len(in.buf) {
		if len(in.buf) >= MaxRequest {
			return errTooLong
		}
		in.buf = append(in.buf, make([]byte, len(in.buf))...)
	}
	n, err := r.Read(in.buf[in.hi:])
	in.hi += n
	if err == io.EOF {
		in.eof, err = true, nil
	}
	return err
}
