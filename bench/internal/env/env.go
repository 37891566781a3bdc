// Package env collects what a run's env.json says about the program and the machine. It reads and changes nothing;
// what a platform does not tell stays empty. Package trial has the record, package bench adds what only the plan knows:
// the two sides' CPUs, the times and the number of trials.
package env

import (
	"fmt"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/poolbench/poolbench/bench/internal/figures"
	"github.com/poolbench/poolbench/bench/trial"
)

// Collect returns the record for a run of this process with the given command line and seed.
func Collect(args []string, seed uint64) trial.Env {
	e := trial.Env{
		Commit:   unknown,
		Command:  slices.Clone(args),
		Seed:     seed,
		Platform: platform(),
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		program(&e, info)
	}
	if e.Commit == unknown {
		e.Commit, e.Dirty = checkout(e.Program)
	}
	e.Warnings = warnings(e.Platform, runtime.NumCPU())
	return e
}

func platform() trial.Platform {
	p := trial.Platform{
		GoVersion: runtime.Version(),
		GOOS:      runtime.GOOS,
		GOARCH:    runtime.GOARCH,
		CPUs:      runtime.NumCPU(),
		OpenFiles: openFiles(),

		GoSettings: goSettings(os.Getenv),
	}
	if runtime.GOOS == "linux" {
		linux(&p, os.DirFS("/"))
	}
	return p
}

// GoVariables of the environment change how Go programs run, the server's process and the driver's; those that a run sets
// itself, as it does GOMAXPROCS, are not among them.
var GoVariables = []string{"GOGC", "GOMEMLIMIT", "GODEBUG"}

// goSettings are those of GoVariables that are set.
func goSettings(getenv func(string) string) map[string]string {
	set := map[string]string{}
	for _, name := range GoVariables {
		if value := getenv(name); value != "" {
			set[name] = value
		}
	}
	return set
}

// warnings says what about the machine makes its figures worth less; the process may use so many CPUs.
func warnings(p trial.Platform, allowed int) []trial.Warning {
	var all []trial.Warning
	if q := p.CPUQuota; q != nil && *q > 0 && *q < float64(allowed) {
		all = append(all, trial.Warning{
			Code: "cpu-quota",
			Text: fmt.Sprintf("the control group grants %.3g CPUs' worth of time, and this process may use %s: once it is used up, server and driver "+
				"stand still for up to 100 ms; start the container or service with %d CPUs or more, or keep the run on fewer (poolbench doctor)",
				*q, figures.Counted(allowed, "CPU"), max(allowed, 2)),
		})
	}
	if len(p.GoSettings) > 0 {
		var set, names []string
		for _, name := range slices.Sorted(maps.Keys(p.GoSettings)) {
			set, names = append(set, name+"="+p.GoSettings[name]), append(names, name)
		}
		all = append(all, trial.Warning{
			Code: "go-settings",
			Text: fmt.Sprintf("server and driver run with %s of the environment, which your server may not have; unset %s, unless this is what you measure",
				strings.Join(set, " and "), strings.Join(names, " ")),
		})
	}
	if p.Governor != "" && p.Governor != "performance" {
		all = append(all, trial.Warning{
			Code: "cpu-governor",
			Text: "the CPUs change their clock with the load (governor " + p.Governor + "), so that a lightly loaded server looks slower than it is; " +
				"set the governor to performance",
		})
	}
	switch p.Clocksource {
	case "hpet", "acpi_pm", "jiffies", "refined-jiffies", "xen":
		all = append(all, trial.Warning{
			Code: "slow-clock",
			Text: "reading the time is a system call here (clocksource " + p.Clocksource + "), which slows the driver down; boot with a faster one if there is one",
		})
	}
	return all
}
