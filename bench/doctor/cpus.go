package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/poolbench/poolbench/bench/internal/figures"
	"github.com/poolbench/poolbench/bench/internal/pin"
)

// Shares, as package finding has them: what a trial would note, and what would make it invalid.
const (
	notable     = 0.01
	practical   = 0.05
	disturbance = 0.1
	mostly      = 0.5

	// tick is the unit in which the kernel tells CPU time.
	tick = 10 * time.Millisecond

	// busyTicks is how far a sum of five such figures may be off.
	busyTicks = 5 * tick
)

const apartAtLeast = 2 // CPUs: one for each side

func cpus(f Facts) []Finding {
	switch n := len(f.Allowed); {
	case n == 0:
		return advised(untold("%s does not keep processes on CPUs: server and driver share %d", f.Platform.GOOS, f.Platform.CPUs),
			"Read small differences with care, or measure on Linux.")
	case n < apartAtLeast && f.Platform.CPUs < apartAtLeast:
		return advised(one(Bad, "this machine has one"), "Measure on a machine with two CPUs or more.")
	case n < apartAtLeast:
		return mended(one(Bad, "this process may use CPU %s alone, of %d", pin.Format(f.Allowed), f.Platform.CPUs),
			"taskset -cp 0-%d $$", f.Platform.CPUs-1)
	}
	of := ""
	if len(f.Allowed) < f.Platform.CPUs {
		of = fmt.Sprintf(" of %d", f.Platform.CPUs)
	}
	return ok("%d%s; server on %s, driver on %s", len(f.Allowed), of, pin.Format(f.Server), pin.Format(f.Driver))
}

func quota(f Facts) []Finding {
	if f.Quota == nil {
		return untold("%s does not tell", f.Platform.GOOS)
	}
	q, n := *f.Quota, len(f.Allowed)
	switch whole := int(q); {
	case q == 0:
		return ok("none")
	case q >= float64(n):
		return ok("%.3g CPUs, no fewer than this process may use", q)
	case whole >= apartAtLeast: // on so many CPUs it cannot use more
		return mended(one(Bad, "%.3g CPUs, and this process may use %d", q, n), "taskset -cp %s $$", pin.Format(f.Allowed[:whole]))
	default:
		return advised(one(Bad, "%.3g CPUs, and this process may use %d", q, n),
			"Start the container or service with %d CPUs or more (docker run --cpus, CPUQuota of a service).", max(n, apartAtLeast))
	}
}

// cores is about the core in the middle: the others stay on one side (pin.Split).
func cores(f Facts) []Finding {
	if len(f.Siblings) == 0 {
		return untold("the system does not tell which CPUs are one core")
	}
	if len(f.Server) == 0 {
		return ok("server and driver are not apart, so that cores do not matter")
	}
	var shared []int
	for _, cpu := range f.Driver {
		if slices.ContainsFunc(f.Siblings[cpu], func(other int) bool { return slices.Contains(f.Server, other) }) {
			shared = append(shared, cpu)
		}
	}
	if len(shared) == 0 {
		return ok("server and driver have cores of their own")
	}
	found := one(Warning, "CPU %s of the driver shares a core with the server", pin.Format(shared))
	whole := wholeCores(f)
	if len(whole) < apartAtLeast {
		return advised(found, "Measure on a machine with two cores or more.")
	}
	half := len(whole) / 2
	return mended(found, "poolbench run --server-cpus %s --driver-cpus %s",
		pin.Format(slices.Concat(whole[:half]...)), pin.Format(slices.Concat(whole[half:]...)))
}

// wholeCores are the allowed CPUs by core.
func wholeCores(f Facts) [][]int {
	var all [][]int
	at := map[int]int{} // by the core's lowest CPU
	for _, cpu := range f.Allowed {
		core := cpu
		if s := f.Siblings[cpu]; len(s) > 0 {
			core = slices.Min(s)
		}
		i, seen := at[core]
		if !seen {
			i = len(all)
			at[core], all = i, append(all, nil)
		}
		all[i] = append(all[i], cpu)
	}
	return all
}

func cpuTime(f Facts) []Finding {
	asked := f.Look.Busy * time.Duration(f.Look.Wanted)
	if asked <= 0 || f.Look.Got <= 0 {
		return untold("nobody looked")
	}
	missed := 1 - f.Look.Got.Seconds()/asked.Seconds()
	say := OK
	switch {
	case missed > disturbance:
		say = Bad
	case missed > practical:
		say = Warning
	}
	found := one(say, "asked for %d at once, this process got %s of their time", f.Look.Wanted, percent(1-max(missed, 0)))
	if say != OK {
		return advised(found, "End what else runs here, raise the CPU quota, or use a quieter host: the other lines tell which.")
	}
	return found
}

func steal(f Facts) []Finding {
	asked := f.Look.Busy * time.Duration(f.Look.Wanted)
	if f.Look.Stolen == nil || asked <= 0 {
		return untold("nobody looked, or %s does not tell", f.Platform.GOOS)
	}
	share := (*f.Look.Stolen - tick).Seconds() / asked.Seconds()
	switch {
	case share > practical:
		return advised(one(Bad, "%s of the CPU time that was asked for", percent(share)), "Measure when the host is quieter, or on a machine of its own.")
	case share > notable:
		return advised(one(Warning, "%s of the CPU time that was asked for", percent(share)), "Measure when the host is quieter, or on a machine of its own.")
	case !f.Look.SawSteal && told(f.Virtual) != "":
		return untold("this virtual machine has never told any: its host may not say")
	}
	return ok("none that matters")
}

