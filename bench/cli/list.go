package cli

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/internal/figures"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/strategies"
	"github.com/spf13/cobra"
)

func listCommand(suites []bench.Suite) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List strategies, workloads and scenarios",
		Long:    "List the strategies with the limits that they take where nothing is said, the workloads, and the scenarios of each suite that `run` can measure.",
		Example: "  poolbench list",
		RunE: func(c *cobra.Command, _ []string) error {
			list(c.OutOrStdout(), suites)
			return nil
		},
	}
}

// aboutWidth keeps a row within 110 columns beside the longest name.
const aboutWidth = 72

func list(w io.Writer, suites []bench.Suite) {
	suite := suites[0]
	kinds := newTable(w, "strategy", "units", "how it runs work")
	for _, k := range suite.Kinds {
		units := make([]string, len(k.Units))
		for i, u := range k.Units {
			units[i] = u.String()
		}
		about := []string{k.About, defaults(suite.Kinds, k), runs(suite, k)}
		for i := range about {
			about[i] = text.WrapSoft(about[i], aboutWidth)
		}
		kinds.AppendRow(table.Row{k.Name, strings.Join(units, ", "), strings.Join(about, "\n")})
	}
	kinds.Render()

	workloads := newTable(w, "workload", "measured", "what it stands for")
	for _, l := range suite.Workloads {
		about := l.About
		if l.Blocks {
			about += " (It blocks: an event loop would stall.)"
		}
		lines := []string{text.WrapSoft(about, aboutWidth)}
		for _, s := range l.Settings {
			lines = append(lines, text.WrapSoft(fmt.Sprintf("%s:%s=…: %s", l.Name, s.Key, s.About), aboutWidth))
		}
		workloads.AppendRow(table.Row{l.Name, l.Client.Measured(), strings.Join(lines, "\n")})
	}
	fmt.Fprintln(w)
	workloads.Render()

	for i, s := range suites {
		listScenarios(w, s, i == 0)
	}
	fmt.Fprint(w, limitsHelp)
}

// listScenarios prints what a suite asks.
func listScenarios(w io.Writer, suite bench.Suite, first bool) {
	title := fmt.Sprintf("suite %s: %s at most", suite.Name, figures.Counted(suite.Repetitions, "repetition"))
	if suite.Budget > 0 {
		title += fmt.Sprintf(", none that begins after %v", suite.Budget)
	}
	if first {
		title += "; `poolbench run` measures it unless told otherwise"
	}
	about := ""
	if suite.About != "" {
		about = text.WrapSoft(suite.About, titleWidth) + "\n"
	}
	fmt.Fprintf(w, "\n%s\n%s", title, about)
	scenarios := newTable(w, "scenario", "question", "load", "what it decides")
	for _, sc := range suite.Scenarios {
		scenarios.AppendRow(table.Row{sc.Name, question(sc), loadOf(sc), text.WrapSoft(sc.About, decidesWidth)})
	}
	scenarios.Render()
}

const (
	decidesWidth = 50  // beside the load
	titleWidth   = 110 // as wide as the tables
)

func question(sc bench.Scenario) string {
	out := string(cmp.Or(sc.Question, trial.Compare))
	if sc.Objective != (trial.Objective{}) {
		out += "\n" + sc.Objective.String()
	}
	return out
}

// loadOf says in a few short lines what the clients do.
func loadOf(sc bench.Scenario) string {
	lines := []string{fmt.Sprintf("%s %s, %s", sc.Load.Loop, sc.Workload, figures.Counted(sc.Load.Clients, "client"))}
	if len(sc.Fractions) > 0 {
		offered := make([]string, len(sc.Fractions))
		for i, f := range sc.Fractions {
			offered[i] = trial.FormatPercent(f) + "%"
		}
		lines = append(lines, "at "+strings.Join(offered, ", "))
	}
	if len(sc.Load.Profile) > 0 {
		lines = append(lines, trial.FormatProfile(sc.Load.Profile))
	}
	for _, o := range sc.Load.Others {
		lines = append(lines, o.String())
	}
	if sc.Drain {
		lines = append(lines, "stopped under load")
	}
	return strings.Join(lines, "\n")
}

const limitsHelp = `
A strategy is named with its limits: NAME:workers=N,queue=N,full=wait|reject,unit=conn|request,maxconns=N,listeners=N,backlog=N

  workers    tasks that run at once             queue      tasks that wait beside them
  unit       what a task is: all of a connection, or the answer to one request
  full       at the limit: wait stops accepting (or reading) until there is room, reject answers that the server is busy
  maxconns   connections held at once           listeners  sockets that accept on the same port, for reuseport
  backlog    connections that the kernel keeps until they are accepted: where those wait whom full=wait does not accept
`

// defaults says which limits a kind takes where a name says nothing.
func defaults(kinds strategies.Kinds, k strategies.Kind) string {
	spec, err := kinds.Spec(k.Name)
	if err != nil { // not on this system
		return "not here: " + err.Error()
	}
	return "default: " + strings.TrimPrefix(spec.String(), k.Name+":")
}

// runs says which workloads a kind can run, and which of them it had better not.
func runs(suite bench.Suite, k strategies.Kind) string {
	var can, cannot, stall []string
	for _, w := range suite.Workloads {
		if suite.Kinds.CanRun(k.Name, w.Handler()) != nil {
			cannot = append(cannot, w.Name)
			continue
		}
		can = append(can, w.Name)
		if stalls(suite.Kinds, k.Name, w) {
			stall = append(stall, w.Name)
		}
	}
	out := "runs: every workload"
	if len(cannot) > 0 {
		out = "runs: " + cmp.Or(strings.Join(can, ", "), "no workload") + "; cannot run: " + strings.Join(cannot, ", ")
	}
	if len(stall) > 0 {
		out += "; but beware of " + strings.Join(stall, ", ") + ": what blocks in an event loop holds up all of its connections"
	}
	return out
}

func newTable(w io.Writer, header ...any) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(w)
	t.AppendHeader(table.Row(header))
	style := table.StyleLight
	style.Format.Header = text.FormatDefault
	style.Options = table.Options{SeparateColumns: false, SeparateHeader: true, SeparateRows: false}
	t.SetStyle(style)
	return t
}
