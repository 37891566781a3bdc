package cli

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// shells, and what writes their scripts.
var shells = []struct {
	name  string
	write func(*cobra.Command) error
}{
	{"bash", bashScript},
	{"zsh", func(root *cobra.Command) error { return root.GenZshCompletion(root.OutOrStdout()) }},
	{"fish", func(root *cobra.Command) error { return root.GenFishCompletion(root.OutOrStdout(), true) }},
	{"powershell", func(root *cobra.Command) error {
		return root.GenPowerShellCompletionWithDesc(root.OutOrStdout())
	}},
}

// bashScript is cobra's, with what has been typed taken off in the other order. For bash a word ends behind ":" and behind "=". Cobra
// takes off "channel:" first, no longer finds "channel:workers=" then, and makes channel:workers=workers=64 of it.
func bashScript(root *cobra.Command) error {
	var script bytes.Buffer
	if err := root.GenBashCompletionV2(&script, true); err != nil {
		return err
	}
	takeOff := func(char string) string { return "__" + root.Name() + `_handle_special_char "$cur" ` + char + "\n" }
	colon, equals := takeOff(":"), takeOff("=")
	_, err := io.WriteString(root.OutOrStdout(), strings.Replace(script.String(), colon+"    "+equals, equals+"    "+colon, 1))
	return err
}

func completionCommand() *cobra.Command {
	var names []string
	for _, s := range shells {
		names = append(names, s.name)
	}
	return &cobra.Command{
		Use:   "completion " + strings.Join(names, "|"),
		Short: "Print a script that completes commands, flags, scenarios, strategies and runs",
		Long: `Print the script with which a shell completes the command line: commands and flags, names of suites, of their scenarios,
of strategies and workloads, and the runs under results/. In bash it needs what most systems call the package bash-completion.`,
		Example: `  source <(poolbench completion bash)
  source <(poolbench completion zsh)
  poolbench completion fish | source
  poolbench completion zsh > "${fpath[1]}/_poolbench"
  poolbench completion fish > ~/.config/fish/completions/poolbench.fish
  poolbench completion powershell | Out-String | Invoke-Expression`,
		ValidArgs: names,
		RunE: func(c *cobra.Command, args []string) error {
			at := slices.Index(names, args[0])
			if at < 0 {
				return usagef("completion %s: has to be %s", args[0], either(names))
			}
			return shells[at].write(c.Root())
		},
	}
}

// completeAll has all commands complete their flags and arguments. Flags of one name mean the same wherever they are; what a
// value or an argument is, its placeholder in the help says.
func completeAll(root *cobra.Command, suites []bench.Suite) {
	byFlag := map[string]cobra.CompletionFunc{
		"suite":      completeSuites(suites),
		"scenario":   completeScenarios(suites),
		"strategy":   completeStrategies(suites),
		"workload":   completeWorkloads(suites[0]),
		"driver":     fixed(bench.Drivers()...),
		"loop":       fixed(string(trial.Closed), string(trial.Open), string(trial.Sessions)),
		"arrivals":   fixed(string(trial.Poisson), string(trial.Constant)),
		"question":   fixed(string(trial.Compare), string(trial.Size), string(trial.Capacity)),
		"decided-by": fixed(metricKeys()...),
		"format":     fixed(formatNames()...),
		"resume":     completeRuns(1),
	}
	for _, c := range root.Commands() {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			complete, known := byFlag[f.Name]
			if !known {
				complete = ofPlaceholder(f)
			}
			if complete != nil {
				_ = c.RegisterFlagCompletionFunc(f.Name, begunOnly(complete)) // an error: it completes itself already
			}
		})
		if c.ValidArgsFunction == nil && len(c.ValidArgs) == 0 {
			if complete := ofUse(c.Use); complete != nil {
				c.ValidArgsFunction = begunOnly(complete)
			}
		}
	}
}

// begunOnly leaves out what does not begin with what was typed. Most shells do so themselves, and some would not ask for files
// then.
func begunOnly(complete cobra.CompletionFunc) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		all, how := complete(c, args, begun)
		return slices.DeleteFunc(slices.Clone(all), func(word string) bool { return !strings.HasPrefix(word, begun) }), how
	}
}

// ofPlaceholder is for flags that nothing else is known of: files and folders are the shell's business, and all others no files.
func ofPlaceholder(f *pflag.Flag) cobra.CompletionFunc {
	switch value, _ := pflag.UnquoteUsage(f); {
	case value == "FILE":
		return nil
	case value == "FOLDER":
		return folders
	case f.NoOptDefVal != "":
		return nil // it takes no value
	}
	return cobra.NoFileCompletions
}

// ofUse completes the arguments that a command's line of use names.
func ofUse(use string) cobra.CompletionFunc {
	switch {
	case strings.Contains(use, "OLD NEW"):
		return completeRuns(2)
	case strings.Contains(use, "RUN"):
		return completeRuns(1)
	case strings.Contains(use, "FILE"):
		return nil
	case strings.Contains(use, "DIR"), strings.Contains(use, "RESULTS"):
		return folders
	}
	return cobra.NoFileCompletions
}

