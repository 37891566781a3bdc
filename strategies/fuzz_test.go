package strategies_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/poolbench/poolbench/strategies"
)

// framings are the ways of cutting requests out of a stream that protocols use. Each decides by the bytes of a request
// and by nothing behind them, so what it finds cannot depend on the pieces in which they come.
var framings = []struct {
	name  string
	split func(size int) bufio.SplitFunc
}{
	{"lines", func(int) bufio.SplitFunc { return bufio.ScanLines }},
	{"words, with something to skip between them", func(int) bufio.SplitFunc { return bufio.ScanWords }},
	{"a length before each request", func(int) bufio.SplitFunc { return splitByLength }},
	{"a fixed size", splitBySize},
	{"lines up to a last one", func(int) bufio.SplitFunc { return splitUpTo(true) }},
	{"lines up to an end mark", func(int) bufio.SplitFunc { return splitUpTo(false) }},
}

var errAnnounced = errors.New("the length is over the limit")

// splitByLength cuts requests with a header of four bytes, big-endian. It asks for no byte of a request that is too long.
func splitByLength(data []byte, atEOF bool) (int, []byte, error) {
	const header = 4
	if len(data) < header {
		return 0, nil, nil
	}
	n := binary.BigEndian.Uint32(data)
	switch {
	case n > strategies.MaxRequest-header:
		return 0, nil, errAnnounced
	case len(data)-header < int(n):
		return 0, nil, nil
	}
	return header + int(n), data[header : header+int(n)], nil
}

// splitBySize cuts requests of size+1 bytes; the last may be shorter.
func splitBySize(size int) bufio.SplitFunc {
	return func(data []byte, atEOF bool) (int, []byte, error) {
		switch {
		case len(data) > size:
			return size + 1, data[:size+1], nil
		case atEOF && len(data) > 0:
			return len(data), data, nil
		}
		return 0, nil, nil
	}
}

// splitUpTo cuts lines and ends the session with one that starts with a dot, which may itself be a request.
func splitUpTo(isRequest bool) bufio.SplitFunc {
	return func(data []byte, atEOF bool) (int, []byte, error) {
		advance, line, err := bufio.ScanLines(data, atEOF)
		if bytes.HasPrefix(line, []byte(".")) {
			if !isRequest {
				line = nil
			}
			return advance, line, bufio.ErrFinalToken
		}
		return advance, line, err
	}
}

// ending is how a stream ends.
type ending byte

const (
	endApart ending = iota // a read of its own says so, as TCP does
	endAlong               // the read with the last bytes says so, as crypto/tls does
	endReset               // it breaks off
	endings
)

var errReset = errors.New("connection reset")

// sliced is a connection whose stream comes in arbitrary pieces.
type sliced struct {
	net.Conn // nil: nothing else may be used
	t        *testing.T
	rest     []byte
	cuts     []byte // the sizes of reads, see Read; what is left over comes in pieces as large as possible
	end      ending

	reads, received int
	ends            int // reads that have said that the stream is over
	written         bytes.Buffer
}

// Read takes a size of 0 to 127 from a cut, and of 1 to 128 times 512 bytes from one above.
func (s *sliced) Read(p []byte) (int, error) {
	if len(p) == 0 {
		s.t.Fatal("a read without room for a byte: it would be repeated for ever")
	}
	s.reads++
	n := len(p)
	if len(s.cuts) > 0 {
		size := int(s.cuts[0])
		if size > 127 {
			size = (size - 127) * 512
		}
		n, s.cuts = min(n, size), s.cuts[1:]
	}
	n = copy(p[:n], s.rest)
	s.received += n
	s.rest = s.rest[n:]
	if len(s.rest) == 0 && (s.end == endAlong || n == 0) {
		if s.ends++; s.ends > 2 { // the second may look at what the first came along with
			s.t.Fatal("a stream that is over is read on")
		}
		if s.end == endReset {
			return n, errReset
		}
		return n, io.EOF
	}
	return n, nil
}

func (s *sliced) Write(p []byte) (int, error) { return s.written.Write(p) }

// asked is a session that notes its requests and watches what it is called with.
type asked struct {
	split    bufio.SplitFunc
	conn     *sliced
	calls    int
	requests []string
	stream   int // bytes
}

func (a *asked) Open() strategies.Session { return a }
func (a *asked) Greet(dst []byte) []byte  { return dst }
func (a *asked) echoes() string           { return strings.Join(append(a.requests, ""), "\n") }
func (a *asked) ServeConn() error {
	return strategies.Messages(a).ServeConn(context.Background(), a.conn)
}

func (a *asked) Split(data []byte, atEOF bool) (int, []byte, error) {
	t := a.conn.t
	// Each call before took a byte off the stream, or asked for another read.
	if a.calls++; a.calls > a.conn.reads+a.stream+1 {
		t.Fatalf("split was called %d times after %d reads of a stream of %d bytes", a.calls, a.conn.reads, a.stream)
	}
	if len(data) > strategies.MaxRequest {
		t.Fatalf("split was given %d bytes", len(data))
	}
	// Memory grows with what has come, whatever a header announces. A buffer that doubles has up to twice that.
	if most := min(max(4<<10, 2*a.conn.received), strategies.MaxRequest); cap(data) > most {
		t.Fatalf("a buffer of %d bytes for the %d that have come", cap(data), a.conn.received)
	}
	return a.split(data, atEOF)
}

