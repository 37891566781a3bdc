//go:build !linux

package pin

import (
	"errors"
	"fmt"
	"runtime"
)

// Allowed returns the CPUs that this process may use now, nil on systems that do not tell, of which this is one.
func Allowed() ([]int, error) { return nil, nil }

// Process pins all threads of this process; here it is errors.ErrUnsupported.
func Process(cpus []int) error { return unsupported(cpus) }

// Inherit calls start on a thread that is pinned to cpus, so that a process which start creates inherits them; here
// any cpus are errors.ErrUnsupported, and without cpus it only calls start.
func Inherit(cpus []int, start func() error) error {
	if len(cpus) == 0 {
		return start()
	}
	return unsupported(cpus)
}

func unsupported(cpus []int) error {
	return fmt.Errorf("pin to CPUs %s: no CPU affinity on %s: %w", Format(cpus), runtime.GOOS, errors.ErrUnsupported)
}
