package strategies_test

import (
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/poolbench/poolbench/strategies"
)

// adopter is an event loop that is nothing but its method Adopt.
type adopter func(net.Conn, *strategies.Talk) error

func (f adopter) Adopt(conn net.Conn, t *strategies.Talk) error { return f(conn, t) }
func (adopter) Close() error                                    { return nil }

func (f adopter) strategy() strategies.Strategy {
	start := func(strategies.Limits) (strategies.Loop, error) { return f, nil }
	return strategies.PerEvent("adopter", start, strategies.Limits{Workers: 1, Queue: strategies.Unbounded})
}

// controls are those of a connection that nobody needs to wake or end.
type controls struct{}

func (controls) Wake() error   { return nil }
func (controls) Close() error  { return nil }
func (controls) Turn(f func()) { f() }

// Nothing about a listener from crypto/tls says what it is before it accepts.
func TestAnEventLoopIsNotGivenTheSocketUnderTLS(t *testing.T) {
	given := make(chan net.Conn, 1)
	loop := adopter(func(conn net.Conn, _ *strategies.Talk) error {
		given <- conn
		return errors.New("not adopted")
	})
	wrap, _ := acceptAs(func(c net.Conn) net.Conn { return tls.Server(c, new(tls.Config)) })
	s := serveStrategy(t, loop.strategy(), wrap, strategies.Messages(words(echo)), strategies.Options{})
	s.dial("plain text\n")
	conn := <-given
	if _, ok := conn.(*tls.Conn); !ok {
		t.Errorf("the loop was given a %T, on which it would talk plain text", conn)
	}
	s.stop()
	if n, err := s.end(); err != nil || n.Aborted != 1 {
		t.Errorf("Serve returned %v, and the counts are %+v, want 1 aborted", err, n)
	}
}

func TestOnALoopASessionIsServedOnlyIfItsLastAnswerWasWritten(t *testing.T) {
	for _, tt := range []struct {
		name  string
		cause error
		want  strategies.Counts
	}{
		{"it was", nil, strategies.Counts{Accepted: 1, Served: 1}},
		{"it was not", syscall.EPIPE, strategies.Counts{Accepted: 1, Aborted: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			loop := adopter(func(conn net.Conn, talk *strategies.Talk) error {
				talk.Begin(controls{})
				if _, answer, next := talk.Receive([]byte("bye\n"), false); string(answer) != "bye\n" || next != strategies.Done {
					t.Errorf("got %q and next %d, want the last answer and Done", answer, next)
				}
				conn.Close()
				talk.End(tt.cause, nil)
				return nil
			})
			s := serveStrategy(t, loop.strategy(), plainly, strategies.Messages(words(echo)), strategies.Options{})
			s.dial("")
			s.becomes("it has ended", func(n strategies.Counts) bool { return n.Served+n.Aborted == 1 })
			s.stop()
			if n, err := s.end(); err != nil || n != tt.want {
				t.Errorf("Serve returned %v, and the counts are %+v, want %+v", err, n, tt.want)
			}
		})
	}
}

// A connection may be closed by force while it is on its way from the loop to a goroutine; nobody would close it after that.
func TestAConnectionThatLeavesALoopIsClosedIfThatWasForced(t *testing.T) {
	forced := make(chan struct{})
	server, client := net.Pipe() // nobody reads at the other end: a write waits until it is closed
	defer client.Close()
	loop := adopter(func(conn net.Conn, talk *strategies.Talk) error {
		talk.Begin(controls{})
		_, answer, _ := talk.Receive([]byte("x\n"), false)
		<-forced
		conn.Close()
		talk.Leave(server, answer, nil)
		return nil
	})
	s := serveStrategy(t, loop.strategy(), plainly, strategies.Messages(words(echo)), strategies.Options{Drain: time.Millisecond})
	s.dial("")
	s.becomes("it is served", func(n strategies.Counts) bool { return n.Active == 1 })
	s.stop()
	s.becomes("it is closed by force", func(n strategies.Counts) bool { return n.Forced == 1 })
	close(forced)
	if _, err := s.end(); err == nil || strings.Contains(err.Error(), "did not return") {
		t.Errorf("Serve returned %v, want all to have returned after the drain time-out", err)
	}
}
