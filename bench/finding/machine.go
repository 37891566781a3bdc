package finding

import (
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

const (
	// tick is the unit that the kernel tells CPU time in.
	tick = 10 * time.Millisecond

	// busyTicks is how far CPUBusy may be off by that alone: it is a sum of five figures, each cut to ticks. What a short
	// window adds to it by being sampled 250 times a second (three standard deviations of two half-busy CPUs: 5 % of 2 s,
	// 15 % of 0.2 s) is within these and the threshold together.
	busyTicks = 5 * tick
)

// machineDisturbed is about CPU time that went to somebody else.
func machineDisturbed(t trial.Trial) (trial.Finding, bool) {
	stolen, isStolen := stolen(t)
	shared, isShared := shared(t)
	if isStolen && (stolen.Invalid || !shared.Invalid) {
		return stolen, true
	}
	return shared, isShared
}

// stolen: a machine that stands still for 1 % of the time does so in pieces of milliseconds, which p99 shows; 5 % is
// the smallest difference that is ever named. A CPU that wants nothing is not robbed, so what was taken was taken from
// whatever ran, whichever CPUs these were.
func stolen(t trial.Trial) (trial.Finding, bool) {
	steal := t.System.Steal
	mine := cpuTime(t)
	share := of(steal-tick, mine)
	if share <= notable {
		return none()
	}
	say := note
	if share > practical {
		say = invalid
	}
	return say(MachineDisturbed, "other virtual machines took %v of CPU time, %s of what server and driver could have had; "+
		"measure again when the host is quieter, or on a machine of its own", short(steal), percent(of(steal, mine)))
}

// shared needs two witnesses: CPU time that neither side used, and somebody who waited for a CPU. Either alone proves
// nothing: other processes may have run on CPUs that nobody else wanted, some kernels do the network's work on nobody's
// account, and a server with more threads than CPUs waits for its own.
//
// Such a kernel (built to account for interrupts) makes a busy network look like another process. That work is
// hardly more than what the calls that caused it took in the kernel, so only what exceeds both sides' own system time is
// surely somebody else's, and invalid.
func shared(t trial.Trial) (trial.Finding, bool) {
	server, driver := t.ServerUsage, t.DriverUsage
	if t.Server.Name == "" || server.CPU <= 0 || driver.CPU <= 0 || of(t.System.CPUPressure, t.Window) <= disturbance {
		return none()
	}
	mine := cpuTime(t)
	foreign := t.System.CPUBusy - server.CPU - driver.CPU
	if of(foreign-busyTicks, mine) <= disturbance {
		return none()
	}
	say := note
	if network := server.CPU - server.UserCPU + driver.CPU - driver.UserCPU; of(foreign-network-busyTicks, mine) > disturbance {
		say = invalid
	}
	return say(MachineDisturbed, "others than server and driver used %v of CPU time in the window of %v, and somebody waited for a CPU for %v of it; "+
		"leave the machine alone while it measures", short(foreign), short(t.Window), short(t.System.CPUPressure))
}

// cpuTime is what server and driver could have used; 0: not told. The record does not have the machine's CPUs, and
// those that neither side may use are of no use to it: the CPUs that they are pinned to count, each once, or else those
// that they have set themselves to use.
func cpuTime(t trial.Trial) time.Duration {
	pinned := map[int]bool{}
	cpus := 0
	for _, side := range []trial.Process{t.Server, t.Driver} {
		if len(side.CPUs) == 0 {
			cpus += max(0, side.GOMAXPROCS)
		}
		for _, cpu := range side.CPUs {
			pinned[cpu] = true
		}
	}
	return t.Window * time.Duration(cpus+len(pinned))
}
