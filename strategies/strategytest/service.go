package strategytest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/poolbench/poolbench/strategies"
)

// service is the handler that the suite serves: one line in, one line out.
//
//	echo TEXT     answers TEXT
//	hold [VERB]   tells the test, waits to be let go, and does VERB then, or answers "held"
//	big           answers a line of bigAnswer bytes
//	bye           answers "bye" and ends the session
//	bigbye        answers as big does, and ends the session
//	fail          aborts the session
//	panic, panicnil, goexit   is a mishap
//	!MISHAP, !error, !beyond, !behind, !nothing   the same while it is split off, or a Split that errs
//
// It greets with "hello".
type service struct {
	row     string        // for whoever has to find out where a panic comes from that nobody recovers
	held    chan struct{} // one element for each request that is held
	half    chan struct{} // one element each time that only a part of a request has come, while there is room
	onOpen  chan mishap   // one for each of the next sessions, when it is opened
	onGreet chan mishap   // the same, when it greets

	mu   sync.Mutex
	open chan struct{} // closed to let every held request go

	working, most atomic.Int64 // requests that are worked on, now and at most
	cut           atomic.Int64 // requests that were read
	asked         atomic.Int64 // answers that were asked for
	longest       atomic.Int64 // input, in bytes, that was to be split at once
}

const (
	greeting = "hello"
	busy     = "busy"

	// bigAnswer is as much as a connection in memory holds, and too much for a socket to hold many.
	bigAnswer = pipeBuffer
)

func newService(row string) *service {
	const plenty = 1 << 12 // more than any row causes: telling the test must not block
	return &service{
		row:  row,
		held: make(chan struct{}, plenty), half: make(chan struct{}, plenty),
		onOpen: make(chan mishap, plenty), onGreet: make(chan mishap, plenty),
		open: make(chan struct{}),
	}
}

func (s *service) handler() strategies.Handler { return strategies.Messages(s) }

// letAll lets all go who are held, and all who would be.
func (s *service) letAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.open:
	default:
		close(s.open)
	}
}

// holdAgain undoes letAll for those who come now.
func (s *service) holdAgain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = make(chan struct{})
}

func (s *service) opened() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

func (s *service) Open() strategies.Session {
	s.perhaps(s.onOpen)
	return session{s}
}

// perhaps has one of the mishaps happen that wait in ch.
func (s *service) perhaps(ch <-chan mishap) {
	select {
	case m := <-ch:
		m.happen(s.row)
	default:
	}
}

// mishap is a way in which a handler does not return.
type mishap string

var mishaps = []mishap{"panic", "panicnil", "goexit"}

func (m mishap) happen(row string) {
	var nothing any
	switch m {
	case "panic":
		panic("a handler panics because the test wants it to; the strategy has to recover: " + row)
	case "panicnil":
		panic(nothing)
	case "goexit":
		runtime.Goexit()
	}
}

type session struct{ *service }

func (s session) Greet(dst []byte) []byte {
	s.perhaps(s.onGreet)
	return append(dst, greeting+"\n"...)
}

func (s session) Split(data []byte, _ bool) (int, []byte, error) {
	raise(&s.longest, int64(len(data)))
	i := bytes.IndexByte(data, '\n')
	if i < 0 {
		if len(data) > 0 {
			select {
			case s.half <- struct{}{}:
			default:
			}
		}
		return 0, nil, nil
	}
	line := data[:i]
	if verb, ok := bytes.CutPrefix(line, []byte("!")); ok {
		switch string(verb) {
		case "error":
			return 0, nil, errFail
		case "beyond":
			return len(data) + 1, line, nil
		case "behind":
			return -1, line, nil
		case "nothing":
			return 0, line, nil
		}
		mishap(verb).happen(s.row)
	}
	s.cut.Add(1)
	return i + 1, line, nil
}

var errFail = errors.New("the request asked for it")

func (s session) Answer(_ context.Context, dst, request []byte) ([]byte, error) {
	defer s.working.Add(-1)
	raise(&s.most, s.working.Add(1))
	s.asked.Add(1)
	verb, text, _ := bytes.Cut(request, []byte(" "))
	if string(verb) == "hold" {
		s.held <- struct{}{}
		<-s.opened() // and not ctx: a stop must not take a request's answer away
		if len(text) == 0 {
			return append(dst, "held\n"...), nil
		}
		verb = text
	}
	if bytes.HasPrefix(verb, []byte("!")) {
		return append(dst, "this was no request\n"...), nil // which shows that Split's error was overlooked
	}
	switch string(verb) {
	case "echo":
		return append(append(dst, text...), '\n'), nil
	case "big":
		return append(append(dst, make([]byte, bigAnswer-1)...), '\n'), nil
	case "bye":
		return append(dst, "bye\n"...), io.EOF
	case "bigbye":
		return append(append(dst, make([]byte, bigAnswer-1)...), '\n'), io.EOF
	}
	mishap(verb).happen(s.row)
	return dst, errFail
}

// raise makes most at least n.
func raise(most *atomic.Int64, n int64) {
	for {
		old := most.Load()
		if n <= old || most.CompareAndSwap(old, n) {
			return
		}
	}
}
