package strategytest

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/poolbench/poolbench/strategies"
)

// What follows has the faults of the strategies in TestBrokenStrategiesFail, or what must not be taken for one.

// mortal is a pool whose workers end with a task that ends their goroutine.
type mortal struct {
	tasks   chan func()
	closed  chan struct{}
	workers sync.WaitGroup
}

func newMortal(l strategies.Limits) (strategies.Dispatcher, error) {
	m := &mortal{tasks: make(chan func()), closed: make(chan struct{})}
	for range l.Workers {
		m.workers.Go(m.work)
	}
	return m, nil
}

func (m *mortal) work() {
	for {
		select {
		case task := <-m.tasks:
			task()
		case <-m.closed:
			return
		}
	}
}

func (m *mortal) Dispatch(ctx context.Context, task func()) error {
	select {
	case m.tasks <- task:
		return nil
	case <-m.closed:
		return strategies.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *mortal) Close() error {
	close(m.closed)
	m.workers.Wait()
	return nil
}

// changing is a listener that makes something else of each connection, and of each error.
type changing struct {
	net.Listener
	conn func(net.Conn) net.Conn
	err  func(error) (again bool)
}

func (c changing) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil && c.err != nil && c.err(err) {
			continue
		}
		if err == nil && c.conn != nil {
			conn = c.conn(conn)
		}
		return conn, err
	}
}

func (c changing) SetDeadline(t time.Time) error {
	return c.Listener.(interface{ SetDeadline(time.Time) error }).SetDeadline(t)
}

func isTemporary(err error) bool { return errors.Is(err, temporary{}) }

// renewing renews its read deadline with each read.
type renewing struct {
	net.Conn
	limit time.Duration
}

func (r renewing) Read(p []byte) (int, error) {
	if err := r.SetReadDeadline(time.Now().Add(r.limit)); err != nil {
		return 0, err
	}
	return r.Conn.Read(p)
}

// hoarding keeps in memory what its client does not read.
type hoarding struct {
	net.Conn
	kept   []byte
	writes int
}

func (h *hoarding) Write(p []byte) (int, error) {
	if h.writes++; h.writes == 1 { // the greeting
		return h.Conn.Write(p)
	}
	h.kept = append(h.kept, p[:1]...)
	return len(p), nil
}

// timeless cannot be bounded.
type timeless struct{ net.Conn }

func (timeless) SetDeadline(time.Time) error      { return nil }
func (timeless) SetReadDeadline(time.Time) error  { return nil }
func (timeless) SetWriteDeadline(time.Time) error { return nil }

func (t timeless) CloseWrite() error { return t.Conn.(interface{ CloseWrite() error }).CloseWrite() }

// filed holds a file for each connection, which nobody closes before the test's end.
func filed(files *[]*os.File) func(net.Conn) net.Conn {
	var mu sync.Mutex
	return func(c net.Conn) net.Conn {
		mu.Lock()
		defer mu.Unlock()
		if f, err := os.Open(os.DevNull); err == nil {
			*files = append(*files, f)
		}
		return c
	}
}

// tolerant is a protocol that takes what cannot be split for an empty request.
type tolerant struct{ strategies.Protocol }

func (t tolerant) Open() strategies.Session { return tolerantSession{t.Protocol.Open()} }

type tolerantSession struct{ strategies.Session }

func (t tolerantSession) Split(data []byte, atEOF bool) (int, []byte, error) {
	advance, request, err := t.Session.Split(data, atEOF)
	if err != nil || advance < 0 || advance > len(data) || (advance == 0 && request != nil) {
		return len(data), nil, nil
	}
	return advance, request, nil
}

// growing is a pool without a fault: it starts a worker for each task until it has all that it may have, however many are free,
// and keeps them.
type growing struct {
	mortal
	room atomic.Int64 // for so many more workers
}

func newGrowing(l strategies.Limits) (strategies.Dispatcher, error) {
	g := &growing{mortal: mortal{tasks: make(chan func()), closed: make(chan struct{})}}
	g.room.Store(int64(l.Workers))
	return g, nil
}

func (g *growing) work() {
	ended := false
	defer func() {
		if !ended { // by a task that ended its goroutine
			g.workers.Go(g.work)
		}
	}()
	g.mortal.work()
	ended = true
}

func (g *growing) Dispatch(ctx context.Context, task func()) error {
	if g.room.Add(-1) >= 0 {
		g.workers.Go(g.work)
	}
	return g.mortal.Dispatch(ctx, task)
}

// shrinking is a pool that loses a place with every tenth task.
type shrinking struct {
	strategies.Dispatcher
	tasks atomic.Int64
	end   chan struct{}
}

func newShrinking(l strategies.Limits) (strategies.Dispatcher, error) {
	d, err := strategies.Channel().New(l)
	return &shrinking{Dispatcher: d, end: make(chan struct{})}, err
}

func (s *shrinking) Dispatch(ctx context.Context, task func()) error {
	return s.Dispatcher.Dispatch(ctx, func() {
		task()
		if s.tasks.Add(1)%10 == 0 {
			<-s.end
		}
	})
}

func (s *shrinking) Close() error {
	close(s.end)
	return s.Dispatcher.Close()
}