func otherProcesses(f Facts) []Finding {
	if f.Look.Others == nil || f.Look.Quiet <= 0 {
		return untold("nobody looked, or %s does not tell", f.Platform.GOOS)
	}
	all := f.Look.Quiet * time.Duration(max(len(f.Allowed), f.Platform.CPUs, 1))
	share := (*f.Look.Others - busyTicks).Seconds() / all.Seconds()
	say := OK
	switch {
	case share > disturbance:
		say = Bad
	case share > practical:
		say = Warning
	default:
		return ok("%s of the CPU time", percent(max(0, f.Look.Others.Seconds()/all.Seconds())))
	}
	return advised(one(say, "%s of the CPU time%s", percent(f.Look.Others.Seconds()/all.Seconds()), busiest(f.Look)), "End them, or wait until they have.")
}

// busiest names processes that use a notable part of a CPU, as many as fit into two lines.
func busiest(l Look) string {
	const most = 3
	var names []string
	for _, p := range l.Busiest {
		if share := p.CPU.Seconds() / l.Quiet.Seconds(); share > notable && len(names) < most {
			names = append(names, fmt.Sprintf("%s (process %d) %s of one", p.Name, p.PID, percent(share)))
		}
	}
	if len(names) == 0 {
		return ", by processes that cannot be seen from here"
	}
	return ": " + strings.Join(names, ", ")
}

func pressure(f Facts) []Finding {
	if f.Look.Waited == nil || f.Look.Quiet <= 0 {
		return untold("nobody looked, or the kernel does not tell (CONFIG_PSI)")
	}
	share := f.Look.Waited.Seconds() / f.Look.Quiet.Seconds()
	say := OK
	switch {
	case share > mostly:
		say = Bad
	case share > disturbance:
		say = Warning
	}
	found := one(say, "somebody waited for one for %s of the time", percent(share))
	if say != OK {
		return advised(found, "End what runs here, or wait until it has ended.")
	}
	return found
}

// loadAverage is about the last minute, which has more in it than the second that was looked at.
func loadAverage(f Facts) []Finding {
	if f.LoadAvg == nil {
		return untold("%s does not tell", f.Platform.GOOS)
	}
	n := max(f.Platform.CPUs, 1)
	if *f.LoadAvg > disturbance*float64(n) {
		return advised(one(Warning, "%.2f over the last minute, with %s", *f.LoadAvg, figures.Counted(n, "CPU")),
			"Nothing to mend if that was a run or a build that has ended: wait a minute.")
	}
	return ok("%.2f", *f.LoadAvg)
}

func governor(f Facts) []Finding {
	switch f.Platform.Governor {
	case "":
		return untold("nothing here sets the CPUs' clock, or the host does")
	case "performance":
		return ok("performance")
	}
	return mended(one(Warning, "%s", f.Platform.Governor), "echo performance |\n  sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor")
}

func turbo(f Facts) []Finding {
	switch {
	case f.Turbo == nil:
		return untold("nothing here tells, or the host decides")
	case *f.Turbo:
		return mended(one(Warning, "on"), "%s", f.TurboOff)
	}
	return ok("off")
}

// slowRead is about what a system call takes, and as much as the driver's own code takes for a whole request. Without one, in
// the vDSO (vdso(7)), reading the time takes 20 to 60 ns.
const slowRead = 200 * time.Nanosecond

// fastClocks can be read without a system call: those with a vdso_clock_mode in the kernel's drivers (arch/x86/kernel/tsc.c and
// kvmclock.c, drivers/clocksource/hyperv_timer.c and arm_arch_timer.c). The best first.
var fastClocks = []string{"tsc", "arch_sys_counter", "kvm-clock", "hyperv_clocksource_tsc_page"}

func clock(f Facts) []Finding {
	source := ""
	if f.Platform.Clocksource != "" {
		source = " (clocksource " + f.Platform.Clocksource + ")"
	}
	switch {
	case f.ClockRead <= 0:
		return untold("nobody looked")
	case f.ClockRead <= slowRead:
		return ok("reading it takes %v%s", f.ClockRead, source)
	}
	found := one(Warning, "reading it takes %v%s", f.ClockRead, source)
	for _, fast := range fastClocks {
		if fast != f.Platform.Clocksource && slices.Contains(f.Clocksources, fast) {
			return mended(found, "echo %s |\n  sudo tee /sys/devices/system/clocksource/clocksource0/current_clocksource", fast)
		}
	}
	return advised(found, "Boot with a clock that needs no system call, if there is one, or use another machine.")
}

func percent(share float64) string {
	if share > 0 && share < 0.001 {
		return "0.1 %"
	}
	return fmt.Sprintf("%.3g %%", 100*share)
}

// told is a fact that may not have been.
func told[T any](fact *T) T {
	if fact == nil {
		var none T
		return none
	}
	return *fact
}
