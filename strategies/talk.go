package strategies

import (
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/poolbench/poolbench/strategies/internal/contain"
)

// Controls is what a loop lets others do with a connection that it has adopted, at any time and from any goroutine.
type Controls interface {
	// Wake has the loop see soon what has come, and call Talk.Receive with what is unread then, or with nothing.
	Wake() error

	// Close has the loop end the connection soon, and call Talk.End: not before it returns, as locks that End needs are held.
	Close() error

	// Turn calls f while the loop runs no handler, and waits until it can. It is for connections that have left the loop,
	// whose requests count for its limit all the same.
	Turn(f func())
}

// A Talk is one connection on a [Loop]: it takes what was read and returns what to write. Its methods are called by the
// loop, one at a time, and return whatever the handler does: panics and runtime.Goexit do not get through. The goroutine
// that calls them must not be locked to its thread.
type Talk struct {
	conn     *conn
	protocol Protocol
	exchange exchange
	err      error // why the session has ended, if it has

	// What the handler is to do next runs where its panics and its end of the goroutine are contained. Nothing is
	// allocated for it: parameters and results are here.
	handlers *contain.Pool
	call     func()
	part     func(*Talk) error
	data     []byte
	eof      bool
	advance  int
	last     bool

	mu       sync.Mutex // of what follows, which is used from any goroutine
	controls Controls
	timer    *time.Timer
	gone     bool // the loop has nothing more to do with it
}

// Next is what a loop has to do after Begin or Receive, when it has written the answer.
type Next int

const (
	More  Next = iota // read more, and call Receive with it
	Again             // call Receive again with what is left
	Done              // end the connection, with what is written still delivered
)

// Begin opens the session, and returns the greeting to write, which is valid until the next call. Next is More or Done.
func (t *Talk) Begin(c Controls) (greeting []byte, next Next) {
	t.mu.Lock()
	t.controls = c
	t.mu.Unlock()
	if !t.conn.start() { // closed by force meanwhile
		return nil, Done
	}
	if t.run((*Talk).greet) != nil {
		return nil, Done
	}
	return t.exchange.answer, More
}

func (t *Talk) greet() error {
	t.exchange.session = t.protocol.Open()
	t.exchange.answer = t.exchange.session.Greet(nil)
	return nil
}

// Receive takes the bytes that were read and not yet used: the first advance of them are used now. answer is to be
// written, and is valid until the next call. eof says that no more will come; call it so, also with no bytes at all,
// until it returns More or Done.
func (t *Talk) Receive(data []byte, eof bool) (advance int, answer []byte, next Next) {
	c := t.conn
	if t.err != nil || !c.received(len(data)) {
		return 0, nil, Done
	}
	if len(data) == 0 && !eof {
		return t.wait()
	}
	t.data, t.eof = data, eof
	if len(data) > MaxRequest { // of several requests: Split sees no more than one can have
		t.data, t.eof = data[:MaxRequest], false
	}
	t.exchange.answer = t.exchange.answer[:0]
	err := t.run((*Talk).take)
	t.data = nil
	if err != nil {
		return 0, nil, Done
	}
	pending := len(data) > t.advance
	switch {
	case t.last:
		c.over = true
		t.err = errSessionOver
		return t.advance, t.exchange.answer, Done
	case t.advance == 0:
		return t.wait()
	case !c.between(pending):
		t.err = errSessionOver // a stop
		return t.advance, t.exchange.answer, Done
	case pending || eof:
		return t.advance, t.exchange.answer, Again
	default:
		return t.advance, t.exchange.answer, More
	}
}

// wait is Receive where no whole request has come: it ends a connection whose time is over. One that has come is
// answered, however late a busy loop gets to it.
func (t *Talk) wait() (advance int, answer []byte, next Next) {
	c := t.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.until.IsZero() || time.Now().Before(c.until) {
		return 0, nil, More
	}
	c.ranOut = !c.begun
	t.err = os.ErrDeadlineExceeded
	return 0, nil, Done
}

// take answers the first request in t.data, if there is a whole one.
func (t *Talk) take() error {
	advance, request, last, err := cut(t.exchange.session.Split, t.data, t.eof)
	if err == nil && request != nil {
		t.exchange.request = request
		if err = t.exchange.find(); err == io.EOF {
			last, err = true, nil
		}
	}
	t.advance, t.last = advance, last
	return err
}

// errSessionOver stands for the session's end in order.
var errSessionOver = errors.New("session is over")

// run has the handler do its part, and keeps its error.
func (t *Talk) run(part func(*Talk) error) error {
	t.part = part
	t.handlers.Run(t.call) // if it ends its goroutine, guard says so as of a panic
	return t.err
}

func (t *Talk) guard() {
	t.err = errPanicked
	defer func() {
		if t.err == errPanicked {
			t.conn.server.logPanic(recover())
		}
	}()
	t.err = t.part(t)
}

// Leave says that the connection goes on without the loop, which calls nothing of t any more: the client does not read
// what it asked for, or not fast enough. Its answers would fill the memory, or have to be waited for, and a loop can do
// neither. A goroutine serves it from now on, as those of other strategies do; only its requests are answered in
// the loop's turn. nc is the connection, open and the server's to close. unsent is what could not be written of the last
// answer, which need not be copied; unread is what was read after the request that it answers, and is copied.
func (t *Talk) Leave(nc net.Conn, unsent, unread []byte) {
	t.leaves()
	c := t.conn
	c.becomes(&aside{Conn: nc, unread: slices.Clone(unread)})
	if !c.received(0) { // closed by force, which had only the loop to tell
		nc.Close()
	}
	c.renew()
	go c.server.guard(c, func() error {
		if t.err != nil {
			_, err := c.Write(unsent)
			if err == nil && t.err != errSessionOver {
				err = t.err
			}
			return err
		}
		return converse(t.exchange.ctx, c, reopened{t.exchange.session, unsent}, func(x *exchange) (err error) {
			t.controls.Turn(func() { err = x.find() })
			return err
		})
	})
}

// leaves has nobody look for the connection at the loop any more.
func (t *Talk) leaves() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gone = true
	if t.timer != nil {
		t.timer.Stop()
	}
}

// End says that the connection has ended: because of cause (io.EOF if the client ended its stream), or as Done asked for
// if cause is nil. back is called at most once, before End returns, if the client is to be seen off by the server: it
// returns the connection, open, and for the server to close. Where back is nil or fails the loop just closes.
func (t *Talk) End(cause error, back func() (net.Conn, error)) {
	t.leaves()
	c := t.conn
	err := t.err
	switch {
	case err == errSessionOver:
		err = cause // nil, if the last answer could be written
	case err != nil:
	case cause == nil:
		err = net.ErrClosed // by force, which has counted it
	default:
		err = cause
	}
	if err == io.EOF { // the client has gone, and owes and is owed nothing
		err = nil
	}
	c.mu.Lock()
	c.sawEOF = cause == io.EOF
	c.back = back
	c.mu.Unlock()
	c.finish(err)
}

// wake has the loop look at the time.
func (t *Talk) wake() {
	t.mu.Lock()
	controls := t.controls
	if t.gone {
		controls = nil
	}
	t.mu.Unlock()
	if controls != nil { // otherwise Begin looks, or nobody needs to
		_ = controls.Wake() // fails only when the loop is closed, which ends the connection
	}
}
