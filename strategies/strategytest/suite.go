package strategytest

import (
	"testing"

	"github.com/poolbench/poolbench/strategies"
)

// Run checks the strategy that make returns against the contract of [strategies.Strategy]. Limits and unit are taken from
// its name; a name that [strategies.ParseSpec] cannot read stands for no limits and the connection as the unit.
// make is called several times; t's rows run one after the other.
func Run(t *testing.T, make func() strategies.Strategy) {
	spec := specOf(make())
	for _, r := range rows {
		if r.applies == nil || r.applies(spec) {
			t.Run(r.name, func(t *testing.T) { runRow(&check{t, patience}, r, make) })
		}
	}
}

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

	{"a panic ends its own connection and is counted", nil, survivesPanics},
	{"a client that vanishes takes nobody with it", nil, survivesVanishing},
	{"goes on after a temporary accept error", nil, survivesAcceptError},
	{"returns the error of a broken listener", nil, returnsAcceptError},

	{"refuses exactly the connections over its limit, and tells them", shedsConns, refusesConns},
	{"refuses exactly the requests over its limit, and tells them", shedsRequests, refusesRequests},
	{"lets clients over its limit wait and serves them in their turn", canFill, servesInTurn},
	{"shows connections that nobody serves as queued", queuesConns, showsQueued},
	{"holds no more connections than maxconns", boundsConns, boundsHeld},
	{"half a request holds no worker", framesRequests, framesFirst},
	{"refuses a handler without message form", isPerRequest, refusesPlainHandler},

	{"ends an idle connection cleanly when its time is over", nil, endsIdle},
	{"aborts a request that does not come to its end in time", nil, abortsSlowRequests},

	{"stop ends idle connections cleanly", nil, stopsIdle},
	{"stop lets a request in progress have its answer", nil, stopsInProgress},
	{"stop lets a request that has half come have its answer", nil, stopsHalfway},
	{"stop serves those who queue", queuesConns, stopsQueued},
	{"stop serves those who had connected and asked", nil, stopsConnected},
	{"the drain time-out closes the rest by force and says so", nil, forces},
	{"stopped before it is served it returns", nil, stoppedBefore},
	{"can be served twice, also at once", nil, servedTwice},

	{"counts add up at any time", nil, countsAddUp},
}

func specOf(s strategies.Strategy) strategies.Spec {
	spec, err := strategies.ParseSpec(s.Name())
	if err != nil {
		spec.Limits = strategies.Limits{Workers: strategies.Unbounded}
	}
	return spec
}

// runRow runs one row, after which no goroutine may be left.
func runRow(c *check, r row, make func() strategies.Strategy) {
	noneLeft := c.noLeak()
	func() {
		e := &env{check: c, make: make, spec: specOf(make())}
		defer e.cleanUp()
		r.run(e)
	}()
	noneLeft()
}

func isPerRequest(s strategies.Spec) bool { return s.Unit == strategies.RequestUnit }

// framesRequests reports whether more clients than workers can be connected and have their requests framed.
func framesRequests(s strategies.Spec) bool {
	return isPerRequest(s) && (s.Limits.MaxConns == 0 || s.Limits.MaxConns == strategies.Unbounded)
}

func boundsConns(s strategies.Spec) bool {
	m := s.Limits.MaxConns
	return m > 0 && m <= fillable && (s.Unit == strategies.RequestUnit || m <= s.Limits.Workers)
}

// fillable is how many connections a row opens at most to reach a limit: a strategy with a higher limit is tested with
// a lower one, which is another value and not another strategy.
const fillable = 100

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
