package strategytest

import (
	"slices"
	"testing"

	"github.com/poolbench/poolbench/strategies"
)

// Run checks the strategy that make returns against the contract of [strategies.Strategy]. Limits and unit are taken from
// its name; a name that [strategies.ParseSpec] cannot read stands for no limits and the connection as the unit.
// make is called several times; t's rows run one after the other.
func Run(t *testing.T, make func() strategies.Strategy, options ...Option) {
	for _, r := range Rows(make().Name()) {
		t.Run(r.Name, func(t *testing.T) { r.Run(t, make, 1, options...) })
	}
}

// Rows returns the rows that have a meaning for the strategy of a name, for whoever wants to run them in an order of his own.
func Rows(name string) (out []Row) {
	spec := specOf(name)
	for i, r := range slices.Concat(rows, chanceRows) {
		if r.applies == nil || r.applies(spec) {
			out = append(out, Row{Name: r.name, Chance: i >= len(rows), row: r})
		}
	}
	return out
}

// A Row is one promise of a strategy, and how it is checked.
type Row struct {
	Name   string // the promise
	Chance bool   // a stop, a burst or a mixture of faults: chance may decide whether a fault shows, so repeating it is worth while
	row    row
}

// Run checks one strategy. What is left to chance follows from seed. No other test may run at the same time, because
// goroutines and file descriptors are counted.
func (r Row) Run(t *testing.T, make func() strategies.Strategy, seed uint64, options ...Option) {
	runRow(newCheck(t), r.row, make, seed, options...)
}

// An Option says what the suite has to know about a strategy beyond its name.
type Option func(*env)

// OutOfBubbles keeps a strategy out of the bubbles of testing/synctest, for a reason: a library that hands work to goroutines
// which all of a process shares would break them. Rows that depend on time then run over sockets, or not at all.
func OutOfBubbles(reason string) Option { return func(e *env) { e.outside = reason } }

// row is one promise, and how it is checked.
type row struct {
	name    string
	applies func(strategies.Spec) bool // nil: to all
	run     func(*env)
}

var rows = []row{
	{"serves all clients", nil, servesAll},
	{"answers fragmented and pipelined requests in order", nil, answersInOrder},
	{"ends a connection when its session ends", nil, endsSession},
	{"ends a session with all of its last answer, whatever the client goes on sending", nil, endsUnread},

	{"a mishap of the handler ends its own connection and is counted and logged once", nil, survivesMishaps},
	{"mishaps in every worker at once lose nobody who waits", fillsWorkers, survivesMishapsAtOnce},
	{"clients that leave in every way are counted in their class, without a word", nil, seesOff},
	{"goes on after a temporary accept error", nil, survivesAcceptError},
	{"puts accepting off from 5 ms to 1 s, and starts again after a success", acceptsAlone, onlyInVirtualTime(backsOff)},
	{"returns the error of a broken listener, after draining", nil, returnsAcceptError},
	{"ends a request that is too long or has no end", nil, endsLongRequests},
	{"ends a connection whose input it cannot split", nil, endsGarbage},

	{"refuses exactly the connections over its limit, and tells them", shedsConns, refusesConns},
	{"refuses exactly the requests over its limit, and tells them", shedsRequests, refusesRequests},
	{"lets clients over its limit wait and serves them in their turn", canFill, servesInTurn},
	{"shows connections that nobody serves as queued", queuesConns, showsQueued},
	{"holds no more connections than maxconns", boundsConns, boundsHeld},
	{"half a request holds no worker", framesRequests, framesFirst},
	{"refuses a handler without message form", isPerRequest, refusesPlainHandler},

	{"clients that do not read hold no worker", framesRequests, inVirtualTime(servesBesideDeaf)},

	{"ends an idle connection cleanly when its time is over", nil, inVirtualTime(endsIdle)},
	{"aborts a request that does not come to its end in time", nil, inVirtualTime(abortsSlowRequests)},
	{"lets go of a client that does not read, and keeps little for it", nil, inVirtualTime(abortsDeaf)},

	{"stopped before it is served it returns", nil, stoppedBefore},
	{"can be served twice, also at once", nil, servedTwice},

	{"serves TLS, and stops it as it does without", nil, withTLS(servesTLS)},
	{"lets go of a client that begins no TLS handshake", nil, inVirtualTime(withTLS(boundsHandshakes))},
}

