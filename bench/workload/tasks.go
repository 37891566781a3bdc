package workload

import (
	"context"
	"fmt"
	"io"

	"github.com/poolbench/poolbench/strategies"
)

// tasks is the protocol that deep and job share: one request on a connection, and no answer. The request brings what the work
// starts from and what has to come out:
//
//	0000000000000000 7b0a1c...\n    16 hexadecimal digits each
//
// The server works, and closes without a word if that is what came out; otherwise it says so first. What a client can know
// is therefore that the server took the whole line, ended the stream in order, and had no complaint. That the time in between
// was spent on the work is for the server to know: a foreign one that reads the line and closes cannot be told from one that
// works fast.
type tasks func(x uint64) uint64

// ready and wrong are what the server says beside busy.
const (
	ready = "ready"
	wrong = "wrong"
)

func (t tasks) handler() strategies.Handler { return strategies.Messages(t) }

func (t tasks) Open() strategies.Session { return t }

func (t tasks) Greet(dst []byte) []byte { return append(dst, ready+"\n"...) }

func (t tasks) Split(data []byte, atEOF bool) (int, []byte, error) { return splitLine(data, atEOF) }

// Answer ends the session.
func (t tasks) Answer(_ context.Context, dst, line []byte) ([]byte, error) {
	if len(line) == taskSize-1 && line[taskInput] == ' ' {
		var room [16]byte
		if string(appendHex(room[:0], t(hash(line[:taskInput])))) == string(line[taskInput+1:]) {
			return dst, io.EOF
		}
	}
	return append(dst, wrong+"\n"...), io.EOF
}

const (
	taskInput = 16              // bytes
	taskSize  = 2*taskInput + 2 // with the space and the newline
)

// client is the other side.
func (t tasks) client() Client {
	requests := eachSeed(func(seed uint64) string {
		line := appendHex(nil, seed)
		line = appendHex(append(line, ' '), t(hash(line)))
		return string(line) + "\n"
	})
	return Client{
		Greeting: &Frame{Split: splitLine, Check: checkReady},
		Request:  func(dst []byte, seq uint64) []byte { return append(dst, requests(seq)...) },
		PerConn:  1,
		End:      ServerCloses,
		Busy:     isBusyLine,
	}
}

func checkReady(_ uint64, line []byte) error {
	if string(line) != ready {
		return fmt.Errorf("greeting is %q, want %q", line, ready)
	}
	return nil
}
