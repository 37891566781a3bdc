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

// machineDisturbed is about CPU time that went to somebody else. What is invalid says more than what comes before it.
func machineDisturbed(t trial.Trial) (found trial.Finding, ok bool) {
	for _, witness := range []rule{stolen, shared, crowded} {
		if f, seen := witness(t); seen && (!ok || f.Invalid && !found.Invalid) {
			found, ok = f, true
		}
	}
	return found, ok
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
// little: other processes may have run on CPUs that nobody else wanted, some kernels do the network's work on nobody's
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
	near, told := neighbours(t)
	if !told {
		return none()
	}
	foreign := t.System.CPUBusy - server.CPU - driver.CPU - near.CPU
	if of(foreign-busyTicks, mine) <= disturbance {
		return none()
	}
	say := note
	if network := server.CPU - server.UserCPU + driver.CPU - driver.UserCPU + near.CPU - near.UserCPU; of(foreign-network-busyTicks, mine) > disturbance {
		say = invalid
	}
	return say(MachineDisturbed, "others than server and driver used %v of CPU time in the window of %v, and somebody waited for a CPU for %v of it; "+
		"leave the machine alone while it measures", short(foreign), short(t.Window), short(t.System.CPUPressure))
}

// surely is more than a few time slices of somebody who came once, which in a very short window is half of it as well.
const surely = 100 * time.Millisecond

// idleThreads are those of a Go process that do next to nothing, beside one for each CPU: it has 4 to 9.
const idleThreads = 16

// crowded takes the waiting alone, where neither side can have made so much of it: in a closed loop, where no driver spins,
// between sides that have CPUs of their own and hardly more threads than these. CPU time is told by samples, which can miss
// most of a process that runs whenever the driver waits for an answer, and nothing but this shows it: with one on the
// driver's CPU, goodput was halved and somebody waited for 80 % of the window; with one on the server's, for 65 %.
//
// Without one it was up to 18 % where connections stay. Where each session makes a new one, the kernel's own threads take
// part, and it was up to 37 %, which elsewhere may be more: so that is only noted. Servers that take turns wait for each
// other on their CPUs, each with what its last slice left over: up to 41 % with seven of them and 64 clients, and 50 to 62 %
// with a thousand. Nothing follows from it there; what disturbs all of them alike is in all of them.
func crowded(t trial.Trial) (trial.Finding, bool) {
	if t.Load.Loop != trial.Closed || inTurns(t) || !apart(t) || !fewThreads(t.ServerUsage, t.Server) || !fewThreads(t.DriverUsage, t.Driver) ||
		t.System.CPUPressure <= surely || of(t.System.CPUPressure, t.Window) <= mostly {
		return none()
	}
	say := invalid
	if t.Measured == "session" {
		say = note
	}
	return say(MachineDisturbed, "somebody waited for a CPU for %v of the window of %v, and neither server nor driver has threads enough for that; "+
		"leave the machine alone while it measures", short(t.System.CPUPressure), short(t.Window))
}

// fewThreads says that a process cannot wait for itself for long; false: not told.
func fewThreads(u trial.Usage, p trial.Process) bool {
	return u.Threads > 0 && u.Threads <= int64(len(p.CPUs)+idleThreads)
}

// neighbours are the servers beside t's own, where trials took turns. They are no others, and belong to the machine's figures
// as both sides do; false: not told.
func neighbours(t trial.Trial) (trial.Neighbours, bool) {
	if !inTurns(t) {
		return trial.Neighbours{}, true
	}
	return t.Turns.Neighbours, t.Turns.Neighbours.CPU > 0
}

// inTurns says that other servers ran beside t's own.
func inTurns(t trial.Trial) bool { return t.Turns != nil && t.Turns.Of > 1 }

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
