package workload

import (
	"bytes"
	"context"
	"io"
	"strconv"

	"github.com/poolbench/poolbench/strategies"
)

// messages is how many the tutorial's server receives from each client, and maxMessage the most bytes of one: its
// loop calls recv(1024) ten times.
const (
	messages   = 10
	maxMessage = 1024
)

// exchange is the tutorial's session: the server sends a pickled list, receives ten messages, and closes.
//
// TCP keeps no boundaries between sends, so "ten messages" has to be given a meaning that does not depend on timing.
// A message ends after its newline, after maxMessage bytes, or at the end of the stream, whichever comes first. The
// tutorial's own client ends its messages in newlines. Copies of it that lost the backslash of "\n" in print do not:
// what such a client sent arrives as one message, at its end of stream.
//
//	the tenth message               the server closes, served; what follows is not read as a message
//	end of stream before the tenth  the server closes, served: the tutorial's recv returns empty strings from there
//	                                on, and a client without newlines cannot be told from one that sent fewer
//	silence before the tenth        the server waits, as recv does, within Options.Idle and Options.Request
//	a broken connection             aborted
//
// Fewer than ten are no way to score: whether all were sent and read is for the client to know.
func exchange() Workload {
	return Workload{
		Name:    "exchange",
		About:   "The tutorial's session, a pickled list against ten short messages: short connections from many clients.",
		Handler: func() strategies.Handler { return strategies.Messages(tutorial{}) },
		Busy:    pickled(busy),
		Client: Client{
			Greeting: &Frame{Split: splitPickle, Check: checkGreeting},
			Request:  appendHey,
			PerConn:  messages,
			End:      ServerCloses,
			Busy:     func(msg []byte) bool { return bytes.Equal(msg, busyPickle) },
		},
	}
}

// tutorial is the server's side of exchange.
type tutorial struct{}

func (tutorial) Open() strategies.Session { return new(session) }

// session counts one client's messages.
type session struct{ received int }

func (*session) Greet(dst []byte) []byte { return append(dst, greeting...) }

func (*session) Split(data []byte, atEOF bool) (int, []byte, error) { return splitMessage(data, atEOF) }

func (s *session) Answer(_ context.Context, dst, _ []byte) ([]byte, error) {
	s.received++
	if s.received == messages {
		return dst, io.EOF
	}
	return dst, nil
}

// splitMessage cuts one message, its newline included, so that a message is never empty. Only the first maxMessage
// bytes decide, so it does not matter in which pieces they came. It never fails.
func splitMessage(data []byte, atEOF bool) (advance int, message []byte, err error) {
	first := data[:min(len(data), maxMessage)]
	if i := bytes.IndexByte(first, '\n'); i >= 0 {
		return i + 1, data[:i+1], nil
	}
	if len(first) == maxMessage || atEOF && len(first) > 0 {
		return len(first), first, nil
	}
	return 0, nil, nil
}

// appendHey appends the message that the tutorial's client sends: "Hey. 0" to "Hey. 9", each on a line.
func appendHey(dst []byte, seq uint64) []byte {
	dst = append(dst, "Hey. "...)
	dst = strconv.AppendUint(dst, seq, 10)
	return append(dst, '\n')
}
