package strategies_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolbench/poolbench/strategies"
)

// These are the cases that package strategytest cannot make with its own handler and listener.

// patience is how long a test waits for what has to happen; only a failing one waits so long.
const patience = 10 * time.Second

// serving is one call of Serve.
type serving struct {
	*testing.T
	addr  net.Addr
	stats *strategies.Stats
	stop  context.CancelFunc
	done  chan error
}

func serve(t *testing.T, name string, h strategies.Handler, o strategies.Options) *serving {
	return serveOn(t, name, plainly, h, o)
}

func plainly(ln *net.TCPListener) net.Listener { return ln }

func serveOn(t *testing.T, name string, wrap func(*net.TCPListener) net.Listener, h strategies.Handler, o strategies.Options) *serving {
	t.Helper()
	strategy, err := kinds.Parse(name)
	if err != nil {
		t.Fatal(err)
	}
	return serveStrategy(t, strategy, wrap, h, o)
}

func serveStrategy(t *testing.T, strategy strategies.Strategy, wrap func(*net.TCPListener) net.Listener, h strategies.Handler, o strategies.Options) *serving {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.Stats = new(strategies.Stats)
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	s := &serving{t, ln.Addr(), o.Stats, stop, make(chan error, 1)}
	go func() { s.done <- strategy.Serve(ctx, wrap(ln.(*net.TCPListener)), h, o) }()
	return s
}

func (s *serving) dial(text string) net.Conn {
	s.Helper()
	c, err := net.Dial(s.addr.Network(), s.addr.String())
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c, text); err != nil {
		s.Fatal(err)
	}
	return c
}

func (s *serving) becomes(what string, holds func(strategies.Counts) bool) {
	s.Helper()
	for limit := time.Now().Add(patience); !holds(s.stats.Counts()); runtime.Gosched() {
		if time.Now().After(limit) {
			s.Fatalf("waited in vain: %s; %+v", what, s.stats.Counts())
		}
	}
}

// end waits for Serve.
func (s *serving) end() (strategies.Counts, error) {
	s.Helper()
	select {
	case err := <-s.done:
		return s.stats.Counts(), err
	case <-time.After(patience):
		s.Fatalf("Serve does not return; %+v", s.stats.Counts())
		panic("unreachable")
	}
}

// words is a protocol of lines: an empty one is skipped, "bye" ends the session, others are answered by the function.
type words func(line []byte) []byte

func (w words) Open() strategies.Session { return w }
func (words) Greet(dst []byte) []byte    { return dst }
func (words) Split(data []byte, _ bool) (int, []byte, error) {
	switch i := bytes.IndexByte(data, '\n'); i {
	case -1:
		return 0, nil, nil
	case 0:
		return 1, nil, nil
	default:
		return i + 1, data[:i], nil
	}
}

func (w words) Answer(_ context.Context, dst, line []byte) ([]byte, error) {
	if string(line) == "bye" {
		return append(dst, "bye\n"...), io.EOF
	}
	return append(append(dst, w(line)...), '\n'), nil
}

func echo(line []byte) []byte { return line }

func TestSkippedInputLeavesAConnectionIdle(t *testing.T) {
	s := serve(t, "goroutine", strategies.Messages(words(echo)), strategies.Options{Idle: 20 * time.Millisecond})
	c := s.dial("\n")
	if got, err := io.ReadAll(c); err != nil || len(got) > 0 {
		t.Errorf("got %q, %v, want the clean end of an idle connection", got, err)
	}
	c.Close()
	s.stop()
	if n, err := s.end(); err != nil || n.Served != 1 {
		t.Errorf("Serve returned %v, and the counts are %+v, want 1 served", err, n)
	}
}

