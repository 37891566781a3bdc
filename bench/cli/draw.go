package cli

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/poolbench/poolbench/bench/report"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/spf13/cobra"
)

// latest is the run that is drawn when none is named.
var latest = filepath.Join("results", "latest")

func reportCommand() *cobra.Command {
	var open bool
	c := &cobra.Command{
		Use:   "report [RUN]",
		Short: "Write the report and the plots of a run again",
		Long: `Write report.md, the plots and verdict.json of a run again, from its trials, and say the verdict. Starts no server and measures nothing.
RUN is a folder with trials.jsonl; without it, results/latest.

With --open the page is shown in the system's browser, or in that which BROWSER names. Where there is none, its path is said.`,
		Example: `  poolbench report
  poolbench report results/reference --open`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			var page string
			err := draw(c.OutOrStdout(), c.ErrOrStderr(), args, func(run trial.Run, dir string) ([]string, error) {
				files, err := withVerdict(c.ErrOrStderr())(run, dir)
				page = filepath.Join(dir, reportPage)
				return files, err
			})
			if err != nil || !open {
				return err
			}
			return openFile(c.Context(), c.ErrOrStderr(), page)
		},
	}
	c.Flags().BoolVar(&open, "open", false, "show report.html in a browser")
	return c
}

// reportPage is what package report calls its page.
const reportPage = "report.html"

func plotCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "plot [RUN]",
		Short: "Draw the plots of a run again",
		Long: `Draw the plots of a run again, from its trials, as PNG and SVG. Starts no server and measures nothing.
RUN is a folder with trials.jsonl; without it, results/latest.`,
		Example: `  poolbench plot
  poolbench plot results/reference`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return draw(c.OutOrStdout(), c.ErrOrStderr(), args, report.Plots)
		},
	}
}

// draw reads a run and has its files written beside its trials.
func draw(stdout, stderr io.Writer, args []string, write func(trial.Run, string) ([]string, error)) error {
	dir := latest
	if len(args) > 0 {
		dir = args[0]
	}
	run, err := trial.Read(dir)
	if err != nil {
		return usage(err)
	}
	for _, w := range run.Warnings {
		fmt.Fprintln(stderr, "poolbench: warning:", w.Text)
	}
	files, err := write(run, run.Dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		fmt.Fprintln(stdout, f)
	}
	return nil
}