func folders(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

func fixed(words ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
}

// completeSuites leaves files to the shell, which looks for them where no name fits.
func completeSuites(suites []bench.Suite) cobra.CompletionFunc {
	var all []cobra.Completion
	for _, s := range suites {
		all = append(all, cobra.CompletionWithDesc(s.Name, s.About))
	}
	return cobra.FixedCompletions(all, cobra.ShellCompDirectiveDefault)
}

// completeScenarios takes those of the suite that was named before; one that cannot be read has none.
func completeScenarios(suites []bench.Suite) cobra.CompletionFunc {
	return func(c *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var all []cobra.Completion
		if suite, err := suiteSaid(c, suites); err == nil {
			for _, sc := range suite.Scenarios {
				all = append(all, cobra.CompletionWithDesc(sc.Name, sc.About))
			}
		}
		return all, cobra.ShellCompDirectiveNoFileComp
	}
}

// suiteSaid is the suite that the command line names so far.
func suiteSaid(c *cobra.Command, suites []bench.Suite) (bench.Suite, error) {
	named := ""
	if f := c.Flags().Lookup("suite"); f != nil {
		named = f.Value.String()
	}
	return findSuite(suites, named)
}

// completeStrategies has the kinds, and those with their limits that the suite measures once a kind has been chosen. A kind that
// is the last left, or was typed whole, is offered with a colon too, so that no space comes where limits may follow. The directive NoSpace
// would not do: to a single word cobra's script for fish then adds a false one, "channel.".
func completeStrategies(suites []bench.Suite) cobra.CompletionFunc {
	return func(c *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		suite, _ := suiteSaid(c, suites) // one that cannot be read has no limits to offer
		if kind, _, limited := strings.Cut(begun, ":"); limited {
			return limitsIn(suite, kind), cobra.ShellCompDirectiveNoFileComp
		}
		kinds := slices.DeleteFunc(slices.Clone(suites[0].Kinds), func(k strategies.Kind) bool { return !strings.HasPrefix(k.Name, begun) })
		var all []cobra.Completion
		for _, k := range kinds {
			all = append(all, cobra.CompletionWithDesc(k.Name, k.About))
			if len(kinds) == 1 || k.Name == begun {
				all = append(all, cobra.CompletionWithDesc(k.Name+":", "with limits"))
			}
		}
		return all, cobra.ShellCompDirectiveNoFileComp
	}
}

// limitsIn are the strategies of one kind that a suite measures with limits.
func limitsIn(suite bench.Suite, kind string) []string {
	var names []string
	for _, sc := range suite.Scenarios {
		for _, name := range sc.Strategies {
			if trial.Kind(name) == kind && name != kind {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// completeWorkloads has the workloads, and of the last one that is left its settings as well; their values are the user's.
func completeWorkloads(suite bench.Suite) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		plain, _, _ := strings.Cut(begun, ":")
		ws := slices.DeleteFunc(slices.Clone(suite.Workloads), func(w workload.Workload) bool { return !strings.HasPrefix(w.Name, plain) })
		var all []cobra.Completion
		for _, w := range ws {
			all = append(all, cobra.CompletionWithDesc(w.Name, w.About))
		}
		how := cobra.ShellCompDirectiveNoFileComp
		if len(ws) == 1 && len(ws[0].Settings) > 0 {
			how |= cobra.ShellCompDirectiveNoSpace
			for _, s := range ws[0].Settings {
				all = append(all, cobra.CompletionWithDesc(ws[0].Name+":"+s.Key+"=", s.About))
			}
		}
		return all, how
	}
}

// completeRuns takes so many folders of runs, each once: those under the folder of results, the newest first, and where none fits any other.
func completeRuns(most int) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		results := filepath.Dir(latest)
		if f := c.Flags().Lookup("results"); f != nil {
			results = f.Value.String()
		}
		runs := slices.DeleteFunc(runsIn(results), func(dir string) bool { return !strings.HasPrefix(dir, begun) || slices.Contains(args, dir) })
		if len(runs) == 0 {
			return nil, cobra.ShellCompDirectiveFilterDirs
		}
		return runs, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}

func metricKeys() []string {
	var keys []string
	for _, m := range stat.Metrics() {
		keys = append(keys, m.Key)
	}
	return keys
}

func formatNames() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// runsIn are the folders in results that hold a run, and links to them. Names begin with the time, and the newest comes first.
func runsIn(results string) []string {
	entries, err := os.ReadDir(results)
	if err != nil {
		return nil // nothing to offer
	}
	var runs []string
	for _, e := range slices.Backward(entries) {
		dir := filepath.Join(results, e.Name())
		target, err := trial.Resolve(dir)
		if err != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(target, trialsFile)); err == nil {
			runs = append(runs, dir)
		}
	}
	return runs
}
