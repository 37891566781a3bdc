package cli

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/poolbench/poolbench/bench"
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
