package strategies_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/poolbench/poolbench/strategies"
)

// certificate makes one that nobody has signed.
func certificate(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// secure puts TLS on a client's connection.
func secure(c net.Conn) *tls.Conn { return tls.Client(c, &tls.Config{InsecureSkipVerify: true}) }

func TestTLSServesAndEndsInOrder(t *testing.T) {
	for _, name := range []string{"goroutine", "channel:workers=1,unit=request"} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, name, strategies.Messages(words(echo)), strategies.Options{TLS: certificate(t)})
			c := secure(s.dial(""))
			if _, err := io.WriteString(c, "hello\n"); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewReader(c)
			if got, err := lines.ReadString('\n'); err != nil || got != "hello\n" {
				t.Fatalf("got %q, %v", got, err)
			}
			s.stop()
			if got, err := io.ReadAll(lines); err != nil || len(got) > 0 {
				t.Errorf("at stop the client got %q, %v, want the clean end of the stream", got, err)
			}
			c.Close()
			if n, err := s.end(); err != nil || n.Served != 1 {
				t.Errorf("Serve returned %v, and the counts are %+v, want 1 served", err, n)
			}
		})
	}
}

// A client that connects and says nothing must hold neither a worker nor a stop.
func TestAHandshakeThatDoesNotComeIsGivenUp(t *testing.T) {
	t.Run("in Options.Request", func(t *testing.T) {
		s := serve(t, "channel:workers=1", strategies.Messages(words(echo)),
			strategies.Options{TLS: certificate(t), Request: 20 * time.Millisecond, Idle: time.Hour})
		s.dial("")
		s.becomes("it is given up", func(n strategies.Counts) bool { return n.Aborted == 1 })
		s.stop()
		if _, err := s.end(); err != nil {
			t.Error(err)
		}
	})
	t.Run("at stop", func(t *testing.T) {
		s := serve(t, "channel:workers=1", strategies.Messages(words(echo)), strategies.Options{TLS: certificate(t), Drain: time.Hour})
		silent := s.dial("")
		s.becomes("it is served", func(n strategies.Counts) bool { return n.Active == 1 })
		s.stop()
		if n, err := s.end(); err != nil || n.Aborted != 1 {
			t.Errorf("Serve returned %v, and the counts are %+v, want 1 aborted", err, n)
		}
		if _, err := io.ReadAll(silent); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("its connection was left open")
		}
	})
}

// Whoever is in the middle of a handshake at stop has 500 ms for it, and then a grace for a request.
func TestAStopLetsAHandshakeComeToItsEnd(t *testing.T) {
	for range 20 {
		s := serve(t, "channel:workers=1", strategies.Messages(words(echo)), strategies.Options{TLS: certificate(t)})
		slow := &pausing{Conn: s.dial(""), heard: make(chan struct{}), goOn: make(chan struct{})}
		c := secure(slow)
		shaken := make(chan error, 1)
		go func() { shaken <- c.Handshake() }()
		<-slow.heard // so the server has read what the client said first
		s.stop()
		close(slow.goOn)
		if err := <-shaken; err != nil {
			t.Fatalf("handshake at stop: %v", err)
		}
		if got, err := io.ReadAll(c); err != nil || len(got) > 0 {
			t.Errorf("the client got %q, %v, want the clean end of the stream", got, err)
		}
		c.Close()
		if _, err := s.end(); err != nil {
			t.Fatal(err)
		}
	}
}

// pausing is a client's connection that waits when the server has first said something.
type pausing struct {
	net.Conn
	heard, goOn chan struct{}
	once        sync.Once
}

func (p *pausing) Read(b []byte) (int, error) {
	n, err := p.Conn.Read(b)
	p.once.Do(func() {
		close(p.heard)
		<-p.goOn
	})
	return n, err
}

// Clients that connected and said nothing are not given the time of a handshake each, one after the other.
func TestSilentTLSClientsHoldNoWorkerAtStop(t *testing.T) {
	const silent = 20 // at half a second each, more than the drain time-out
	s := serve(t, "tutorial:workers=1,backlog=64", strategies.Messages(words(echo)), strategies.Options{TLS: certificate(t), Drain: 8 * time.Second})
	for range silent {
		s.dial("")
	}
	last := secure(s.dial(""))
	answer := make(chan string, 1)
	go func() {
		if _, err := io.WriteString(last, "bye\n"); err != nil {
			answer <- err.Error()
			return
		}
		got, err := io.ReadAll(last)
		answer <- fmt.Sprintf("%s, %v", got, err)
	}()
	s.becomes("all are accepted", func(n strategies.Counts) bool { return n.Accepted == silent+1 })
	s.stop()
	if got := <-answer; got != "bye\n, <nil>" {
		t.Errorf("the last in the queue got %q, want its answer", got)
	}
	last.Close()
	if n, err := s.end(); err != nil || n.Served != 1 || n.Aborted != silent {
		t.Errorf("Serve returned %v, and the counts are %+v, want 1 served and %d aborted", err, n, silent)
	}
}

