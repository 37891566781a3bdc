package finding

import (
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// full is the share of its CPUs above which a process has none left. At 90 % what comes at random waits on average for
// four and a half times as long as it is worked on (M/D/1: ρ / (2(1−ρ)); L. Kleinrock, Queueing Systems I, 1975, section
// 5.6), and a window has less loaded stretches as well. No process that shares anything comes much closer to 100 %.
const full = 0.9

// driverBusy is the share of its CPUs that the driver used, 0 to 1; false: not told. A loop that waits and spins is not
// busy, so the loops' own account comes before CPU time, and the busiest one counts: its clients are nobody else's. Where
// loads take turns, CPU time is that of the process in all slices, and so of all of them.
func driverBusy(t trial.Trial) (float64, bool) {
	if t.Active() <= 0 {
		return 0, false
	}
	if t.Driving.Shards > 0 {
		return 1 - of(min(max(0, t.Driving.Idle), t.Active()), t.Active()), true
	}
	return cpuShare(t.DriverUsage.CPU, t.Window, t.Driver.GOMAXPROCS)
}

// cpuShare is the part of so many CPUs that was used; more than all comes of the edges, and counts as all.
func cpuShare(used, window time.Duration, cpus int) (float64, bool) {
	if used <= 0 || window <= 0 || cpus <= 0 {
		return 0, false
	}
	return min(1, of(used, window)/float64(cpus)), true
}
