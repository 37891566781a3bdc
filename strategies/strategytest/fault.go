package strategytest

import (
	"errors"
	"net"
	"sync"
	"time"

	"github.com/poolbench/poolbench/strategies"
)

// survivesPanics has more panics than workers, or a strategy that loses a worker with each would still have some.
func survivesPanics(e *env) {
	s := e.serve()
	n := e.atOnce(8) + 1
	for i := range n {
		s.eventually(func() bool {
			k, err := dial(s.addr, s.patience)
			s.must(err)
			defer k.Close()
			s.must(k.send("panic\n"))
			_, err = k.line()
			if err == nil {
				s.Fatalf("a request whose handler panics was answered")
			}
			return !errors.Is(err, errBusy)
		}, "client %d of %d is let in", i+1, n)
	}
	s.becomes(func(c strategies.Counts) bool { return c.Panics >= int64(n) }, "every panic is counted")
	if err := s.visit(1); err != nil {
		s.Errorf("after %s: %v", plural(n, "panic"), err)
	}
	if counts := s.end(); counts.Panics != int64(n) || counts.Aborted != int64(n) {
		s.Errorf("%s, but the counts are %+v", plural(n, "panic"), counts)
	}
}

func survivesVanishing(e *env) {
	s := e.serve()
	k := s.dial()
	s.must(k.send("echo ha"))
	event(s.check, s.half, "half a request is read")
	k.Close()
	s.becomes(func(c strategies.Counts) bool { return c.Active == 0 }, "the server notices that its client is gone")
	if err := s.visit(1); err != nil {
		s.Errorf("after a client had vanished: %v", err)
	}
	if counts := s.end(); counts.Aborted != 1 {
		s.Errorf("one client vanished inside a request, but the counts are %+v", counts)
	}
}

// faulty fails its first calls of Accept.
type faulty struct {
	*net.TCPListener
	mu       sync.Mutex
	failures []error
}

func (f *faulty) Accept() (net.Conn, error) {
	f.mu.Lock()
	if len(f.failures) > 0 {
		err := f.failures[0]
		f.failures = f.failures[1:]
		f.mu.Unlock()
		return nil, err
	}
	f.mu.Unlock()
	return f.TCPListener.Accept()
}

// temporary is an error as a process without free file descriptors gets it.
type temporary struct{}

func (temporary) Error() string   { return "too many open files, for now" }
func (temporary) Timeout() bool   { return false }
func (temporary) Temporary() bool { return true }

func survivesAcceptError(e *env) {
	ln := &faulty{TCPListener: e.listen().(*net.TCPListener), failures: []error{temporary{}, temporary{}}}
	s := e.serveOn(e.make(), ln, strategies.Options{})
	if err := s.visit(1); err != nil {
		s.Errorf("after an accept error that is temporary: %v", err)
	}
	s.end()
}

func returnsAcceptError(e *env) {
	broken := errors.New("the listener broke")
	ln := &faulty{TCPListener: e.listen().(*net.TCPListener), failures: []error{broken}}
	s := e.serveOn(e.make(), ln, strategies.Options{})
	if err := s.returns(s.call); !errors.Is(err, broken) {
		s.Errorf("Serve returned %v, want the listener's error", err)
	}
	s.closedItsListener()
}

// closedItsListener fails if the server's port still takes connections.
func (s *server) closedItsListener() {
	s.Helper()
	if conn, err := net.DialTimeout(s.addr.Network(), s.addr.String(), time.Second); err == nil {
		conn.Close()
		s.Errorf("Serve has returned and left its listener open")
	}
}
