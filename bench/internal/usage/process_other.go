//go:build !linux

package usage

import (
	"errors"
	"fmt"
	"runtime"
	"time"
)

func (s *Snapshot) readProcess() { s.readRusage() }

// Resident is what this process has in memory now, in bytes; this platform does not tell, and it is 0.
func Resident() int64 { return 0 }

// ProcessCPU returns the CPU time of another process; it is errors.ErrUnsupported on this platform.
func ProcessCPU(pid int) (time.Duration, error) {
	return 0, fmt.Errorf("read the CPU clock of process %d: no such clock on %s: %w", pid, runtime.GOOS, errors.ErrUnsupported)
}
