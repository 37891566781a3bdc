// Package job is what the drivers of package load have in common: what each is given, a [Job], and what it gives back,
// [Totals]. A driver decides nothing about the load and counts nothing in a way of its own; it is there for the sockets.
package job

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/account"
	"github.com/poolbench/poolbench/bench/internal/load/schedule"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

// A Driver carries out one load: it connects the clients whose connections stay, calls Job.Begin and Job.Began, and drives until
// Job.Loading ends, when it begins nothing new; then it waits for what is in flight until that has its outcome, or until
// ctx ends, when it cuts it off. Whatever happens, all that it started and opened is gone when it returns. What the server
// does to single requests is no error.
type Driver func(ctx context.Context, j *Job) (Totals, error)

// A Job is one load on one address. Times are counted from the moment that Begin returns.
type Job struct {
	Address netip.AddrPort
	Client  workload.Client
	Load    trial.Load
	Seed    uint64
	WarmUp  time.Duration // where the window opens, in loads whose window does not end by number
	TimeOut time.Duration
	BackOff time.Duration

	// Turn is the load's own time: requests are due in it alone.
	Turn schedule.Turn

	// Requests, where it is not 0, is how many answers end the window.
	Requests int

	// Shards is how many CPUs the driver may use, at least 1. Spin says that nobody else does, so that waiting for the last
	// microseconds with the CPU takes nothing from anybody.
	Shards int
	Spin   bool

	// Loading ends when nothing new is to be begun.
	Loading context.Context

	Edges    *account.Edges
	Connects Connects

	// Begin is called once the driver has connected, and returns the moment at which the load begins, which may have passed
	// already. It waits until others are ready too; ctx ends that, and then the driver returns the error.
	Begin func(ctx context.Context) (origin time.Time, err error)

	// Watch, where it is not nil, is called before Began, with a function that says what has come of the load so far. Anybody may
	// call that at any time, also when the driver has returned.
	Watch func(look func() account.Glance)

	// Called by the driver, each at most once, from any goroutine. None blocks.
	Began   func(origin time.Time)
	Settled func() // every request of the window has its outcome
	Enough  func() // Requests answers have come
}

// Totals is what came of the load.
type Totals struct {
	Counts  trial.Counts
	Clients trial.Clients
	Latency trial.Latency
	Series  trial.Series
	Others  []trial.Other
	Driving trial.Driving // all but LateEdge

	Interrupted account.Interrupted // requests in progress when the server was told to stop

	// EndUnproven says that sessions were measured on a system that does not tell whether the server received all of one.
	EndUnproven bool
}

// Fill takes over what l and f have counted.
func (t *Totals) Fill(l *account.Ledger, f *account.Flight) {
	t.Counts, t.Clients, t.Latency = l.Counts, l.Served(), l.Latency
	t.Series, t.Interrupted = l.Series(), l.Interrupted
	if average := f.Average(); average > 0 {
		t.Driving.InFlight, t.Driving.Whole, t.Driving.Partial = average, l.Whole, l.Partial
	}
}

// thinkStream keeps the clients' first moments independent of whatever else is drawn from the same seed.
const thinkStream = 0x7468696e6b

// NewLedger returns an empty one for so many clients that are measured. It keeps a series where the window is a time, and the
// response times' spread in each slice where the load changes or is more than can be done: elsewhere the spread of the whole
// window says the same.
func (j *Job) NewLedger(clients int) *account.Ledger {
	l := account.NewLedger(clients, j.TimeOut, j.BackOff)
	l.Slice(j.Edges.Window(), len(j.Load.Profile) > 0 || j.Load.Fraction > 1)
	if j.Load.Loop == trial.Closed { // in open loops whoever is away has arrivals waiting, which must not wait for longer because others have their turn
		l.Turn = j.Turn
	}
	return l
}

// Schedule returns the arrivals of an open loop whose window opens there.
func (j *Job) Schedule(opens time.Duration) schedule.Schedule {
	return j.Turn.Apply(schedule.New(j.Load, opens, j.Seed))
}

// FirstMoments returns a function that draws, for one client of the closed loop after the other, when it asks first: at
// random within its think time, or all would think, and ask, in step.
func (j *Job) FirstMoments() func() time.Duration {
	random := rand.New(rand.NewPCG(j.Seed, thinkStream))
	return func() time.Duration {
		if j.Load.Think <= 0 {
			return 0
		}
		return time.Duration(random.Int64N(int64(j.Load.Think)))
	}
}

// How a connect failed, for drivers to wrap. A time-out is neither.
var (
	ErrRefused   = errors.New("no connection")
	ErrExhausted = errors.New("the driver is out of ports or files")
)

const (
	// ConnectsAtOnce stays under the smallest backlog in common use (128): beyond it the kernel drops connects, and
	// each costs its client a second.
	ConnectsAtOnce = 32

	// ConnectPhase bounds the time before the warm-up. Clients that have no connection by then are the server's
	// failure to show, not a reason to wait longer.
	ConnectPhase = 30 * time.Second
)
