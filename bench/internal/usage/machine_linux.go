package usage

import (
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
		m.Steal = time.Duration(stat.CPUTotal.Steal * float64(time.Second))
	}
	if cpu, err := fs.PSIStatsForResource("cpu"); err == nil && cpu.Some != nil {
		m.CPUPressure = time.Duration(cpu.Some.Total) * time.Microsecond
	}
	if sockets, err := fs.NetSockstat(); err == nil {
		for _, protocol := range sockets.Protocols {
			if protocol.Protocol == "TCP" && protocol.TW != nil {
				m.TimeWait = int64(*protocol.TW)
			}
		}
	}
	return m
}

// whole is a counter that procfs keeps as a float; nil: the kernel does not have it.
func whole(counter *float64) int64 {
	if counter == nil {
		return 0
	}
	return int64(*counter)
}
