package server

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/poolbench/poolbench/bench/internal/pin"
	"github.com/poolbench/poolbench/bench/internal/usage"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies"
)

// lastWait is what a strategy may take beyond its drain time-out. Strategies give up by themselves; this is for one
// that does not, so that it cannot outlive its harness.
const lastWait = 5 * time.Second

// RunIfChild returns at once, unless this process was started by [Start]: then it serves one of kinds with one of
// workloads, or is a null server, exits, and never returns. Call it first in main and in TestMain, with the lists that the harness uses.
//
// In the child it takes stdin and stdout for itself: what a handler prints goes to stderr.
func RunIfChild(kinds strategies.Kinds, workloads []workload.Workload) {
	if os.Getenv(childEnv) == "" {
		return
	}
	os.Unsetenv(childEnv) // is for this process alone, not for those that a handler starts
	in, out, err := takeStdio()
	if err != nil {
		fmt.Fprintf(os.Stderr, "server process: take stdin and stdout: %v\n", err)
		os.Exit(1)
	}
	// Ends a line that was begun before main, so that the first message has one of its own.
	_, _ = io.WriteString(out, "\n")
	if !serve(in, out, kinds, workloads) {
		os.Exit(1)
	}
	os.Exit(0)
}

// serve is the life of a child. It reports whether that ended in order; if not, the last line says why.
func serve(in io.Reader, out io.Writer, kinds strategies.Kinds, workloads []workload.Workload) bool {
	requests := json.NewDecoder(in)
	// What cannot be written cannot be told either: the harness is gone, and stdin has ended as well.
	say := func(m message) { _ = json.NewEncoder(out).Encode(m) }

	var stats strategies.Stats
	err := func() error {
		var config Config
		if err := requests.Decode(&config); err != nil {
			return fmt.Errorf("read what to serve: %w", err)
		}
		s, err := newService(config, kinds, workloads)
		if err != nil {
			return err
		}
		return s.run(&stats, snapshotRequests(requests), say)
	}()

	end := last{Connections: connections(stats.Counts())}
	if err != nil {
		end.Error, end.Forced = err.Error(), errors.Is(err, context.Canceled)
	}
	say(message{Last: &end})
	return err == nil
}

// A service is what one child serves.
type service struct {
	strategy strategies.Strategy
	workload workload.Workload
	process  trial.Process
	drain    time.Duration
}

// newService finds what config asks for, and checks that this process is what it asks for.
func newService(config Config, kinds strategies.Kinds, workloads []workload.Workload) (*service, error) {
	strategy, load, err := config.find(kinds, workloads)
	if err != nil {
		return nil, err
	}
	if n := runtime.GOMAXPROCS(0); n != config.GOMAXPROCS {
		return nil, fmt.Errorf("GOMAXPROCS is %d, not %d as asked; does something in this program set it?", n, config.GOMAXPROCS)
	}
	if len(config.CPUs) > 0 {
		cpus, err := pin.Allowed()
		if err != nil {
			return nil, err
		}
		slices.Sort(cpus)
		if !slices.Equal(cpus, config.CPUs) {
			return nil, fmt.Errorf("pinned to CPUs %s, not %s as asked", pin.Format(cpus), pin.Format(config.CPUs))
		}
	}
	return &service{
		strategy: strategy,
		workload: load,
		process: trial.Process{
			Name: strategy.Name(), PID: os.Getpid(), GoVersion: runtime.Version(),
			GOMAXPROCS: config.GOMAXPROCS, CPUs: config.CPUs,
		},
		drain: cmp.Or(config.Drain, strategies.DefaultDrain),
	}, nil
}

// find returns what config names.
func (c Config) find(kinds strategies.Kinds, workloads []workload.Workload) (strategies.Strategy, workload.Workload, error) {
	if c.Null {
		return nullServer{}, nullEcho(), nil
	}
	strategy, err := kinds.Parse(c.Strategy)
	if err != nil {
		return nil, workload.Workload{}, err
	}
	if name := strategy.Name(); name != c.Strategy {
		return nil, workload.Workload{}, fmt.Errorf("%q is not a full name, or not this strategy's: its own is %q", c.Strategy, name)
	}
	load, err := workload.Find(workloads, c.Workload)
	return strategy, load, err
}

// run serves until snapshots is closed, and then drains. Between the ready line and that it wakes only for snapshots.
func (s *service) run(stats *strategies.Stats, snapshots <-chan int64, say func(message)) error {
	tcp, err := strategies.Listen("tcp", "127.0.0.1:0", s.strategy)
	if err != nil {
		return err
	}
	ln, accepting := newAcceptListener(tcp.(tcpListener))
	s.process.Backlog = backlogOf(tcp.(tcpListener))
	base := baseRSS()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	served := make(chan error, 1)
	go func() {
		served <- s.strategy.Serve(ctx, ln, s.workload.Handler(), strategies.Options{
			Drain:  s.drain,
			Busy:   s.workload.Busy,
			Stats:  stats,
			Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		})
	}()
	var overdue <-chan time.Time
	for {
		select {
		case <-accepting:
			accepting = nil
			say(message{Ready: &ready{Process: s.process, Workload: s.workload.Name, Address: ln.Addr().String()}})
		case n, ok := <-snapshots:
			if ok {
				now := usage.Self()
				now.BaseRSS = base
				say(message{Snapshot: &snapshot{Number: n, Usage: now}})
				continue
			}
			snapshots = nil
			stop()
			overdue = time.After(s.drain + lastWait)
		case err := <-served:
			if err == nil && ctx.Err() == nil {
				err = fmt.Errorf("%s stopped serving without being asked to", s.strategy.Name())
			}
			return err
		case <-overdue:
			return fmt.Errorf("%s had not stopped %v after its drain time-out of %v", s.strategy.Name(), lastWait, s.drain)
		}
	}
}

// baseRSS is what this process has resident for itself: to be taken before the strategy begins, because what a pool starts
// beforehand is there for its connections. The first garbage collection brings in the collector's own code and workers, half a
// megabyte that a server of many connections has sooner or later, and that none of them has caused. To give memory back to
// the system as well (debug.FreeOSMemory) changed nothing: a fresh heap has none to give.
func baseRSS() int64 {
	runtime.GC()
	return usage.Resident()
}

// snapshotRequests yields the number of each request, and is closed when the harness wants this process to stop or is
// gone itself.
func snapshotRequests(requests *json.Decoder) <-chan int64 {
	numbers := make(chan int64)
	go func() {
		defer close(numbers)
		for {
			var n int64
			if requests.Decode(&n) != nil {
				return
			}
			numbers <- n
		}
	}()
	return numbers
}

func connections(c strategies.Counts) trial.Connections {
	return trial.Connections{
		Accepted:     c.Accepted,
		Active:       c.Active,
		Queued:       c.Queued,
		Served:       c.Served,
		Shed:         c.Shed,
		Aborted:      c.Aborted,
		Forced:       c.Forced,
		Panics:       c.Panics,
		RequestsShed: c.RequestsShed,
	}
}