func (a *asked) Answer(_ context.Context, dst, request []byte) ([]byte, error) {
	a.requests = append(a.requests, string(request))
	return append(append(dst, request...), '\n'), nil
}

// errTooLong stands for the error that MaxRequest leads to.
var errTooLong = errors.New("longer than MaxRequest")

// inOnePiece says what has to become of a stream that is in memory as a whole. No more than MaxRequest bytes of it are
// looked at for one request, so that the end behind them is not seen.
func inOnePiece(split bufio.SplitFunc, stream []byte, end ending) (requests []string, err error) {
	for {
		data := stream[:min(len(stream), strategies.MaxRequest)]
		atEOF := end != endReset && len(stream) < strategies.MaxRequest
		advance, request, err := split(data, atEOF)
		last := err == bufio.ErrFinalToken
		if err != nil && !last {
			return requests, err
		}
		if request != nil {
			requests = append(requests, string(request))
		}
		stream = stream[advance:]
		switch {
		case last:
			return requests, nil
		case advance > 0:
		case len(data) == strategies.MaxRequest:
			return requests, errTooLong
		case end == endReset:
			return requests, errReset
		case len(data) > 0:
			return requests, io.ErrUnexpectedEOF
		default:
			return requests, nil
		}
	}
}

func same(got, want error) bool {
	if want == errTooLong {
		return got != nil && strings.Contains(got.Error(), "MaxRequest")
	}
	return got == want
}

// What a session is asked does not depend on the pieces in which the stream came. The stream is head, so many x, and tail:
// a fuzzer does not find its way to requests of 64 KiB by itself.
func FuzzMessages(f *testing.F) {
	f.Fuzz(func(t *testing.T, framing, size byte, head []byte, fill uint32, tail []byte, cuts []byte, end byte) {
		filling := bytes.Repeat([]byte("x"), int(fill%(strategies.MaxRequest+16)))
		stream := slices.Concat(head, filling, tail)
		frames := framings[int(framing)%len(framings)]
		a := &asked{
			split:  frames.split(int(size)),
			conn:   &sliced{t: t, rest: stream, cuts: cuts, end: ending(end) % endings},
			stream: len(stream),
		}
		want, wantErr := inOnePiece(a.split, stream, a.conn.end)
		err := a.ServeConn()
		if !slices.Equal(a.requests, want) {
			t.Fatalf("%s: in pieces %d requests %.100q, in one %d %.100q", frames.name, len(a.requests), a.requests, len(want), want)
		}
		if !same(err, wantErr) {
			t.Fatalf("%s: in pieces it ends with %v, in one with %v", frames.name, err, wantErr)
		}
		if a.conn.written.String() != a.echoes() {
			t.Fatalf("%s: requests %.100q, answers %.100q", frames.name, a.requests, a.conn.written.String())
		}
	})
}

// Whatever a Split says: a request is answered as it was given, nothing is asked of the session after an answer that
// makes no sense, and there is an end. Two bytes of the script are one answer.
func FuzzMessagesWithAnySplit(f *testing.F) {
	f.Fuzz(func(t *testing.T, script, stream, cuts []byte, end byte) {
		errSplit := errors.New("not my protocol")
		var given []string
		wrong, over := false, false
		a := &asked{conn: &sliced{t: t, rest: stream, cuts: cuts, end: ending(end) % endings}, stream: len(stream)}
		a.split = func(data []byte, _ bool) (int, []byte, error) {
			if wrong || over {
				t.Fatal("split is called after its last word")
			}
			if len(script) < 2 {
				return 0, nil, nil
			}
			what, advance := script[0], int(int8(script[1]))
			script = script[2:]
			var request []byte
			var err error
			if what&1 != 0 { // of any length, also one that has nothing to do with advance
				request = data[:min(len(data), int(what>>4))]
			}
			switch what >> 1 & 7 {
			case 0:
				err = errSplit
			case 1:
				err = bufio.ErrFinalToken
			}
			wrong = err == errSplit || advance < 0 || advance > len(data) || (request != nil && advance == 0 && err == nil)
			over = err == bufio.ErrFinalToken
			if request != nil && !wrong {
				given = append(given, string(request))
			}
			return advance, request, err
		}
		err := a.ServeConn()
		if wrong && (err == nil || err == io.EOF) {
			t.Fatalf("a split that went wrong ends with %v", err)
		}
		if over && !wrong && err != nil {
			t.Fatalf("a session that split ended ends with %v", err)
		}
		if !slices.Equal(a.requests, given) || a.conn.written.String() != a.echoes() {
			t.Fatalf("split gave %q, the session was asked %q, and the client was told %q", given, a.requests, a.conn.written.String())
		}
	})
}

// A full name that can be read is written so that it is read as the same, in both spellings.
func FuzzParseSpec(f *testing.F) {
	f.Fuzz(func(t *testing.T, text string) {
		spec, err := strategies.ParseSpec(text)
		if err != nil {
			return
		}
		for _, written := range []string{spec.String(), spec.Path()} {
			if again, err := strategies.ParseSpec(written); err != nil || again.String() != spec.String() {
				t.Fatalf("%q is written as %q, which is read as %v, %v", text, written, again, err)
			}
		}
	})
}
