package load

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/poolbench/poolbench/bench/workload"
)

var errBusy = errors.New("the server is busy")

// A client is one connection that stays, or one slot that runs one session after the other. Its goroutine is the only
// user of everything in it, except for what mu guards.
type client struct {
	run   *run
	asks  *workload.Client
	index int32
	batch batch
	out   []byte // the request being sent
	timer *time.Timer

	mu   sync.Mutex
	conn *conn // set under mu and by the client's goroutine alone; nil: none
	cut  bool  // no more connections
}

// do carries r out from its sending to its outcome, and records it.
func (c *client) do(r *request) {
	var err error
	if c.asks.Measured() == workload.Session {
		err = c.session(r)
		if r.answered == 0 {
			r.answered = c.run.clock.now()
		}
		r.outcome = c.outcome(err)
		c.drop()
	} else {
		err = c.ask(r)
		if r.answered == 0 {
			r.answered = c.run.clock.now()
		}
		r.outcome = c.outcome(err)
		// A refused request may leave the connection as it was; nothing else that goes wrong does.
		if err != nil && (r.outcome != rejected || c.conn != nil && !c.conn.met) {
			c.drop()
		}
	}
	c.batch.add(*r)
	c.run.resolved(r.answered)
}

// ask sends one request on the connection that stays, and reads its answer. It sets r's times.
func (c *client) ask(r *request) error {
	k := c.run.clock
	if c.conn == nil || !c.conn.met {
		// Whoever gets no connection, or none that works, has asked for one.
		r.sent = k.now()
		r.connect = r.sent
		if err := c.meet(r.sent + c.run.config.TimeOut); err != nil {
			return err
		}
		r.free = max(r.free, k.now())
	}
	conn := c.conn
	if conn.w > conn.r {
		r.sent = k.now()
		return errExtra // since the last answer: whatever comes next would be taken for the answer to this
	}
	c.out = c.asks.Request(c.out[:0], conn.served)
	r.sent = k.now()
	deadline := r.sent + c.run.config.TimeOut
	if err := conn.arm(r.sent, deadline); err != nil {
		return err
	}
	if err := conn.send(c.out, deadline); err != nil {
		return c.unlessBusy(err, c.asks.Response.Split, deadline)
	}
	msg, err := conn.message(c.asks.Response.Split, deadline)
	r.answered = k.now()
	if err != nil {
		return err
	}
	if c.busy(msg) {
		return errBusy
	}
	if err := c.asks.Response.Check(conn.served, msg); err != nil {
		return err
	}
	conn.served++
	if c.asks.PerConn == 0 || conn.served < uint64(c.asks.PerConn) {
		return nil
	}
	if c.asks.End == workload.ServerCloses {
		if err := conn.end(deadline); err != nil {
			return err
		}
	}
	c.drop()
	return nil
}

// session runs one connection from its connect to the server's end of stream. It sets r's times.
func (c *client) session(r *request) error {
	k := c.run.clock
	r.sent = k.now()
	deadline := r.sent + c.run.config.TimeOut
	if err := c.meet(deadline); err != nil {
		return err
	}
	conn := c.conn
	if err := conn.arm(k.now(), deadline); err != nil {
		return err
	}
	tcp, _ := conn.Conn.(*net.TCPConn)
	for seq := range c.asks.PerConn {
		if seq == c.asks.PerConn-1 && tcp != nil {
			if err := endedEarly(tcp); err != nil {
				return err
			}
		}
		c.out = c.asks.Request(c.out[:0], uint64(seq))
		if err := conn.send(c.out, deadline); err != nil {
			return c.unlessBusy(err, c.lastWords(), deadline)
		}
	}
	if tcp != nil {
		// A server that counts reads instead of messages, as the tutorial's does, gets fewer of them than we wrote,
		// because TCP merges; it sees the end of ours then and does not wait for more.
		_ = tcp.CloseWrite() // an error comes again when we read
	}
	err := conn.end(deadline)
	r.answered = k.now()
	switch {
	case errors.Is(err, errExtra):
		return c.unlessBusy(err, c.lastWords(), deadline)
	case err != nil:
		return err
	case tcp != nil:
		return delivered(tcp)
	}
	return nil
}

