package strategytest

import (
	"errors"
	"fmt"
	"strings"
)

func servesAll(e *env) {
	s := e.serve()
	n := 3 * e.atOnce(8)
	visits := make([]*call, n)
	for i := range visits {
		visits[i] = start("a visit", func() error { return s.visit(5) })
	}
	for i, v := range visits {
		if err := s.returns(v); err != nil {
			s.Errorf("client %d of %d: %v", i+1, n, err)
		}
	}
	counts := s.end()
	if counts.Served != int64(n) && !e.rejects() || counts.Aborted+counts.Forced != 0 {
		s.Errorf("%d clients were served, but the counts are %+v", n, counts)
	}
}

// answersInOrder asks with a write for each byte, and with one write for all.
func answersInOrder(e *env) {
	s := e.serve()
	k := s.dial()
	for i := range 3 {
		for _, b := range fmt.Sprintf("echo slow %d\n", i) {
			s.must(k.send(string(b)))
		}
	}
	for i := range 3 {
		s.inOrder(k, fmt.Sprintf("slow %d", i))
	}
	var all strings.Builder
	for i := range 50 {
		fmt.Fprintf(&all, "echo fast %d\n", i)
	}
	s.must(k.send(all.String()))
	for i := range 50 {
		s.inOrder(k, fmt.Sprintf("fast %d", i))
	}
	k.Close()
	s.end()
}

// inOrder reads the next answer. A strategy that refuses requests may refuse one that follows an answer at once, before the
// worker is free again; then the busy answer stands in its place.
func (s *server) inOrder(k *client, want string) {
	s.Helper()
	if err := k.gets(want); err != nil && !(errors.Is(err, errBusy) && s.rejects() && s.perRequest()) {
		s.Fatalf("%v", err)
	}
}

func endsSession(e *env) {
	s := e.serve()
	k := s.dial()
	s.must(k.ask("bye", "bye"))
	s.must(k.ends())
	if counts := s.end(); counts.Served != 1 {
		s.Errorf("one session ended itself, but the counts are %+v", counts)
	}

	s = e.serve()
	k = s.dial()
	s.must(k.send("fail\n"))
	if text, err := k.line(); err == nil {
		s.Errorf("a session that fails answered %q", text)
	}
	k.Close()
	if counts := s.end(); counts.Aborted != 1 {
		s.Errorf("one session failed, but the counts are %+v", counts)
	}
}

// endsUnread has input come while the last answer is found, which nobody will read: closing with it would reset the connection,
// and the reset overtake the answer.
func endsUnread(e *env) {
	s := e.serve()
	k := s.dial()
	s.must(k.send("hold bigbye\n"))
	event(s.check, s.held, "the last request is worked on")
	s.must(k.send(strings.Repeat("echo unread\n", 2000)))
	s.letAll()
	text, err := k.line()
	s.must(err)
	if len(text) != bigAnswer-1 {
		s.Errorf("%d bytes of the last answer arrived, want %d", len(text), bigAnswer-1)
	}
	if err := k.ends(); err != nil {
		s.Errorf("after the last answer: %v", err)
	}
	if counts := s.end(); counts.Served != 1 {
		s.Errorf("one session ended itself, but the counts are %+v", counts)
	}
}
