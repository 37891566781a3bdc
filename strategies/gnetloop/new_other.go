//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package gnetloop

import (
	"fmt"
	"runtime"

	"github.com/poolbench/poolbench/strategies"
)

// New returns an error: gnet does not run on this system, or, on Windows, blocks in writing, which an event loop must not.
func New(strategies.Limits) (strategies.Loop, error) {
	return nil, fmt.Errorf("start gnet event loops: not on %s", runtime.GOOS)
}
