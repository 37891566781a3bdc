package goroutines

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/account"
	"github.com/poolbench/poolbench/bench/internal/load/job"
	"github.com/poolbench/poolbench/bench/workload"
)

var errBusy = errors.New("the server is busy")

// A line is one client's connection, or none, and what is said on it. One goroutine uses it, except for hangUp, cutOff and
// wasCut, which others may call.
type line struct {
	run   *run
	asks  *workload.Client
	dials context.Context // ends when no connect is to be waited for
	timer *time.Timer

	mu   sync.Mutex
	conn *conn // set under mu and by the line's own goroutine alone; nil: none
	cut  bool  // no more connections
}

// meet sees to a connection whose greeting was read.
func (l *line) meet(deadline time.Duration) error {
	k := l.run.clock
	if l.conn == nil {
		if err := l.connect(deadline); err != nil {
			return err
		}
	}
	g := l.asks.Greeting
	if l.conn.met || g == nil {
		l.conn.met = true
		return nil
	}
	if err := l.conn.arm(k.now(), deadline); err != nil {
		return err
	}
	msg, err := l.conn.message(g.Split, deadline)
	if err != nil {
		return err
	}
	if l.busy(msg) {
		return errBusy
	}
	if err := g.Check(0, msg); err != nil {
		return fmt.Errorf("greeting: %w", err)
	}
	l.conn.met = true
	return nil
}

// connect makes the connection.
func (l *line) connect(deadline time.Duration) error {
	fresh, err := l.run.dialer.dial(l.dials, deadline-l.run.clock.now())
	if err != nil {
		return err
	}
	if !l.adopt(fresh) {
		return net.ErrClosed
	}
	return nil
}

// hear reads the answer to the request that was sent last, and says when it had come.
func (l *line) hear(deadline time.Duration) (at time.Duration, err error) {
	conn := l.conn
	msg, err := conn.message(l.asks.Response.Split, deadline)
	at = l.run.clock.now()
	if err != nil {
		return at, err
	}
	if l.busy(msg) {
		return at, errBusy
	}
	if err := l.asks.Response.Right(conn.served, msg); err != nil {
		return at, err
	}
	conn.served++
	if l.asks.PerConn == 0 || conn.served < uint64(l.asks.PerConn) {
		return at, nil
	}
	if l.asks.End == workload.ServerCloses {
		if err := conn.end(deadline); err != nil {
			return at, err
		}
	}
	l.drop()
	return at, nil
}

// part ends a session whose last message was sent, and says when the server had ended it too.
func (l *line) part(deadline time.Duration) (at time.Duration, err error) {
	tcp, _ := l.conn.Conn.(*net.TCPConn)
	if tcp != nil {
		// A server that counts reads instead of messages, as the tutorial's does, gets fewer of them than we wrote,
		// because TCP merges; it sees the end of ours then and does not wait for more.
		_ = tcp.CloseWrite() // an error comes again when we read
	}
	err = l.conn.end(deadline)
	at = l.run.clock.now()
	switch {
	case errors.Is(err, errExtra):
		return at, l.unlessBusy(err, l.lastWords(), deadline)
	case err != nil:
		return at, err
	case tcp != nil:
		return at, delivered(tcp)
	}
	return at, nil
}

func (l *line) busy(msg []byte) bool { return l.asks.Busy != nil && l.asks.Busy(msg) }

// unlessBusy looks for the busy answer behind err: a server that refuses a connection has often said so before our
// request failed.
func (l *line) unlessBusy(err error, split bufio.SplitFunc, deadline time.Duration) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	if msg, readErr := l.conn.message(split, deadline); readErr == nil && l.busy(msg) {
		return errBusy
	}
	return err
}

// lastWords cuts what a server says in a session beside its greeting.
func (l *line) lastWords() bufio.SplitFunc {
	if l.asks.Greeting != nil {
		return l.asks.Greeting.Split
	}
	return func(data []byte, atEOF bool) (int, []byte, error) {
		if !atEOF {
			return 0, nil, nil
		}
		return len(data), data, nil
	}
}

func (l *line) outcome(err error) account.Outcome {
	switch {
	case err == nil:
		return account.OK
	case errors.Is(err, errBusy):
		return account.Rejected
	case l.wasCut():
		return account.Unanswered
	case errors.Is(err, job.ErrRefused):
		return account.Refused
	case isTimeOut(err):
		return account.TimedOut
	}
	return account.Failed
}

// stayAway waits until a time, for a client that was turned away. It spends it listening, where there still is a
// connection: a server that refused the connection closes it now, one that refused a request does not.
func (l *line) stayAway(until time.Duration) {
	if l.conn != nil {
		err := l.conn.rearm(until)
		if err == nil {
			err = l.conn.end(until)
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			l.drop()
		}
	}
	l.sleep(until)
}

// sleep waits until a time, or until the load ends.
func (l *line) sleep(until time.Duration) {
	d := until - l.run.clock.now()
	if d <= 0 {
		return
	}
	if l.timer == nil {
		l.timer = time.NewTimer(d)
	} else {
		l.timer.Reset(d)
	}
	select {
	case <-l.timer.C:
	case <-l.run.Loading.Done():
	}
}

// adopt makes fresh the line's connection, unless it was cut off meanwhile.
func (l *line) adopt(fresh net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		fresh.Close()
		return false
	}
	l.conn = newConn(fresh, l.run.clock)
	return true
}

// drop closes the connection, if there is one, the polite way. That leaves a port in TIME_WAIT if the server has not
// closed first; so does every real client.
func (l *line) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		l.conn.Close()
		l.conn = nil
	}
}

// hangUp ends whatever the line is waiting for, from another goroutine, the polite way.
func (l *line) hangUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
	if l.conn != nil {
		l.conn.Close()
	}
}

// cutOff is hangUp with a reset instead of a farewell: nobody waits for the answer any more, the server need not work for
// it, and no port is left in TIME_WAIT.
func (l *line) cutOff() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
	if l.conn != nil {
		l.conn.abort()
	}
}

func (l *line) wasCut() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cut
}

// end is for the end of the line's goroutine.
func (l *line) end() {
	l.drop()
	if l.timer != nil {
		l.timer.Stop()
	}
}
