package strategies

import (
	"errors"
	"fmt"
	"runtime"
)

// ReusePort is the kind with several listeners on one port, each with an accept loop of its own; beyond that it is as
// [Goroutine]. The kernel deals connections by a hash of their addresses, blindly: where workers are bounded, a
// connection may wait behind one listener while another has none. Make the listener with [Listen].
func ReusePort() Kind {
	return Kind{
		Name: "reuseport",
		About: "several listeners on one port (SO_REUSEPORT, Linux), each with its own accept loop, and a new goroutine for each task; " +
			"workers bounds the goroutines of all, and at the bound each listener waits with one connection in its hands, or refuses",
		Default: Limits{Workers: Unbounded, Listeners: 4},
		Units:   []Unit{ConnUnit, RequestUnit},
		Check:   reusePortLimits,
		New:     Goroutine().New,

		Constructor: ownConstructor("ReusePort().New"),
	}
}

var errNoSharedPort = fmt.Errorf("several listeners on one port need Linux's SO_REUSEPORT, which %s on %s does not have", runtime.GOOS, runtime.GOARCH)

func reusePortLimits(l Limits) error {
	switch {
	case !portsCanBeShared:
		return errNoSharedPort
	case l.Listeners < 1:
		return errors.New("listeners is missing; allowed: a whole number from 1")
	}
	return noQueue(l)
}
