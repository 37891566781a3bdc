package strategytest

import (
	"errors"
	"net"
	"time"

	"github.com/poolbench/poolbench/strategies"
)

// soon is a deadline that the rows let pass. How long it is decides nothing, as nobody tries to be faster.
const soon = 20 * time.Millisecond

func endsIdle(e *env) {
	s := e.serveOn(e.make(), e.listen(), strategies.Options{Idle: soon})
	s.must(s.dial().ends())
	if counts := s.end(); counts.Served != 1 {
		s.Errorf("one client had nothing to ask in Options.Idle, but the counts are %+v", counts)
	}
}

func abortsSlowRequests(e *env) {
	s := e.serveOn(e.make(), e.listen(), strategies.Options{Request: soon})
	k := s.dial()
	s.must(k.send("echo ha"))
	_, err := k.line()
	if err == nil {
		s.Errorf("half a request was answered")
	} else if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		s.Errorf("half a request kept its connection open beyond Options.Request")
	}
	k.Close()
	if counts := s.end(); counts.Aborted != 1 {
		s.Errorf("one request did not come to its end in Options.Request, but the counts are %+v", counts)
	}
}
