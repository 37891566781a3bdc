//go:build unix

package usage

import (
	"time"

	"golang.org/x/sys/unix"
)

func (s *Snapshot) readRusage() {
	var r unix.Rusage
	// It fails only for arguments that it does not know.
	if unix.Getrusage(unix.RUSAGE_SELF, &r) != nil {
		return
	}
	s.UserCPU, s.SystemCPU = time.Duration(r.Utime.Nano()), time.Duration(r.Stime.Nano())
	s.CPU = s.UserCPU + s.SystemCPU
	s.VoluntarySwitches, s.InvoluntarySwitches = int64(r.Nvcsw), int64(r.Nivcsw)
}
