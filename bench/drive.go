package bench

import (
	"context"
	"runtime"

	"github.com/poolbench/poolbench/bench/internal/load"
	"github.com/poolbench/poolbench/bench/internal/usage"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

// DriveOptions are the parts of a single load that say nothing about it.
type DriveOptions struct {
	Driver  string // one of Drivers; empty: the first
	CPUs    []int  // where to run; empty: where the system likes
	OwnCPUs bool   // nobody else uses these CPUs: the driver may spend them on waiting exactly
	Seed    uint64

	// Waiting, where it is not nil, is called if the load has to wait until no more than so many sockets are in TIME_WAIT.
	Waiting func(most int64)
}

// Drivers are the names of what can drive a load on this system, the best first.
func Drivers() []string { return load.Drivers() }

// CheckDriver says what is wrong with a driver's name; the empty one is the default.
func CheckDriver(name string) error { return load.CheckDriver(name) }

// Drive loads a server that somebody else serves at target (host:port), from this process as it is. The record's
// server side stays empty: nobody asked the server. While it drives, the whole process runs on o.CPUs.
func Drive(ctx context.Context, target string, w workload.Workload, l trial.Load, timing Timing, o DriveOptions) (trial.Trial, error) {
	sides := Sides{Driver: trial.Side{GOMAXPROCS: runtime.GOMAXPROCS(0)}}
	if len(o.CPUs) > 0 {
		sides.Driver = trial.Side{GOMAXPROCS: len(o.CPUs), CPUs: o.CPUs}
	}
	cpus := sides.Driver.GOMAXPROCS
	if o.OwnCPUs {
		sides.Driver.GOMAXPROCS = load.Procs(o.Driver, cpus)
	}
	restore, err := sides.enterDriver()
	if err != nil {
		return trial.Trial{}, err
	}
	defer restore()
	m := measurement{
		step:     Step{Scenario: Scenario{Name: "drive", Timing: timing}, Load: l},
		workload: w, sides: sides, driver: o.Driver,
	}
	t := m.record()
	edges := edges{before: usage.ReadMachine()}
	config := timing.config(target, w, l)
	config.Seed, config.Driver, config.OwnCPUs, config.CPUs = o.Seed, o.Driver, o.OwnCPUs, cpus
	config.Waiting = o.Waiting
	config.AtEdge = func(e load.Edge) { edges.read(ctx, e, nil) }
	result, err := load.Run(ctx, config)
	if err != nil {
		return trial.Trial{}, err
	}
	edges.fill(&t)
	fill(&t, result)
	m.judge(&t)
	return t, nil
}

// CheckDrive reports what Drive would refuse, without connecting.
func CheckDrive(target string, w workload.Workload, l trial.Load, timing Timing, o DriveOptions) error {
	config := timing.config(target, w, l)
	config.Driver = o.Driver
	if err := config.Check(); err != nil {
		return err
	}
	return load.CheckFiles(l.Clients)
}
