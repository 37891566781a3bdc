package usage

import (
	"math"
	"time"

	"github.com/prometheus/procfs"
)

// ReadMachine returns a snapshot of the machine. A file that is not there, as in some containers and kernels, leaves
// its figures 0. It may be called concurrently.
func ReadMachine() Machine {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return Machine{}
	}
	return readMachine(fs)
}

func readMachine(fs procfs.FS) Machine {
	var m Machine
	if self, err := fs.Self(); err == nil {
		if n, err := self.Netstat(); err == nil {
			m.ListenOverflows, m.ListenDrops = whole(n.ListenOverflows), whole(n.ListenDrops)
		}
	}
	if stat, err := fs.Stat(); err == nil {
		cpu := stat.CPUTotal
		m.Steal = seconds(cpu.Steal)
		// Guests are not added: the kernel has them in User and Nice already.
		m.CPUBusy = seconds(cpu.User + cpu.Nice + cpu.System + cpu.IRQ + cpu.SoftIRQ)
	}
	if cpu, err := fs.PSIStatsForResource("cpu"); err == nil && cpu.Some != nil {
		m.CPUPressure = time.Duration(cpu.Some.Total) * time.Microsecond
	}
	m.TimeWait, _ = timeWait(fs)
	return m
}

// TimeWait returns how many sockets are in TIME_WAIT now, and false where the system does not tell. It reads one small
// file, so that it may be asked every few milliseconds while somebody waits for them to become fewer.
func TimeWait() (int64, bool) {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return 0, false
	}
	return timeWait(fs)
}

func timeWait(fs procfs.FS) (int64, bool) {
	sockets, err := fs.NetSockstat()
	if err != nil {
		return 0, false
	}
	for _, protocol := range sockets.Protocols {
		if protocol.Protocol == "TCP" && protocol.TW != nil {
			return int64(*protocol.TW), true
		}
	}
	return 0, false
}

// seconds rounds: sums of procfs's floats are off by less than a nanosecond, on either side.
func seconds(s float64) time.Duration { return time.Duration(math.Round(s * float64(time.Second))) }

// whole is a counter that procfs keeps as a float; nil: the kernel does not have it.
func whole(counter *float64) int64 {
	if counter == nil {
		return 0
	}
	return int64(*counter)
}