func TestClientsThatStayAtStopHoldNoWorker(t *testing.T) {
	const silent = 12 // at half a second each, more than the drain time-out
	s := serve(t, "tutorial:workers=1", strategies.Messages(words(echo)), strategies.Options{Drain: 4 * time.Second})
	for range silent {
		s.dial("")
	}
	last := s.dial("bye\n")
	s.becomes("all are accepted", func(n strategies.Counts) bool { return n.Accepted == silent+1 })
	s.stop()
	if got, err := io.ReadAll(last); err != nil || string(got) != "bye\n" {
		t.Errorf("the last in the queue got %q, %v, want its answer", got, err)
	}
	if n, err := s.end(); err != nil || n.Served != silent+1 {
		t.Errorf("Serve returned %v, and the counts are %+v, want all served", err, n)
	}
}

func TestOnlyAnIdleReadThatRanOutIsAnEndInOrder(t *testing.T) {
	for name, handler := range map[string]strategies.HandlerFunc{
		"a write that ran out": func(_ context.Context, c net.Conn) error {
			_, err := c.Write(make([]byte, 64<<20)) // more than the kernel keeps for a client that does not read
			return err
		},
		"somebody else's time-out": func(context.Context, net.Conn) error {
			return fmt.Errorf("ask another server: %w", os.ErrDeadlineExceeded)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, "goroutine", handler, strategies.Options{Request: 20 * time.Millisecond})
			s.dial("")
			s.becomes("the connection ends", func(n strategies.Counts) bool { return n.Served+n.Aborted > 0 })
			s.stop()
			if n, err := s.end(); err != nil || n.Aborted != 1 {
				t.Errorf("Serve returned %v, and the counts are %+v, want 1 aborted", err, n)
			}
		})
	}
}

func TestAnEarlierWriteDeadlineOfTheHandlerIsKept(t *testing.T) {
	s := serve(t, "goroutine", strategies.HandlerFunc(func(_ context.Context, c net.Conn) error {
		if err := c.SetDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
			return err
		}
		_, err := c.Write(make([]byte, 64<<20))
		return err
	}), strategies.Options{Request: time.Hour})
	s.dial("")
	s.becomes("the write runs out", func(n strategies.Counts) bool { return n.Aborted == 1 })
	s.stop()
	if _, err := s.end(); err != nil {
		t.Errorf("Serve returned %v, want nil", err)
	}
}

func TestWhoeverIsEndedByTheDrainTimeOutIsCountedAsForced(t *testing.T) {
	for _, unit := range []string{"conn", "request"} {
		t.Run(unit, func(t *testing.T) {
			for range 20 { // who waits for a worker is woken at the same time
				in, let := make(chan struct{}, 2), make(chan struct{})
				hold := words(func([]byte) []byte { in <- struct{}{}; <-let; return nil })
				s := serve(t, "channel:workers=1,unit="+unit, strategies.Messages(hold), strategies.Options{Drain: 2 * time.Millisecond})
				held := s.dial("x\n")
				<-in
				waits := s.dial("x\n")
				s.becomes("both are accepted", func(n strategies.Counts) bool { return n.Accepted == 2 })
				s.stop()
				s.becomes("all have ended", func(n strategies.Counts) bool { return n.Active+n.Queued == 0 })
				close(let)
				n, err := s.end()
				if !errors.Is(err, context.Canceled) || n.Forced != 2 {
					t.Fatalf("Serve returned %v, and the counts are %+v, want 2 forced", err, n)
				}
				held.Close()
				waits.Close()
			}
		})
	}
}

// accepting makes something else of each accepted connection.
type accepting struct {
	*net.TCPListener
	conn func(net.Conn) net.Conn

	stopped chan struct{} // closed with the first deadline: every connection knows of the stop by then
	once    sync.Once
}

func (a *accepting) Accept() (net.Conn, error) {
	c, err := a.TCPListener.Accept()
	if err != nil {
		return nil, err
	}
	return a.conn(c), nil
}

func (a *accepting) SetDeadline(t time.Time) error {
	a.once.Do(func() { close(a.stopped) })
	return a.TCPListener.SetDeadline(t)
}

func acceptAs(conn func(net.Conn) net.Conn) (func(*net.TCPListener) net.Listener, chan struct{}) {
	stopped := make(chan struct{})
	return func(ln *net.TCPListener) net.Listener {
		return &accepting{TCPListener: ln, conn: conn, stopped: stopped}
	}, stopped
}

