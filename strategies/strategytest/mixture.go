package strategytest

import (
	"fmt"
	"math/rand/v2"
	"runtime"

	"github.com/poolbench/poolbench/strategies"
)

// survivesAll has faults of every kind at once and in random order, and then wants everything to be as it was.
func survivesAll(e *env) {
	ln, accepted := failing(e.listen())
	s := e.serveOn(e.make(), ln, strategies.Options{})
	s.fullCapacity() // so that workers which stay are there
	s.gone()
	goroutines := s.goroutinesAtRest()
	files, counted := openFiles()

	random := rand.New(rand.NewPCG(e.seed, 0))
	const rounds, atOnce = 6, 6
	for range rounds {
		var calls [atOnce]*call
		for i := range calls {
			f := clientFaults[random.IntN(len(clientFaults))]
			calls[i] = start(f.name, func() error { return s.suffer(f) })
		}
		for _, c := range calls {
			if err := s.returns(c); err != nil {
				s.Fatalf("seed %d: a client that %s: %v", e.seed, c.what, err)
			}
		}
	}
	s.eventually(func() bool { c := s.stats.Counts(); return c.Active+c.Queued == 0 }, "all clients are gone (seed %d)", e.seed)
	s.fullCapacity()
	goroutines += s.moreWorkers()
	s.eventually(func() bool { return runtime.NumGoroutine() <= goroutines }, "goroutines are as many as before, %d (seed %d)", goroutines, e.seed)
	most := s.atOnce(fillable) + s.moreWorkers() + 1 // a worker, or who accepts, may not have let go of its last one
	s.eventually(func() bool { return accepted.kept() <= most }, "no more than %d connections that have ended are still in memory (seed %d)",
		most, e.seed)
	if counted {
		s.eventually(func() bool { n, _ := openFiles(); return n <= files }, "file descriptors are as many as before, %d (seed %d)", files, e.seed)
	}
	s.end()
}

// clientFault is what a client does after it was greeted. An error says that the server has answered what it must not.
type clientFault struct {
	name string
	do   func(*client) error
}

var clientFaults = []clientFault{
	{"leaves without a word", func(*client) error { return nil }},
	{"resets without a word", func(k *client) error { return reset(k.Conn) }},
	{"resets in a request", func(k *client) error {
		k.Conn = &faultyConn{Conn: k.Conn, slice: 2, limit: 6, end: reset}
		_ = k.send("echo halfway\n")
		return nil
	}},
	{"ends its stream in a request", func(k *client) error {
		k.Conn = &faultyConn{Conn: k.Conn, limit: 6, end: truncate}
		return unanswered(k, "echo halfway\n")
	}},
	{"has a panic", func(k *client) error { return unanswered(k, "panic\n") }},
	{"has a panic(nil)", func(k *client) error { return unanswered(k, "panicnil\n") }},
	{"has its goroutine ended", func(k *client) error { return unanswered(k, "goexit\n") }},
	{"has a panic in Split", func(k *client) error { return unanswered(k, "!panic\n") }},
	{"has its goroutine ended in Split", func(k *client) error { return unanswered(k, "!goexit\n") }},
	{"sends garbage", func(k *client) error { return unanswered(k, "!beyond\n") }},
	{"has its session aborted", func(k *client) error { return unanswered(k, "fail\n") }},
	{"sends a request without an end", func(k *client) error {
		return unanswered(k, string(make([]byte, strategies.MaxRequest+1)))
	}},
	{"asks and does not read", func(k *client) error {
		_ = k.send("big\nbig\nbig\n")
		return reset(k.Conn)
	}},
	{"has its session ended, and sends more", func(k *client) error {
		_ = k.send("bye\necho more\n")
		return nil
	}},
}

// unanswered sends, and wants no answer but that the server is busy.
func unanswered(k *client, text string) error {
	_ = k.send(text) // the server may have ended the connection before all is sent
	switch answer, err := k.line(); {
	case err == nil:
		return fmt.Errorf("was answered: %q", answer)
	case timedOut(err):
		return fmt.Errorf("kept its connection: %w", err)
	}
	return nil
}

// suffer has one client come, and do f if it is let in.
func (s *server) suffer(f clientFault) error {
	k, err := s.connect()
	if err != nil {
		return err
	}
	defer k.Close()
	if k.welcome() != nil {
		return nil // refused
	}
	return f.do(k)
}
