package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/poolbench/poolbench/bench/compare"
	"github.com/poolbench/poolbench/bench/stat"
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

Exit code 0, whatever is found; with --fail-if-worse 3 if anything has become worse, and 4 if nothing could be compared.`,
		Example: `  poolbench compare results/reference results/latest
  poolbench compare old new --threshold 10% --fail-if-worse`,
		Args: cobra.ExactArgs(2),
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
			if result.Basis != compare.Absolute {
				fmt.Fprintln(c.ErrOrStderr(), "poolbench: warning:", notTheSame(result))
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

// judgeComparison is an error if anything is, or if nobody could tell.
func judgeComparison(r compare.Result) error {
	if n := r.Count(compare.Regressed); n > 0 {
		return codedf(exitViolated, "%s", counted(n, "comparison has become worse", "comparisons have become worse"))
	}
	if len(r.Pairs) == 0 {
		return codedf(exitInvalid, "nothing could be compared, so that nobody can tell whether it has become worse")
	}
	return nil
}

// notTheSame is the first line where absolute figures mean nothing.
func notTheSame(r compare.Result) string {
	return "NOT THE SAME MACHINE OR SETTINGS: absolute figures do not carry over, so only ratios to each run's own baseline are compared. " + listChanges(r.Machine)
}

func listChanges(changes []compare.Change) string {
	texts := make([]string, len(changes))
	for i, c := range changes {
		texts[i] = fmt.Sprintf("%s: %s → %s", c.What, c.Old, c.New)
	}
	return strings.Join(texts, "; ")
}

func printComparison(w io.Writer, old, new trial.Run, r compare.Result) {
	if r.Basis != compare.Absolute {
		fmt.Fprintf(w, "%s\n\n", notTheSame(r))
	}
	fmt.Fprintf(w, "OLD  %s\nNEW  %s\n", describeRun(old), describeRun(new))
	if len(r.Changed) > 0 {
		fmt.Fprintf(w, "Changed: %s\n", listChanges(r.Changed))
	}
	fmt.Fprintln(w)
	names := shortStrategies(r)
	printDifferences(w, r, names)
	printSummary(w, r)
	printNotCompared(w, r, names)
	fmt.Fprintf(w, "\nThe ratio is NEW over OLD: the median over all pairs of trials, and its interval at 95 %% for itself. A difference is named if it is\n"+
		"larger than %s and significant by the exact rank-sum test, after Holm: p ≤ %s among the %d comparisons by the metric and at the\n"+
		"level that decide a scenario (*), and the same among the %d others. %s\n",
		percentText(r.Threshold), threeDigits(r.Families[0].Alpha), r.Families[0].Size, r.Families[1].Size,
		"Runs differ by their moments as well: where all\nstrategies have changed alike, the machine is the likelier reason.")
}

func describeRun(run trial.Run) string {
	e := run.Env
	commit := e.Commit[:min(len(e.Commit), 7)]
	if e.Dirty {
		commit += " with changes"
	}
	return fmt.Sprintf("%s: %s, commit %s, %s, %d trials", run.Dir, e.Started.UTC().Format("2006-01-02 15:04 MST"), commit, cmp.Or(e.Suite, "no suite"), len(run.Trials))
}

// printDifferences begins with what has become worse, and within it with what decides.
func printDifferences(w io.Writer, r compare.Result, names map[string]string) {
	var differ []compare.Pair
	for _, outcome := range []compare.Outcome{compare.Regressed, compare.Improved} {
		for _, decides := range []bool{true, false} {
			for _, p := range r.Pairs {
				if p.Outcome == outcome && p.Decides == decides {
					differ = append(differ, p)
				}
			}
		}
	}
	regressed, improved := r.Count(compare.Regressed), r.Count(compare.Improved)
	fmt.Fprintf(w, "%d of %d comparisons differ: %d regressed, %d improved.\n", len(differ), len(r.Pairs), regressed, improved)
	if len(differ) == 0 {
		return
	}
	fmt.Fprintln(w)
	t := newTable(w, "", "scenario", "strategy", "metric", "OLD", "NEW", "NEW/OLD", "p")
	for _, p := range differ {
		name, ratio := p.Metric.Name, ratioText(p.Ratio)
		if p.Decides {
			name += " *"
		}
		if p.AtLeast {
			ratio += ", or further"
		}
		t.AppendRow(table.Row{p.Outcome, cellPlace(p.Cell), cellStrategy(p.Cell, names), name,
			figureText(p.Metric.Unit, p.Old.Median), figureText(p.Metric.Unit, p.New.Median), ratio, threeDigits(p.Adjusted)})
	}
	t.Render()
}

// printSummary counts, for each metric, what is not different.
func printSummary(w io.Writer, r compare.Result) {
	var metrics []string
	by := map[string][]compare.Pair{}
	for _, p := range r.Pairs {
		if p.Outcome == compare.Regressed || p.Outcome == compare.Improved {
			continue
		}
		if by[p.Metric.Name] == nil {
			metrics = append(metrics, p.Metric.Name)
		}
		by[p.Metric.Name] = append(by[p.Metric.Name], p)
	}
	if len(metrics) == 0 {
		return
	}
	fmt.Fprintln(w, "\nNo difference was found:")
	t := newTable(w, "metric", "same within "+percentText(r.Threshold), "undecided", "repetitions more", "driver's limit")
	for _, name := range metrics {
		count := map[compare.Outcome]int{}
		var more []int
		unknown := false
		for _, p := range by[name] {
			count[p.Outcome]++
			if p.Outcome == compare.Undecided {
				unknown = unknown || p.More == 0
				if p.More > 0 {
					more = append(more, p.More)
				}
			}
		}
		t.AppendRow(table.Row{name, count[compare.Same], count[compare.Undecided], moreText(more, unknown), count[compare.Unranked]})
	}
	t.Render()
}

// moreText says how many repetitions more it would take.
func moreText(more []int, unknown bool) string {
	text := ""
	if len(more) > 0 {
		least, most := slices.Min(more), slices.Max(more)
		text = fmt.Sprintf("about %d to %d", least, most)
		if least == most {
			text = fmt.Sprintf("about %d", least)
		}
	}
	if unknown && text != "" {
		return text + ", or nobody can tell"
	}
	if unknown {
		return "nobody can tell"
	}
	return text
}

// printNotCompared lists by reason, because one reason mostly holds for all of a scenario.
func printNotCompared(w io.Writer, r compare.Result, names map[string]string) {
	list := func(title string, reasons []string, of map[string][]string) {
		if len(reasons) == 0 {
			return
		}
		fmt.Fprintf(w, "\n%s\n", title)
		for _, reason := range reasons {
			fmt.Fprintf(w, "  %s: %s\n", reason, strings.Join(of[reason], ", "))
		}
	}
	group := func(reasons []string, of map[string][]string, reason, what string) []string {
		if of[reason] == nil {
			reasons = append(reasons, reason)
		}
		of[reason] = append(of[reason], what)
		return reasons
	}
	var reasons []string
	of := map[string][]string{}
	for _, s := range r.Skipped {
		what := cellStrategy(s.Cell, names)
		if s.Metric != "" {
			what += " by " + s.Metric
		}
		reasons = group(reasons, of, cellPlace(s.Cell)+", "+s.Why, what)
	}
	list("Not compared:", reasons, of)
	for _, only := range []struct {
		title string
		cells []stat.Cell
	}{{"Only in OLD:", r.OnlyOld}, {"Only in NEW:", r.OnlyNew}} {
		reasons, of := []string(nil), map[string][]string{}
		for _, c := range only.cells {
			reasons = group(reasons, of, cellPlace(c), cellStrategy(c, names))
		}
		list(only.title, reasons, of)
	}
}

// shortStrategies gives strategies by their kind alone where there is one of that kind.
func shortStrategies(r compare.Result) map[string]string {
	full := map[string]bool{}
	for _, p := range r.Pairs {
		full[p.Strategy] = true
	}
	for _, s := range r.Skipped {
		full[s.Strategy] = true
	}
	for _, c := range append(slices.Clip(r.OnlyOld), r.OnlyNew...) {
		full[c.Strategy] = true
	}
	kinds := map[string]int{}
	for name := range full {
		kinds[trial.Kind(name)]++
	}
	short := map[string]string{}
	for name := range full {
		short[name] = name
		if kinds[trial.Kind(name)] == 1 {
			short[name] = trial.Kind(name)
		}
	}
	return short
}

func cellStrategy(c stat.Cell, names map[string]string) string {
	if c.Twin {
		return names[c.Strategy] + " (twin)"
	}
	return names[c.Strategy]
}

func cellPlace(c stat.Cell) string {
	if c.Fraction == 0 {
		return c.Scenario
	}
	return c.Scenario + " at " + strconv.FormatFloat(c.Fraction, 'g', 4, 64)
}

func ratioText(e stat.Estimate) string {
	if math.IsInf(e.Value, 1) {
		return "from nothing"
	}
	return fmt.Sprintf("%.3f (%.3f to %s)", e.Value, e.Lo, upperText(e.Hi))
}

func upperText(v float64) string {
	if math.IsInf(v, 1) {
		return "∞"
	}
	return fmt.Sprintf("%.3f", v)
}

// figureText writes a metric's value with three digits; without a unit it is a ratio.
func figureText(unit string, v float64) string {
	scaled := func(units []string, size float64) string {
		for _, name := range units[:len(units)-1] {
			if v >= 0.9995*size {
				return threeDigits(v/size) + name
			}
			size /= 1000
		}
		return threeDigits(v/size) + units[len(units)-1]
	}
	switch unit {
	case "s":
		return scaled([]string{" s", " ms", " µs", " ns"}, 1)
	case "1/s":
		return scaled([]string{"M/s", "k/s", "/s"}, 1e6)
	default:
		return threeDigits(v)
	}
}

func percentText(ratio float64) string { return threeDigits(100*ratio) + " %" }

// threeDigits writes v with at most three digits.
func threeDigits(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }
