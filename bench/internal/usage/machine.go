package usage

import (
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// A Machine is what happened on the whole machine since it started, or is so now. Network figures are those of this
// process's network namespace.
type Machine struct {
	ListenOverflows int64         // connections that a full backlog did not take
	ListenDrops     int64         // connections that a listener did not take, for that or any other reason
	Steal           time.Duration // taken by other virtual machines, all CPUs; the kernel counts in units of 10 ms
	CPUPressure     time.Duration // at least one task was ready and had no CPU
	CPUBusy         time.Duration // all CPUs: neither idle, nor waiting for a disk, nor taken; in units of 10 ms
	TimeWait        int64         // now: sockets in TIME_WAIT
}

// BetweenMachine returns what the machine did from snapshot a to the later snapshot b, and what it was like before:
// in the snapshot that was taken before the driver's first connect.
func BetweenMachine(before, a, b Machine) trial.System {
	return trial.System{
		ListenOverflows: b.ListenOverflows - a.ListenOverflows,
		ListenDrops:     b.ListenDrops - a.ListenDrops,
		Steal:           b.Steal - a.Steal,
		CPUPressure:     b.CPUPressure - a.CPUPressure,
		CPUBusy:         b.CPUBusy - a.CPUBusy,

		EarlyOverflows: a.ListenOverflows - before.ListenOverflows,
		TimeWait:       before.TimeWait,
	}
}
