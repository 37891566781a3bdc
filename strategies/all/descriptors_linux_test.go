package all_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/all"
)

// A process that has run out of file descriptors is a real one: this test's binary starts itself as a server with few of
// them. The parent connects until Accept fails, frees some, and stops the server while it backs off.

const (
	// scarceEnv makes a copy of this binary the server; its value is the strategy's full name.
	scarceEnv = "POOLBENCH_TEST_FEW_DESCRIPTORS"

	// descriptors is what the server may have: enough for several listeners, and few enough that a few dozen connections
	// exhaust it.
	descriptors = 48

	// serverPatience bounds waits that end by themselves when the code is right, however slow the machine is.
	serverPatience = 30 * time.Second
)

func TestMain(m *testing.M) {
	if name := os.Getenv(scarceEnv); name != "" {
		if err := serveWithFewDescriptors(name, os.Stdin, json.NewEncoder(os.Stdout)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A scarcity is a message of the server: one of its fields is set.
type scarcity struct {
	Address string
	Failure *acceptFailure
	Record  string // any other log record
	End     *scarceEnd
}

// acceptFailure is a log record about Accept.
type acceptFailure struct {
	At       time.Duration // since the server's start
	Delay    time.Duration // until Accept is called again
	Attempts int64         // calls of Accept that have failed, up to here
	Accepted int64
}

type scarceEnd struct {
	Error  string
	After  time.Duration // from the last failure to the return of Serve
	Counts strategies.Counts
}

// serveWithFewDescriptors is the life of the server. It ends with its standard input, so it cannot outlive its parent.
func serveWithFewDescriptors(name string, in io.Reader, out *json.Encoder) error {
	few := syscall.Rlimit{Cur: descriptors, Max: descriptors}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		return fmt.Errorf("lower the limit of file descriptors to %d: %w", descriptors, err)
	}
	strategy, err := all.Kinds().Parse(name)
	if err != nil {
		return err
	}
	ln, err := strategies.Listen("tcp", "127.0.0.1:0", strategy)
	if err != nil {
		return err
	}
	log := &scarceLog{out: out, began: time.Now()}
	log.say(scarcity{Address: ln.Addr().String()})

	ctx, stop := context.WithCancel(context.Background())
	go func() {
		defer stop()
		_, _ = io.Copy(io.Discard, in)
	}()
	err = strategy.Serve(ctx, attempted{ln, &log.attempts}, strategies.Messages(echoedLines{}), strategies.Options{
		Stats: &log.stats, Logger: slog.New(log),
	})
	end := scarceEnd{After: time.Since(log.began) - log.last, Counts: log.stats.Counts()}
	if err != nil {
		end.Error = err.Error()
	}
	log.say(scarcity{End: &end})
	return nil
}

type echoedLines struct{}

func (echoedLines) Open() strategies.Session { return echoedLines{} }
func (echoedLines) Greet(dst []byte) []byte  { return dst }
func (echoedLines) Split(data []byte, atEOF bool) (int, []byte, error) {
	return bufio.ScanLines(data, atEOF)
}
func (echoedLines) Answer(_ context.Context, dst, line []byte) ([]byte, error) {
	return append(append(dst, line...), '\n'), nil
}

// attempted counts the calls of Accept that run out of descriptors: a loop that spins might do so without a word.
type attempted struct {
	net.Listener
	failed *atomic.Int64
}

func (a attempted) Accept() (net.Conn, error) {
	c, err := a.Listener.Accept()
	if errors.Is(err, syscall.EMFILE) {
		a.failed.Add(1)
	}
	return c, err
}

func (a attempted) SetDeadline(t time.Time) error {
	return a.Listener.(interface{ SetDeadline(time.Time) error }).SetDeadline(t)
}

func (a attempted) Sibling() (net.Listener, error) {
	shared, ok := a.Listener.(interface{ Sibling() (net.Listener, error) })
	if !ok {
		return nil, errors.ErrUnsupported
	}
	ln, err := shared.Sibling()
	if err != nil {
		return nil, err
	}
	return attempted{ln, a.failed}, nil
}

// scarceLog sends the server's log records to the parent.
type scarceLog struct {
	began    time.Time
	attempts atomic.Int64
	stats    strategies.Stats

	mu   sync.Mutex
	out  *json.Encoder
	last time.Duration // when Accept failed
}

func (l *scarceLog) say(m scarcity) { _ = l.out.Encode(m) } // fails if the parent is gone, and then stdin has ended

func (l *scarceLog) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }
func (l *scarceLog) WithAttrs([]slog.Attr) slog.Handler               { return l }
func (l *scarceLog) WithGroup(string) slog.Handler                    { return l }

func (l *scarceLog) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	failure := acceptFailure{At: time.Since(l.began), Attempts: l.attempts.Load(), Accepted: l.stats.Counts().Accepted}
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "delay" {
			failure.Delay = a.Value.Duration()
		}
		text += " " + a.String()
		return true
	})
	if failure.Delay == 0 || !strings.Contains(text, syscall.EMFILE.Error()) {
		l.say(scarcity{Record: text})
		return nil
	}
	l.last = failure.At
	l.say(scarcity{Failure: &failure})
	return nil
}

