package strategytest

import (
	"net"
	"strings"
	"time"

	"github.com/poolbench/poolbench/strategies"
)

// soon is a deadline that the rows let pass. How long it is decides nothing, as nobody tries to be faster.
const soon = 20 * time.Millisecond

func endsIdle(e *env) {
	idle := soon
	if e.virtual {
		idle = 10 * time.Second
	}
	s := e.serveOn(e.make(), e.listen(), strategies.Options{Idle: idle})
	began := time.Now()
	s.must(s.dial().ends())
	s.took(began, idle, "the end of an idle connection")
	if counts := s.end(); counts.Served != 1 {
		s.Errorf("one client had nothing to ask in Options.Idle, but the counts are %+v", counts)
	}
}

// abortsSlowRequests has one request that stops half way, and one that goes on, too slowly: each byte comes long before a
// deadline that were renewed with each read.
func abortsSlowRequests(e *env) {
	limit, pause := soon, time.Millisecond
	if e.virtual {
		limit, pause = 10*time.Second, time.Second
	}
	s := e.serveOn(e.make(), e.listen(), strategies.Options{Request: limit})
	k := s.enter()
	s.must(k.send("echo ha"))
	began := time.Now()
	s.cutOffAt(k, began, limit, "half a request")

	k = s.enter()
	k.Conn = &faultyConn{Conn: k.Conn, slice: 1, delay: pause}
	began = time.Now()
	dribble := start("a client that sends byte by byte", func() error {
		for k.send("a") == nil {
		}
		return nil
	})
	s.cutOffAt(k, began, limit, "a request byte by byte")
	s.must(s.returns(dribble))
	if counts := s.end(); counts.Aborted != 2 {
		s.Errorf("two requests did not come to their end in Options.Request, but the counts are %+v", counts)
	}
}

func (s *server) cutOffAt(k *client, began time.Time, limit time.Duration, what string) {
	s.Helper()
	if text, err := k.line(); err == nil {
		s.Errorf("%s was answered: %q", what, text)
	} else if timedOut(err) {
		s.Errorf("%s kept its connection open beyond Options.Request", what)
	}
	if s.virtual { // sockets may have carried the first byte before began was read
		s.took(began, limit, what)
	}
	k.Close()
}

// abortsDeaf has a client that asks for far more than anybody should keep for it, and never reads.
func abortsDeaf(e *env) {
	limit, most := 4*soon, int64(16<<20) // more than systems keep for a socket, both ends together
	if e.virtual {
		limit, most = 10*time.Second, pipeBuffer+2*bigAnswer // the one that is being written, and one that was found meanwhile
	}
	s := e.serveOn(e.make(), e.listen(), strategies.Options{Request: limit})
	k := s.enter()
	hardOfHearing(k)
	began := time.Now()
	asking := start("a client that asks and does not read", func() error {
		const plenty = 1 << 20 // a pool that refuses may be at its limit most of the time, and a refusal is short
		for i := 0; i < plenty && k.send("big\n") == nil; i++ {
			if s.asked.Load()*bigAnswer > most { // in virtual time nobody looks while there is something to do
				break
			}
		}
		return nil
	})
	s.eventually(func() bool {
		if n := s.asked.Load() * bigAnswer; n > most {
			s.Fatalf("the server goes on answering a client that does not read: %d bytes so far", n)
		}
		return s.stats.Counts().Aborted == 1
	}, "a client that does not read is let go")
	s.took(began, limit, "letting go of a client that does not read")
	k.Close()
	s.must(s.returns(asking))
	s.fullCapacity()
	s.end()
}

// hardOfHearing has the system keep little for a client that does not read.
func hardOfHearing(k *client) {
	if tcp, ok := k.Conn.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(4 << 10) // no more than a hint
	}
}

// servesBesideDeaf has more clients that do not read than there are workers. It is for the request unit, where it is nobody's
// work to wait for them.
func servesBesideDeaf(e *env) {
	s := e.serve()
	n := over
	if w := e.spec.Limits.Workers; w <= fillable {
		n += w
	}
	deaf := make([]*client, n)
	for i := range deaf {
		deaf[i] = s.enter()
		hardOfHearing(deaf[i])
		s.must(deaf[i].send(strings.Repeat("big\n", 256)))
	}
	s.settle()
	k := s.enter()
	for range 5 {
		if err := s.asks(k, "echo well", "well"); err != nil {
			s.Fatalf("while %s do not read: %v", plural(len(deaf), "client"), err)
		}
	}
	k.Close()
	for _, k := range deaf {
		s.must(reset(k.Conn))
	}
	s.end()
}
