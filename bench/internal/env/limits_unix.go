//go:build linux || darwin

package env

import (
	"golang.org/x/sys/unix"

	"github.com/poolbench/poolbench/bench/trial"
)

// openFiles is the limit as it is for this process now: Go raises the soft one to the hard one at start.
func openFiles() trial.Limit {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return trial.Limit{}
	}
	return trial.Limit{Soft: l.Cur, Hard: l.Max}
}
