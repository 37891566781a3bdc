package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/internal/figures"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/spf13/cobra"
)

func driveCommand(suite bench.Suite) *cobra.Command {
	var target, work, loop, arrivals, profile, cpus string
	var others []string
	var asJSON bool
	var l trial.Load
	var timing bench.Timing
	var o bench.DriveOptions
	c := &cobra.Command{
		Use:   "drive",
		Short: "Load a server that somebody else serves",
		Long: `Load a server at an address, on this machine or another, and print who was served and how long it took. In a closed
loop each client asks again when it has its answer; in an open loop requests are due by a schedule, and waiting for the
server counts; with sessions each arrival is a new connection that runs the whole exchange.

The rate of an open loop can change (--profile), and a part of the clients can behave badly (--others): slow ones send
their requests byte by byte, idle ones ask nothing, never-reads ones do not read what they are told, and resets ones
break off in the middle of a request. Those are not measured; the rest is.

Exit code 4 if nothing at all was answered, because the server serves something else, say.`,
		Example: `  poolbench drive --target 127.0.0.1:7000 --workload echo --clients 64
  poolbench drive --target 127.0.0.1:7000 --workload echo --loop open --rate 5000 --window 10s
  poolbench drive --target 127.0.0.1:7000 --loop open --rate 500 --profile burst:factor=5,at=1s,for=1s --others slow:share=0.1
  poolbench drive --target 127.0.0.1:2727 --workload exchange --loop sessions --rate 200`,
		RunE: func(c *cobra.Command, _ []string) error {
			if target == "" {
				return usagef("--target is missing: say where the server listens, for example --target 127.0.0.1:7000")
			}
			w, err := workload.Find(suite.Workloads, work)
			if err != nil {
				return usagef("--workload: %w", err)
			}
			l.Loop = trial.Loop(loop)
			if l.Loop != trial.Closed && l.Loop != trial.Open && l.Loop != trial.Sessions {
				return usagef("--loop %s: must be %s, %s or %s", loop, trial.Closed, trial.Open, trial.Sessions)
			}
			if l.Loop != trial.Closed {
				l.Arrivals = trial.Arrivals(arrivals)
			} else if c.Flags().Changed("arrivals") {
				return usagef("--arrivals %s with --loop closed: nothing arrives by a schedule there; use --loop open", arrivals)
			}
			if l.Loop != trial.Closed && l.Rate == 0 {
				return usagef("--rate 0: --loop %s offers so many per second; for example --rate 1000", loop)
			}
			if l.Profile, err = trial.ParseProfile(profile); err != nil {
				return usagef("--profile %w", err)
			}
			for _, text := range others {
				share, err := trial.ParseShare(text)
				if err != nil {
					return usagef("--others %w", err)
				}
				l.Others = append(l.Others, share)
			}
			if o.CPUs, err = bench.ParseCPUs(cpus); err != nil {
				return usagef("--cpus: %w", err)
			}
			if err := bench.CheckDrive(target, w, l, timing, o); err != nil {
				return usage(err)
			}
			o.Waiting = func(most int64) {
				fmt.Fprintf(c.ErrOrStderr(), "waiting, for a minute at most, until no more than %s of this machine are in TIME_WAIT: they hold ports that the sessions need\n", figures.Counted(most, "socket"))
			}
			t, err := bench.Drive(c.Context(), target, w, l, timing, o)
			if err != nil {
				return err
			}
			if asJSON {
				err = json.NewEncoder(c.OutOrStdout()).Encode(t)
			} else {
				printTrial(c.OutOrStdout(), t)
			}
			return errors.Join(err, unanswered(t, target))
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
	f.StringVar(&profile, "profile", "", "open loop and sessions: how the rate changes over the window: "+trial.ProfileForms)
	f.StringArrayVar(&others, "others", nil, "clients that behave otherwise and are not measured: slow, idle, never-reads or resets, like "+trial.ShareForm+"; repeat it for more")
	f.DurationVar(&timing.WarmUp, "warm-up", time.Second, "load before the window, not counted")
	f.DurationVar(&timing.Window, "window", 5*time.Second, "how long to measure")
	f.DurationVar(&timing.TimeOut, "time-out", time.Second, "a client's patience with one request")
	f.DurationVar(&timing.Tail, "tail", time.Second, "how long, at most, to wait for answers after the window")
	f.DurationVar(&timing.BackOff, "back-off", 20*time.Millisecond, "before a refused client comes back")
	f.Uint64Var(&o.Seed, "seed", 1, "of the arrivals")
	f.StringVar(&o.Driver, "driver", "", driverHelp())
	f.StringVar(&cpus, "cpus", "", "run on these CPUs alone, such as `2-3` (default: where the system likes)")
	f.BoolVar(&o.OwnCPUs, "spin", false, "spend idle CPU time on pacing within a microsecond; for CPUs that nobody else needs, the server least of all")
	f.BoolVar(&asJSON, "json", false, "print the trial as one line of JSON, as in trials.jsonl")
	return c
}

// unanswered is an error if the server answered nothing at all as it should, and refused nothing in the workload's words either: then it
// is hardly the server that was meant, or none.
func unanswered(t trial.Trial, target string) error {
	n := t.Counts
	if n.OK+n.Rejected > 0 || n.Intended == 0 {
		return nil
	}
	return codedf(exitInvalid, "not one of %s was answered: does %s serve the workload %s, which is what --workload says?", figures.Counted(n.Intended, t.Measured), target, t.Workload)
}

// driverHelp lists what can drive.
func driverHelp() string {
	drivers := bench.Drivers()
	return fmt.Sprintf("what drives the load: %s (default: %s)", strings.Join(drivers, " or "), drivers[0])
}

// printTrial prints one trial for a person.
func printTrial(w io.Writer, t trial.Trial) {
	n, reach := t.Counts, t.Reach()
	fmt.Fprintf(w, "%d of %s served (%d refused, %d got nothing); %.0f %ss/s in %v\n",
		reach.Served, figures.Counted(reach.Total, reach.Who()), reach.Refused, reach.Nothing,
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
	fmt.Fprintf(w, "\nRequests that timed out, were never answered or never sent stand in response at %v, or at how long they had waited.\n", t.TimeOut)
	for _, o := range t.Others {
		fmt.Fprintf(w, "Not measured: %s (%s), %s made, %d of them ended by the server, %s.\n",
			figures.Counted(o.Clients, "client"), o.Behaviour, figures.Counted(o.Connected, "connection"), o.Ended, figures.Counted(o.Answered, "right answer"))
	}
	fmt.Fprintln(w, driverLine(t))
	for _, f := range t.Findings {
		kind := "Note"
		if f.Invalid {
			kind = "INVALID"
		}
		fmt.Fprintf(w, "%s: %s (%s).\n", kind, f.Text, f.Code)
	}
}

// driverLine says what drove, and how busy it was.
func driverLine(t trial.Trial) string {
	text := fmt.Sprintf("Driven by %s", t.Driver.Name)
	if n := t.Driving.Shards; n > 0 && t.Window > 0 {
		text += fmt.Sprintf(": the busiest of %d event loops was at work for %.0f %% of the window", n, 100*(1-t.Driving.Idle.Seconds()/t.Window.Seconds()))
	}
	if n := t.Counts.Good; n > 0 && t.DriverUsage.CPU > 0 {
		text += fmt.Sprintf("; %.1f µs of CPU for each good answer", (t.DriverUsage.CPU-t.Driving.Spun).Seconds()*1e6/float64(n))
		if t.Driving.Spun > 0 {
			text += " beside what it spun"
		}
	}
	if limit := finding.Bound(t); limit != "" && t.Invalid == "" {
		text += fmt.Sprintf("; limited by the %s", limit)
	}
	return text + "."
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
