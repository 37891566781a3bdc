package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/poolbench/poolbench/bench/gate"
	"github.com/poolbench/poolbench/bench/internal/figures"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/spf13/cobra"
)

// codedError is an error with an exit code of its own.
type codedError struct {
	error
	code int
}

func (e codedError) Unwrap() error { return e.error }

func codedf(code int, format string, args ...any) error {
	return codedError{fmt.Errorf(format, args...), code}
}

// failIfFlag adds --fail-if to a command.
func failIfFlag(c *cobra.Command, into *[]string) {
	c.Flags().StringArrayVar(into, "fail-if", nil,
		"exit with 3 if this is so, like `'p99>10ms on echo for ants'`; repeat it for more. "+failIfForm)
}

const failIfForm = "METRIC OP VALUE [on SCENARIO] [for STRATEGY] [at LEVEL]; metrics: p50, p99, p99.9 and so on (10ms), " +
	"goodput (5000/s), server-cpu (20us), not-ok, lost and served (0.1%)"

// parseFailIf reads what --fail-if was given.
func parseFailIf(texts []string) ([]gate.Rule, error) {
	var rules []gate.Rule
	for _, text := range texts {
		r, err := gate.Parse(text)
		if err != nil {
			return nil, usagef("--fail-if: %w", err)
		}
		rules = append(rules, r)
	}
	return rules, nil
}

// checkFailIf says which rule can be about nothing, before anything is measured; names are those of what will be, strategies'
// full ones.
func checkFailIf(rules []gate.Rule, scenarios, strategies []string) error {
	for _, r := range rules {
		if err := r.Check(scenarios, strategies); err != nil {
			return usagef("--fail-if: %w", err)
		}
	}
	return nil
}

// judgeRun holds a run, whose results are written, to rules, and says on stderr what does not keep to them. Its error has the
// exit code: a run that is invalid as a whole convicts nobody, a rule that cannot be judged somewhere pardons nobody. Call it
// where there are rules.
func judgeRun(stderr io.Writer, run trial.Run, rules []gate.Rule) error {
	j := gate.Judge(run, rules)
	for _, v := range j.Violations {
		fmt.Fprintln(stderr, "poolbench: fail-if:", v)
	}
	switch {
	case j.Invalid != nil:
		return codedf(exitInvalid, "invalid run: %w", j.Invalid)
	case len(j.Violations) > 0:
		err := errors.New(figures.Counted(len(j.Violations), "violation") + " of --fail-if")
		return codedError{errors.Join(err, j.Unknown), exitViolated}
	case j.Unknown != nil:
		return codedf(exitInvalid, "--fail-if: %w", j.Unknown)
	}
	return nil
}

func checkCommand() *cobra.Command {
	var failIf []string
	c := &cobra.Command{
		Use:   "check [RUN]",
		Short: "Hold a run to thresholds, for CI",
		Long: fmt.Sprintf(`Hold a run that was measured before to thresholds, as %s does at its end, and exit with 3 if one of them is
violated, with 4 if the run cannot be judged: stopped before its end, without a valid trial of %s of what was to be
measured, or with a threshold that cannot be judged in it. Without --fail-if it holds the run to nothing: it
says so, and whether the run can be judged, with exit code 0 if it can. RUN is a folder with trials.jsonl; without it, results/latest.

A threshold is %s.
A scenario is judged at the level that decides it, unless another one is named.`, "`run --fail-if`", mostInvalid, failIfForm),
		Example: `  poolbench check --fail-if 'p99>10ms'
  poolbench check results/reference --fail-if 'goodput<5000/s on echo' --fail-if 'not-ok>0.1% for ants at 0.5'`,
		RunE: func(c *cobra.Command, args []string) error {
			rules, err := parseFailIf(failIf)
			if err != nil {
				return err
			}
			run, err := readNamedRun(c.ErrOrStderr(), args)
			if err != nil {
				return err
			}
			if err := judgeRun(c.ErrOrStderr(), run, rules); err != nil {
				return err
			}
			said := "valid; no threshold was given, name one with --fail-if"
			if len(rules) > 0 {
				said = "valid, and keeps to " + figures.Counted(len(rules), "threshold")
			}
			fmt.Fprintf(c.OutOrStdout(), "%s: %s\n", run.Dir, said)
			return nil
		},
	}
	failIfFlag(c, &failIf)
	return c
}

// readNamedRun reads the run that is named, or the latest, and says on stderr what is wrong with its files.
func readNamedRun(stderr io.Writer, args []string) (trial.Run, error) {
	dir := latest
	if len(args) > 0 {
		dir = args[0]
	}
	run, err := trial.Read(dir)
	if err != nil {
		return trial.Run{}, usage(err)
	}
	for _, w := range run.Warnings {
		fmt.Fprintln(stderr, "poolbench: warning:", w.Text)
	}
	return run, nil
}
