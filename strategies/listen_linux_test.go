package strategies_test

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/strategies"
)

// Only Linux has several listeners on one port.
func TestNamesWithSeveralListeners(t *testing.T) {
	for text, want := range map[string]string{
		"reuseport":             "reuseport:workers=unbounded,queue=0,full=wait,unit=conn,listeners=4",
		"reuseport:listeners=1": "reuseport:workers=unbounded,queue=0,full=wait,unit=conn,listeners=1",
		"reuseport:workers=2,listeners=2,backlog=9": "reuseport:workers=2,queue=0,full=wait,unit=conn,listeners=2,backlog=9",
	} {
		if s, err := kinds.Parse(text); err != nil || s.Name() != want {
			t.Errorf("%s: got %v, %v, want %s", text, s, err, want)
		}
	}
	for text, want := range map[string]string{
		"reuseport:listeners=0":    "from 1",
		"reuseport:listeners=9999": "allowed: 1 to 1024",
		"reuseport:maxconns=3":     "one listener, or full=reject",
		"reuseport:queue=1":        "allowed: 0",
	} {
		if _, err := kinds.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error that says %q", text, err, want)
		}
	}
}

func listen(t *testing.T, name string) (strategies.Strategy, net.Listener) {
	t.Helper()
	s, err := kinds.Parse(name)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := strategies.Listen("tcp", "127.0.0.1:0", s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return s, ln
}

// The kernel shakes hands with one connection more than the backlog, and then no longer answers.
func TestTheBacklogIsTheOneInTheName(t *testing.T) {
	const backlog = 3
	_, ln := listen(t, "goroutine:backlog=3")
	for i := range backlog + 1 {
		conn, err := net.DialTimeout("tcp", ln.Addr().String(), patience)
		if err != nil {
			t.Fatalf("connection %d of %d: %v", i+1, backlog+1, err)
		}
		defer conn.Close()
	}
	// A SYN that is not answered is sent again after a second; 100 ms of silence are enough to tell.
	if conn, err := net.DialTimeout("tcp", ln.Addr().String(), 100*time.Millisecond); err == nil {
		conn.Close()
		t.Errorf("%d connections were shaken hands with", backlog+2)
	}
}

// A full backlog of a Unix socket is an error at once.
func TestABacklogIsSetOnUnixSockets(t *testing.T) {
	const backlog = 3
	s, err := kinds.Parse("goroutine:backlog=3")
	if err != nil {
		t.Fatal(err)
	}
	ln, err := strategies.Listen("unix", filepath.Join(t.TempDir(), "socket"), s)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	for i := range backlog + 2 {
		conn, err := net.Dial("unix", ln.Addr().String())
		if full := i > backlog; (err != nil) != full {
			t.Fatalf("connection %d: %v, want an error: %t", i+1, err, full)
		}
		if err == nil {
			defer conn.Close()
		}
	}
}

// The address of a listener says tcp for both families, and tcp on the address of all of IPv4 listens on those of IPv6 too.
func TestASiblingListensOnTheNetworkThatWasAskedFor(t *testing.T) {
	s, err := kinds.Parse("reuseport")
	if err != nil {
		t.Fatal(err)
	}
	ln, err := strategies.Listen("tcp4", "0.0.0.0:0", s)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	sibling, err := ln.(interface{ Sibling() (net.Listener, error) }).Sibling()
	if err != nil {
		t.Fatal(err)
	}
	defer sibling.Close()
	if sibling.Addr().String() != ln.Addr().String() {
		t.Errorf("the sibling listens on %v, want %v", sibling.Addr(), ln.Addr())
	}
}

func TestEverySharedListenerServesAndNoneIsLeftOpen(t *testing.T) {
	s, ln := listen(t, "reuseport:listeners=3")
	count := &countingSiblings{Listener: ln}
	var stats strategies.Stats
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan error, 1)
	go func() {
		done <- s.Serve(ctx, count, strategies.Messages(words(echo)), strategies.Options{Stats: &stats})
	}()
	const clients = 64 // spread over three listeners by a hash: that one gets nothing has a chance of 1e-11
	for range clients {
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(patience))
		if _, err := conn.Write([]byte("x\n")); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 2)); err != nil {
			t.Fatalf("no answer: %v", err)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("Serve returned %v", err)
	}
	if n := stats.Counts(); n.Accepted != clients || n.Served != clients {
		t.Errorf("counts are %+v, want %d served", n, clients)
	}
	if count.siblings != 2 {
		t.Errorf("%d further listeners were opened, want 2", count.siblings)
	}
	if conn, err := net.Dial("tcp", ln.Addr().String()); err == nil {
		conn.Close()
		t.Error("a listener is left open")
	}
}

// countingSiblings wraps a listener as users do who pass the method on.
type countingSiblings struct {
	net.Listener
	siblings int
}

func (c *countingSiblings) Sibling() (net.Listener, error) {
	c.siblings++
	return c.Listener.(interface{ Sibling() (net.Listener, error) }).Sibling()
}

func (c *countingSiblings) SetDeadline(t time.Time) error {
	return c.Listener.(interface{ SetDeadline(time.Time) error }).SetDeadline(t)
}

func TestAPortThatCannotBeSharedIsAnError(t *testing.T) {
	s, ln := listen(t, "reuseport")
	type plain struct{ net.Listener } // as a wrapper that does not pass Sibling on
	err := s.Serve(t.Context(), plain{ln}, strategies.Messages(words(echo)), strategies.Options{})
	if err == nil || !strings.Contains(err.Error(), "strategies.Listen") {
		t.Errorf("Serve returned %v, want what to do", err)
	}
	if _, err := ln.Accept(); err == nil {
		t.Error("the listener is left open")
	}
}

// A stop with connections in several backlogs loses none of them.
func TestAStopEmptiesEveryBacklog(t *testing.T) {
	s, ln := listen(t, "reuseport:listeners=3,workers=1")
	in, release := make(chan struct{}, 100), make(chan struct{})
	hold := words(func(line []byte) []byte { in <- struct{}{}; <-release; return line })
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var stats strategies.Stats
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln, strategies.Messages(hold), strategies.Options{Stats: &stats}) }()
	const clients = 24
	var conns []net.Conn
	for range clients {
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(patience))
		if _, err := conn.Write([]byte("bye\n")); err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	stop()
	close(release)
	for i, conn := range conns {
		if _, err := conn.Read(make([]byte, 4)); err != nil {
			t.Errorf("client %d of %d: %v", i+1, clients, err)
		}
	}
	if err := <-done; err != nil {
		t.Errorf("Serve returned %v", err)
	}
	if n := stats.Counts(); n.Served != clients {
		t.Errorf("counts are %+v, want %d served", n, clients)
	}
}

// A wrapper must not make TLS of one listener and plain text of its siblings.
func TestTLSCoversEverySharedListener(t *testing.T) {
	s, ln := listen(t, "reuseport:listeners=3")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan error, 1)
	go func() {
		done <- s.Serve(ctx, ln, strategies.Messages(words(echo)), strategies.Options{TLS: certificate(t)})
	}()
	for range 32 {
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(patience))
		if _, err := conn.Write([]byte("plain text\n")); err != nil {
			t.Fatal(err)
		}
		answer := make([]byte, 11)
		if n, _ := conn.Read(answer); string(answer[:n]) == "plain text\n" {
			t.Fatal("plain text was answered")
		}
		conn.Close()
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("Serve returned %v", err)
	}
}