// scarceName is a kind's name with limits that are out of reach, but not by much: a place under a limit that was lost
// with each failure would be missed.
func scarceName(k strategies.Kind) string {
	switch {
	case k.Default.Workers == strategies.Unbounded:
		return k.Name
	case k.EventLoop: // its workers bound no connections, and take descriptors themselves
		return k.Name + ":workers=2"
	}
	return fmt.Sprintf("%s:workers=%d", k.Name, descriptors)
}

func TestServesOnWhenDescriptorsRunOut(t *testing.T) {
	for _, kind := range all.Kinds() {
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel()
			// A server that waits its back-off out is late each time, a slow machine is not.
			var end scarceEnd
			var delay time.Duration
			for range 3 {
				if end, delay = runOutOfDescriptors(t, scarceName(kind)); end.After < delay {
					return
				}
			}
			t.Errorf("a stop did not interrupt the back-off: Serve returned %v after a failure with a delay of %v", end.After, delay)
		})
	}
}

// runOutOfDescriptors returns the server's last words, and the last delay before it tried to accept again.
func runOutOfDescriptors(t *testing.T, name string) (scarceEnd, time.Duration) {
	s := startScarce(t, name)
	s.exhaust(4 * firstDelay)
	waiting := []*scarceClient{s.last, s.dial(), s.dial()} // no more than the shortest backlog holds
	for i, k := range s.served {
		if err := k.ask(); err != nil {
			t.Fatalf("%s: without descriptors, accepted client %d of %d is not served: %v", name, i+1, len(s.served), err)
		}
	}
	free := len(waiting) + 1
	for _, k := range s.served[:free] {
		if err := k.leave(); err != nil {
			t.Fatalf("%s: a client that leaves sees %v, want a clean end", name, err)
		}
	}
	s.served = s.served[free:]
	for _, k := range waiting {
		never := func(scarcity) bool { return false }
		s.await("a client to be accepted that has waited for a descriptor", never, k)
	}

	s.exhaust(longDelay) // the first of these is served, with the descriptor that is left
	s.stop.Close()
	var end *scarceEnd
	s.await("how it ended", func(m scarcity) bool {
		end = m.End
		return end != nil
	}, nil)
	if end.Error != "" {
		t.Errorf("%s: Serve returned %s", name, end.Error)
	}
	s.checkCounts(end.Counts)
	return *end, s.failures[len(s.failures)-1].Delay
}

const (
	// firstDelay is the server's first pause after a failing Accept. Each further one is twice as long, up to mostDelay.
	firstDelay = 5 * time.Millisecond
	mostDelay  = time.Second

	// longDelay is the pause that a stop has to interrupt: far longer than a stop of idle connections takes, and reached
	// after about as long.
	longDelay = 640 * time.Millisecond
)

// scarce is the server as its parent sees it.
type scarce struct {
	*testing.T
	name      string
	stop      io.Closer
	said      <-chan scarcity // closed when the process has ended
	address   string
	listeners int

	served   []*scarceClient
	last     *scarceClient // the one that waits, after exhaust
	accepted int64         // that the parent knows of, because they were answered
	failures []acceptFailure
}