// Writing to a TLS connection reads first: the handshake, which this client never begins.
func TestARefusedClientWithoutAHandshakeIsLetGo(t *testing.T) {
	wrap, _ := acceptAs(func(c net.Conn) net.Conn { return tls.Server(c, new(tls.Config)) })
	wait := strategies.HandlerFunc(func(ctx context.Context, _ net.Conn) error { <-ctx.Done(); return nil })
	s := serveOn(t, "goroutine:full=reject,maxconns=1", wrap, wait, strategies.Options{Busy: []byte("busy\n")})
	s.dial("")
	s.becomes("one is served", func(n strategies.Counts) bool { return n.Active == 1 })
	if _, err := io.ReadAll(s.dial("")); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("a refused client that says nothing keeps its connection")
	}
	s.stop()
	if n, err := s.end(); err != nil || n.Shed != 1 {
		t.Errorf("Serve returned %v, and the counts are %+v, want 1 shed", err, n)
	}
}

// failed repeats one error, as crypto/tls does after a handshake that ran out.
type failed struct {
	net.Conn
	reads *atomic.Int64
}

func (f failed) Read([]byte) (int, error) {
	f.reads.Add(1)
	return 0, os.ErrDeadlineExceeded
}

func TestAConnectionThatRepeatsItsTimeOutIsNotReadForEver(t *testing.T) {
	var reads atomic.Int64
	wrap, stopped := acceptAs(func(c net.Conn) net.Conn { return failed{c, &reads} })
	s := serveOn(t, "goroutine", wrap, strategies.HandlerFunc(func(_ context.Context, c net.Conn) error {
		<-stopped
		_, err := c.Read(make([]byte, 1))
		return err
	}), strategies.Options{})
	s.dial("")
	s.becomes("it is served", func(n strategies.Counts) bool { return n.Active == 1 })
	s.stop()
	if _, err := s.end(); err != nil {
		t.Errorf("Serve returned %v, want nil", err)
	}
	if n := reads.Load(); n > 10 { // one, or a few on a machine that is slow at the wrong moment
		t.Errorf("the connection was read %d times", n)
	}
}

// Clients that go on connecting while the pool is full must not keep the server from ending: they have come after the stop.
func TestAStopUnderSteadyLoadEndsByItself(t *testing.T) {
	release := make(chan struct{})
	handler := strategies.HandlerFunc(func(_ context.Context, c net.Conn) error {
		<-release
		_, err := io.WriteString(c, "done\n")
		return err
	})
	s := serve(t, "channel:workers=1", handler, strategies.Options{Drain: patience})
	first, second := s.dial(""), s.dial("")
	s.becomes("one is served and one blocks the accept loop", func(n strategies.Counts) bool { return n.Active == 1 && n.Queued == 1 })
	backlog := s.dial("") // handshaken, and not accepted

	coming, end := context.WithCancel(t.Context())
	defer end()
	closed := make(chan struct{})
	go func() { // one client after the other, until the listener is closed
		defer close(closed)
		for coming.Err() == nil {
			c, err := net.Dial("tcp", s.addr.String())
			if err != nil {
				return
			}
			defer c.Close()
		}
	}()
	s.stop()
	select {
	case <-closed:
	case <-time.After(patience):
		t.Fatal("the listener stays open while the pool is full")
	}
	close(release)
	for name, c := range map[string]net.Conn{"served": first, "queued": second, "in the backlog": backlog} {
		if answer, err := io.ReadAll(c); err != nil || string(answer) != "done\n" {
			t.Errorf("the connection that was %s at the stop got %q, %v", name, answer, err)
		}
		c.Close()
	}
	end()
	if n, err := s.end(); err != nil || n.Forced > 0 {
		t.Errorf("Serve returned %v, and the counts are %+v", err, n)
	}
}

