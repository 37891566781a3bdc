package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/poolbench/poolbench/bench/compare"
	"github.com/poolbench/poolbench/bench/internal/figures"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/spf13/cobra"
)

func compareCommand() *cobra.Command {
	var asJSON, failIfWorse bool
	var threshold string
	c := &cobra.Command{
		Use:   "compare OLD NEW",
		Short: "Say what has changed from one run to another",
		Long: `Compare two runs, by each scenario, level of load, strategy and metric that both have: what has become better or worse
significantly and by more than the threshold, what is the same within it, and what nobody can tell yet, with about how many
repetitions it would take. OLD and NEW are folders with trials.jsonl, or links to them.

What was not measured alike is not compared, and listed. If the machines, their settings or the drivers are not the same,
the first line says so, and ratios to each run's own baseline are compared instead of figures.

Exit code 0, whatever is found; with --fail-if-worse 3 if anything has become worse, and 4 if nobody can tell: nothing could be
compared, or NEW was asked for something that OLD has and has no valid trial of it, because its server did not live, say.`,
		Example: `  poolbench compare results/reference results/latest
  poolbench compare old new --threshold 10% --fail-if-worse`,
		RunE: func(c *cobra.Command, args []string) error {
			smallest, err := compareThreshold(threshold)
			if err != nil {
				return usagef("--threshold %w", err)
			}
			var runs [2]trial.Run
			for i, dir := range args {
				if runs[i], err = readNamedRun(c.ErrOrStderr(), []string{dir}); err != nil {
					return err
				}
			}
			if runs[0].Dir == runs[1].Dir {
				fmt.Fprintf(c.ErrOrStderr(), "poolbench: warning: OLD and NEW are the same folder, %s\n", runs[0].Dir)
			}
			result := compare.Runs(runs[0], runs[1], smallest)
			if caution := result.Caution(); caution != "" {
				fmt.Fprintln(c.ErrOrStderr(), "poolbench: warning:", caution)
			}
			if asJSON {
				if err := json.NewEncoder(c.OutOrStdout()).Encode(result); err != nil {
					return err
				}
			} else {
				printComparison(c.OutOrStdout(), runs[0], runs[1], result)
			}
			if !failIfWorse {
				return nil
			}
			return judgeComparison(result)
		},
	}
	f := c.Flags()
	f.StringVar(&threshold, "threshold", "", "the smallest difference that matters, such as `5%` (default: that of the runs)")
	f.BoolVar(&failIfWorse, "fail-if-worse", false, "exit with 3 if anything has become worse")
	f.BoolVar(&asJSON, "json", false, "print everything as one line of JSON")
	return c
}

// compareThreshold reads a percentage; none is 0.
func compareThreshold(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	digits, ok := strings.CutSuffix(text, "%")
	share, err := trial.ParsePercent(digits)
	if !ok || err != nil || !(share > 0 && share < 1) {
		return 0, fmt.Errorf("%q: has to be above 0%% and below 100%%, such as 5%%", text)
	}
	return share, nil
}

// judgeComparison is an error if anything is worse, or if nobody could tell.
func judgeComparison(r compare.Result) error {
	missing := ""
	if len(r.Lost) > 0 {
		missing = "NEW has nothing to compare of " + lostText(r) + ", so that nobody can tell whether that has become worse"
	}
	if n := r.Count(compare.Regressed); n > 0 {
		worse := figures.Counted(n, "comparison") + " became worse"
		if missing != "" {
			worse += "; and " + missing
		}
		return codedf(exitViolated, "%s", worse)
	}
	switch {
	case missing != "":
		return codedf(exitInvalid, "%s; the report of NEW says why", missing)
	case len(r.Pairs) == 0:
		return codedf(exitInvalid, "nothing could be compared, so that nobody can tell whether it has become worse")
	}
	return nil
}

// lostText names the first few of what is lost.
func lostText(r compare.Result) string {
	const most = 3
	names := r.Names()
	var texts []string
	for _, c := range r.Lost[:min(len(r.Lost), most)] {
		texts = append(texts, names.Of(c)+" in "+compare.Place(c))
	}
	if more := len(r.Lost) - most; more > 0 {
		texts = append(texts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(texts, ", ")
}

func printComparison(w io.Writer, old, new trial.Run, r compare.Result) {
	if caution := r.Caution(); caution != "" {
		fmt.Fprintf(w, "%s\n\n", caution)
	}
	fmt.Fprintf(w, "OLD  %s\nNEW  %s\n", compare.Describe(old), compare.Describe(new))
	if len(r.Changed) > 0 {
		fmt.Fprintf(w, "Changed: %s\n", compare.List(r.Changed))
	}
	fmt.Fprintln(w)
	printDifferences(w, r)
	printAlike(w, r)
	skipped, onlyOld, onlyNew := r.LeftOut()
	printLeftOut(w, "Not compared:", skipped)
	printLeftOut(w, "Only in OLD:", onlyOld)
	printLeftOut(w, "Only in NEW:", onlyNew)
	fmt.Fprintf(w, "\n%s\n", r.Method())
}

func printDifferences(w io.Writer, r compare.Result) {
	differ, names := r.Differences(), r.Names()
	fmt.Fprintf(w, "%d of %s differ: %d regressed, %d improved.\n", len(differ), figures.Counted(len(r.Pairs), "comparison"), r.Count(compare.Regressed), r.Count(compare.Improved))
	if len(differ) == 0 {
		return
	}
	fmt.Fprintln(w)
	t := newTable(w, "", "scenario", "strategy", "metric", "OLD", "NEW", "NEW/OLD", "p")
	for _, p := range differ {
		t.AppendRow(table.Row{p.Outcome, compare.Place(p.Cell), names.Of(p.Cell), p.By(),
			p.Old.Text(p.Metric.Unit), p.New.Text(p.Metric.Unit), p.RatioText(), compare.Digits(p.Adjusted)})
	}
	t.Render()
}

// printAlike counts, for each metric, what is not different.
func printAlike(w io.Writer, r compare.Result) {
	alike := r.Alike()
	if len(alike) == 0 {
		return
	}
	fmt.Fprintln(w, "\nNo difference was found:")
	t := newTable(w, "metric", "same within "+compare.Percent(r.Threshold), "undecided", "repetitions more", "driver's limit")
	for _, a := range alike {
		t.AppendRow(table.Row{a.Metric, a.Same, a.Undecided, a.More, a.Unranked})
	}
	t.Render()
}

func printLeftOut(w io.Writer, title string, left []compare.LeftOut) {
	if len(left) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", title)
	for _, l := range left {
		fmt.Fprintf(w, "  %s: %s\n", l.Why, strings.Join(l.Of, ", "))
	}
}
