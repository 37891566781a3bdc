package bench

import (
	"context"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

// Drive loads a server that somebody else serves at target (host:port), from this process as it is. The record's
// server side stays empty: nobody asked the server.
func Drive(ctx context.Context, target string, w workload.Workload, l trial.Load, timing Timing, seed uint64) (trial.Trial, error) {
	t := trial.Trial{
		Schema:   trial.Schema,
		Started:  time.Now().UTC(),
		Scenario: "drive",
		Workload: w.Name,
		Measured: string(w.Client.Measured()),
		Load:     l,
		WarmUp:   timing.WarmUp,
		TimeOut:  timing.TimeOut,
		Driver:   sides(nil, nil).driverProcess(),
	}
	config := timing.config(target, w, l)
	config.Seed = seed
	var edges edges
	config.AtEdge = func(e load.Edge) { edges.read(ctx, e, nil) }
	result, err := load.Run(ctx, config)
	if err != nil {
		return trial.Trial{}, err
	}
	fill(&t, result)
	edges.fill(&t)
	return t, nil
}

// CheckDrive reports what Drive would refuse, without connecting.
func CheckDrive(target string, w workload.Workload, l trial.Load, timing Timing) error {
	if err := timing.config(target, w, l).Check(); err != nil {
		return err
	}
	return load.CheckFiles(l.Clients)
}
