package cli

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/poolbench/poolbench/bench/report"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/verdict"
	"github.com/spf13/cobra"
)

// latest is the run that is drawn when none is named.
var latest = filepath.Join("results", "latest")

func reportCommand() *cobra.Command {
	var open bool
	c := &cobra.Command{
		Use:   "report [RUN]",
		Short: "Write the report and the plots of a run again",
		Long: `Write report.md, report.html, the plots and verdict.json of a run again, from its trials, and say the verdict. Starts no server and measures nothing.
RUN is a folder with trials.jsonl; without it, results/latest.

With --open the page is shown in the system's browser, or in that which BROWSER names. Where there is none, its path is said.`,
		Example: `  poolbench report
  poolbench report results/reference --open`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := drawReport(c.OutOrStdout(), c.ErrOrStderr(), args, nil); err != nil || !open {
				return err
			}
			return openFile(c.Context(), c.ErrOrStderr(), filepath.Join(drawn(args), reportPage))
		},
	}
	c.Flags().BoolVar(&open, "open", false, "show report.html in a browser")
	return c
}

// reportPage is what package report calls its page.
const reportPage = "report.html"

// drawn is the folder of the run that is named, or of the latest.
func drawn(args []string) string {
	if len(args) > 0 {
		return args[0]
	}
	return latest
}

func plotCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "plot [RUN]",
		Short: "Draw the plots of a run again",
		Long: `Draw the plots of a run again, from its trials, as PNG and SVG. Starts no server and measures nothing.
RUN is a folder with trials.jsonl; without it, results/latest.`,
		Example: `  poolbench plot
  poolbench plot results/reference`,
		RunE: func(c *cobra.Command, args []string) error {
			run, err := readDrawn(args)
			if err != nil {
				return err
			}
			printWarnings(c.ErrOrStderr(), textsOf(run.Warnings))
			files, err := report.Plots(run, run.Dir)
			if err != nil {
				return err
			}
			printFiles(c.OutOrStdout(), files)
			return nil
		},
	}
}

// readDrawn reads the run that is named, or the latest.
func readDrawn(args []string) (trial.Run, error) {
	run, err := trial.Read(drawn(args))
	return run, usage(err)
}

// drawReport writes the report and the verdict of a run, names its folder and those files in it that one begins to read with, and
// says the verdict last, so that it is what remains on the screen.
func drawReport(stdout, stderr io.Writer, args []string, warnings []string) error {
	run, err := readDrawn(args)
	if err != nil {
		return err
	}
	files, err := writeReport(run)
	if err != nil {
		return err
	}
	printFiles(stdout, files)
	printVerdict(stderr, verdict.Of(run), append(textsOf(run.Warnings), warnings...))
	return nil
}

func printFiles(stdout io.Writer, files []string) {
	for _, f := range files {
		fmt.Fprintln(stdout, f)
	}
}

func textsOf(warnings []trial.Warning) []string {
	var texts []string
	for _, w := range warnings {
		texts = append(texts, w.Text)
	}
	return texts
}
