//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package gnetloop

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/strategytest"
)

func TestEventLoopsConform(t *testing.T) {
	for _, l := range []strategies.Limits{
		{Workers: 1, Queue: strategies.Unbounded},
		{Workers: 2, Queue: strategies.Unbounded},
		{Workers: 1, Queue: strategies.Unbounded, MaxConns: 3},
		{Workers: 2, Queue: strategies.Unbounded, MaxConns: 3},
		{Workers: 1, Queue: strategies.Unbounded, MaxConns: 3, WhenFull: strategies.Reject},
		{Workers: 2, Queue: strategies.Unbounded, MaxConns: 3, WhenFull: strategies.Reject},
	} {
		spec := strategies.Spec{Kind: kind, Limits: l, Unit: strategies.RequestUnit}
		t.Run(spec.String(), func(t *testing.T) {
			strategytest.Run(t, func() strategies.Strategy {
				s, err := strategies.Kinds{Kind()}.Parse(spec.String())
				if err != nil {
					t.Fatal(err)
				}
				return s
			})
		})
	}
}

func TestAHandlerThatEndsItsGoroutineEndsItsConnectionOnly(t *testing.T) {
	s := serve(t, limits(1), strategies.Options{})
	const times = 5
	for range times {
		k := s.dial()
		k.send("echo a\ngoexit\necho nobody answers this\n")
		k.gets([]byte("a\n"))
	}
	s.becomes("each is counted", func(n strategies.Counts) bool { return n.Panics == times && n.Aborted == times })
	k := s.dial()
	k.send("echo hello\n")
	k.gets([]byte("hello\n"))
	k.Close()
	s.stop()
}

// The same where the connection has left its loop.
func TestAHandlerThatEndsItsGoroutineAsideKeepsNoTurn(t *testing.T) {
	s := serve(t, limits(1), strategies.Options{})
	k := s.dial()
	k.send(fmt.Sprintf("big %d\ngoexit\n", large))
	k.gets(pattern(large))
	s.becomes("it is counted", func(n strategies.Counts) bool { return n.Panics == 1 && n.Aborted == 1 })
	k = s.dial()
	k.send("echo hello\n")
	k.gets([]byte("hello\n"))
	k.Close()
	s.stop()
}

// Workers bounds handlers also where connections have left their loop.
func TestConnectionsAsideAnswerInTheLoopsTurn(t *testing.T) {
	s := serve(t, limits(1), strategies.Options{})
	var asking sync.WaitGroup
	for range 3 {
		aside, k := s.dial(), s.dial()
		aside.send(fmt.Sprintf("big %d\n", large))
		aside.gets(pattern(large))
		for _, k := range []client{aside, k} {
			asking.Go(func() {
				for range 30 {
					if _, err := k.Write([]byte("pause\n")); err != nil {
						t.Error(err)
						return
					}
					if _, err := k.Read(make([]byte, 5)); err != nil {
						t.Error(err)
						return
					}
				}
				k.Close()
			})
		}
	}
	asking.Wait()
	if n := s.most.Load(); n != 1 {
		t.Errorf("%d requests were worked on at once, want 1", n)
	}
	s.stop()
}

// A loop that is busy keeps those waiting whom it was dealt, and nobody else.
func TestABusyLoopHoldsUpItsOwnConnectionsOnly(t *testing.T) {
	s := serve(t, limits(2), strategies.Options{})
	holder := s.dial()
	holder.send("hold\n")
	<-s.held
	var clients []client
	for range 6 {
		k := s.dial()
		k.send("echo hello\n")
		clients = append(clients, k)
	}
	answers := make(chan int, len(clients))
	for i, k := range clients {
		go func() {
			buf := make([]byte, 6)
			if _, err := k.Read(buf); err == nil {
				answers <- i
			}
		}()
	}
	for i := range 3 {
		select {
		case <-answers:
		case <-time.After(patience):
			t.Fatalf("%d of %d clients were answered while one of two loops is busy, want 3", i, len(clients))
		}
	}
	s.becomes("the others are queued", func(n strategies.Counts) bool { return n.Queued == 3 && n.Active == 4 })
	close(s.let)
	for range 3 {
		<-answers
	}
	for _, k := range append(clients, holder) {
		k.Close()
	}
	s.stop()
}

func TestALoopThatLostAConnectionIsDealtTheNext(t *testing.T) {
	s := serve(t, limits(2), strategies.Options{})
	holder := s.dial()
	holder.send("hold\n")
	<-s.held
	for range 3 {
		k := s.dial()
		k.send("echo hello\n")
		k.gets([]byte("hello\n"))
		k.Close()
		s.becomes("it has gone", func(n strategies.Counts) bool { return n.Active == 1 })
	}
	close(s.let)
	holder.Close()
	s.stop()
}

