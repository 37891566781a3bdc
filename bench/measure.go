package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load"
	"github.com/poolbench/poolbench/bench/internal/server"
	"github.com/poolbench/poolbench/bench/internal/usage"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

const (
	// drain is the server's drain time-out. The driver has closed its connections by then, so there is little to wait for.
	drain = 2 * time.Second

	// stopPatience is what a server may need to end beyond its drain time-out before it is killed.
	stopPatience = 5 * time.Second

	// snapshotPatience is how long a server may take to say what it has used: saturated, it is one goroutine among many.
	snapshotPatience = 5 * time.Second
)

// A measurement is one trial about to be made: one server process under one load, from this process as the driver.
type measurement struct {
	step     Step
	workload workload.Workload
	sides    Sides
	requests int             // closed loop: ends the window after so many; 0: the step's timing does
	atEdge   func(load.Edge) // nil, or called right after the window opened and right before it is read at its end
}

// record is what is known before anything is measured.
func (m measurement) record() trial.Trial {
	timing := m.step.Scenario.Timing
	return trial.Trial{
		Schema:     trial.Schema,
		Started:    time.Now().UTC(),
		Scenario:   m.step.Scenario.Name,
		Workload:   m.workload.Name,
		Measured:   string(m.workload.Client.Measured()),
		Strategy:   m.step.Strategy,
		Twin:       m.step.Twin,
		Repetition: m.step.Repetition,
		Calibrates: m.step.Calibrates,
		Load:       m.step.Load,
		WarmUp:     timing.WarmUp,
		Window:     timing.Window,
		TimeOut:    timing.TimeOut,
		Driver:     m.sides.driverProcess(),
	}
}

// run starts the server, loads it, stops it, and returns the record. With an error, the record says as much as is known.
func (m measurement) run(ctx context.Context) (t trial.Trial, err error) {
	t = m.record()
	child, err := server.Start(ctx, server.Config{
		Strategy:   m.step.Strategy,
		Workload:   m.workload.Name,
		GOMAXPROCS: m.sides.Server.GOMAXPROCS,
		CPUs:       m.sides.Server.CPUs,
		Drain:      drain,
	})
	if err != nil {
		return t, err
	}
	t.Server = child.Identity()
	defer func() { err = errors.Join(err, stop(ctx, child, &t)) }()

	var edges edges
	driving, died := context.WithCancelCause(ctx)
	defer died(nil)
	go func() {
		select {
		case <-child.Done():
			died(errors.New("the server process has ended"))
		case <-driving.Done():
		}
	}()
	config := m.step.Scenario.Timing.config(child.Addr(), m.workload, m.step.Load)
	config.Seed, config.Requests = m.step.Seed, m.requests
	config.AtEdge = func(e load.Edge) {
		if e == load.Closes && m.atEdge != nil {
			m.atEdge(e)
		}
		edges.read(ctx, e, child)
		if e == load.Opens && m.atEdge != nil {
			m.atEdge(e)
		}
	}
	result, err := load.Run(driving, config)
	if err != nil {
		return t, err
	}
	fill(&t, result)
	edges.fill(&t)
	if m.requests == 0 {
		t.Invalid = disturbed(result.Late, result.Window)
	}
	return t, edges.err
}

// disturbance is the share of a window for which the driver may have been kept from running. More, and the figures say
// more about whatever kept it than about the server.
const disturbance = 0.1

// disturbed says why a trial must not be used if the driver was late for its own window; empty: it was not.
func disturbed(late, window time.Duration) string {
	if float64(late) <= disturbance*float64(window) {
		return ""
	}
	return fmt.Sprintf("disturbed: the driver did not get to run for %v at an edge of its window of %v; leave the machine alone while it measures",
		late.Round(time.Millisecond), window.Round(time.Millisecond))
}

// stop ends the server and takes its own count of connections.
func stop(ctx context.Context, child *server.Child, t *trial.Trial) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain+stopPatience)
	defer cancel()
	connections, err := child.Stop(ctx)
	t.Accepted = connections
	if errors.Is(err, server.ErrDrain) { // after the window, and so no fault of the figures
		t.Warnings = append(t.Warnings, trial.Warning{Code: "forced-stop", Text: err.Error()})
		return nil
	}
	return err
}

func fill(t *trial.Trial, r load.Result) {
	t.Window, t.Counts, t.Clients, t.Latency = r.Window, r.Counts, r.Clients, r.Latency
	t.Warnings = append(t.Warnings, r.Warnings...)
}

// edges are what everyone had used at the two ends of the window.
type edges struct {
	server, driver [2]usage.Snapshot
	machine        [2]usage.Machine
	err            error
}

// read takes one end. child is nil for a server that somebody else serves.
func (e *edges) read(ctx context.Context, edge load.Edge, child *server.Child) {
	e.driver[edge], e.machine[edge] = usage.Self(), usage.ReadMachine() // first: a saturated child answers late
	if child != nil {
		ctx, cancel := context.WithTimeout(ctx, snapshotPatience)
		defer cancel()
		snapshot, err := child.Snapshot(ctx)
		e.server[edge], e.err = snapshot, errors.Join(e.err, err)
	}
}

func (e *edges) fill(t *trial.Trial) {
	t.ServerUsage = usage.Between(e.server[load.Opens], e.server[load.Closes])
	t.DriverUsage = usage.Between(e.driver[load.Opens], e.driver[load.Closes])
	t.System = usage.BetweenMachine(e.machine[load.Opens], e.machine[load.Closes])
}
