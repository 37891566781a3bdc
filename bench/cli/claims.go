package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/claims"
	"github.com/poolbench/poolbench/bench/compare"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/spf13/cobra"
)

// claimsFile is beside report.md.
const claimsFile = "claims.json"

func claimsCommand(suites []bench.Suite, args []string) *cobra.Command {
	var flags runFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "claims [RUN]",
		Short: "Say which of the tutorial's claims about threads and pools are true here",
		Long: fmt.Sprintf(`Judge the tutorial's three claims: threads take time to start and to end, too many of them slow a server down, and a fixed
pool of workers that are used again is the cure. Without RUN it measures the suite %[1]s first, in about three minutes, as
%[2]s does; with the folder of a run of that suite, or a link to it, it judges that one and measures nothing.

Each claim is true, partly true, false or undecided; the figures are medians over repetitions with their intervals. %[3]s is
written into the run's folder. Names of files go to stderr.`, claims.Suite, "`poolbench run --suite "+claims.Suite+"`", claimsFile),
		Example: `  poolbench claims
  poolbench claims results/latest --json`,
		RunE: func(c *cobra.Command, named []string) error {
			dir := ""
			if len(named) > 0 {
				if c.Flags().Changed("results") || c.Flags().Changed("name") || c.Flags().Changed("seed") {
					return usagef("claims %s measures nothing: leave out --results, --name and --seed", named[0])
				}
				dir = named[0]
			} else {
				var err error
				if dir, err = flags.measureClaims(c.Context(), c.Flags().Changed("seed"), suites, args, c.ErrOrStderr()); err != nil {
					return err
				}
			}
			return judgeClaims(dir, asJSON, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.BoolVar(&asJSON, "json", false, "print everything as one line of JSON")
	f.Uint64Var(&flags.seed, "seed", 0, "of the order of trials and of the arrivals (default: a new one, which the record keeps)")
	f.StringVar(&flags.results, "results", "results", "`FOLDER` for the run's folder")
	f.StringVar(&flags.name, "name", "", "`NAME` of the run's folder (default: time and commit)")
	return c
}

// measureClaims measures the suite of the claims and returns the run's folder.
func (r runFlags) measureClaims(ctx context.Context, seeded bool, suites []bench.Suite, args []string, stderr io.Writer) (string, error) {
	suite, err := findSuite(suites, claims.Suite)
	if err != nil {
		return "", err
	}
	if !seeded {
		r.seed = rand.Uint64N(1 << 32) // short enough to be typed again
	}
	s, err := begin(suite, r, args)
	if err != nil {
		return "", blame(err)
	}
	return s.writer.Dir(), s.run(ctx, stderr, stderr)
}

// judgeClaims writes what a run says of the claims beside its trials, and prints it.
func judgeClaims(dir string, asJSON bool, stdout, stderr io.Writer) error {
	run, err := readNamedRun(stderr, []string{dir})
	if err != nil {
		return err
	}
	if !claims.Measured(run) {
		return usagef("claims %s: the run is of the suite %q and not of %q, or has none of its scenarios; measure the claims with `poolbench claims`", dir, run.Env.Suite, claims.Suite)
	}
	said := claims.Of(run)
	path, err := writeClaims(run.Dir, said)
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(stdout).Encode(said)
	}
	printClaims(stdout, said)
	fmt.Fprintf(stderr, "%s\n", path)
	return nil
}

func writeClaims(dir string, said claims.Report) (string, error) {
	path := filepath.Join(dir, claimsFile)
	b, err := json.MarshalIndent(said, "", "  ")
	if err == nil {
		err = trial.Replace(path, append(b, '\n'))
	}
	if err != nil {
		return "", fmt.Errorf("write %s: %w", path, err)
	}
	return path, nil
}

// printClaims writes a table of the verdicts, and for each claim a sentence with its figures.
func printClaims(w io.Writer, said claims.Report) {
	t := newTable(w, "claim", "here", "where")
	for _, c := range said.Claims {
		t.AppendRow(table.Row{c.Statement, string(c.Verdict), strings.Join(c.Where, ", ")})
	}
	t.Render()
	for _, c := range said.Claims {
		fmt.Fprintf(w, "\n%s %s.\n", c.Statement, c.Verdict.Word())
		for line := range strings.SplitSeq(text.WrapSoft(c.Sentence, verdictWidth), "\n") {
			fmt.Fprintln(w, strings.TrimRight(line, " "))
		}
		if len(c.Figures) == 0 {
			continue
		}
		t := newTable(w, "scenario", "figure", "median (interval)", "outcome")
		for _, f := range c.Figures {
			t.AppendRow(table.Row{f.Scenario, f.What, f.Text(), f.Outcome})
		}
		t.Render()
	}
	fmt.Fprintf(w, "\nIntervals of comparisons hold all that the test at %s %% does not reject; a difference is named above %s.\n",
		compare.Digits(100*said.Alpha), compare.Percent(said.Threshold))
}