// meet sees to a connection whose greeting was read.
func (c *client) meet(deadline time.Duration) error {
	k := c.run.clock
	if c.conn == nil {
		fresh, err := c.run.dialer.dial(c.run.forced, deadline-k.now())
		if err != nil {
			return err
		}
		if !c.adopt(fresh) {
			return net.ErrClosed
		}
	}
	g := c.asks.Greeting
	if c.conn.met || g == nil {
		c.conn.met = true
		return nil
	}
	if err := c.conn.arm(k.now(), deadline); err != nil {
		return err
	}
	msg, err := c.conn.message(g.Split, deadline)
	if err != nil {
		return err
	}
	if c.busy(msg) {
		return errBusy
	}
	if err := g.Check(0, msg); err != nil {
		return fmt.Errorf("greeting: %w", err)
	}
	c.conn.met = true
	return nil
}

func (c *client) busy(msg []byte) bool { return c.asks.Busy != nil && c.asks.Busy(msg) }

// unlessBusy looks for the busy answer behind err: a server that refuses a connection has often said so before our
// request failed.
func (c *client) unlessBusy(err error, split bufio.SplitFunc, deadline time.Duration) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	if msg, readErr := c.conn.message(split, deadline); readErr == nil && c.busy(msg) {
		return errBusy
	}
	return err
}

// lastWords cuts what a server says in a session beside its greeting.
func (c *client) lastWords() bufio.SplitFunc {
	if c.asks.Greeting != nil {
		return c.asks.Greeting.Split
	}
	return func(data []byte, atEOF bool) (int, []byte, error) {
		if !atEOF {
			return 0, nil, nil
		}
		return len(data), data, nil
	}
}

func (c *client) outcome(err error) outcome {
	switch {
	case err == nil:
		return ok
	case errors.Is(err, errBusy):
		return rejected
	case c.wasCut():
		return unanswered
	case errors.Is(err, errRefused):
		return refused
	case isTimeOut(err):
		return timedOut
	}
	return failed
}

// turnedAway says whether o sends its client away for the back-off.
func (o outcome) turnedAway() bool { return o == rejected || o == refused || o == failed }

// stayAway waits until a time, for a client that was turned away. It spends it listening, where there still is a
// connection: a server that refused the connection closes it now, one that refused a request does not.
func (c *client) stayAway(until time.Duration) {
	if c.conn != nil {
		err := c.conn.rearm(until)
		if err == nil {
			err = c.conn.end(until)
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			c.drop()
		}
	}
	c.sleep(until)
}

// sleep waits until a time, or until the load ends.
func (c *client) sleep(until time.Duration) {
	d := until - c.run.clock.now()
	if d <= 0 {
		return
	}
	if c.timer == nil {
		c.timer = time.NewTimer(d)
	} else {
		c.timer.Reset(d)
	}
	select {
	case <-c.timer.C:
	case <-c.run.loading.Done():
	}
}

// adopt makes fresh the client's connection, unless the client was cut off meanwhile.
func (c *client) adopt(fresh net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut {
		fresh.Close()
		return false
	}
	c.conn = newConn(fresh, c.run.clock)
	return true
}

// drop closes the connection, if there is one, the polite way. That leaves a port in TIME_WAIT if the server has not
// closed first; so does every real client.
func (c *client) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// cutOff ends whatever the client is waiting for, from another goroutine. The connection is reset, not closed: nobody
// waits for its answer any more, the server need not work for it, and no port is left in TIME_WAIT.
func (c *client) cutOff() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = true
	if c.conn != nil {
		c.conn.abort()
	}
}

func (c *client) wasCut() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cut
}

// leave is the end of the client's goroutine.
func (c *client) leave() {
	c.drop()
	c.batch.flush()
	if c.timer != nil {
		c.timer.Stop()
	}
}
