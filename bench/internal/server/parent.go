package server

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/poolbench/poolbench/bench/internal/pin"
	"github.com/poolbench/poolbench/bench/internal/usage"
	"github.com/poolbench/poolbench/bench/trial"
)

// childEnv marks a process as a child for RunIfChild.
const childEnv = "POOLBENCH_CHILD"

// startTimeout bounds the wait for the ready line: a thousand times what a child needs on an idle machine.
const startTimeout = 10 * time.Second

// ErrDrain is wrapped by the error of [Child.Stop] if the strategy's drain time-out passed and the connections that
// were left were closed by force. The counts that come with it are good.
var ErrDrain = errors.New("drain time-out")

// A Child is a server process. Its methods must not be called concurrently, except for Addr, Identity, Done and Output.
type Child struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	ready ready
	asked int64 // number of the last snapshot that was asked for

	stdout    io.ReadCloser
	output    tail
	readied   chan ready
	snapshots chan snapshot
	gone      chan struct{} // closed when the process has ended; what follows is written before
	last      *last
	waitErr   error
}

// Start starts a server process and returns when its strategy accepts connections. ctx bounds the start alone, for
// which there are 10 seconds at most; the child lives until Stop, or until this process ends in whatever way.
//
// A child that cannot serve what was asked is an error that says why, as the child itself said it; for one that died or
// said nothing in time the error holds what it had printed. Where CPUs are given and the platform has no CPU affinity it
// is errors.ErrUnsupported.
func Start(ctx context.Context, config Config) (*Child, error) {
	c, err := start(ctx, config.complete())
	if err != nil {
		strategy, workload := config.identity()
		return nil, fmt.Errorf("start a server with %s for %s: %w", strategy, workload, err)
	}
	return c, nil
}

// complete puts the defaults in.
func (c Config) complete() Config {
	c.CPUs = slices.Clone(c.CPUs)
	slices.Sort(c.CPUs)
	c.CPUs = slices.Compact(c.CPUs)
	if c.GOMAXPROCS == 0 {
		if c.GOMAXPROCS = len(c.CPUs); c.GOMAXPROCS == 0 {
			c.GOMAXPROCS = runtime.NumCPU()
		}
	}
	return c
}

func start(ctx context.Context, config Config) (*Child, error) {
	if os.Getenv(childEnv) != "" {
		// Without this, a program that forgets RunIfChild would start itself for ever.
		return nil, errors.New("this process is itself such a server: RunIfChild has to be called first in main or TestMain")
	}
	if config.Null && (config.Strategy != "" || config.Workload != "") {
		return nil, fmt.Errorf("a null server has no strategy and no workload; given: %q and %q", config.Strategy, config.Workload)
	}
	c, err := launch(config)
	if err != nil {
		return nil, err
	}
	if err := c.awaitReady(ctx, config); err != nil {
		return nil, err
	}
	return c, nil
}

// awaitReady waits until the child is ready as what config asks for; otherwise the child is gone when it returns.
func (c *Child) awaitReady(ctx context.Context, config Config) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("not ready within %v", startTimeout))
	defer cancel()
	select {
	case c.ready = <-c.readied:
	case <-c.gone:
		return c.fate()
	case <-ctx.Done():
		c.kill()
		return fmt.Errorf("%w, killed it%s", context.Cause(ctx), c.printed())
	}
	if err := c.ready.check(config, c.cmd.Process.Pid); err != nil {
		c.kill()
		return err
	}
	return nil
}

// launch starts the process and sends it its configuration.
func launch(config Config) (*Child, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	c := &Child{
		cmd:     exec.Command(path),
		readied: make(chan ready, 1), snapshots: make(chan snapshot, 1), gone: make(chan struct{}),
	}
	// GOMAXPROCS has to be there before the first instruction: ants sizes its channels by it when it is initialised.
	c.cmd.Env = append(os.Environ(), childEnv+"=serve", "GOMAXPROCS="+strconv.Itoa(config.GOMAXPROCS))
	c.cmd.SysProcAttr = ownProcessGroup()
	c.cmd.Stderr = &c.output
	c.cmd.WaitDelay = time.Second // a process that user code left behind may hold stderr open
	err = pin.Inherit(config.CPUs, func() error {
		if c.stdin, err = c.cmd.StdinPipe(); err != nil {
			return err
		}
		if c.stdout, err = c.cmd.StdoutPipe(); err != nil {
			return err
		}
		return c.cmd.Start()
	})
	if err != nil {
		return nil, err
	}
	go c.listen()
	// If it cannot be written the child is gone, and listen has more to say about that.
	_ = json.NewEncoder(c.stdin).Encode(config)
	return c, nil
}

// check compares who the child says it is with what was asked for.
func (r ready) check(config Config, pid int) error {
	strategy, workload := config.identity()
	want := trial.Process{
		Name: strategy, PID: pid, GoVersion: runtime.Version(), GOMAXPROCS: config.GOMAXPROCS, CPUs: config.CPUs,
	}
	got := r.Process
	if got.Name != want.Name || got.PID != want.PID || got.GoVersion != want.GoVersion ||
		got.GOMAXPROCS != want.GOMAXPROCS || !slices.Equal(got.CPUs, want.CPUs) || r.Workload != workload {
		return fmt.Errorf("the child is not what was asked for: it is %+v for %s, and should be %+v for %s",
			got, r.Workload, want, workload)
	}
	return nil
}

