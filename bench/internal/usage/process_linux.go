package usage

import (
	"fmt"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

func (s *Snapshot) readProcess() {
	s.readRusage()
	s.PeakRSS = int64(status().VmHWM)
}

// Resident is what this process has in memory now, in bytes; 0 where the system does not tell.
func Resident() int64 { return int64(status().VmRSS) }

// status is all 0 where /proc does not tell.
func status() procfs.ProcStatus {
	self, err := procfs.Self()
	if err != nil {
		return procfs.ProcStatus{}
	}
	status, err := self.NewStatus()
	if err != nil {
		return procfs.ProcStatus{}
	}
	return status
}

// ProcessCPU returns the CPU time, user and system of all threads, that another process of this machine has used since
// it started, also while it is too busy to say so itself. It is an error once the process has ended and been waited
// for, and errors.ErrUnsupported on systems without such a clock.
func ProcessCPU(pid int) (time.Duration, error) {
	// The clock of a process is its inverted id, shifted, and 2 for the scheduler's own measure: clock_getcpuclockid(3).
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|2), &ts); err != nil {
		return 0, fmt.Errorf("read the CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(ts.Nano()), nil
}
