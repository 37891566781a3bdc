// Package all is the one list of strategies. It imports every pool library; a server that has made its choice imports
// the one adapter that it needs instead.
package all

import (
	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/antspool"
	"github.com/poolbench/poolbench/strategies/gammazeropool"
	"github.com/poolbench/poolbench/strategies/gnetloop"
	"github.com/poolbench/poolbench/strategies/pondpool"
	"github.com/poolbench/poolbench/strategies/pondv1pool"
)

// Kinds returns every kind of strategy, in the order in which they are listed.
func Kinds() strategies.Kinds {
	return strategies.Kinds{
		strategies.Goroutine(),
		strategies.Semaphore(),
		strategies.ReusePort(),
		strategies.Channel(),
		strategies.Lifo(),
		antspool.Kind(),
		pondpool.Kind(),
		pondv1pool.Kind(),
		gammazeropool.Kind(),
		gnetloop.Kind(),
		strategies.Thread(),
		strategies.Tutorial(),
	}
}