// A server that closes with unread input resets the connection, and the reset destroys whatever of the answer is still on
// its way. So it must not do so, also if that input comes while the last answer is made.
func TestALastAnswerArrivesWhateverTheClientGoesOnSending(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	for name, handler := range map[string]func(in, more chan struct{}) strategies.Handler{
		"a session": func(in, more chan struct{}) strategies.Handler {
			return strategies.Messages(lastWords{func() []byte { close(in); <-more; return large }})
		},
		"a plain handler": func(in, more chan struct{}) strategies.Handler {
			return strategies.HandlerFunc(func(_ context.Context, c net.Conn) error {
				if _, err := c.Read(make([]byte, 1)); err != nil {
					return err
				}
				close(in)
				<-more
				_, err := c.Write(large)
				return err
			})
		},
	} {
		for _, unit := range []string{"conn", "request"} {
			if name == "a plain handler" && unit == "request" {
				continue
			}
			t.Run(name+" by "+unit, func(t *testing.T) {
				in, more := make(chan struct{}), make(chan struct{})
				s := serve(t, "channel:workers=1,unit="+unit, handler(in, more), strategies.Options{})
				c := s.dial("x\n")
				<-in
				if _, err := c.Write(bytes.Repeat([]byte("more\n"), 1000)); err != nil {
					t.Fatal(err)
				}
				close(more)
				if got, err := io.ReadAll(c); err != nil || len(got) != len(large) {
					t.Errorf("got %d of %d bytes, %v", len(got), len(large), err)
				}
				c.Close()
				s.stop()
				if n, err := s.end(); err != nil || n.Served != 1 {
					t.Errorf("Serve returned %v, and the counts are %+v, want 1 served", err, n)
				}
			})
		}
	}
}

// lastWords is a session with one answer.
type lastWords struct{ answer func() []byte }

func (w lastWords) Open() strategies.Session { return w }
func (lastWords) Greet(dst []byte) []byte    { return dst }
func (lastWords) Split(data []byte, _ bool) (int, []byte, error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	return 0, nil, nil
}
func (w lastWords) Answer(_ context.Context, dst, _ []byte) ([]byte, error) {
	return append(dst, w.answer()...), io.EOF
}

// What a client has sent beyond the end of its session must not reset the answer on its way.
func TestASessionThatEndsItselfEndsCleanly(t *testing.T) {
	s := serve(t, "goroutine", strategies.Messages(words(bytes.ToUpper)), strategies.Options{})
	for range 20 {
		c := s.dial("bye\n" + string(bytes.Repeat([]byte("more\n"), 10_000)))
		if answer, err := io.ReadAll(c); err != nil || string(answer) != "bye\n" {
			t.Fatalf("got %q, %v", answer, err)
		}
		c.Close()
	}
	s.becomes("all are served", func(n strategies.Counts) bool { return n.Served == 20 })
	s.stop()
	if _, err := s.end(); err != nil {
		t.Error(err)
	}
}

// broken is a dispatcher that takes nothing, for a reason of its own.
type broken struct{}

var errBroken = errors.New("the dispatcher is broken")

func (broken) Dispatch(context.Context, func()) error { return errBroken }
func (broken) Close() error                           { return nil }

func TestADispatcherThatIsBrokenIsLogged(t *testing.T) {
	start := func(strategies.Limits) (strategies.Dispatcher, error) { return broken{}, nil }
	limits := strategies.Limits{Workers: 1}
	for name, strategy := range map[string]strategies.Strategy{
		"conn":    strategies.PerConn("broken", start, limits),
		"request": strategies.PerRequest("broken", start, limits),
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer // read when Serve has returned
			s := serveStrategy(t, strategy, plainly, strategies.Messages(words(echo)), strategies.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			s.dial("x\n")
			s.becomes("the connection ends", func(n strategies.Counts) bool { return n.Aborted == 1 })
			s.stop()
			if _, err := s.end(); err != nil {
				t.Error(err)
			}
			if n := strings.Count(log.String(), errBroken.Error()); n != 1 {
				t.Errorf("logged %d times, want once: %q", n, log.String())
			}
		})
	}
}