// A connection is woken because its time is over, before the loop has read what came in time: the loop was busy greeting
// somebody, which it does between reading.
func TestWhatCameInTimeIsAnswered(t *testing.T) {
	const idle = 200 * time.Millisecond
	s := serve(t, limits(1), strategies.Options{Idle: idle})
	for {
		began := time.Now()
		k := s.dial()
		s.becomes("it is adopted", func(n strategies.Counts) bool { return n.Active == 1 })
		greeting := make(chan struct{})
		late := func() {
			close(greeting)
			<-time.After(2 * idle) // not to wait for anything: the time has to pass
		}
		s.greet.Store(&late)
		other := s.dial()
		<-greeting
		s.greet.Store(nil)
		k.send("echo in time\n")
		intime := time.Since(began) < idle/2
		if intime {
			k.gets([]byte("in time\n"))
		}
		k.Close()
		other.Close()
		s.becomes("both are gone", func(n strategies.Counts) bool { return n.Active == 0 })
		if intime {
			break
		}
	}
	s.stop()
}

// The drain time-out passes while a handler blocks the loop, also in the last request before the end of a stream: the client
// must not have to wait for it.
func TestAForcedEndDoesNotWaitForTheHandler(t *testing.T) {
	for _, last := range []string{"hold\n", "hold"} {
		s := serve(t, limits(1), strategies.Options{Drain: 10 * time.Millisecond})
		k := s.dial()
		k.send(last)
		if last == "hold" {
			k.closeWrite()
		}
		<-s.held
		s.cancel()
		k.ends()
		close(s.let)
		if err := s.returns(); !errors.Is(err, context.Canceled) {
			t.Errorf("Serve returned %v, want an error that wraps the context's", err)
		}
		if n := s.Counts(); n.Forced != 1 {
			t.Errorf("one was closed by force, but the counts are %+v", n)
		}
	}
}

func TestManyServersAtOnce(t *testing.T) {
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 5 {
				s := serve(t, limits(1+i%3), strategies.Options{})
				k := s.dial()
				if _, err := k.Write([]byte("echo hello\n")); err != nil {
					t.Error(err)
				}
				if _, err := k.Read(make([]byte, 100)); err != nil {
					t.Error(err)
				}
				s.cancel()
				k.Close()
				if err := <-s.done; err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

func TestUnixSocketsAreServed(t *testing.T) {
	ln, err := net.Listen("unix", filepath.Join(t.TempDir(), "socket"))
	if err != nil {
		t.Fatal(err)
	}
	s := serveOn(t, ln, limits(1), strategies.Options{})
	k := s.dial()
	k.send("echo hello\nbye 1000000")
	k.closeWrite()
	k.gets(append([]byte("hello\n"), pattern(1000000)...))
	k.ends()
	if n := s.stop(); n.Served != 1 {
		t.Errorf("one session ended itself, but the counts are %+v", n)
	}
}

// wrapping is a listener whose connections are no sockets.
type wrapping struct{ *net.TCPListener }

type wrapped struct{ net.Conn }

func (w wrapping) Accept() (net.Conn, error) {
	conn, err := w.TCPListener.Accept()
	return wrapped{conn}, err
}

func TestAConnectionThatIsNoSocketIsNamedAndClosed(t *testing.T) {
	log, lines := logbook()
	s := serveOn(t, wrapping{listen(t).(*net.TCPListener)}, limits(1), strategies.Options{Logger: log})
	k := s.dial()
	k.ends()
	if line := <-lines; !strings.Contains(line, "gnetloop.wrapped") {
		t.Errorf("the log does not name the type: %s", line)
	}
	if n := s.stop(); n.Aborted != 1 {
		t.Errorf("one connection could not be adopted, but the counts are %+v", n)
	}
}

func TestAddressesWithAZoneAreRefused(t *testing.T) {
	for _, tt := range []struct {
		addr net.Addr
		want bool
	}{
		{&net.TCPAddr{IP: net.ParseIP("fe80::1"), Zone: "eth0"}, true},
		{&net.TCPAddr{IP: net.IPv6loopback}, false},
		{&net.UnixAddr{Name: "@", Net: "unix"}, false},
		{nil, false},
	} {
		if got := zoned(tt.addr); got != tt.want {
			t.Errorf("zoned(%v) = %t, want %t", tt.addr, got, tt.want)
		}
	}
}

func TestAClosedLoopTakesNothing(t *testing.T) {
	l, err := New(limits(2))
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	ln := listen(t)
	defer ln.Close()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := l.Adopt(conn, nil); err != errClosed {
		t.Errorf("Adopt after Close: got error %v, want %v", err, errClosed)
	}
	if err := l.(*loops).wake(nil); err != errClosed { // gnet would write to a descriptor that it has closed
		t.Errorf("Wake after Close: got error %v, want %v", err, errClosed)
	}
}

// A library that prints would spoil a server's output and a benchmark's.
func TestNothingIsPrinted(t *testing.T) {
	const tests = "^(TestManyServersAtOnce|TestUnixSocketsAreServed|TestAHandlerThatEndsItsGoroutineEndsItsConnectionOnly)$"
	command := exec.Command(os.Args[0], "-test.run", tests)
	command.Env = append(os.Environ(), "GNET_LOGGING_LEVEL=-1") // all that gnet has to say
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if strings.TrimSpace(string(out)) != "PASS" && !strings.HasPrefix(string(out), "PASS\ncoverage") {
		t.Errorf("something was printed:\n%s", out)
	}
}
