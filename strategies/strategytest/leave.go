package strategytest

import (
	"github.com/poolbench/poolbench/strategies"
)

// seesOff has clients leave in every way, one after the other, each counted before the next one comes. Nothing of it is worth a
// log record: clients come and go.
func seesOff(e *env) {
	s := e.serve()
	var want strategies.Counts
	left := func(what string, class *int64) {
		s.Helper()
		*class++
		s.becomes(func(c strategies.Counts) bool { return c.Active+c.Queued == 0 }, "the server notices: "+what)
		if got := s.stats.Counts(); got.Served != want.Served || got.Aborted != want.Aborted {
			s.Errorf("%s: the counts are %+v, want %d served and %d aborted", what, got, want.Served, want.Aborted)
			want.Served, want.Aborted = got.Served, got.Aborted
		}
	}

	k := s.enter()
	k.Close()
	left("a client that asks nothing and closes", &want.Served)

	k = s.enter()
	s.must(reset(k.Conn))
	left("a client that asks nothing and resets", &want.Aborted)

	k = s.enter()
	s.must(s.asks(k, "echo well", "well"))
	s.must(truncate(k.Conn))
	s.must(k.ends())
	left("a client that is answered and ends its stream", &want.Served)

	k = s.enter()
	s.halfCloses(k)
	left("a client that ends its stream after a request", &want.Served)

	for _, f := range []struct {
		what  string
		fault *faultyConn
	}{
		{"a client that ends its stream in a request", &faultyConn{limit: 4, end: truncate}},
		{"a client that resets its connection in a request", &faultyConn{limit: 4, end: reset}},
		{"a client that sends byte by byte and resets", &faultyConn{slice: 1, limit: 4, end: reset}},
	} {
		k = s.enter()
		s.must(k.send("echo ha"))
		event(s.check, s.half, "half a request is read")
		f.fault.Conn = k.Conn
		k.Conn = f.fault
		s.must(k.send("lf a request, of which this much is lost\n"))
		if text, err := k.line(); err == nil {
			s.Errorf("%s had an answer: %q", f.what, text)
		}
		k.Close()
		left(f.what, &want.Aborted)
	}

	k = s.dial() // and goes before it is greeted, which is served or aborted, but once
	k.Close()
	s.becomes(func(c strategies.Counts) bool { return c.Accepted == s.connected.Load() }, "all clients are accepted")
	s.fullCapacity()
	s.end()
}

// halfCloses has a request answered whose client has ended its stream with it.
func (s *server) halfCloses(k *client) {
	s.Helper()
	s.must(k.send("echo well\n"))
	s.must(truncate(k.Conn))
	s.inOrder(k, "well")
	s.must(k.ends())
}
