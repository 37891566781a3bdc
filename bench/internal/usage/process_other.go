//go:build !linux

package usage

import (
	"errors"
	"fmt"
	"runtime"
	"time"
)

func (s *Snapshot) readProcess() { s.readRusage() }

// ProcessCPU returns the CPU time of another process; it is errors.ErrUnsupported on this platform.
func ProcessCPU(pid int) (time.Duration, error) {
	return 0, fmt.Errorf("read the CPU clock of process %d: no such clock on %s: %w", pid, runtime.GOOS, errors.ErrUnsupported)
}
