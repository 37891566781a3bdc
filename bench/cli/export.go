package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/poolbench/poolbench/bench/export"
	"github.com/poolbench/poolbench/bench/internal/figures"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/spf13/cobra"
)

// formats in which a run can be exported. What is left out is told to notes.
var formats = []struct {
	name  string
	write func(w io.Writer, run trial.Run, notes io.Writer) error
}{
	{"benchfmt", func(w io.Writer, run trial.Run, notes io.Writer) error {
		left, err := export.Benchfmt(w, run)
		if err == nil && left != (export.Left{}) {
			fmt.Fprintf(notes, "# left out: %s, and %s that measured a capacity\n",
				figures.Counted(left.Invalid, "invalid trial"), figures.Counted(left.Calibrates, "trial"))
		}
		return err
	}},
	{"json", func(w io.Writer, run trial.Run, _ io.Writer) error { return export.JSON(w, run) }},
	{"csv", func(w io.Writer, run trial.Run, _ io.Writer) error { return export.CSV(w, run) }},
}

func exportCommand() *cobra.Command {
	var format, output string
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	c := &cobra.Command{
		Use:   "export [RUN]",
		Short: "Write a run's trials for other programs",
		Long: `Write a run's trials as Go benchmark results, which benchstat reads, as JSON or as CSV, to stdout or to a file. RUN is a
folder with trials.jsonl; without it, results/latest.

benchfmt has one result for each valid trial; those that are invalid, and those that measured a capacity, are left out and
counted on stderr. json is an array with an object for each trial, csv a table with a line for each, of the same columns;
invalid ones are there, with the reason in the column invalid. What a trial does not have is null, or empty. The columns:

` + columnsHelp(),
		Example: `  poolbench export --format benchfmt > new.txt && benchstat -col /strategy -filter '.unit:req/s' new.txt
  benchstat -ignore commit,run old.txt new.txt
  poolbench export results/reference --format csv --output trials.csv`,
		RunE: func(c *cobra.Command, args []string) error {
			at := slices.Index(names, format)
			if at < 0 {
				return usagef("--format %q: has to be %s", format, either(names))
			}
			run, err := readNamedRun(c.ErrOrStderr(), args)
			if err != nil {
				return err
			}
			write := func(w io.Writer) error { return formats[at].write(w, run, c.ErrOrStderr()) }
			if output == "" {
				return writeBuffered(c.OutOrStdout(), write)
			}
			return writeFile(output, write)
		},
	}
	c.Flags().StringVar(&format, "format", "", "`FORMAT`: "+strings.Join(names, ", "))
	c.Flags().StringVar(&output, "output", "", "write to this `FILE`, which is replaced if it is there (default: stdout)")
	return c
}

func columnsHelp() string {
	var text strings.Builder
	for _, c := range export.Columns() {
		fmt.Fprintf(&text, "  %s\n", strings.TrimRight(fmt.Sprintf("%-22s  %s", c.Name, c.About), " "))
	}
	return strings.TrimSuffix(text.String(), "\n")
}

func writeBuffered(w io.Writer, write func(io.Writer) error) error {
	out := bufio.NewWriter(w)
	if err := write(out); err != nil {
		return err
	}
	return out.Flush()
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return blame(fmt.Errorf("--output: %w", err))
	}
	return errors.Join(writeBuffered(f, write), f.Close())
}