// listen takes what the child says until it ends.
func (c *Child) listen() {
	defer close(c.gone)
	lines := bufio.NewReader(c.stdout)
	for {
		line, err := lines.ReadBytes('\n')
		c.take(line)
		if err != nil {
			break
		}
	}
	c.waitErr = c.cmd.Wait()
}

// take must not block: nobody may be waiting for an answer any more, and the child's last line comes after it.
func (c *Child) take(line []byte) {
	var m message
	err := json.Unmarshal(line, &m)
	switch {
	case err == nil && m.Ready != nil:
		select {
		case c.readied <- *m.Ready:
		default:
		}
	case err == nil && m.Snapshot != nil:
		select {
		case <-c.snapshots: // nobody waits for this one any more
		default:
		}
		c.snapshots <- *m.Snapshot
	case err == nil && m.Last != nil:
		c.last = m.Last
	default:
		// Printed before RunIfChild could turn stdout away.
		_, _ = c.output.Write(line)
	}
}

// Addr is the address at which the child listens.
func (c *Child) Addr() string { return c.ready.Address }

// Identity is who the child is, as it said itself and as it was checked.
func (c *Child) Identity() trial.Process {
	p := c.ready.Process
	p.CPUs = slices.Clone(p.CPUs)
	return p
}

// Done is closed when the process has ended, for whatever reason; Stop then returns at once and tells it.
func (c *Child) Done() <-chan struct{} { return c.gone }

// Output is what the child has printed and logged so far, or the end of it if that is much.
func (c *Child) Output() string { return c.output.String() }

// Snapshot returns what the child has used. Its CPU time is that of the moment of the call, and At with it, on systems
// that tell the CPU time of another process (in user and system parts as the child itself divides it); the rest is of the moment at which the child finds time to answer, which a
// saturated one finds late. ctx alone bounds that wait.
func (c *Child) Snapshot(ctx context.Context) (usage.Snapshot, error) {
	at := time.Now()
	cpu, cpuErr := usage.ProcessCPU(c.cmd.Process.Pid)
	c.asked++
	// If it cannot be written the child is gone.
	_, _ = fmt.Fprintln(c.stdin, c.asked)
	for {
		select {
		case s := <-c.snapshots:
			if s.Number != c.asked {
				continue // the late answer to a call that had given up
			}
			if cpuErr == nil {
				s.Usage = s.Usage.AsOf(at, cpu)
			}
			return s.Usage, nil
		case <-c.gone:
			err := c.fate()
			if err == nil {
				err = errors.New("it was stopped")
			}
			return usage.Snapshot{}, c.failed("ask", err)
		case <-ctx.Done():
			return usage.Snapshot{}, c.failed("ask", fmt.Errorf("no answer: %w", context.Cause(ctx)))
		}
	}
}

// Stop asks the child to stop, and returns its counts when it has drained and ended. The error is the strategy's own, and
// wraps [ErrDrain] if connections were closed by force; or it says how the child died. If ctx ends first the child is
// killed, and the error says so: give ctx more time than Config.Drain. Calling Stop again returns the same.
func (c *Child) Stop(ctx context.Context) (trial.Connections, error) {
	_ = c.stdin.Close() // an error: it was closed before, or the child has ended
	select {
	case <-c.gone:
	case <-ctx.Done():
		select {
		case <-c.gone:
		default:
			c.kill()
			return trial.Connections{}, c.failed("stop", fmt.Errorf("it had not stopped by itself, killed it: %w%s", context.Cause(ctx), c.printed()))
		}
	}
	err := c.fate()
	if err != nil {
		err = c.failed("stop", err)
	}
	if c.last == nil {
		return trial.Connections{}, err
	}
	return c.last.Connections, err
}

// kill ends the process, the last resort, and waits until it has ended.
func (c *Child) kill() {
	_ = c.cmd.Process.Kill() // an error: it has ended by itself
	_ = c.stdout.Close()     // its write end may be held open by a process that it left behind
	_ = c.stdin.Close()
	<-c.gone
}

// fate says how a child that is gone has ended; nil: as it should.
func (c *Child) fate() error {
	switch {
	case c.last == nil:
		return fmt.Errorf("it died without a last word (%v)%s", c.cmd.ProcessState, c.printed())
	case c.last.Forced:
		return fmt.Errorf("%w: %s", ErrDrain, c.last.Error)
	case c.last.Error != "":
		return errors.New(c.last.Error)
	case c.waitErr != nil:
		return fmt.Errorf("it stopped in order, but then: %w%s", c.waitErr, c.printed())
	}
	return nil
}

func (c *Child) failed(doing string, err error) error {
	return fmt.Errorf("%s the server process %d with %s for %s: %w",
		doing, c.cmd.Process.Pid, c.ready.Process.Name, c.ready.Workload, err)
}

// printed is what the child printed, as the end of an error.
func (c *Child) printed() string {
	text := c.output.String()
	if text == "" {
		return "; it printed nothing"
	}
	return "; it printed:\n" + text
}
