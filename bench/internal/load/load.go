// Package load puts one load on one server and says what came of every request: the driver of a trial, over plain
// goroutines and blocking connections, portable to wherever Go runs.
//
// What decides is pure and has a file of its own, so that another driver can take it over as it is: when requests are
// due ([Schedule]), which of them belong to the window (window.go), what is counted for each (ledger.go) and how that
// is recorded without a lock for each request (recorder.go). What is asked comes from package bench/workload as data
// and pure functions; this package knows no workload by name. It starts no server and writes no record: that is
// package bench's business.
//
// One request has at most one outcome and no request is forgotten: what was due and never sent is counted just as
// what was sent and never answered.
package load

import (
	"context"
	"fmt"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

// Config is one load on one target.
type Config struct {
	Target string // host:port
	Client workload.Client
	Load   trial.Load
	Seed   uint64 // of the arrivals, and of the thinking clients' first moments

	WarmUp time.Duration // under load and not counted
	Window time.Duration

	// Tail is how long, at most, the load goes on after the window so that the window's requests can be answered under
	// the load that they were sent under. It ends early when all are resolved.
	Tail time.Duration

	// TimeOut is the client's patience: after it a request (or session) is timed out, and its connection is closed and
	// made anew.
	TimeOut time.Duration

	// BackOff is how long a refused or broken client stays away: clients that come back at once turn one refusal into
	// a storm, and the server then spends itself on refusing.
	BackOff time.Duration

	// Requests, where it is not 0, ends the window with the answer to so many requests instead of after Window, for
	// testing.B. Answers that race with the last one count as well. Closed loop only.
	Requests int

	// AtEdge, where it is not nil, is called at the window's start and at its end, from the goroutine that called Run;
	// the load goes on meanwhile.
	AtEdge func(Edge)
}

// Edge is one end of the window.
type Edge int

const (
	Opens Edge = iota
	Closes
)

// Result is what came of a load. Its parts are explained where they are defined, in package trial. Clients that no
// request of the window was due for are left out of Clients: nobody asked on their behalf, so nobody starved them.
type Result struct {
	Window   time.Duration // edge to edge
	Counts   trial.Counts
	Clients  trial.Clients
	Latency  trial.Latency
	Warnings []trial.Warning

	// Late is how late the calls of AtEdge were, the later one: for so long the driver did not get to run. A timed window has
	// its edges where they were meant to be all the same.
	Late time.Duration
}

// parting is how long, after the load, clients may wait for the answer that is on its way, which counts no more, so that
// they end their connections cleanly and the server does not count them as aborted. Those that are still waiting have been starved;
// for them more patience changes nothing but the length of the trial.
const parting = 50 * time.Millisecond

// Run connects, warms up, measures and stops. When it returns, every goroutine that it started has returned and every
// connection is closed. It fails if the Config makes no sense, if not a single connection could be made, and with an
// error that wraps the cause as soon as ctx ends; what the server does to single requests is no error but a count.
// Configs may be run concurrently.
func Run(ctx context.Context, c Config) (Result, error) {
	if err := c.Check(); err != nil {
		return Result{}, err
	}
	if err := CheckFiles(c.Load.Clients); err != nil {
		return Result{}, err
	}
	address, err := resolve(ctx, c.Target)
	if err != nil {
		return Result{}, fmt.Errorf("drive %s: %w", c.Target, err)
	}
	r := newRun(c, address)
	defer r.end()
	if err := r.start(ctx); err != nil {
		return Result{}, fmt.Errorf("drive %s: %w", c.Target, err)
	}
	late, err := r.measure(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("drive %s: %w", c.Target, err)
	}
	r.end()
	return r.result(late), nil
}
