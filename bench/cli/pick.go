package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/pick"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/verdict"
	"github.com/poolbench/poolbench/strategies"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// pickFlags is what `pick` can be told.
type pickFlags struct {
	pick.Situation
	workload, objective string
	asJSON              bool
	run                 runFlags
}

func pickCommand(suite bench.Suite, args []string) *cobra.Command {
	var flags pickFlags
	c := &cobra.Command{
		Use:   "pick [RUN]",
		Short: "From a situation to a choice: which strategy, which limit, and the Go lines",
		Long: `Measure what a choice needs, and say which strategy to use, with which limit, and the Go expression that constructs it.

The candidates are the first strategy as it is, pools by connection with a limit that serves everybody, one pool with limits
around what the rate needs, the same with full=reject, and event loops where nothing blocks. They are compared at --rate, or at
half of the capacity, which is measured first; and at 1.4 of the capacity, to see who collapses. Connections that stay cannot
overload a server by coming: then it is more requests on the same connections.

The run is kept in results/ like any other, and results/latest leads to it, so that 'poolbench report' says all that is known of
it. With RUN, the folder of such a run or a link to it, nothing is measured: it says the choice by what is there, also of a run that
was stopped and that 'poolbench run --resume' has gone on with.

The exit code is 0 also where no candidate keeps the objective, or nothing is decided: the first line says so. It is 4 if no
candidate has a valid trial.`,
		Example: `  poolbench pick --connections 2000 --hold 5ms --objective p99=20ms
  poolbench pick --connections 64 --workload cpu --rate 1000
  poolbench pick --workload exchange --budget 5m --json
  poolbench pick results/latest`,
		RunE: func(c *cobra.Command, named []string) error {
			if len(named) > 0 {
				return chooseAgain(c, named[0], flags.asJSON, suite.Kinds)
			}
			if !c.Flags().Changed("seed") {
				flags.run.seed = rand.Uint64N(1 << 32)
			}
			if err := flags.complete(c.Flags().Changed("hold"), c.Flags().Changed("rate"), suite); err != nil {
				return usage(err)
			}
			return flags.pick(c.Context(), suite, args, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.IntVar(&flags.Connections, "connections", 64, "held at once; of a workload that measures sessions, the most that are open at once")
	f.DurationVar(&flags.Hold, "hold", 0, "what the handler waits for before each answer: the workload wait:hold=`TIME`")
	f.StringVar(&flags.workload, "workload", "", "any other workload, `NAME`, see 'poolbench list'")
	f.Float64Var(&flags.Rate, "rate", 0, "requests or sessions per second that are expected (default: half of the capacity)")
	f.StringVar(&flags.objective, "objective", "", "what has to be kept at that rate, such as `p99=20ms`")
	f.DurationVar(&flags.Budget, "budget", 2*time.Minute, "for measuring; a repetition that has begun is ended, and one there always is")
	f.BoolVar(&flags.asJSON, "json", false, "print the choice as JSON")
	f.Uint64Var(&flags.run.seed, "seed", 0, "of the order of trials and of the arrivals (default: a new one, which the record keeps)")
	f.StringVar(&flags.run.serverCPUs, "server-cpus", "", "CPUs for the server, such as `0-3` (default: half of them)")
	f.StringVar(&flags.run.driverCPUs, "driver-cpus", "", "CPUs for the driver, none of the server's, such as `4-7` (default: the other half)")
	f.StringVar(&flags.run.driver, "driver", "", driverHelp())
	f.StringVar(&flags.run.results, "results", "results", "`FOLDER` for the run's folder")
	f.StringVar(&flags.run.name, "name", "", "`NAME` of the run's folder (default: time and commit)")
	return c
}

// complete makes the situation of what the flags say, and checks all that can be known before anything is measured.
func (p *pickFlags) complete(hold, rate bool, suite bench.Suite) error {
	switch {
	case hold && p.workload != "":
		return errors.New("--hold with --workload: the one is the workload wait with that time; leave one out")
	case !hold && p.workload == "":
		return errors.New("what does the handler do? Say what it waits for (--hold 5ms), or name a workload (--workload cpu), see `poolbench list`")
	case hold && p.Hold <= 0:
		return fmt.Errorf("--hold %v: has to be above 0; for a handler that does not wait name a workload, such as --workload echo", p.Hold)
	case rate && !(p.Rate > 0):
		return fmt.Errorf("--rate %v: has to be above 0; leave it out for half of the capacity", p.Rate)
	}
	p.Workload = p.workload
	if hold {
		p.Workload = "wait:hold=" + p.Hold.String()
	}
	objective, err := trial.ParseObjective(p.objective)
	if err != nil {
		return fmt.Errorf("--%w", err)
	}
	p.Objective = objective
	sides, err := bench.ParseSides(p.run.serverCPUs, p.run.driverCPUs)
	if err != nil {
		return err
	}
	p.CPUs = cmp.Or(len(sides.Server.CPUs), runtime.GOMAXPROCS(0))
	probe, err := p.Probe(suite)
	if err != nil {
		return err
	}
	return errors.Join(p.run.checkFolder(), probe.Feasible(), bench.CheckDriver(p.run.driver))
}

func (p pickFlags) pick(ctx context.Context, suite bench.Suite, args []string, stdout, stderr io.Writer) error {
	began := time.Now()
	capacity, err := p.capacity(ctx, suite, stderr)
	if err != nil {
		return err
	}
	chosen, err := p.Suite(suite, capacity)
	if err != nil {
		return usage(err)
	}
	chosen.Budget = max(chosen.Budget-time.Since(began).Round(time.Second), chosen.Budget/2)
	if p.run.situation, err = p.Record(); err != nil {
		return err
	}
	s, err := begin(chosen, p.run, args)
	if err != nil {
		return blame(err)
	}
	s.silent = true
	if err := s.run(ctx, stdout, stderr); err != nil {
		return err
	}
	run, err := trial.Read(s.writer.Dir())
	if err != nil {
		return err
	}
	return tellChoice(p.Situation, run, suite.Kinds, p.asJSON, stdout, stderr)
}

// chooseAgain says the choice by a run that is there.
func chooseAgain(c *cobra.Command, dir string, asJSON bool, kinds strategies.Kinds) error {
	var other []string
	c.Flags().Visit(func(f *pflag.Flag) {
		if f.Name != "json" {
			other = append(other, "--"+f.Name)
		}
	})
	if len(other) > 0 {
		return usagef("pick %s measures nothing: leave out %s", dir, strings.Join(other, ", "))
	}
	run, err := readNamedRun(c.ErrOrStderr(), []string{dir})
	if err != nil {
		return err
	}
	situation, err := pick.Asked(run)
	if err != nil {
		return usagef("pick %s: %w", dir, err)
	}
	return tellChoice(situation, run, kinds, asJSON, c.OutOrStdout(), c.ErrOrStderr())
}

// tellChoice prints the choice in a situation by the run that was measured for it.
func tellChoice(s pick.Situation, run trial.Run, kinds strategies.Kinds, asJSON bool, stdout, stderr io.Writer) error {
	choice, err := s.Choose(run, verdict.Of(run), kinds)
	if err != nil {
		return err
	}
	spoilt := spoilers{}
	for _, t := range run.Trials {
		spoilt.add(t)
	}
	if !slices.ContainsFunc(choice.Rows, func(r pick.Row) bool { return r.Goodput > 0 }) {
		why := cmp.Or(spoilt.String(), "nothing was answered")
		return codedf(exitInvalid, "no candidate has a trial that can be used: %s; %s says more", why, filepath.Join(run.Dir, "report.md"))
	}
	if choice.Outcome != pick.Chosen && len(spoilt) > 0 { // what cannot be used may be why
		fmt.Fprintf(stderr, "poolbench: warning: trials that cannot be used: %v\n", spoilt)
	}
	if asJSON {
		encoder := json.NewEncoder(stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(choice)
	}
	printChoice(stdout, choice)
	fmt.Fprintf(stderr, "poolbench: all that was measured is in %s\n", run.Dir)
	return nil
}

// capacity is measured before the run: which limits are candidates depends on it.
func (p pickFlags) capacity(ctx context.Context, suite bench.Suite, stderr io.Writer) (float64, error) {
	probe, err := p.Probe(suite)
	if err != nil {
		return 0, err
	}
	sides, err := bench.ParseSides(p.run.serverCPUs, p.run.driverCPUs)
	if err != nil {
		return 0, err
	}
	shown := newProgress(stderr, nil)
	defer shown.end()
	var trials []trial.Trial
	options := bench.RunOptions{Seed: p.run.seed, Sides: sides, Driver: p.run.driver, Upcoming: shown.upcoming}
	err = probe.Run(ctx, options, func(t trial.Trial) error {
		trials = append(trials, t)
		shown.measured(t)
		return nil
	})
	if err != nil && ctx.Err() != nil {
		return 0, errors.New("interrupted while the capacity was measured, which all else follows from: nothing is kept")
	}
	if err != nil {
		return 0, err
	}
	capacity, valid := pick.Capacity(trials)
	why := "nothing was answered"
	if last := trials[len(trials)-1]; last.Invalid != "" {
		why = last.Invalid
	}
	switch {
	case capacity == 0:
		return 0, codedf(exitInvalid, "the capacity of %s could not be measured: %s", p.Workload, why)
	case !valid:
		shown.end()
		fmt.Fprintf(stderr, "poolbench: warning: the capacity that the candidates follow from may be too low: %s\n", why)
	}
	return capacity, nil
}

// printChoice says the answer first; what it rests on follows.
func printChoice(w io.Writer, c pick.Choice) {
	wrapped := func(indent, line string) {
		for l := range strings.SplitSeq(text.WrapSoft(line, verdictWidth-len(indent)), "\n") {
			fmt.Fprintln(w, indent+strings.TrimRight(l, " "))
		}
	}
	wrapped("", c.Sentence)
	if c.Code != "" {
		fmt.Fprintln(w)
		for _, path := range c.Imports {
			fmt.Fprintf(w, "\timport %q\n", path)
		}
		fmt.Fprintf(w, "\n\tstrategy := %s\n", c.Code)
	}
	fmt.Fprintln(w)
	quantile := "p99"
	if c.Situation.Objective.Quantile > 0 {
		quantile = c.Situation.Objective.Percentile()
	}
	t := newTable(w, "", "candidate", "verdict", "beyond", "answers/s", quantile, "CPU", "served")
	for _, r := range c.Rows {
		mark := ""
		if r.Strategy == c.Measured {
			mark = "→"
		}
		t.AppendRow(table.Row{mark, r.Label, r.Verdict, cmp.Or(r.Beyond, "–"), told(r.Goodput > 0, fmt.Sprintf("%.0f", r.Goodput)),
			told(r.Response > 0, r.Response.Round(10*time.Microsecond)), told(r.CPU > 0, r.CPU.Round(100*time.Nanosecond)), told(r.Total > 0, fmt.Sprintf("%d of %d", r.Fewest, r.Total))})
	}
	t.Render()
	for _, why := range c.Why {
		wrapped("", why)
	}
	if len(c.Changes) > 0 {
		fmt.Fprintln(w, "What would change it:")
	}
	for _, change := range c.Changes {
		wrapped("  ", change)
	}
}

// told is a cell of a table, a dash where nobody can tell.
func told(known bool, value any) string {
	if !known {
		return "–"
	}
	return fmt.Sprint(value)
}
