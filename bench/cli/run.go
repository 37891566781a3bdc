package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/spf13/cobra"
)

// runFlags is what `run` can be told.
type runFlags struct {
	strategies, scenarios  []string
	repetitions            int
	warmUp, window         time.Duration
	seed                   uint64
	serverCPUs, driverCPUs string
	driver                 string
	results, name          string
}

func runCommand(suite bench.Suite, args []string) *cobra.Command {
	var flags runFlags
	c := &cobra.Command{
		Use:   "run",
		Short: "Measure a suite and write its report and plots",
		Long: fmt.Sprintf(`Measure the %s suite and write trials, report and plots into a new folder under results/, to which
results/latest then leads. Each trial is on the disk when it ends; Ctrl-C keeps what was measured, and the report
says that it is partial.`, suite.Name),
		Example: `  poolbench run
  poolbench run --scenario echo --strategy goroutine --strategy ants:workers=16 --repetitions 10
  poolbench run --window 2s --server-cpus 0-3 --driver-cpus 4-7`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			chosen, err := flags.choose(suite, c.Flags().Changed)
			if err != nil {
				return err
			}
			if !c.Flags().Changed("seed") {
				flags.seed = rand.Uint64N(1 << 32) // short enough to be typed again
			}
			return run(c.Context(), chosen, flags, args, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringArrayVar(&flags.strategies, "strategy", nil, "measure this strategy, full or short `NAME`; repeat it for more, the first is the baseline (default: the suite's)")
	f.StringArrayVar(&flags.scenarios, "scenario", nil, "measure this scenario, `NAME`; repeat it for more (default: all of the suite)")
	f.IntVar(&flags.repetitions, "repetitions", suite.Repetitions, fmt.Sprintf("of every trial; fewer than %d cannot show a difference", bench.MinRepetitions))
	f.DurationVar(&flags.warmUp, "warm-up", 0, "load before each window (default: the scenario's)")
	f.DurationVar(&flags.window, "window", 0, "how long each trial measures (default: the scenario's)")
	f.Uint64Var(&flags.seed, "seed", 0, "of the order of trials and of the arrivals (default: a new one, which the record keeps)")
	f.StringVar(&flags.serverCPUs, "server-cpus", "", "CPUs for the server, such as `0-3` (default: half of them)")
	f.StringVar(&flags.driverCPUs, "driver-cpus", "", "CPUs for the driver, such as `4-7` (default: the other half)")
	f.StringVar(&flags.driver, "driver", "", driverHelp())
	f.StringVar(&flags.results, "results", "results", "`FOLDER` for the run's folder")
	f.StringVar(&flags.name, "name", "", "`NAME` of the run's folder (default: time and commit)")
	return c
}

// choose is the suite with what the flags change in it.
func (r runFlags) choose(suite bench.Suite, changed func(flag string) bool) (bench.Suite, error) {
	suite.Scenarios = slices.Clone(suite.Scenarios)
	if len(r.scenarios) > 0 {
		var names []string
		for _, sc := range suite.Scenarios {
			names = append(names, sc.Name)
		}
		for _, want := range r.scenarios {
			if !slices.Contains(names, want) {
				return suite, usagef("--scenario: unknown scenario %q; allowed: %s", want, strings.Join(names, ", "))
			}
		}
		suite.Scenarios = slices.DeleteFunc(suite.Scenarios, func(sc bench.Scenario) bool { return !slices.Contains(r.scenarios, sc.Name) })
	}
	suite.Repetitions = r.repetitions
	for i := range suite.Scenarios {
		sc := &suite.Scenarios[i]
		if len(r.strategies) > 0 {
			sc.Strategies = r.strategies
		}
		if changed("warm-up") {
			sc.Timing.WarmUp = r.warmUp
		}
		if changed("window") {
			sc.Timing.Window = r.window
		}
	}
	return suite, usage(suite.Check())
}

func run(ctx context.Context, suite bench.Suite, flags runFlags, args []string, stdout, stderr io.Writer) error {
	if err := flags.checkFolder(); err != nil {
		return usage(err)
	}
	if err := errors.Join(suite.Feasible(), bench.CheckDriver(flags.driver)); err != nil {
		return usage(err)
	}
	sides, err := bench.ParseSides(flags.serverCPUs, flags.driverCPUs)
	if err != nil {
		return usage(err)
	}
	options := bench.RunOptions{Seed: flags.seed, Sides: sides, Driver: flags.driver}
	env, err := suite.Environment(options, append([]string{"poolbench"}, args...))
	if err != nil {
		return usage(err)
	}
	if flags.name == "" {
		flags.name = trial.NewRunName(env.Started, env.Commit)
	}
	writer, err := trial.Create(filepath.Join(flags.results, flags.name))
	if err != nil {
		return usage(err)
	}
	defer writer.Close()
	if err := writer.WriteEnv(env); err != nil {
		return err
	}

	shown := newProgress(stderr, env.Planned)
	kept, steps, valid, spoilt := 0, 0, 0, map[string]int{}
	options.Upcoming = shown.upcoming
	runErr := suite.Run(ctx, options, func(t trial.Trial) error {
		if err := writer.Append(t); err != nil {
			return err
		}
		kept++
		if t.Attempt == 0 {
			steps++
		}
		if t.Invalid == "" {
			valid++
		}
		addSpoilt(spoilt, t)
		return nil
	})
	shown.end()
	warnOf(stderr, env, spoilt, kept)
	switch {
	case ctx.Err() != nil && errors.Is(runErr, ctx.Err()):
		runErr = fmt.Errorf("interrupted; the %d trials that were measured are kept in %s", kept, writer.Dir())
	case runErr == nil && valid == 0:
		runErr = fmt.Errorf("not one of %d trials is valid; %s says why", kept, filepath.Join(writer.Dir(), "report.md"))
	}
	env.Finished = time.Now().UTC()
	env.Interrupted = steps < env.Planned
	if err := errors.Join(writer.WriteEnv(env), writer.Close()); err != nil {
		return errors.Join(runErr, err)
	}
	if kept == 0 { // nothing to draw, and results/latest stays with what there is
		return runErr
	}
	return errors.Join(runErr, publish(flags.results, writer.Dir(), stdout, stderr))
}

// checkFolder says why the run's folder cannot be what was asked for, before anything is measured for it.
func (r runFlags) checkFolder() error {
	switch {
	case r.name == filepath.Base(latest):
		return fmt.Errorf("--name %s: that is the link to the newest run; name another folder", r.name)
	case r.name != "" && (r.name != filepath.Base(r.name) || r.name == "." || r.name == ".."):
		return fmt.Errorf("--name %s: has to be a plain name; say with --results where the run's folder is made", r.name)
	}
	link := filepath.Join(r.results, filepath.Base(latest))
	if info, err := os.Lstat(link); err == nil && info.IsDir() {
		return fmt.Errorf("--results %s: %s is a folder, and has to be the link to the newest run; move it away", r.results, link)
	}
	return nil
}

// addSpoilt counts what t says of itself, by code.
func addSpoilt(spoilt map[string]int, t trial.Trial) {
	if t.Invalid != "" {
		spoilt["invalid"]++
	}
	for _, f := range t.Findings {
		if !finding.AsWanted(t, f) {
			spoilt[f.Code]++
		}
	}
}

// warnOf says what spoilt trials, once for each kind: they are in the report too, but whoever waits should know.
func warnOf(stderr io.Writer, env trial.Env, spoilt map[string]int, trials int) {
	for _, w := range env.Warnings {
		fmt.Fprintln(stderr, "poolbench: warning:", w.Text)
	}
	for _, code := range slices.Sorted(maps.Keys(spoilt)) {
		fmt.Fprintf(stderr, "poolbench: warning: %s in %d of %d trials; report.md says more\n", code, spoilt[code], trials)
	}
}

// publish lets results/latest lead to a run that has ended, and draws it: in this order, so that `poolbench report` draws
// it again if it could not be drawn.
func publish(results, dir string, stdout, stderr io.Writer) error {
	return errors.Join(trial.PointLatest(results, dir), draw(stdout, stderr, []string{dir}, withVerdict(stderr)))
}