func startScarce(t *testing.T, name string) *scarce {
	t.Helper()
	spec, err := all.Kinds().Spec(name)
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(program)
	// The race detector lets a process that ends linger for a second.
	child.Env = append(os.Environ(), scarceEnv+"="+spec.String(), "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
	var complaints bytes.Buffer
	child.Stderr = &complaints
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	said := make(chan scarcity)
	var ended error // valid once said is closed
	go func() {
		defer close(said)
		for messages := json.NewDecoder(out); ; {
			var m scarcity
			if messages.Decode(&m) != nil {
				ended = child.Wait()
				return
			}
			said <- m
		}
	}()
	t.Cleanup(func() {
		in.Close()
		defer time.AfterFunc(serverPatience, func() { _ = child.Process.Kill() }).Stop()
		for range said { // nobody else listens any more
		}
		if ended != nil || complaints.Len() > 0 {
			t.Errorf("%s: the server ended with %v\n%s", name, ended, &complaints)
		}
	})
	s := &scarce{T: t, name: name, stop: in, said: said, listeners: max(1, spec.Limits.Listeners)}
	s.await("its address", func(m scarcity) bool {
		s.address = m.Address
		return s.address != ""
	}, nil)
	return s
}

// await takes in what the server says until that is what is waited for, or, if it is not nil, until k is answered.
func (s *scarce) await(what string, holds func(scarcity) bool, k *scarceClient) (answered bool) {
	s.Helper()
	var answer <-chan error
	if k != nil {
		answer = k.answer
	}
	limit := time.NewTimer(serverPatience)
	defer limit.Stop()
	for {
		select {
		case err := <-answer:
			if err != nil {
				s.Fatalf("%s: while waiting for %s: %v", s.name, what, err)
			}
			s.served = append(s.served, k)
			s.accepted++
			return true
		case m, ok := <-s.said:
			if !ok {
				s.Fatalf("%s: the server ended before it said %s", s.name, what)
			}
			if m.Record != "" {
				s.Errorf("%s: the server logged: %s", s.name, m.Record)
			}
			if m.Failure != nil {
				s.checkBackOff(*m.Failure)
				s.failures = append(s.failures, *m.Failure)
			}
			if holds(m) {
				return false
			}
		case <-limit.C:
			s.Fatalf("%s: waited in vain for %s; %d clients were served, %d times accepting failed", s.name, what, s.accepted, len(s.failures))
		}
	}
}

// exhaust connects one client after the other until the server cannot accept one, and has paused for as long as delay.
func (s *scarce) exhaust(delay time.Duration) {
	s.Helper()
	for range 2 * descriptors {
		s.last = s.dial()
		// A failure that is older than the last client's answer says nothing about this one.
		exhausted := func(m scarcity) bool {
			return m.Failure != nil && m.Failure.Accepted == s.accepted && m.Failure.Delay >= delay
		}
		if !s.await("an answer, or a pause before accepting", exhausted, s.last) {
			return
		}
	}
	s.Fatalf("%s: %d clients are served at once with %d descriptors", s.name, len(s.served), descriptors)
}

// checkBackOff demands that each failure is followed by a pause: of 5, 10, 20 ms and so on, each once for a
// listener between two connections that it accepts. f comes after the failures that are known.
func (s *scarce) checkBackOff(f acceptFailure) {
	s.Helper()
	i := len(s.failures)
	if silent := f.Attempts - int64(i+1); silent >= int64(s.listeners) {
		s.Fatalf("%s: %d calls of Accept have failed, but %d were reported", s.name, f.Attempts, i+1)
	}
	same := 1
	for _, before := range s.failures {
		if before.Accepted == f.Accepted && before.Delay == f.Delay {
			same++
		}
	}
	if same > s.listeners && f.Delay < mostDelay {
		s.Fatalf("%s: failure %d is followed by a pause of %v once more", s.name, i+1, f.Delay)
	}
	if s.listeners > 1 {
		return // whose failure this is nobody says
	}
	if i == 0 || s.failures[i-1].Accepted != f.Accepted {
		if f.Delay != firstDelay {
			s.Fatalf("%s: the first failure after %d accepted clients is followed by a pause of %v, want %v", s.name, f.Accepted, f.Delay, firstDelay)
		}
		return
	}
	before := s.failures[i-1]
	if want := min(2*before.Delay, mostDelay); f.Delay != want {
		s.Fatalf("%s: a pause of %v is followed by one of %v, want %v", s.name, before.Delay, f.Delay, want)
	}
	if took := f.At - before.At; took < before.Delay {
		s.Fatalf("%s: it was to pause for %v, and tried again after %v", s.name, before.Delay, took)
	}
}

// checkCounts reads every client's stream to its end, and compares.
func (s *scarce) checkCounts(n strategies.Counts) {
	s.Helper()
	for _, k := range s.served {
		if err := k.ends(); err != nil {
			s.Errorf("%s: at the stop an idle client saw %v, want a clean end", s.name, err)
		}
	}
	want := strategies.Counts{Accepted: s.accepted, Served: s.accepted}
	switch err := s.last.answered(s); { // it has asked, and the stop may have come first
	case err == nil:
		want.Accepted++
		want.Served++
	case err == io.EOF:
		want.Accepted++
		want.Aborted++
	}
	if n != want {
		s.Errorf("%s: the clients saw %+v, the server counts %+v", s.name, want, n)
	}
}

// scarceClient has sent one request when it is made.
type scarceClient struct {
	*net.TCPConn
	lines  *bufio.Reader
	answer chan error
}

func (s *scarce) dial() *scarceClient {
	s.Helper()
	conn, err := net.DialTimeout("tcp", s.address, serverPatience)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(2 * serverPatience)) // a socket takes any
	k := &scarceClient{conn.(*net.TCPConn), bufio.NewReader(conn), make(chan error, 1)}
	go func() { k.answer <- k.ask() }()
	return k
}

func (k *scarceClient) ask() error {
	if _, err := io.WriteString(k, "how are you\n"); err != nil {
		return err
	}
	line, err := k.lines.ReadString('\n')
	if err == nil && line != "how are you\n" {
		err = fmt.Errorf("got answer %q", line)
	}
	return err
}

func (k *scarceClient) answered(s *scarce) error {
	s.Helper()
	select {
	case err := <-k.answer:
		return err
	case <-time.After(serverPatience):
		s.Fatalf("%s: a client learns neither an answer nor an end", s.name)
	}
	panic("unreachable")
}

// ends returns an error unless the stream ends in order.
func (k *scarceClient) ends() error {
	rest, err := io.ReadAll(k.lines)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%q before the end", rest)
	}
	k.Close()
	return err
}

// leave closes, and returns when the server has closed as well: when its descriptor is free.
func (k *scarceClient) leave() error {
	if err := k.CloseWrite(); err != nil {
		return err
	}
	return k.ends()
}
