package bench

import (
	"context"
	"errors"
	"time"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/internal/load"
	"github.com/poolbench/poolbench/bench/internal/server"
	"github.com/poolbench/poolbench/bench/internal/usage"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

const (
	// drain is the server's drain time-out. Usually the driver has closed its connections by then, so that there is little to wait
	// for; where stopping is what is measured, it is what an orchestrator's shorter grace periods leave.
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
	driver   string
	requests int                                      // closed loop: ends the window after so many; 0: the step's timing does
	turn     *load.Turn                               // nil: the load is active all the time
	begin    func(context.Context) (time.Time, error) // nil, or when the load begins, once it is ready
	watch    func(look func() load.Glance)            // nil, or called when the load begins
	atEdge   func(load.Edge)                          // nil, or called right after the window opened and right before it is read at its end
}

// record is what is known before anything is measured.
func (m measurement) record() trial.Trial {
	timing := m.step.Scenario.Timing
	t := trial.Trial{
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
		Driver:     m.sides.driverProcess(m.driver),
	}
	if m.turn != nil {
		t.Turns = &trial.Turns{Every: m.turn.Every, Index: m.turn.Index, Of: m.turn.Of}
	}
	return t
}

// server is the process that the trial is about.
func (m measurement) server() server.Config {
	c := server.Config{GOMAXPROCS: m.sides.Server.GOMAXPROCS, CPUs: m.sides.Server.CPUs, Drain: drain}
	if m.step.Null {
		c.Null = true
	} else {
		c.Strategy, c.Workload = m.step.Strategy, m.workload.Name
	}
	return c
}

// run takes the trial and judges it. With an error, the record says as much as is known.
func (m measurement) run(ctx context.Context) (trial.Trial, error) {
	t, err := m.take(ctx)
	if err == nil {
		m.judge(&t)
	}
	return t, err
}

// take starts the server, loads it, stops it, and returns the record.
func (m measurement) take(ctx context.Context) (t trial.Trial, err error) {
	t = m.record()
	child, err := server.Start(ctx, m.server())
	if err != nil {
		return t, err
	}
	t.Server = child.Identity()
	ending := newEnding(ctx, child)
	defer func() {
		end := ending.record(&t)
		if errors.Is(end, errServerEnded) { // whatever failed, failed for that
			err = nil
		}
		err = errors.Join(err, end)
	}()

	edges := edges{before: usage.ReadMachine()}
	driving, died := context.WithCancelCause(ctx)
	defer died(nil)
	go func() {
		select {
		case <-child.Done():
			if !ending.told.Load() {
				died(errServerEnded)
			}
		case <-driving.Done():
		}
	}()
	config := m.step.Scenario.Timing.config(child.Addr(), m.workload, m.step.Load)
	config.Seed, config.Requests, config.NewTarget = m.step.Seed, m.requests, true
	m.sides.configure(&config, m.driver)
	config.Turn, config.Begin, config.Watch = m.turn, m.begin, m.watch
	if m.step.Scenario.Drain {
		config.Tail = max(config.Tail, drain+stopPatience) // it ends with the server
		config.Stop = ending.begin
	}
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
	edges.fill(&t)
	fill(&t, result)
	if m.step.Scenario.Drain {
		t.Stop = interrupted(result.Interrupted)
	}
	return t, edges.err
}

// judge has the record say what is to be said about it. A window that ends by number may be shorter than its edges, so
// that its figures can be taken and not judged.
func (m measurement) judge(t *trial.Trial) {
	if m.requests > 0 {
		return
	}
	t.Findings = append(t.Findings, finding.Of(*t)...)
	t.Invalid = finding.Invalid(t.Findings)
}

func fill(t *trial.Trial, r load.Result) {
	t.Window, t.Counts, t.Clients, t.Latency, t.Others, t.Driving = r.Window, r.Counts, r.Clients, r.Latency, r.Others, r.Driving
	t.Series = r.Series
	t.Driver.Name = r.Driver
	t.System.TimeWaitWait = r.Waited
	if r.EndUnproven {
		t.Findings = append(t.Findings, trial.Finding{Code: "session-end-unproven", Text: "this system does not tell whether the server received the last message of a session " +
			"before it closed: a server that reads all but the last may be counted as serving; measure sessions on Linux"})
	}
}

// edges are what everyone had used at the two ends of the window, and how the machine was before.
type edges struct {
	before         usage.Machine
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
	t.System = usage.BetweenMachine(e.before, e.machine[load.Opens], e.machine[load.Closes])
}
