package strategies

import (
	"bufio"
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
	return converse(ctx, nc, m.protocol, (*exchange).find)
}

// exchange is a session with the request that it has to answer, and the answer.
type exchange struct {
	ctx     context.Context
	session Session
	request []byte
	answer  []byte
}

// find has the session answer the request.
func (x *exchange) find() (err error) {
	x.answer, err = x.session.Answer(x.ctx, x.answer[:0], x.request)
	return err
}

// An answerFunc has x find its answer, or puts another one in its place.
type answerFunc func(x *exchange) error

// readBuffer is the first size of a connection's buffer: one page holds most requests. It grows to MaxRequest with a
// longer request, and stays so for the rest of the connection.
const readBuffer = 4 << 10

// converse runs one connection's session: it reads until a request is complete, and has find answer it. Only one
// answer is under way at a time. It returns nil when the client ends the stream between requests, when the session
// ends itself, or when the server stops and the connection is idle.
func converse(ctx context.Context, nc net.Conn, p Protocol, find answerFunc) error {
	c, served := nc.(*conn)
	x := &exchange{ctx: ctx, session: p.Open()}
	if x.answer = x.session.Greet(nil); len(x.answer) > 0 {
		if _, err := nc.Write(x.answer); err != nil {
			return err
		}
	}
	in := inbox{buf: make([]byte, readBuffer)}
	for {
		request, last, err := in.next(nc, x.session.Split)
		if err == io.EOF { // between requests
			return nil
		}
		if err != nil {
			return err
		}
		if request != nil {
			x.request = request
			err := find(x)
			if err != nil && err != io.EOF {
				return err
			}
			last = last || err == io.EOF
			if len(x.answer) > 0 {
				if _, err := nc.Write(x.answer); err != nil {
					return err
				}
			}
		}
		if last {
			if served {
				c.over = true
			}
			return nil
		}
		if served && !c.between(in.pending()) {
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

// next returns the next request, nil if Split only skipped something, or io.EOF at the end of the stream. last says that
// Split wants no more.
func (in *inbox) next(r io.Reader, split bufio.SplitFunc) (request []byte, last bool, err error) {
	for {
		if in.pending() || in.eof {
			advance, request, last, err := cut(split, in.buf[in.lo:in.hi], in.eof)
			if err != nil {
				return nil, false, err
			}
			if advance > 0 || last {
				in.lo += advance
				return request, last, nil
			}
		}
		if err := in.fill(r); err != nil {
			return nil, false, err
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
		longer := make([]byte, 2*len(in.buf))
		copy(longer, in.buf)
		in.buf = longer
	}
	n, err := r.Read(in.buf[in.hi:])
	in.hi += n
	if err == io.EOF {
		// With a full buffer the next read says it again: what is too long must not depend on whether the end came along.
		in.eof, err = in.hi < MaxRequest, nil
	}
	return err
}

// cut splits the first request off data, and checks what split says. advance 0 without an error or last asks for more
// data; io.EOF and io.ErrUnexpectedEOF say that there is none, between requests and inside one.
func cut(split bufio.SplitFunc, data []byte, eof bool) (advance int, request []byte, last bool, err error) {
	advance, request, err = split(data, eof)
	last = errors.Is(err, bufio.ErrFinalToken)
	switch {
	case err != nil && !last:
		return 0, nil, false, err
	case advance < 0 || advance > len(data):
		return 0, nil, false, fmt.Errorf("split advanced by %d of %d bytes", advance, len(data))
	case last || advance > 0:
		return advance, request, last, nil
	case request != nil:
		return 0, nil, false, errors.New("split returned a request that takes no bytes")
	case eof && len(data) > 0:
		return 0, nil, false, io.ErrUnexpectedEOF
	case eof:
		return 0, nil, false, io.EOF
	case len(data) >= MaxRequest:
		return 0, nil, false, errTooLong
	}
	return 0, nil, false, nil
}