// chanceRows are rows about what several do at the same time: stops, bursts and mixtures of faults. Chance may decide which
// order a broken strategy fails in, so a soak repeats them.
var chanceRows = []row{
	{"takes burst after burst over its limit", fillsWorkers, takesBursts},
	{"counts add up at any time", nil, countsAddUp},
	{"after faults of every kind everything is as before", nil, survivesAll},

	{"stop ends idle connections cleanly", nil, stopsIdle},
	{"stop lets a request in progress have its answer", nil, stopsInProgress},
	{"stop lets a request that has half come have its answer", nil, stopsHalfway},
	{"stop lets requests that have come together have all their answers", nil, stopsTogether},
	{"stop serves those who queue", queuesConns, stopsQueued},
	{"stop serves those who had connected and asked", nil, stopsConnected},
	{"the drain time-out closes the rest by force and says so", nil, forces},
	{"the drain time-out is the one that was asked for", nil, onlyInVirtualTime(drainsInTime)},
	{"leaves a handler behind that does not return", nil, inVirtualTime(leavesBehind)},
	{"waits only for a while for refused clients that stay", shedsConns, onlyInVirtualTime(waitsForNoRefused)},
	{"stop under load loses no request that was begun", nil, losesNothing},
	{"stop does not wait for accepting that is put off", nil, onlyInVirtualTime(stopsBackingOff)},
	{"waits only for a while for refused clients that begin no TLS handshake", shedsConns, onlyInVirtualTime(withTLS(waitsForNoRefusedHandshake))},
	{"stop does not wait for a TLS handshake", nil, onlyInVirtualTime(withTLS(waitsForNoHandshake))},
}

func specOf(name string) strategies.Spec {
	spec, err := strategies.ParseSpec(name)
	if err != nil {
		spec.Limits = strategies.Limits{Workers: strategies.Unbounded}
	}
	return spec
}

// runRow runs one row, after which no goroutine may be left.
func runRow(c *check, r row, make func() strategies.Strategy, seed uint64, options ...Option) {
	noneLeft := c.noLeak()
	func() {
		e := &env{check: c, make: make, spec: specOf(make().Name()), seed: seed}
		for _, o := range options {
			o(e)
		}
		defer e.cleanUp()
		r.run(e)
	}()
	noneLeft()
}

func isPerRequest(s strategies.Spec) bool { return s.Unit == strategies.RequestUnit }

// acceptsAlone reports whether one loop accepts, whose delays can be told from those of others.
func acceptsAlone(s strategies.Spec) bool { return s.Limits.Listeners <= 1 }

// framesRequests reports whether more clients than workers can be connected and have their requests framed.
func framesRequests(s strategies.Spec) bool {
	return isPerRequest(s) && (s.Limits.MaxConns == 0 || s.Limits.MaxConns == strategies.Unbounded)
}

func boundsConns(s strategies.Spec) bool {
	room, _ := capacity(s.Limits)
	m := s.Limits.MaxConns
	return m > 0 && m <= fillable && (s.Unit == strategies.RequestUnit || m <= room)
}

// fillable is how many connections a row opens at most to reach a limit: a strategy with a higher limit is tested with
// a lower one, which is another value and not another strategy.
const fillable = 100

// fillsWorkers reports whether a row can have every worker at work at once.
func fillsWorkers(s strategies.Spec) bool {
	return s.Limits.Workers <= fillable || (s.Limits.MaxConns > 0 && s.Limits.MaxConns <= fillable)
}

// canFill reports whether a row can reach the limit of tasks.
func canFill(s strategies.Spec) bool {
	l := s.Limits
	return l.Workers <= fillable && (l.Queue == strategies.Unbounded || l.Queue <= fillable) &&
		(l.MaxConns == 0 || l.MaxConns == strategies.Unbounded) && l.WhenFull == strategies.Wait
}

func sheds(s strategies.Spec) bool {
	l := s.Limits
	return l.WhenFull == strategies.Reject && l.Workers <= fillable && l.Queue <= fillable &&
		(l.MaxConns == 0 || l.MaxConns == strategies.Unbounded)
}

func shedsConns(s strategies.Spec) bool    { return sheds(s) && s.Unit == strategies.ConnUnit }
func shedsRequests(s strategies.Spec) bool { return sheds(s) && s.Unit == strategies.RequestUnit }

// queuesConns reports whether connections can be accepted that nobody serves yet.
func queuesConns(s strategies.Spec) bool {
	return s.Unit == strategies.ConnUnit && (canFill(s) || sheds(s) && s.Limits.Queue > 0)
}
