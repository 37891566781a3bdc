package doctor

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/internal/env"
	"github.com/poolbench/poolbench/bench/internal/pin"
	"github.com/poolbench/poolbench/bench/internal/usage"
)

// Gather reads the facts about this machine and process, for suites that have passed Check and a folder in which their results
// would be. For half of the time it watches, and for the other half it wants all CPUs; no time is no look. The end of ctx
// is an error.
func Gather(ctx context.Context, suites []bench.Suite, results string, look time.Duration) (Facts, error) {
	f := Facts{
		Platform:  env.Collect(nil, 0).Platform, // before asking raises the limit on open files
		Needs:     NeedsOf(suites),
		Refused:   map[string][]Refusal{},
		Results:   results,
		ClockRead: clockRead(),
		Set:       set(os.Getenv),
		CCompiler: compiler(os.Getenv),
	}
	for _, s := range suites {
		if refused := refusals(s); len(refused) > 0 {
			f.Refused[s.Name] = refused
		}
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		f.Built = instrumented(info.Settings)
	}
	sides, err := bench.ParseSides("", "")
	if err != nil {
		return Facts{}, err
	}
	f.Server, f.Driver = sides.Server.CPUs, sides.Driver.CPUs
	if f.Allowed, err = pin.Allowed(); err != nil {
		return Facts{}, err
	}
	if n, tells := usage.TimeWait(); tells {
		f.TimeWait = &n
	}
	if free, tells := diskFree(existing(results)); tells {
		f.DiskFree = &free
	}
	f.system()
	if look <= 0 {
		return f, nil
	}
	cpus := len(f.Allowed)
	if cpus == 0 {
		cpus = runtime.NumCPU()
	}
	f.Look, err = watch(ctx, look/2, cpus)
	return f, err
}

// clockRead is what reading the time takes: the least of several looks, because others can only make it more.
func clockRead() time.Duration {
	const looks, reads = 20, 1000
	least := time.Duration(0)
	for range looks {
		start := time.Now()
		var last time.Time
		for range reads {
			last = time.Now()
		}
		if took := last.Sub(start) / reads; least == 0 || took < least {
			least = took
		}
	}
	return least
}

// set are the variables that change how Go programs run.
func set(getenv func(string) string) []string {
	return slices.DeleteFunc(slices.Clone(env.GoVariables), func(name string) bool { return getenv(name) == "" })
}

// compiler is the one that cgo uses unless `go env -w` says otherwise.
func compiler(getenv func(string) string) string {
	for _, name := range []string{getenv("CC"), "gcc", "clang", "cc"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	return ""
}

// instrumented are the settings of a build that make it slower than it need be.
func instrumented(settings []debug.BuildSetting) []string {
	var all []string
	for _, s := range settings {
		switch s.Key {
		case "-race", "-msan", "-asan", "-cover":
			if s.Value == "true" {
				all = append(all, s.Key)
			}
		case "-gcflags":
			all = append(all, s.Key+"="+s.Value)
		}
	}
	return all
}

// existing is the folder itself, or the nearest above it that is there.
func existing(folder string) string {
	dir, err := filepath.Abs(folder)
	if err != nil {
		return folder
	}
	for {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

// watch does nothing for a while and sees what others do; then it wants so many CPUs for as long, and sees what it gets. A CPU
// that wants nothing is not robbed.
func watch(ctx context.Context, each time.Duration, cpus int) (Look, error) {
	before, machine, self := processes(), usage.ReadMachine(), usage.Self()
	timer := time.NewTimer(each)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return Look{}, context.Cause(ctx)
	case <-timer.C:
	}
	middle, own := usage.ReadMachine(), usage.Self()
	l := Look{
		Quiet:   own.At.Sub(self.At),
		Busiest: busiestOf(before, processes()),
		Wanted:  cpus,
	}
	used, waited := middle.CPUBusy-machine.CPUBusy-(own.CPU-self.CPU), middle.CPUPressure-machine.CPUPressure
	if machine.CPUBusy > 0 {
		used = max(used, 0)
		l.Others = &used
	}
	if machine.CPUPressure > 0 { // the kernel has told of some since it started: it can
		l.Waited = &waited
	}
	machine, self = usage.ReadMachine(), usage.Self()
	spin(ctx, each, cpus)
	middle, own = usage.ReadMachine(), usage.Self()
	l.Busy, l.Got = own.At.Sub(self.At), own.CPU-self.CPU
	if machine.CPUBusy > 0 {
		stolen := middle.Steal - machine.Steal
		l.Stolen, l.SawSteal = &stolen, middle.Steal > 0
	}
	return l, context.Cause(ctx)
}

// spin wants so many CPUs until the time is over.
func spin(ctx context.Context, long time.Duration, cpus int) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cpus)) // fewer where a quota says so, and the quota is what is to be seen
	until := time.Now().Add(long)
	var all sync.WaitGroup
	for range cpus {
		all.Go(func() {
			for time.Now().Before(until) && ctx.Err() == nil {
			}
		})
	}
	all.Wait()
}

// An identity tells processes apart: numbers of processes are used again.
type identity struct {
	pid   int
	began uint64
}

type used struct {
	name string
	cpu  time.Duration
}

// busiestOf are the processes that have used anything between two looks, the busiest first.
func busiestOf(before, after map[identity]used) []Process {
	var all []Process
	for m, now := range after {
		if cpu := now.cpu - before[m].cpu; cpu > 0 {
			all = append(all, Process{PID: m.pid, Name: now.name, CPU: cpu})
		}
	}
	slices.SortFunc(all, func(a, b Process) int {
		if a.CPU != b.CPU {
			return int(b.CPU - a.CPU)
		}
		return a.PID - b.PID
	})
	return all
}
