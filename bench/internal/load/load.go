// Package load puts one load on one server and says what came of every request: the driver of a trial. It starts no
// server, knows no workload by name and writes no record: that is package bench's business.
//
// The load itself is carried out by one of two drivers, which share everything that decides: when requests are due
// (load/schedule), which of them belong to the window and what is counted for each (load/account), and what they are
// given and give back (load/job). They differ in their sockets:
//
//   - epoll (load/epoll, on Linux): event loops on threads of their own, paced to microseconds;
//   - goroutines (load/goroutines, wherever Go runs): a goroutine and a blocking connection for each client.
//
// One request has at most one outcome and no request is forgotten: what was due and never sent is counted just as
// what was sent and never answered.
package load

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/account"
	"github.com/poolbench/poolbench/bench/internal/load/job"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

// Config is one load on one target.
type Config struct {
	Target string // host:port
	Client workload.Client
	Load   trial.Load
	Seed   uint64 // of the arrivals, and of the thinking clients' first moments

	// Driver names one of Drivers; empty: the first of them.
	Driver string

	// CPUs is how many CPUs the driver may use; 0: as many as GOMAXPROCS says. OwnCPUs says that nobody else uses them, so
	// that the driver may spend them on waiting exactly; GOMAXPROCS should be Procs then.
	CPUs    int
	OwnCPUs bool

	// NewTarget says that nobody has connected to Target before, so that no port is taken for it.
	NewTarget bool

	// Waiting, where it is not nil, is called if the load has to wait until no more than so many sockets are in TIME_WAIT.
	Waiting func(most int64)

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

	// Turn, where it is not nil, has the load active in its own slices of time alone. What is in flight at the end of a slice
	// finishes in the next one, so that slices should be ten times the response time or more; time-outs, and clients that are
	// not measured, know nothing of turns. Only for a window that has a time, and a rate that does not change in it.
	Turn *Turn

	// Begin, where it is not nil, is called once the connections are made, and returns the moment at which the load begins, not
	// long ago: it lets several loads begin at the same moment, so that their windows and slices are the same. It waits for the
	// others until ctx ends.
	Begin func(ctx context.Context) (time.Time, error)

	// Stop, where it is not nil, is called at the window's end, after AtEdge. It tells the server to stop, without waiting for
	// it, and returns a channel that is closed when the server has ended. The load goes on until then, but for Tail at most.
	// Result.Interrupted says what became of what was in progress.
	Stop func() (ended <-chan struct{})

	// Watch, where it is not nil, is called when the load begins, with a function that says what has come of it so far. Anybody may
	// call that at any time; a driver that nobody watches shows nothing.
	Watch func(look func() Glance)

	// AtEdge, where it is not nil, is called at the window's start and at its end, from the goroutine that called Run;
	// the load goes on meanwhile.
	AtEdge func(Edge)
}

// Turn cuts time into slices of length Every, numbered from the window's start on and backwards before it. The load is active
// in those whose number is Index modulo Of.
type Turn struct {
	Every     time.Duration
	Index, Of int
}

// Glance is what has come of a load's window so far.
type Glance = account.Glance

// Edge is one end of the window.
type Edge int

const (
	Opens Edge = iota
	Closes
)

// Result is what came of a load. Its parts are explained where they are defined, in package trial. Clients that no
// request of the window was due for are left out of Clients: nobody asked on their behalf, so nobody starved them.
type Result struct {
	job.Totals
	Driver string        // its name
	Window time.Duration // edge to edge
	Waited time.Duration // before the first connect, for sockets in TIME_WAIT to become fewer
}

// driver is one that this system has.
type driver struct {
	name    string
	drive   job.Driver
	sources func(target netip.Addr, clients int, sessions bool) []netip.Addr // where its connections come from; nil: the kernel chooses
	spare   int                                                              // processors of Go's scheduler that it needs beside one for each CPU
}

// Drivers are the names of those that this system has, the best first.
func Drivers() []string {
	var names []string
	for _, d := range drivers {
		names = append(names, d.name)
	}
	return names
}

// CheckDriver says what is wrong with the name of a driver; the empty one is the first of Drivers.
func CheckDriver(name string) error {
	_, err := find(name)
	return err
}

// Procs is the GOMAXPROCS that a driver wants of a process with so many CPUs of its own. The name has passed CheckDriver.
func Procs(name string, cpus int) int { return ProcsTogether(name, cpus, 1) }

// ProcsTogether is Procs of a process in which so many loads live at the same time. A driver that needs processors to spare
// holds one for each of its threads while that waits, so that it needs them for the threads of all loads.
func ProcsTogether(name string, cpus, loads int) int {
	d, err := find(name)
	if err != nil || d.spare == 0 {
		return cpus
	}
	return cpus*loads + d.spare
}

func find(name string) (driver, error) {
	for _, d := range drivers {
		if name == "" || name == d.name {
			return d, nil
		}
	}
	return driver{}, fmt.Errorf("driver %q: must be %s on this system", name, strings.Join(Drivers(), " or "))
}

// parting is how long, after the load, or after the end of a server that was stopped under it, clients may wait for the answer that is on its way, which counts no more, so that
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
	d, err := find(c.Driver)
	if err != nil {
		return Result{}, err
	}
	var waited time.Duration
	if most, matters := c.mostInTimeWait(d, address.Addr()); matters {
		if waited, err = awaitPorts(ctx, most, c.Waiting); err != nil {
			return Result{}, fmt.Errorf("drive %s: wait for ports: %w", c.Target, err)
		}
	}
	r := newRun(c, address)
	if err := r.carryOut(ctx, d.drive); err != nil {
		return Result{}, fmt.Errorf("drive %s: %w", c.Target, err)
	}
	w := r.job.Edges.Window()
	return Result{Totals: r.totals, Driver: d.name, Window: w.Close - w.Open, Waited: waited}, nil
}