// Closing TLS in order writes, which a client that does not read can make wait; the drain time-out must not wait for each.
func TestClientsThatDoNotReadDoNotHoldUpAForcedEnd(t *testing.T) {
	const clients = 4
	in := make(chan struct{}, clients)
	s := serve(t, "goroutine", strategies.HandlerFunc(func(_ context.Context, c net.Conn) error {
		in <- struct{}{}
		for {
			if _, err := c.Write(make([]byte, 1<<20)); err != nil {
				return err
			}
		}
	}), strategies.Options{TLS: certificate(t), Drain: 10 * time.Millisecond})
	for range clients {
		if err := secure(s.dial("")).Handshake(); err != nil {
			t.Fatal(err)
		}
	}
	for range clients {
		<-in
	}
	s.stop()
	began := time.Now()
	n, err := s.end()
	if err == nil || n.Forced != clients {
		t.Errorf("Serve returned %v, and the counts are %+v, want %d forced", err, n, clients)
	}
	// One alone would take crypto/tls's 5 s.
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("the forced end took %v", took)
	}
}

// What a TLS configuration calls is the user's, and must not end the process where nobody else is there to recover.
func TestAPanicInTheHandshakeOfARefusedClientIsContained(t *testing.T) {
	config := certificate(t)
	honest := config.Certificates[0]
	config.Certificates = nil
	var calls atomic.Int64
	config.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		if calls.Add(1) > 1 {
			panic("on purpose")
		}
		return &honest, nil
	}
	s := serve(t, "goroutine:workers=1,full=reject", strategies.Messages(words(echo)), strategies.Options{TLS: config, Busy: []byte("busy\n")})
	if err := secure(s.dial("")).Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := secure(s.dial("")).Handshake(); err == nil {
		t.Error("a handshake that panicked has succeeded")
	}
	s.stop()
	if n, err := s.end(); err != nil || n.Panics != 1 || n.Shed != 1 || n.Served != 1 {
		t.Errorf("Serve returned %v, and the counts are %+v, want 1 panic, 1 shed and 1 served", err, n)
	}
}

// piped is a listener whose one connection is in memory, as a bubble of synctest needs it.
type piped struct {
	conns chan net.Conn
	once  sync.Once
}

func (p *piped) Accept() (net.Conn, error) {
	if c, ok := <-p.conns; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (p *piped) Close() error { p.once.Do(func() { close(p.conns) }); return nil }
func (*piped) Addr() net.Addr { return &net.UnixAddr{Net: "pipe"} }

// What bounds a handshake must not bound what comes after it.
func TestTheBoundOfAHandshakeEndsWithIt(t *testing.T) {
	config := certificate(t)
	for name, o := range map[string]strategies.Options{
		"Request, which is shorter than Idle": {Request: time.Second, Idle: 10 * time.Second},
		"Idle, without Request":               {Idle: 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				strategy, err := kinds.Parse("goroutine")
				if err != nil {
					t.Fatal(err)
				}
				o.TLS = config
				ln := &piped{conns: make(chan net.Conn, 1)}
				plain, accepted := net.Pipe()
				ln.conns <- accepted
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- strategy.Serve(ctx, ln, strategies.Messages(words(echo)), o) }()
				c := secure(plain)
				if err := c.Handshake(); err != nil {
					t.Fatal(err)
				}
				lines := bufio.NewReader(c)
				for range 3 {
					time.Sleep(8 * time.Second) // virtual time
					if _, err := io.WriteString(c, "hello\n"); err != nil {
						t.Fatal(err)
					}
					if got, err := lines.ReadString('\n'); err != nil || got != "hello\n" {
						t.Fatalf("got %q, %v", got, err)
					}
				}
				go func() { _, _ = io.Copy(io.Discard, lines); plain.Close() }() // a pipe's writers wait for a reader
				stop()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
}
