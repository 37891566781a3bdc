// Package gnetloop serves connections on event loops of github.com/panjf2000/gnet/v2: a few goroutines read, answer and write
// for all connections. It adopts connections that package strategies has accepted, and knows nothing about what is
// served; package strategies makes a server of it.
//
// gnet is used through its client, which is what can adopt a connection. Three things are not left to it:
//
//   - Writing. Of an answer that does not fit into the socket gnet keeps the rest, and has no means to tell when it is out, to
//     stop reading meanwhile, or to give it back when the client ends its stream; it then drops it. So answers are
//     written past it, and a connection whose client does not read leaves its loop for a goroutine of its own, which is
//     what bounds its memory ([strategies.Talk.Leave]).
//   - Dealing connections to loops. gnet's client counts a connection once its loop has got to it, so that a busy loop would
//     be dealt all of them. Each loop here is a client of its own.
//   - Logging. gnet prints, and is silenced. That is for the process: its logger is a global variable that each of its
//     engines sets, so that a program's other engines that were given no logger fall silent as well.
//
// Importing gnet starts goroutines of a worker pool, which nothing here uses, and releases the default pool of
// github.com/panjf2000/ants/v2.
package gnetloop

import (
	"fmt"

	"github.com/poolbench/poolbench/strategies"
)

// Kind is the family of strategies on gnet's event loops, as package all lists it.
func Kind() strategies.Kind {
	return strategies.Kind{
		Name: kind,
		About: "github.com/panjf2000/gnet/v2: so many event loops answer the requests of all connections, one after the other; " +
			"requests wait in their sockets, and a handler that blocks holds up all who share its loop; full=reject needs maxconns",
		Default:   strategies.Limits{Workers: 1, Queue: strategies.Unbounded},
		Units:     []strategies.Unit{strategies.RequestUnit},
		Check:     check,
		Make:      func(s strategies.Spec) strategies.Strategy { return strategies.PerEvent(kind, New, s.Limits) },
		EventLoop: true,

		Constructor: strategies.Constructor{Import: "github.com/poolbench/poolbench/strategies/gnetloop", Expr: "gnetloop.New"},
	}
}

const kind = "gnet"

// mostLoops is more than any machine has CPUs to run them on; each takes two descriptors and 64 KiB.
const mostLoops = 1 << 10

// check reports limits that event loops cannot keep.
func check(l strategies.Limits) error {
	switch {
	case l.Workers < 1 || l.Workers > mostLoops:
		return fmt.Errorf("workers=%s: that many event loops are started beforehand; allowed: 1 to %d", strategies.FormatLimit(l.Workers), mostLoops)
	case l.Queue != strategies.Unbounded:
		return fmt.Errorf("queue=%s: requests wait in their sockets until the loop gets to them, and nobody counts them; allowed: unbounded", strategies.FormatLimit(l.Queue))
	}
	return nil
}
