package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/spf13/cobra"
)

func driveCommand(suite bench.Suite) *cobra.Command {
	var target, work, loop, arrivals string
	var asJSON bool
	var seed uint64
	var l trial.Load
	var timing bench.Timing
	c := &cobra.Command{
		Use:   "drive",
		Short: "Load a server that somebody else serves",
		Long: `Load a server at an address, and print who was served and how long it took. In a closed loop each client asks again
when it has its answer; in an open loop requests are due by a schedule, and waiting for the server counts; with
sessions each arrival is a new connection that runs the whole exchange.`,
		Example: `  poolbench drive --target 127.0.0.1:7000 --workload echo --clients 64
  poolbench drive --target 127.0.0.1:7000 --workload echo --loop open --rate 5000 --window 10s
  poolbench drive --target 127.0.0.1:2727 --workload exchange --loop sessions --rate 200`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if target == "" {
				return usagef("--target is missing: say where the server listens, for example --target 127.0.0.1:7000")
			}
			w, err := workload.Find(suite.Workloads, work)
			if err != nil {
				return usagef("--workload: %w", err)
			}
			l.Loop = trial.Loop(loop)
			if l.Loop != trial.Closed {
				l.Arrivals = trial.Arrivals(arrivals)
			} else if c.Flags().Changed("arrivals") {
				return usagef("--arrivals %s with --loop closed: nothing arrives by a schedule there; use --loop open", arrivals)
			}
			if l.Loop != trial.Closed && l.Rate == 0 {
				return usagef("--rate 0: --loop %s offers so many per second; for example --rate 1000", loop)
			}
			if err := bench.CheckDrive(target, w, l, timing); err != nil {
				return usage(err)
			}
			t, err := bench.Drive(c.Context(), target, w, l, timing, seed)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(c.OutOrStdout()).Encode(t)
			}
			printTrial(c.OutOrStdout(), t)
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&target, "target", "", "`HOST:PORT` of the server")
	f.StringVar(&work, "workload", "echo", "what the server serves: `NAME`, see `poolbench list`")
	f.StringVar(&loop, "loop", string(trial.Closed), "closed, open or sessions")
	f.IntVar(&l.Clients, "clients", 64, "connections held at once")
	f.DurationVar(&l.Think, "think", 0, "closed loop: pause between an answer and the next request")
	f.Float64Var(&l.Rate, "rate", 0, "open loop and sessions: requests (sessions) per second")
	f.StringVar(&arrivals, "arrivals", string(trial.Poisson), "open loop and sessions: poisson or constant")
	f.DurationVar(&timing.WarmUp, "warm-up", time.Second, "load before the window, not counted")
	f.DurationVar(&timing.Window, "window", 5*time.Second, "how long to measure")
	f.DurationVar(&timing.TimeOut, "time-out", time.Second, "a client's patience with one request")
	f.DurationVar(&timing.Tail, "tail", time.Second, "how long, at most, to wait for answers after the window")
	f.DurationVar(&timing.BackOff, "back-off", 20*time.Millisecond, "before a refused client comes back")
	f.Uint64Var(&seed, "seed", 1, "of the arrivals")
	f.BoolVar(&asJSON, "json", false, "print the trial as one line of JSON, as in trials.jsonl")
	return c
}

// printTrial prints one trial for a person.
func printTrial(w io.Writer, t trial.Trial) {
	n := t.Counts
	fmt.Fprintf(w, "%d of %d clients served (%d refused, %d got nothing); %.0f %ss/s in %v\n",
		t.Clients.Served, t.Clients.Total, t.Clients.Refused, t.Clients.Nothing,
		float64(n.Good)/t.Window.Seconds(), t.Measured, t.Window.Round(time.Millisecond))
	fmt.Fprintf(w, "%d intended = %d sent + %d unsent; sent = %d ok + %d rejected + %d failed + %d timed out + %d unanswered\n\n",
		n.Intended, n.Sent, n.Unsent, n.OK, n.Rejected, n.Failed, n.TimedOut, n.Unanswered)
	times := newTable(w, "time", "p50", "p90", "p99", "p99.9", "what it is")
	for _, row := range []struct {
		name, about string
		h           trial.Histogram
	}{
		{"response", "what a user feels, from the intended time", t.Latency.Response},
		{"service", "from sending to the answer: the server's", t.Latency.Service},
		{"wait", "for the connection's previous answer: the server's", t.Latency.Wait},
		{"lag", "the driver was late: not the server's", t.Latency.Lag},
	} {
		cells := table.Row{row.name}
		for _, q := range []float64{0.5, 0.9, 0.99, 0.999} {
			cells = append(cells, quantile(row.h, q))
		}
		times.AppendRow(append(cells, row.about))
	}
	times.Render()
	fmt.Fprintf(w, "\nRequests that timed out, were never answered or never sent stand in response at %v.\n", t.TimeOut)
	for _, warning := range t.Warnings {
		fmt.Fprintf(w, "Warning: %s\n", warning.Text)
	}
}

func quantile(h trial.Histogram, q float64) string {
	d, supported := h.Quantile(q)
	if !supported {
		return "–" // fewer than ten above it
	}
	switch {
	case d < time.Millisecond:
		return d.Round(100 * time.Nanosecond).String()
	default:
		return d.Round(10 * time.Microsecond).String()
	}
}
