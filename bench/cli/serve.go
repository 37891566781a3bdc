package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/internal/figures"
	resources "github.com/poolbench/poolbench/bench/internal/usage"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies"
	"github.com/spf13/cobra"
)

func serveCommand(suite bench.Suite) *cobra.Command {
	var strategy, work, listen string
	var verbose bool
	var o strategies.Options
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve a workload under a strategy until interrupted",
		Long: `Serve a workload under a strategy, for a client of your own or for ` + "`poolbench drive`" + `, until Ctrl-C or
SIGTERM. Then it drains and prints what became of the connections, and what it has used.`,
		Example: `  poolbench serve --strategy tutorial --workload exchange --listen :2727 --verbose
  poolbench serve --strategy ants:workers=64,full=reject --workload echo --listen 127.0.0.1:7000`,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := suite.Kinds.Parse(strategy)
			if err != nil {
				return usagef("--strategy: %w", err)
			}
			w, err := workload.Find(suite.Workloads, work)
			if err != nil {
				return usagef("--workload: %w", err)
			}
			for _, d := range []struct {
				flag  string
				value time.Duration
			}{{"drain", o.Drain}, {"idle", o.Idle}, {"request", o.Request}} {
				if d.value < 0 {
					return usagef("--%s %v: has to be 0 or more", d.flag, d.value)
				}
			}
			if o.Drain == 0 {
				return usagef("--drain 0s: has to be above 0; for next to none write 1ms")
			}
			if err := suite.Kinds.CanRun(strategy, w.Handler()); err != nil {
				return usagef("--workload %s: %w", work, err)
			}
			ln, err := strategies.Listen("tcp", listen, s)
			if err != nil {
				return usagef("--listen: %w; give a free address, for example 127.0.0.1:0", err)
			}
			return serve(c.Context(), s, w, ln, o, verbose, stalls(suite.Kinds, strategy, w), c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringVar(&strategy, "strategy", "goroutine", "full or short `NAME`, see `poolbench list`")
	f.StringVar(&work, "workload", "echo", "`NAME`, see `poolbench list`")
	f.StringVar(&listen, "listen", "127.0.0.1:7000", "`ADDRESS` to listen on")
	f.BoolVarP(&verbose, "verbose", "v", false, "print a line for each connection received and closed")
	f.DurationVar(&o.Drain, "drain", strategies.DefaultDrain, "how long connections in progress may take at the end")
	f.DurationVar(&o.Idle, "idle", 0, "close connections that wait longer for a request (0: never)")
	f.DurationVar(&o.Request, "request", 0, "close connections that take longer to send one request (0: never)")
	return c
}

// stalls reports whether w would hold up the event loops of the strategy that text names.
func stalls(kinds strategies.Kinds, text string, w workload.Workload) bool {
	spec, err := kinds.Spec(text)
	return err == nil && w.Blocks && slices.ContainsFunc(kinds, func(k strategies.Kind) bool { return k.Name == spec.Kind && k.EventLoop })
}

func serve(ctx context.Context, s strategies.Strategy, w workload.Workload, ln net.Listener, o strategies.Options, verbose, stalls bool, stdout, stderr io.Writer) error {
	o.Busy, o.Stats = w.Busy, new(strategies.Stats)
	var log slog.Handler = slog.NewTextHandler(stderr, nil)
	if verbose {
		log = connLog{log, new(sync.Mutex), stdout}
	}
	o.Logger = slog.New(log)
	fmt.Fprintf(stdout, "serving %s with %s on %s; Ctrl-C ends it\n", w.Name, s.Name(), ln.Addr())
	if stalls {
		fmt.Fprintf(stderr, "warning: %s blocks, and what blocks in an event loop holds up all of its connections\n", w.Name)
	}
	defer context.AfterFunc(ctx, func() {
		fmt.Fprintf(stderr, "stopping: connections in progress have %v; Ctrl-C again ends at once\n", o.Drain)
	})()
	before := resources.Self()
	err := s.Serve(ctx, ln, w.Handler(), o)
	after := resources.Self()
	n := o.Stats.Counts()
	fmt.Fprintf(stdout, "accepted %s = %d served + %d shed + %d aborted + %d closed by force; %s, %s shed\n",
		figures.Counted(n.Accepted, "connection"), n.Served, n.Shed, n.Aborted, n.Forced, figures.Counted(n.Panics, "panic"), figures.Counted(n.RequestsShed, "request"))
	printUsage(stdout, resources.Between(before, after), after.At.Sub(before.At))
	return err
}

// printUsage prints what this process has used while it served for so long, in two lines. What the platform does not tell is
// left out. There is nothing per request: a server does not know what its clients take for one.
func printUsage(w io.Writer, u trial.Usage, served time.Duration) {
	var use, run []string
	if u.CPU > 0 {
		use = append(use, fmt.Sprintf("%v of CPU time (%v user + %v system), %.1f %% of a CPU", rough(u.CPU), rough(u.UserCPU), rough(u.CPU-u.UserCPU),
			100*float64(u.CPU)/float64(max(served, 1))))
	}
	if u.PeakRSS > 0 {
		use = append(use, fmt.Sprintf("%.1f MiB of memory at most", float64(u.PeakRSS)/(1<<20)))
	}
	if u.VoluntarySwitches > 0 || u.InvoluntarySwitches > 0 {
		run = append(run, fmt.Sprintf("%d voluntary and %d involuntary context switches", u.VoluntarySwitches, u.InvoluntarySwitches))
	}
	run = append(run,
		fmt.Sprintf("%s, which stopped it for %v in all", figures.Counted(u.GCCycles, "garbage collection"), rough(u.GCPause)),
		figures.Counted(u.Goroutines, "goroutine")+" now")
	if len(use) == 0 {
		use = append(use, "this system tells neither CPU time nor memory")
	}
	fmt.Fprintf(w, "used in %v: %s\n", rough(served), strings.Join(use, ", "))
	fmt.Fprintln(w, strings.Join(run, ", "))
}

// rough is d with as many digits as a person reads.
func rough(d time.Duration) time.Duration {
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond)
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond)
	default:
		return d.Round(100 * time.Nanosecond)
	}
}

// connLog prints the connections that come and go, as the tutorial's server did; everything else goes to another handler.
type connLog struct {
	slog.Handler
	mu  *sync.Mutex // of out
	out io.Writer
}

// Enabled is for the debug level too, where package strategies reports connections.
func (connLog) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelDebug }

func (l connLog) Handle(ctx context.Context, r slog.Record) error {
	if r.Level > slog.LevelDebug {
		return l.Handler.Handle(ctx, r)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	r.Attrs(func(a slog.Attr) bool {
		_, _ = fmt.Fprintf(l.out, "%s: %s\n", r.Message, a.Value)
		return false // the peer's address comes first
	})
	return nil
}
