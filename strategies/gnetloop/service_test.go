//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package gnetloop

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolbench/poolbench/strategies"
)

// patience is how long something may take that has to happen; only a failing test waits that long.
const patience = 20 * time.Second

// service answers one line with one line. A last line may lack its newline.
//
//	echo TEXT   answers TEXT
//	size TEXT   answers the length of TEXT
//	big N       answers N bytes
//	bye N       answers N bytes and ends the session
//	hold        tells the test, waits to be let go, answers "held"
//	pause       takes a millisecond, answers "done"
//	goexit      ends its goroutine
type service struct {
	greeting []byte
	greet    atomic.Pointer[func()] // called by Greet
	held     chan struct{}
	let      chan struct{}
	answered atomic.Int64 // bytes
	longest  atomic.Int64 // bytes that Split was given

	working, most atomic.Int64 // requests that are worked on, now and at most
}

func newService() *service {
	return &service{held: make(chan struct{}, 100), let: make(chan struct{})}
}

func (s *service) Open() strategies.Session { return s }

func (s *service) Greet(dst []byte) []byte {
	if f := s.greet.Load(); f != nil {
		(*f)()
	}
	return append(dst, s.greeting...)
}

func (s *service) Split(data []byte, atEOF bool) (int, []byte, error) {
	if n := int64(len(data)); n > s.longest.Load() {
		s.longest.Store(n)
	}
	return bufio.ScanLines(data, atEOF)
}

func (s *service) Answer(_ context.Context, dst, request []byte) (answer []byte, err error) {
	defer func() { s.answered.Add(int64(len(answer))) }()
	verb, text, _ := bytes.Cut(request, []byte(" "))
	switch string(verb) {
	case "echo":
		return append(append(dst, text...), '\n'), nil
	case "size":
		return append(strconv.AppendInt(dst, int64(len(text)), 10), '\n'), nil
	case "big", "bye":
		n, err := strconv.Atoi(string(text))
		if err == nil && string(verb) == "bye" {
			err = io.EOF
		}
		return append(dst, pattern(n)...), err
	case "hold":
		s.held <- struct{}{}
		<-s.let
		return append(dst, "held\n"...), nil
	case "pause":
		if n := s.working.Add(1); n > s.most.Load() {
			s.most.Store(n)
		}
		<-time.After(time.Millisecond)
		s.working.Add(-1)
		return append(dst, "done\n"...), nil
	case "goexit":
		runtime.Goexit()
	}
	return dst, errors.New("not a request")
}

// large is more than both ends of a connection hold on their way: Linux lets a send buffer grow to 4 MiB, and the clients
// keep theirs small.
const large = 8 << 20

// numbers are bytes of which no part can be lost, doubled or moved unseen.
var numbers = sync.OnceValue(func() (b []byte) {
	for len(b) < large {
		b = strconv.AppendInt(b, int64(len(b)), 36)
		b = append(b, " and so on, and so on, and so on, and so on "...)
	}
	return b
})

// pattern is a line of n bytes.
func pattern(n int) []byte {
	return append(slices.Clone(numbers()[:n-1]), '\n')
}

// server is one call of Serve.
type server struct {
	*testing.T
	*service
	strategies.Stats
	addr   net.Addr
	cancel context.CancelFunc
	done   chan error
}

func limits(workers int) strategies.Limits {
	return strategies.Limits{Workers: workers, Queue: strategies.Unbounded}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

func serve(t *testing.T, l strategies.Limits, o strategies.Options) *server {
	t.Helper()
	return serveOn(t, listen(t), l, o)
}

func serveOn(t *testing.T, ln net.Listener, l strategies.Limits, o strategies.Options) *server {
	t.Helper()
	return newService().serveOn(t, ln, l, o)
}

func (service *service) serveOn(t *testing.T, ln net.Listener, l strategies.Limits, o strategies.Options) *server {
	ctx, cancel := context.WithCancel(context.Background())
	s := &server{T: t, service: service, addr: ln.Addr(), cancel: cancel, done: make(chan error, 1)}
	o.Stats = &s.Stats
	go func() { s.done <- strategies.PerEvent(kind, New, l).Serve(ctx, ln, strategies.Messages(s.service), o) }()
	t.Cleanup(cancel)
	return s
}

// returns waits for Serve.
func (s *server) returns() error {
	s.Helper()
	select {
	case err := <-s.done:
		return err
	case <-time.After(patience):
		s.Fatalf("Serve does not return: %+v", s.Counts())
		return nil
	}
}

// stop ends the server, which has to end well.
func (s *server) stop() strategies.Counts {
	s.Helper()
	s.cancel()
	if err := s.returns(); err != nil {
		s.Errorf("Serve returned %v", err)
	}
	n := s.Counts()
	if n.Active != 0 || n.Queued != 0 || n.Accepted != n.Served+n.Shed+n.Aborted+n.Forced {
		s.Errorf("counts after Serve do not add up: %+v", n)
	}
	return n
}

// becomes waits until the counts are as wanted.
func (s *server) becomes(what string, holds func(strategies.Counts) bool) {
	s.Helper()
	for limit := time.Now().Add(patience); !holds(s.Counts()); runtime.Gosched() {
		if time.Now().After(limit) {
			s.Fatalf("waited in vain until %s: %+v", what, s.Counts())
		}
	}
}

// client is a connection that the test closes at its end.
type client struct {
	*testing.T
	net.Conn
}

func (s *server) dial() client {
	s.Helper()
	conn, err := net.Dial(s.addr.Network(), s.addr.String())
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	conn.(interface{ SetReadBuffer(int) error }).SetReadBuffer(64 << 10)
	return client{s.T, conn}
}

func (k client) send(text string) {
	k.Helper()
	if _, err := io.WriteString(k.Conn, text); err != nil {
		k.Fatalf("send: %v", err)
	}
}

// gets reads exactly want.
func (k client) gets(want []byte) {
	k.Helper()
	got := make([]byte, len(want))
	n, err := io.ReadFull(k.Conn, got)
	if err != nil || !bytes.Equal(got, want) {
		k.Fatalf("got %d bytes (%.40q...), error %v; want %d bytes (%.40q...)", n, got[:n], err, len(want), want)
	}
}

// ends reads the end of the stream.
func (k client) ends() {
	k.Helper()
	if rest, err := io.ReadAll(k.Conn); err != nil || len(rest) > 0 {
		k.Fatalf("got %d more bytes (%.40q...) and error %v, want a clean end of the stream", len(rest), rest, err)
	}
}

func (k client) closeWrite() {
	k.Helper()
	if err := k.Conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		k.Fatal(err)
	}
}

// logbook is a logger that can be read.
func logbook() (*slog.Logger, <-chan string) {
	lines := make(chan string, 100)
	return slog.New(slog.NewTextHandler(writerFunc(func(b []byte) { lines <- string(b) }), nil)), lines
}

type writerFunc func([]byte)

func (f writerFunc) Write(b []byte) (int, error) { f(b); return len(b), nil }
