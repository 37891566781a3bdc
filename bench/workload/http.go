package workload

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"

	"github.com/poolbench/poolbench/strategies"
)

// hypertext is HTTP/1.1 as browsers, curl and other load generators speak it, so that they can be let loose on the same
// servers, and their figures compared with ours. The resource is the same text under every path.
//
//	GET, POST, PUT      200 and the text; a body that comes along is read in full
//	HEAD                the same without the text
//	any other method    405
//	pipelined requests  are answered one after the other, in order
//
// What cannot be answered, or not without doubt about where the next request begins, is refused and the connection closed:
// httpFramer has the list. A client that waits to be asked for the body (Expect: 100-continue) is asked: the head is cut as a
// request of its own, with "100 Continue" for its answer, as nothing but Answer can say anything. The connection counts as
// idle then, so a stop at that moment ends it; the client has sent nothing yet, and can ask elsewhere. A 417, upon which it
// should send the request again without asking (RFC 9110, section 15.5.18), would have to close the connection, as the body
// may be on its way; curl then gives up.
//
// The function has not the workload's name because that is the imported package's.
func hypertext() Workload {
	return Workload{
		Name:    "http",
		About:   "Real HTTP/1.1, a short text for each request: what browsers, curl and other load generators can drive.",
		Handler: func() strategies.Handler { return strategies.Messages(httpProtocol{}) },
		Busy:    appendRefusal(nil, http.StatusServiceUnavailable),
		Client: Client{
			Response: &Frame{Split: splitResponse, Check: checkResponse},
			Request:  appendGet,
			End:      ClientCloses,
			Busy:     isUnavailable,
		},
	}
}

// httpProtocol is the server's side of http.
type httpProtocol struct{}

func (httpProtocol) Open() strategies.Session { return new(httpSession) }

// httpSession is one connection. Two readers have to agree on each request: the framer, which is cheap and can be given
// bytes one at a time, finds its end; then net/http reads what was framed, as it would in its own server.
type httpSession struct {
	framer  httpFramer
	skipped int    // bytes of empty lines since the last request
	status  int    // what Answer has to say to what was cut last: a refusal, awaited, or the answer
	head    []byte // of the request whose body was asked for
}

func (*httpSession) Greet(dst []byte) []byte { return dst }

// Split cuts one request. A refused one ends at the byte that made it hopeless, whatever was to follow.
func (s *httpSession) Split(data []byte, atEOF bool) (advance int, request []byte, err error) {
	switch {
	case s.status == awaited:
		// The question was shed, with busy words that close the connection. What follows may be the body or not.
		return 0, nil, bufio.ErrFinalToken
	case len(data) == 0:
		if atEOF && s.framer.stage != atStart { // asked for the body, and got none
			return 0, nil, io.ErrUnexpectedEOF
		}
		return 0, nil, nil
	case s.status > complete: // and the refusal was shed: what follows still cannot be read
		return len(data), data, nil
	case s.framer.stage == atStart:
		s.head = nil
		if n := emptyLines(data); n > 0 {
			return s.skip(data[:n])
		}
		if string(data) == "\r" && !atEOF {
			return 0, nil, nil // half of an empty line, perhaps
		}
	}
	s.status = s.framer.scan(data)
	end := s.framer.at
	switch s.status {
	case incomplete:
		if atEOF {
			return 0, nil, io.ErrUnexpectedEOF
		}
		return 0, nil, nil
	case awaited:
		s.head = bytes.Clone(data[:end])
		s.framer.forget()
	default:
		s.framer, s.skipped = httpFramer{}, 0
	}
	return end, data[:end], nil
}

// skip passes over empty lines before a request, which some clients send after a body (RFC 9112, section 2.2). They are
// taken at once, as the connection is idle meanwhile, and not without end.
func (s *httpSession) skip(lines []byte) (advance int, request []byte, err error) {
	if left := maxHead - s.skipped; len(lines) > left {
		s.status = http.StatusBadRequest
		return left + 1, lines[left : left+1], nil
	}
	s.skipped += len(lines)
	return len(lines), nil, nil
}

// emptyLines is the length of the empty lines that data begins with.
func emptyLines(data []byte) (n int) {
	for {
		switch rest := data[n:]; {
		case bytes.HasPrefix(rest, []byte("\n")):
			n++
		case bytes.HasPrefix(rest, []byte("\r\n")):
			n += 2
		default:
			return n
		}
	}
}

// Answer answers what Split has cut last.
func (s *httpSession) Answer(_ context.Context, dst, request []byte) ([]byte, error) {
	switch {
	case s.status == awaited:
		s.status = incomplete
		return append(dst, "HTTP/1.1 100 Continue\r\n\r\n"...), nil
	case s.status > complete:
		return appendRefusal(dst, s.status), io.EOF
	case s.head != nil:
		request = append(s.head, request...)
	}
	r, ok := readRequest(request)
	if !ok {
		return appendRefusal(dst, http.StatusBadRequest), io.EOF
	}
	dst = appendAnswer(dst, r)
	if r.Close {
		return dst, io.EOF
	}
	return dst, nil
}

// requestReaders spare each request, and each idle connection, a reader's 4 KiB.
var requestReaders = sync.Pool{New: func() any { return bufio.NewReader(nil) }}

// readRequest has net/http read the framed bytes, with the body, and no others. ok is false if that finds anything wrong,
// or another end.
func readRequest(framed []byte) (r *http.Request, ok bool) {
	in := requestReaders.Get().(*bufio.Reader)
	defer func() {
		in.Reset(nil) // lets go of framed, which is not ours to keep
		requestReaders.Put(in)
	}()
	rest := bytes.NewReader(framed)
	in.Reset(rest)
	r, err := http.ReadRequest(in)
	if err != nil {
		return nil, false
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, false
	}
	return r, in.Buffered()+rest.Len() == 0
}
