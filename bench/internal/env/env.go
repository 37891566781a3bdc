// Package env collects what a run's env.json says about the program and the machine. It reads and changes nothing;
// what a platform does not tell stays empty. Package trial has the record, package bench adds what only the plan knows:
// the two sides' CPUs, the times and the number of trials.
package env

import (
	"os"
	"runtime"
	"runtime/debug"
	"slices"

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
	e.Warnings = warnings(e.Platform)
	return e
}

func platform() trial.Platform {
	p := trial.Platform{
		GoVersion: runtime.Version(),
		GOOS:      runtime.GOOS,
		GOARCH:    runtime.GOARCH,
		CPUs:      runtime.NumCPU(),
		OpenFiles: openFiles(),
	}
	if runtime.GOOS == "linux" {
		linux(&p, os.DirFS("/"))
	}
	return p
}

// warnings says what about the machine makes its figures worth less.
func warnings(p trial.Platform) []trial.Warning {
	var all []trial.Warning
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
