package strategytest

import (
	"errors"
	"net"

	"github.com/poolbench/poolbench/strategies"
)

// survivesMishaps has one of each kind in each part of a session, which together are more than a small limit has workers.
func survivesMishaps(e *env) {
	s := e.serve()
	n := int64(0)
	for _, m := range mishaps {
		for _, request := range []string{string(m), "!" + string(m)} {
			if !s.isCutOff(s.enter(), request) {
				return // the next one would take as long
			}
			n++
		}
		for _, part := range []chan<- mishap{s.onOpen, s.onGreet} {
			part <- m
			s.eventually(func() bool { return s.comesToGrief() }, "a client is let in")
			n++
		}
		s.becomes(func(c strategies.Counts) bool { return c.Panics == n }, "every mishap is counted")
	}
	s.fullCapacity()
	if counts := s.end(); counts.Panics != n || counts.Aborted != n {
		s.Errorf("%d mishaps of handlers, but the counts are %+v", n, counts)
	}
}

// isCutOff sends a request that ends its connection without an answer. It reports whether the connection has ended.
func (s *server) isCutOff(k *client, request string) bool {
	s.Helper()
	defer k.Close()
	text, err := s.fate(k, request)
	if err == nil {
		s.Errorf("request %.40q was answered: %.40q", request, text)
	} else if timedOut(err) {
		s.Errorf("request %.40q left its connection open", request)
	}
	return err != nil && !timedOut(err)
}

// fate sends a request until it is not refused, where requests may be, and says what came of it.
func (s *server) fate(k *client, request string) (text string, err error) {
	s.eventually(func() bool {
		if err = k.send(request + "\n"); err == nil {
			text, err = k.line()
		}
		return !errors.Is(err, errBusy) || !s.rejects() || !s.perRequest()
	}, "request %.40q is not refused", request)
	return text, err
}

func timedOut(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// comesToGrief connects a client whose session does not come to its greeting. It reports whether that was let in.
func (s *server) comesToGrief() bool {
	s.Helper()
	k := s.dial()
	defer k.Close()
	err := k.welcome()
	switch {
	case err == nil:
		s.Errorf("a session greeted although opening it, or its greeting, had failed")
	case timedOut(err):
		s.Fatalf("a client whose session is to fail at its start sees neither an answer nor an end")
	}
	return !errors.Is(err, errBusy)
}

// survivesMishapsAtOnce takes every worker away in the same moment, while others wait for them.
func survivesMishapsAtOnce(e *env) {
	s := e.serve()
	n := e.atOnce(fillable)
	var doomed []*client
	for i := range n {
		doomed = append(doomed, s.dial())
		s.must(doomed[i].send("hold " + string(mishaps[i%len(mishaps)]) + "\n"))
		event(s.check, s.held, "request %d of %d that are sent at once is worked on", i+1, n)
	}
	waiting := s.dialAll(s.taken(n+over)-n, "echo waiting\n")
	if queuesConns(s.spec) && len(waiting) > 0 {
		s.becomes(func(c strategies.Counts) bool { return c.Queued > 0 }, "a connection is queued")
	}
	s.letAll()
	for i, k := range doomed {
		if text, err := k.line(); err == nil {
			s.Errorf("client %d of %d whose handlers failed had an answer: %q", i+1, n, text)
		} else if timedOut(err) {
			s.Errorf("client %d of %d whose handlers failed: its connection was left open", i+1, n)
		}
		k.Close()
	}
	s.answered(waiting, "waiting")
	s.fullCapacity()
	if counts := s.end(); counts.Panics != int64(n) || counts.Aborted != int64(n) {
		s.Errorf("%s at once, but the counts are %+v", plural(n, "mishap"), counts)
	}
}
