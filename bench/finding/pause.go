package finding

import (
	"slices"

	"github.com/poolbench/poolbench/bench/internal/figures"
	"github.com/poolbench/poolbench/bench/trial"
)

// driverPaused is about the one longest gap. In the closed loop nothing else shows it: nobody asks meanwhile.
func driverPaused(t trial.Trial) (trial.Finding, bool) {
	gap := t.Driving.LongestGap
	share := of(gap, t.Active())
	if share <= practical {
		return none()
	}
	say := note
	if share > disturbance {
		say = invalid
	}
	return say(DriverPaused, "the driver did not look at its sockets and its schedule for %v of its window of %v; "+
		"leave the machine alone while it measures, and give the driver a CPU of its own", short(gap), short(t.Active()))
}

// lateEdge is about figures that are differences between the edges: they cover another stretch than the counts do.
func lateEdge(t trial.Trial) (trial.Finding, bool) {
	late := t.Driving.LateEdge
	switch share := of(late, t.Window); {
	case share > disturbance:
		return invalid(LateEdge, "the driver did not get to run for %v at an edge of its window of %v; "+
			"leave the machine alone while it measures", short(late), short(t.Window))
	case share > notable:
		return note(LateEdge, "usage was read %v after its edge of a window of %v: CPU time per request is off by as much; "+
			"give the driver a CPU of its own, or a longer window", short(late), short(t.Window))
	default:
		return none()
	}
}

func driverGC(t trial.Trial) (trial.Finding, bool) {
	paused := t.DriverUsage.GCPause
	if of(paused, t.Window) <= notable {
		return none()
	}
	return note(DriverGC, "the driver's garbage collector stopped it for %v of its window of %v, in %s; "+
		"lower the number of clients, or drive from a process that does nothing else", short(paused), short(t.Window), figures.Counted(t.DriverUsage.GCCycles, "collection"))
}

// preemptions is how often each CPU of the driver may be taken from what runs on it, per second. On an idle machine it
// was 100 to 600, by the runtime's own threads, and up to 1,700 in sessions as fast as they went, by what the kernel does
// when connections end. What is lost each time is some 10 µs, so that 2,000 are the 1 to 2 % that can be seen in p99.
const preemptions = 2000

// driverPreempted holds only for a driver with CPUs of its own: elsewhere it is preempted by the server it measures.
func driverPreempted(t trial.Trial) (trial.Finding, bool) {
	if t.Window <= 0 || !apart(t) {
		return none()
	}
	rate := float64(t.DriverUsage.InvoluntarySwitches) / t.Window.Seconds() / float64(len(t.Driver.CPUs))
	if rate <= preemptions {
		return none()
	}
	return note(DriverPreempted, "each CPU of the driver was taken from it %.0f times a second; "+
		"keep other processes and interrupts off these CPUs, or name others with --driver-cpus", rate)
}

// apart says that server and driver have CPUs of their own.
func apart(t trial.Trial) bool {
	server := t.Server.CPUs
	return len(server) > 0 && len(t.Driver.CPUs) > 0 &&
		!slices.ContainsFunc(t.Driver.CPUs, func(cpu int) bool { return slices.Contains(server, cpu) })
}
