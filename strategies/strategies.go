// Package strategies serves network connections under a chosen concurrency strategy: a goroutine for each
// connection, a fixed pool of workers, an OS thread each, event loops, or a pool library through a small adapter.
//
// A [Strategy] runs a [Handler]; which strategy it is, and its limit, are decided in one place, so that a server
// can change them without touching its handler. Accepting, panic recovery, counting, refusing and stopping are
// written once here ([PerConn], [PerRequest], [PerEvent]) and are the same for all; a pool is no more than a
// [Dispatcher]. The examples are programs to copy.
//
// Functions and methods may be called concurrently where their documentation says nothing else. What limits, names and
// options hold is never changed here; what they share with the caller (Options.Busy, Options.TLS) must not be changed
// while it is in use.
//
// The package needs nothing but the standard library. Adapters for pool libraries live in packages of their
// own (antspool, pondpool, ...), the list of everything in package all, and the tests that each strategy has to
// pass in package strategytest. What is served and how it is measured is none of this package's business: see
// packages bench and bench/workload.
package strategies

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"time"
)

// A Handler serves one accepted connection until it is done with it; it need not close the connection. ServeConn is
// called concurrently, for different connections.
//
// ctx ends when the server is asked to stop. A read that waits for the next request ends by itself then, so a
// handler that only reads, works and writes needs no code for stopping. The server owns read deadlines: those that
// a handler sets are kept only while they are no later than the server's own. For a handler that is not in message form,
// every byte read is a request in progress until the handler writes: one that only reads is held to Options.Request, and a
// stop waits for it until the drain time-out. One that reads and writes on two goroutines is better off with
// deadlines of its own, and with neither Options.Request nor Options.Idle.
//
// An error means that the connection ended before its work was done; it is counted (aborted), not logged, and the
// connection is closed at once. After nil the client is seen off: all that was written arrives, whatever it goes on sending.
// So a handler that has told its client what is wrong returns nil.
type Handler interface {
	ServeConn(ctx context.Context, conn net.Conn) error
}

// HandlerFunc makes a function a [Handler]. It has no message form: [PerRequest] refuses it.
type HandlerFunc func(ctx context.Context, conn net.Conn) error

// ServeConn calls f.
func (f HandlerFunc) ServeConn(ctx context.Context, conn net.Conn) error { return f(ctx, conn) }

// A Protocol is a handler in message form: what goroutines, pools that run one request at a time and event loops
// can all run. Open is called once for each connection and may be called concurrently.
type Protocol interface {
	Open() Session
}

// A Session is the state of one connection. Its methods are never called concurrently, but by different goroutines.
type Session interface {
	// Greet appends to dst what the server says first, which may be nothing.
	Greet(dst []byte) []byte

	// Split finds the next request in data, with the meaning of bufio.SplitFunc: advance 0 and a nil request ask
	// for more data, and bufio.ErrFinalToken comes with the last request, if any. A request takes at least one byte. It
	// must not keep data. A request longer than [MaxRequest] ends the connection.
	Split(data []byte, atEOF bool) (advance int, request []byte, err error)

	// Answer appends the answer to request, which may be nothing, to dst. request is valid until Answer returns.
	// With io.EOF the answer is sent and the connection ended, as served; any other error aborts it.
	Answer(ctx context.Context, dst, request []byte) ([]byte, error)
}

// MaxRequest is the longest request, in bytes, that a [Session] can receive: bufio's limit for a token.
const MaxRequest = 64 << 10

// A Strategy decides how accepted work is run. One of one's own can be put around another one, or be written from the
// accept loop up, with Stats.Update for the counters; package strategytest has the tests that it has to pass.
type Strategy interface {
	// Name is the full name with every limit, as [Spec] writes it; [Listen] reads them there.
	Name() string

	// Serve accepts from ln until ctx ends, then drains. It returns nil once every goroutine that it started has
	// returned, an error that wraps ctx's if the drain time-out passed first, and the accept error if the listener
	// broke. It closes ln; one without a SetDeadline method, such as crypto/tls's, is closed as soon as ctx ends, which
	// loses the connections that nobody has accepted yet. A Strategy may be served several times, also concurrently.
	Serve(ctx context.Context, ln net.Listener, h Handler, o Options) error
}

// A Dispatcher runs tasks; a pool library is a Dispatcher and no more.
type Dispatcher interface {
	// Dispatch has task run once, on another goroutine. At its limit it waits for room, or returns [ErrFull] if it
	// was made to reject. It may be called concurrently. A task that was not taken (any error) is never run. ctx
	// ends only when waiting any longer is useless; a library that cannot listen to it relies on Close.
	//
	// A task does not panic: what serves connections recovers inside it. It may end its goroutine (runtime.Goexit), as
	// nothing can prevent that, and must not take a worker along. A task that calls Dispatch of its own pool waits for
	// itself when that is full, until Close.
	Dispatch(ctx context.Context, task func()) error

	// Close wakes blocked calls of Dispatch, then waits for tasks that were taken. It is called once, also while
	// Dispatch is; from then on Dispatch returns [ErrClosed].
	Close() error
}

// NewDispatcher makes a Dispatcher within limits. Serve calls it when it starts, so that a Strategy which is only
// listed holds no goroutines. It returns an error for limits that the dispatcher cannot keep.
type NewDispatcher func(Limits) (Dispatcher, error)

// Options are the parts of serving that are no part of the strategy. The zero value is ready to use, for clients that
// can be trusted: it bounds nothing but the stop. A server that strangers can reach needs Idle and Request, or a client
// that says nothing keeps its place for ever.
type Options struct {
	// Drain bounds how long Serve waits for connections in progress once it was asked to stop; then the rest are
	// closed by force, and their handlers have one more second to notice. Zero means DefaultDrain.
	Drain time.Duration

	// Idle bounds the wait for the next request on a connection that is being served, also for the first one. One that
	// runs out is ended in order, and counts as served. Zero means no bound.
	Idle time.Duration

	// Request bounds the time from the first byte of a request to its last, and the time for writing one answer, but not
	// the time for finding it. A connection that runs out of it is aborted. Zero means no bound.
	Request time.Duration

	// Busy is what a refused client is told, in full, with whatever ends an answer in its protocol: written before the
	// close when a connection is shed, and in place of the answer when a request is shed. Empty means that the connection
	// is closed without a word.
	Busy []byte

	// TLS makes every connection a TLS one. Prefer it to a listener from crypto/tls, which has no SetDeadline method. The
	// handshake is made by whoever serves the connection, and bounded by the shorter one of Request and Idle; with neither
	// it has no bound. Nil means plain connections.
	TLS *tls.Config

	// Stats receives the counters, and may be read at any time. Nil means that nobody is interested.
	Stats *Stats

	// Logger is told about panics and about trouble with accepting, and at the debug level about each connection that is
	// received and closed. Nil means silence.
	Logger *slog.Logger
}

// DefaultDrain is the drain time-out where Options has none: half of the 30 s that Kubernetes and systemd's
// usual units grant a process between SIGTERM and SIGKILL, so that there is time left for the rest of a shutdown.
const DefaultDrain = 15 * time.Second

// An UnsupportedError says that a strategy cannot run a handler, or not with these options or on this listener. Serve
// returns a pointer to one before it accepts anything.
type UnsupportedError struct {
	Strategy string // full name
	Reason   string // why, and what would do if anything would
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("strategy %s cannot serve this: %s", e.Strategy, e.Reason)
}
