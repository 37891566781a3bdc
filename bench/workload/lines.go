package workload

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/poolbench/poolbench/strategies"
)

// maxLine bounds a line in bytes, its newline included: the tutorial's bound for a message, and far below
// strategies.MaxRequest, so that the refusal is this protocol's own.
const maxLine = 1024

var errLongLine = fmt.Errorf("line is longer than %d bytes", maxLine)

// lines is the protocol that echo, wait, cpu and alloc share: a request is a line, and its answer is a line. The function
// appends the answer to line, both without their newlines, to dst. It keeps nothing from one request to the next,
// so one value is the protocol and the session of every connection, and a connection costs no memory here.
type lines func(dst, line []byte) []byte

func (l lines) handler() strategies.Handler { return strategies.Messages(l) }

func (l lines) Open() strategies.Session { return l }

func (l lines) Greet(dst []byte) []byte { return dst }

func (l lines) Split(data []byte, atEOF bool) (int, []byte, error) { return splitLine(data, atEOF) }

func (l lines) Answer(_ context.Context, dst, line []byte) ([]byte, error) {
	return append(l(dst, line), '\n'), nil
}

// splitLine cuts one line, without its newline, which may leave nothing: an empty line is a line. Unlike
// bufio.ScanLines it keeps a carriage return (an echo is byte for byte) and refuses a rest without a newline: half
// a line is not a request. Only the first maxLine bytes decide, so it does not matter in which pieces they came.
func splitLine(data []byte, atEOF bool) (advance int, line []byte, err error) {
	if i := bytes.IndexByte(data[:min(len(data), maxLine)], '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if len(data) >= maxLine {
		return 0, nil, errLongLine
	}
	if atEOF && len(data) > 0 {
		return 0, nil, io.ErrUnexpectedEOF
	}
	return 0, nil, nil
}

// lineClient is the client's side of lines.
func lineClient(request func(dst []byte, seq uint64) []byte, check func(seq uint64, line []byte) error) Client {
	return Client{
		Response: &Frame{Split: splitLine, Check: check},
		Request:  request,
		End:      ClientCloses,
		Busy:     isBusyLine,
	}
}

// busy is what a refused client is told, in the words of its workload's protocol.
const busy = "busy"

// busyLine is busy as lines say it. No answer equals it: an echo starts with its request's number, and results are 16 digits
// long or more.
func busyLine() []byte { return []byte(busy + "\n") }

func isBusyLine(line []byte) bool { return string(line) == busy }

// lineSize is a request's length in bytes: a small message, as it is usual between services.
const lineSize = 64

// filler brings a request up to lineSize.
const filler = " abcdefghijklmnopqrstuvwxyz0123456789 poolbench\n"

// appendLine appends the request of that number: 16 hexadecimal digits, so that every request has the same length
// and no two are equal, then filler.
func appendLine(dst []byte, seq uint64) []byte {
	return append(appendHex(dst, seq), filler...)
}

// appendHex appends n as 16 hexadecimal digits.
func appendHex(dst []byte, n uint64) []byte {
	const digits = "0123456789abcdef"
	for shift := 60; shift >= 0; shift -= 4 {
		dst = append(dst, digits[n>>shift&0xf])
	}
	return dst
}

// appendEcho answers a line with itself.
func appendEcho(dst, line []byte) []byte { return append(dst, line...) }

// checkEcho accepts the line that appendLine wrote, without its newline, and no other: an answer to another request
// would show a server that mixes its clients up.
func checkEcho(seq uint64, line []byte) error {
	var room [lineSize]byte
	want := appendLine(room[:0], seq)
	want = want[:lineSize-1]
	if bytes.Equal(line, want) {
		return nil
	}
	return wrongAnswer(seq, line, string(want))
}

// wrongAnswer takes want as a string because a slice would escape into the error, and the array under it would
// then be allocated for right answers as well.
func wrongAnswer(seq uint64, line []byte, want string) error {
	return fmt.Errorf("answer to request %d is %q, want %q", seq, line, want)
}
