package strategytest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/poolbench/poolbench/strategies"
)

// service is the handler that the suite serves: one line in, one line out.
//
//	echo TEXT   answers TEXT
//	hold        tells the test, waits to be let go, answers "held"
//	bye         answers "bye" and ends the session
//	fail        aborts the session
//	panic       panics
//
// It greets with "hello".
type service struct {
	held chan struct{} // one element for each request that is held
	half chan struct{} // one element each time that only a part of a request has come
	open chan struct{} // closed to let every held request go
	once sync.Once

	working, most atomic.Int64 // requests that are worked on, now and at most
}

const (
	greeting = "hello"
	busy     = "busy"
)

func newService() *service {
	const plenty = 1 << 12 // more than any row causes: telling the test must not block
	return &service{held: make(chan struct{}, plenty), half: make(chan struct{}, plenty), open: make(chan struct{})}
}

func (s *service) handler() strategies.Handler { return strategies.Messages(s) }

func (s *service) letAll() { s.once.Do(func() { close(s.open) }) }

func (s *service) Open() strategies.Session { return session{s} }

type session struct{ *service }

func (session) Greet(dst []byte) []byte { return append(dst, greeting+"\n"...) }

func (s session) Split(data []byte, _ bool) (int, []byte, error) {
	i := bytes.IndexByte(data, '\n')
	if i < 0 {
		if len(data) > 0 {
			s.half <- struct{}{}
		}
		return 0, nil, nil
	}
	return i + 1, data[:i], nil
}

var errFail = errors.New("the request asked for it")

func (s session) Answer(_ context.Context, dst, request []byte) ([]byte, error) {
	defer s.working.Add(-1)
	for n := s.working.Add(1); ; {
		most := s.most.Load()
		if n <= most || s.most.CompareAndSwap(most, n) {
			break
		}
	}
	verb, text, _ := bytes.Cut(request, []byte(" "))
	switch string(verb) {
	case "echo":
		return append(append(dst, text...), '\n'), nil
	case "hold":
		s.held <- struct{}{}
		<-s.open // and not ctx: a stop must not take a request's answer away
		return append(dst, "held\n"...), nil
	case "bye":
		return append(dst, "bye\n"...), io.EOF
	case "panic":
		panic("the request asked for it")
	}
	return dst, errFail
}
