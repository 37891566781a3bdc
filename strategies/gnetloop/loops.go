//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package gnetloop

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"

	"github.com/panjf2000/gnet/v2"

	"github.com/poolbench/poolbench/strategies"
)

// New starts event loops, Limits.Workers of them. There is a version for systems on which gnet does not run, which
// returns an error.
func New(l strategies.Limits) (strategies.Loop, error) {
	if err := check(l); err != nil {
		return nil, err
	}
	spare, err := os.Open(os.DevNull)
	if err != nil {
		return nil, fmt.Errorf("keep a spare descriptor: %w", err)
	}
	ls := &loops{spare: spare}
	for i := range l.Workers {
		one, err := startLoop(ls)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("start gnet event loop %d of %d: %w", i+1, l.Workers, err), ls.Close())
		}
		ls.all = append(ls.all, one)
	}
	return ls, nil
}

// loops are the event loops of one server.
type loops struct {
	all      []*loop
	adopting sync.WaitGroup // calls of Adopt that are at gnet

	short sync.Mutex // held by the one who uses spare
	spare *os.File

	// mu is held while a connection is woken: that is a write to a descriptor of the loop, which gnet closes with it, and
	// which may be anybody's then. It is never held while one waits for a loop.
	mu     sync.Mutex
	closed bool
}

// loop is one event loop: a client of gnet, and what that calls.
type loop struct {
	gnet.BuiltinEventEngine
	loops  *loops
	client *gnet.Client
	turn   sync.Mutex // held while a handler runs
	conns  int        // dealt to the loop; guarded by loops.mu
}

func startLoop(ls *loops) (*loop, error) {
	l := &loop{loops: ls}
	client, err := gnet.NewClient(l, gnet.WithNumEventLoop(1), gnet.WithLogger(silence{}))
	if err != nil {
		return nil, err
	}
	l.client = client
	if err := client.Start(); err != nil {
		return nil, err
	}
	return l, nil
}

var errClosed = errors.New("event loops are closed")

// Adopt takes over a connection of type *net.TCPConn or *net.UnixConn.
func (ls *loops) Adopt(conn net.Conn, t *strategies.Talk) error {
	if err := adoptable(conn); err != nil {
		return err
	}
	l := ls.deal()
	if l == nil {
		return errClosed
	}
	defer ls.adopting.Done()
	p := &peer{loop: l, talk: t}
	if err := ls.enroll(l, conn, p); err != nil {
		l.release()
		return fmt.Errorf("enroll with gnet: %w", err)
	}
	if p.conn == nil { // the system's poller did not take it; gnet has closed it and says nothing
		l.release()
		return errors.New("enroll with gnet: its event loop could not poll the connection")
	}
	return nil
}

// enroll hands conn to gnet, which needs a second descriptor for a moment. If that is one too many gnet closes conn, and
// the client is lost whom the last descriptor was spent on. So where descriptors are short there is one to spare, for one
// connection at a time; only whoever accepts in that moment can take it away.
func (ls *loops) enroll(l *loop, conn net.Conn, p *peer) error {
	if !short(conn) {
		_, err := l.client.EnrollContext(conn, p)
		return err
	}
	ls.short.Lock()
	defer ls.short.Unlock()
	ls.spare.Close()
	_, err := l.client.EnrollContext(conn, p)
	if spare, e := os.Open(os.DevNull); e == nil { // conn's own descriptor is free now
		ls.spare = spare
	}
	return err
}

// adoptable reports connections that gnet cannot adopt.
func adoptable(conn net.Conn) error {
	switch conn.(type) {
	case *net.TCPConn:
		if zoned(conn.LocalAddr()) || zoned(conn.RemoteAddr()) {
			return fmt.Errorf("%v has a zone: gnet would write over the string, which is not its own", conn.RemoteAddr())
		}
		return nil
	case *net.UnixConn:
		return nil
	}
	return fmt.Errorf("a %T is no socket; an event loop reads sockets", conn)
}

// zoned reports whether addr is an IPv6 one with a zone, as link-local ones are. gnet puts the zone's bytes into its pool
// of buffers when the connection ends.
func zoned(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.Zone != ""
}

// deal returns the loop with the fewest connections, which has one more then, or nil after Close. Whoever it is for calls
// adopting.Done.
func (ls *loops) deal() *loop {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.closed {
		return nil
	}
	ls.adopting.Add(1)
	fewest := ls.all[0]
	for _, l := range ls.all[1:] {
		if l.conns < fewest.conns {
			fewest = l
		}
	}
	fewest.conns++
	return fewest
}

// release says that a connection of the loop has ended.
func (l *loop) release() {
	l.loops.mu.Lock()
	defer l.loops.mu.Unlock()
	l.conns--
}

// wake has c's loop call OnTraffic soon.
func (ls *loops) wake(c gnet.Conn) error {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.closed {
		return errClosed
	}
	return c.Wake(nil)
}

// Close ends the loops at once, so that none of them keeps its connections open while another is busy.
func (ls *loops) Close() error {
	ls.mu.Lock()
	ls.closed = true
	ls.mu.Unlock()
	ls.adopting.Wait() // a loop that has ended would keep them waiting for ever
	errs := make([]error, len(ls.all))
	var stopping sync.WaitGroup
	for i, l := range ls.all {
		stopping.Go(func() {
			if err := l.client.Stop(); err != nil {
				errs[i] = fmt.Errorf("stop gnet event loop: %w", err)
			}
		})
	}
	stopping.Wait()
	ls.spare.Close()
	return errors.Join(errs...)
}

// silence is gnet's logger.
type silence struct{}

func (silence) Debugf(string, ...any) {}
func (silence) Infof(string, ...any)  {}
func (silence) Warnf(string, ...any)  {}
func (silence) Errorf(string, ...any) {}
func (silence) Fatalf(string, ...any) {}
