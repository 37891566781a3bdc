// Package workload says what is served and what is asked: a handler for the server's side, and for the client's
// side the requests, the framing and the check of every answer. It does no input or output of its own and knows
// nothing about strategies or time; package bench/internal/load runs the client's side.
package workload

import (
	"bufio"

	"github.com/poolbench/poolbench/strategies"
)

// A Workload is a service and its client.
type Workload struct {
	Name    string
	About   string // one sentence: what it stands for in production
	Blocks  bool   // it waits inside Answer: stalls an event loop, and the list of workloads says so
	Handler func() strategies.Handler
	Busy    []byte // the service's own words for a refused client; Client.Busy knows them
	Client  Client

	// Settings are what a name can change, as in wait:hold=20ms; With returns the workload with some of them changed, at least
	// one, by key, none of them known to be right. Both are empty where there is nothing to change. See [Find].
	Settings []Setting
	With     func(settings map[string]string) (Workload, error)
}

// A Client says what one client does on a connection, as data and pure functions, so that any driver can run it
// without blocking. Its functions may be called concurrently.
type Client struct {
	Greeting *Frame                              // what the server says first; nil: it says nothing
	Response *Frame                              // its answer to one request; nil: requests are not answered
	Request  func(dst []byte, seq uint64) []byte // appends request seq to dst; seq counts from 0 on each connection
	PerConn  int                                 // requests on one connection; 0: as many as the trial has time for
	End      End
	Busy     func(msg []byte) bool // is this message, cut by Greeting's or Response's Split, the busy answer?
}

// Measured says what is timed: the request where requests are answered, otherwise the session, from the intended
// connect to the server's clean end of stream.
func (c Client) Measured() Unit {
	if c.Response == nil {
		return Session
	}
	return Request
}

// Unit is what one measurement covers.
type Unit string

const (
	Request Unit = "request"
	Session Unit = "session"
)

// A Frame cuts one kind of message out of the stream and says whether it is the right one. A wrong answer is a
// failure, not an answer.
type Frame struct {
	Split bufio.SplitFunc
	Check func(seq uint64, msg []byte) error // nil: any message is right
}

// Right is nil if msg is the right message in answer to request seq.
func (f Frame) Right(seq uint64, msg []byte) error {
	if f.Check == nil {
		return nil
	}
	return f.Check(seq, msg)
}

// End is what makes a session complete.
type End int

const (
	ClientCloses End = iota // the client has all its answers and closes

	// ServerCloses: the client says that it has sent everything (it closes its writing side), and the server reads it
	// all and closes; any other end is a failure. A server that counts reads and not messages, as the tutorial's does,
	// waits for more than it can get until it is told.
	ServerCloses
)
