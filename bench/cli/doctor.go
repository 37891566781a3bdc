package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/doctor"
	"github.com/spf13/cobra"
)

func doctorCommand(suites []bench.Suite) *cobra.Command {
	var named, results string
	var look time.Duration
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Say what on this machine would spoil a measurement, and how to mend it",
		Long: `Look at limits, CPUs, clocks, the network's settings, room, and what else runs here, and say what would spoil a measurement, or
prevent it, and the command that mends it; and which of the suites can be measured here. It changes nothing.

"bad" is what would make trials invalid, or cannot be measured; "warning" what a report would note; "unknown" what this system
does not tell. Half of the time it watches what others do, and half of it it wants all CPUs, to see whether it gets them.

Exit code 0 if nothing is bad, otherwise 4.`,
		Example: `  poolbench doctor
  poolbench doctor --suite mine.yaml
  poolbench doctor --json`,
		RunE: func(c *cobra.Command, _ []string) error {
			if look < 0 {
				return usagef("--look %v: has to be 0 (not at all) or more", look)
			}
			names := suiteNames(suites)
			if named != "" {
				names = []string{named}
			}
			var measured []bench.Suite
			for _, name := range names {
				suite, err := findSuite(suites, name)
				if err != nil {
					return err
				}
				if err := suite.Check(); err != nil {
					return usage(err)
				}
				measured = append(measured, suite)
			}
			facts, err := doctor.Gather(c.Context(), measured, results, look)
			if err != nil {
				return fmt.Errorf("doctor: %w", err)
			}
			return tellFindings(doctor.Judge(facts), asJSON, c.OutOrStdout())
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&named, "suite", "", fmt.Sprintf("judge what this suite needs, `NAME`: %s, or a YAML file (default: all of those)", strings.Join(suiteNames(suites), ", ")))
	f.StringVar(&results, "results", "results", "`FOLDER` that results will be written to")
	f.DurationVar(&look, "look", 2*time.Second, "how long to look at what runs here; 0: not at all")
	f.BoolVar(&asJSON, "json", false, "print everything as one line of JSON")
	return c
}

// tellFindings prints what was found, and fails if anything is bad.
func tellFindings(r doctor.Report, asJSON bool, w io.Writer) error {
	if asJSON {
		if err := json.NewEncoder(w).Encode(r); err != nil {
			return err
		}
	} else {
		printFindings(w, r)
	}
	var bad []string
	for _, f := range r.Findings {
		if f.State == doctor.Bad {
			bad = append(bad, f.Name)
		}
	}
	if len(bad) > 0 {
		return codedf(exitInvalid, "not fit for measuring: %s", strings.Join(bad, ", "))
	}
	return nil
}

// The columns of a table that fits a terminal of 80: the names of states and findings, two spaces around each, and the rest.
const (
	findingWidth = 15
	foundWidth   = 80 - 7 - findingWidth - 3*2
)

// printFindings writes a table, then the commands, so that they can be copied as they are.
func printFindings(w io.Writer, r doctor.Report) {
	t := newTable(w, "state", "what", "here")
	commands := ""
	for _, f := range r.Findings {
		said := wrapFound(f.Found)
		if f.State == doctor.Bad || f.State == doctor.Warning {
			said = wrapFound(f.Found+".") + "\n" + wrapFound(strings.TrimSpace(f.Why+" "+f.Advice))
		}
		t.AppendRow(table.Row{string(f.State), text.WrapSoft(f.Name, findingWidth), said})
		if f.Command != "" {
			commands += fmt.Sprintf("\n  # %s\n  %s\n", f.Name, strings.ReplaceAll(f.Command, "\n", "\n  "))
		}
	}
	t.Render()
	if commands != "" {
		fmt.Fprint(w, "\nTo mend it, in the shell that measures:\n", commands)
	}
	fmt.Fprintf(w, "\n%s\n", r.Sentence)
}

// wrapFound keeps figures and their percent signs on one line.
func wrapFound(said string) string {
	const glued = "\u2060%" // as wide as what it stands for, and nowhere else
	said = text.WrapSoft(strings.ReplaceAll(said, " %", "_"+glued), foundWidth)
	return strings.ReplaceAll(said, "_"+glued, " %")
}
