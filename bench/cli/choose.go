package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/gate"
	"github.com/poolbench/poolbench/bench/suitefile"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies/spelling"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// runFlags is what `run` can be told.
type runFlags struct {
	choice
	seed                   uint64
	serverCPUs, driverCPUs string
	driver                 string
	results, name          string
	resume                 string
	failIf                 []string
	rules                  []gate.Rule     // of failIf
	situation              json.RawMessage // that a run is measured to pick for
}

func runCommand(suites []bench.Suite, args []string) *cobra.Command {
	var flags runFlags
	c := &cobra.Command{
		Use:   "run",
		Short: "Measure a suite and write its report and plots",
		Long: fmt.Sprintf(`Measure a suite and write trials, report and plots into a new folder under results/, to which results/latest then
leads. Each trial is on the disk when it ends; Ctrl-C keeps what was measured, and the report says that it is partial.

The exit code is 0 if anything can be said, and 4 if not one trial is valid. With --fail-if it is 3 if a threshold is violated, and 4
also if one cannot be judged, or if %s of what was to be measured has no valid trial, as 'poolbench check' has it.

What is measured is the suite %s, unless --suite names another one or a YAML file, as %s writes it. Each
field of such a file is a flag as well, which changes all scenarios that were chosen; what no flag says stays as the
suite has it. With --workload the flags alone make one scenario of that workload, which is measured instead of the
suite's: with the strategies of its first scenario unless --strategy names others, and for the rest as in a file that
says nothing.`, mostInvalid, suites[0].Name, "`poolbench init`"),
		Example: `  poolbench run
  poolbench run --suite mine.yaml
  poolbench run --scenario echo --strategy goroutine --strategy ants:workers=16 --repetitions 10
  poolbench run --workload echo --loop open --clients 256 --offered 50%,90% --decided-by response-p99
  poolbench run --window 2s --server-cpus 0-3 --driver-cpus 4-7`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				if flag := flagFor(suites, args[0]); flag != "" {
					return fmt.Errorf("run takes no names without their flags: %s %s", flag, args[0])
				}
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error {
			session, err := flags.session(c.Flags(), suites, args)
			if err != nil {
				return blame(err)
			}
			return session.run(c.Context(), c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.SortFlags = false // what belongs together stands together
	flags.register(f, suites)
	f.Uint64Var(&flags.seed, "seed", 0, "of the order of trials and of the arrivals (default: a new one, which the record keeps)")
	f.StringVar(&flags.serverCPUs, "server-cpus", "", "CPUs for the server, such as `0-3` (default: half of them)")
	f.StringVar(&flags.driverCPUs, "driver-cpus", "", "CPUs for the driver, none of the server's, such as `4-7` (default: the other half)")
	f.StringVar(&flags.driver, "driver", "", driverHelp())
	f.StringVar(&flags.results, "results", "results", "`FOLDER` for the run's folder")
	f.StringVar(&flags.name, "name", "", "`NAME` of the run's folder (default: time and commit)")
	f.StringVar(&flags.resume, "resume", "", "go on with the run in this `FOLDER`, which was stopped: with its own suite, seed, driver and CPUs")
	failIfFlag(c, &flags.failIf)
	return c
}

// flagFor is the flag that a name belongs to; "" if it is none that is known.
func flagFor(suites []bench.Suite, name string) string {
	if slices.Contains(suiteNames(suites), name) {
		return "--suite"
	}
	if len(holders(suites, name)) > 0 {
		return "--scenario"
	}
	return ""
}

// session is a new run, or the one that goes on.
func (r runFlags) session(set *pflag.FlagSet, suites []bench.Suite, args []string) (_ session, err error) {
	if r.rules, err = parseFailIf(r.failIf); err != nil {
		return session{}, err
	}
	if r.resume != "" {
		var other []string
		set.Visit(func(f *pflag.Flag) {
			if f.Name != "resume" && f.Name != "fail-if" {
				other = append(other, "--"+f.Name)
			}
		})
		if len(other) > 0 {
			return session{}, fmt.Errorf("--resume goes on as the run began: leave out %s", strings.Join(other, ", "))
		}
		return resume(r.resume, suites[0], r.rules)
	}
	chosen, err := r.choose(suites)
	if err != nil {
		return session{}, err
	}
	if !set.Changed("seed") {
		r.seed = rand.Uint64N(1 << 32) // short enough to be typed again
	}
	return begin(chosen, r, args)
}

// choice is which suite is measured, and what the flags change in it: one for each field of a suite file.
type choice struct {
	suite     string
	scenarios []string
	ofSuite   []fieldFlag[bench.Suite]
	ofEach    []fieldFlag[bench.Scenario]
}

// workloadFlag makes a scenario of the flags alone.
const workloadFlag = "workload"

func (c *choice) register(f *pflag.FlagSet, suites []bench.Suite) {
	f.StringVar(&c.suite, "suite", "", suiteHelp("measure this suite", suites))
	f.StringArrayVar(&c.scenarios, "scenario", nil, "measure this scenario, `NAME`; repeat it for more (default: all of the suite)")
	for _, field := range suitefile.ScenarioFields() {
		c.ofEach = append(c.ofEach, fieldFlag[bench.Scenario]{field: field, said: new([]string)})
	}
	for _, field := range suitefile.SuiteFields() {
		c.ofSuite = append(c.ofSuite, fieldFlag[bench.Suite]{field: field, said: new([]string)})
	}
	registerFields(f, c.ofEach)
	registerFields(f, c.ofSuite)
	f.Lookup(workloadFlag).Usage = "measure one scenario that the flags make, of this workload, instead of the suite's: `NAME`, see 'poolbench list'"
}

// suiteHelp is the help of a flag that takes a suite.
func suiteHelp(what string, suites []bench.Suite) string {
	return fmt.Sprintf("%s, `NAME`: %s, or a YAML file (default: %s)", what, strings.Join(suiteNames(suites), ", "), suites[0].Name)
}

func suiteNames(suites []bench.Suite) []string {
	names := make([]string, len(suites))
	for i, s := range suites {
		names[i] = s.Name
	}
	return names
}

// choose is the suite that was asked for, with what the flags change in it.
func (c choice) choose(suites []bench.Suite) (bench.Suite, error) {
	suite, err := findSuite(suites, c.suite)
	if err != nil {
		return suite, err
	}
	suite.Scenarios = slices.Clone(suite.Scenarios)
	if err := c.pick(&suite, suites); err != nil {
		return suite, err
	}
	if err := apply(c.ofSuite, &suite); err != nil {
		return suite, err
	}
	for i := range suite.Scenarios {
		if err := apply(c.ofEach, &suite.Scenarios[i]); err != nil {
			return suite, err
		}
	}
	return suite, c.blame(suite)
}

// findSuite is the built-in suite of that name, or the one in the file of that name; without a name the first.
func findSuite(suites []bench.Suite, name string) (bench.Suite, error) {
	catalog := suites[0]
	if name == "" {
		return catalog, nil
	}
	if i := slices.IndexFunc(suites, func(s bench.Suite) bool { return s.Name == name }); i >= 0 {
		suite := suites[i]
		suite.Kinds, suite.Workloads = catalog.Kinds, catalog.Workloads // what the server process knows
		return suite, nil
	}
	text, err := readSome(name, suitefile.MaxSize+1) // one more, so that Read sees that it is too much
	if errors.Is(err, fs.ErrNotExist) {
		return catalog, usagef("--suite %s: there is no suite and no file of that name%s; allowed: %s, or a file as `poolbench init` writes it",
			name, spelling.Meant(name, suiteNames(suites)), strings.Join(suiteNames(suites), ", "))
	}
	if err != nil {
		return catalog, usagef("--suite: %w", err)
	}
	suite, err := suitefile.Read(name, text, catalog)
	if err != nil && !isSuite(text) { // what is wrong with some other file's first line helps nobody
		return catalog, usagef("--suite %s: that is no suite file; write one to change with `poolbench init`", name)
	}
	return suite, usage(err)
}

// isSuite says whether a text is meant as a suite file: one of its fields begins a line of it.
func isSuite(text []byte) bool {
	keys := []string{"defaults", "scenarios"}
	for _, f := range suitefile.SuiteFields() {
		keys = append(keys, f.Key)
	}
	return regexp.MustCompile(`(?m)^[{\s]*["']?(` + strings.Join(keys, "|") + `)["']?\s*:`).Match(text)
}

// readSome reads a file, n bytes of it at most.
func readSome(path string, n int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, n))
}

// pick leaves in suite the scenarios that were asked for, or the one that the flags make. suites are the built-in ones.
func (c choice) pick(suite *bench.Suite, suites []bench.Suite) error {
	named := c.said(workloadFlag)
	if len(named) > 0 {
		if len(c.scenarios) > 0 {
			return usagef("--%s with --scenario: the one makes a scenario, the other picks one; leave one out", workloadFlag)
		}
		if _, err := workload.Find(suite.Workloads, named[0]); err != nil {
			return usagef("--%s: %w", workloadFlag, err)
		}
		_, made := suitefile.Default()
		made.Name, made.About = named[0], "A scenario from the command line."
		if len(suite.Scenarios) > 0 {
			made.Strategies = suite.Scenarios[0].Strategies
		}
		suite.Name, suite.About, suite.Scenarios = named[0], "", []bench.Scenario{made}
		return nil
	}
	if len(c.scenarios) == 0 {
		return nil
	}
	names := scenarioNames(*suite)
	for _, want := range c.scenarios {
		if slices.Contains(names, want) {
			continue
		}
		if have := holders(suites, want); len(have) > 0 {
			return usagef("--scenario: %q is no scenario of the suite %s, and one of the suite %s: add --suite %s", want, suite.Name, strings.Join(have, " and of "), have[0])
		}
		return usagef("--scenario: unknown scenario %q%s; allowed: %s", want, spelling.Meant(want, names), strings.Join(names, ", "))
	}
	suite.Scenarios = slices.DeleteFunc(suite.Scenarios, func(sc bench.Scenario) bool { return !slices.Contains(c.scenarios, sc.Name) })
	return nil
}

func scenarioNames(suite bench.Suite) []string {
	var names []string
	for _, sc := range suite.Scenarios {
		names = append(names, sc.Name)
	}
	return names
}

// holders are the suites that have a scenario of that name.
func holders(suites []bench.Suite, scenario string) []string {
	var names []string
	for _, s := range suites {
		if slices.Contains(scenarioNames(s), scenario) {
			names = append(names, s.Name)
		}
	}
	return names
}

// said is what a scenario's flag was given; nil: nothing.
func (c choice) said(flag string) []string {
	for _, f := range c.ofEach {
		if f.field.Flag == flag {
			return *f.said
		}
	}
	return nil
}

// blame is what is wrong with the suite, with the flag that it comes from, if it comes from one. The scenario is not named where it would be
// the same with any other: nobody typed its name.
func (c choice) blame(suite bench.Suite) error {
	err := suite.Check()
	var fault *bench.FieldError
	if !errors.As(err, &fault) {
		return usage(err)
	}
	of, key, ofScenario := strings.Cut(fault.At, "].")
	if !ofScenario {
		key = of
	}
	key, _, _ = strings.Cut(key, "[")
	flag := ""
	if ofScenario {
		flag = flagOf(c.ofEach, key)
	} else {
		flag = flagOf(c.ofSuite, key)
	}
	if flag == "" {
		return usage(err)
	}
	if ofScenario && !slices.Contains(c.scenarios, fault.Scenario) && isEverywhere(suite, fault) {
		err = fault.Err
	}
	return usagef("--%s: %w", flag, err)
}

// isEverywhere says whether each of the suite's scenarios would have this fault.
func isEverywhere(suite bench.Suite, fault *bench.FieldError) bool {
	for _, sc := range suite.Scenarios {
		one := suite
		one.Scenarios = []bench.Scenario{sc}
		var same *bench.FieldError
		if !errors.As(one.Check(), &same) || same.Err.Error() != fault.Err.Error() {
			return false
		}
	}
	return true
}

// flagOf is the flag that a field was given by; "" if it was not.
func flagOf[T any](flags []fieldFlag[T], key string) string {
	for _, f := range flags {
		if f.field.Key == key && *f.said != nil {
			return f.field.Flag
		}
	}
	return ""
}

// A fieldFlag is the flag of a field of suite files. It takes what the file takes; a list's flag takes an item and is
// repeated for more, or takes none for an empty list.
type fieldFlag[T any] struct {
	field suitefile.Field[T]
	said  *[]string // nil: the flag was not given
}

func registerFields[T any](f *pflag.FlagSet, flags []fieldFlag[T]) {
	for _, flag := range flags {
		field := flag.field
		help := uncapitalised(strings.TrimSuffix(field.About, "."))
		if field.Many {
			help += "; repeat it for more"
		}
		registered := f.VarPF(flag, field.Flag, "", strings.ReplaceAll(help, "`", "'")) // in backquotes pflag expects the value's name
		if field.Value == "" {
			registered.NoOptDefVal = "true"
		}
	}
}

func uncapitalised(text string) string {
	r, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToLower(r)) + text[size:]
}

func (f fieldFlag[T]) String() string {
	if f.said == nil { // of the zero value, which pflag asks as well
		return ""
	}
	return strings.Join(*f.said, ",")
}

func (f fieldFlag[T]) Type() string {
	if f.field.Value == "" {
		return "bool"
	}
	return f.field.Value
}

// Set implements pflag.Value. The spelling is checked here, so that the error has the flag's name; the value is checked with
// all others.
func (f fieldFlag[T]) Set(text string) error {
	texts := []string{text}
	switch {
	case f.field.Many && text == "":
		texts = []string{}
	case f.field.Comma:
		texts = strings.Split(text, ",")
	}
	if err := f.field.Set(new(T), texts...); err != nil {
		return err
	}
	if f.field.Many {
		texts = append(append([]string{}, *f.said...), texts...) // not nil, even if nothing is in it
	}
	*f.said = texts
	return nil
}

// apply says in t what the flags were given.
func apply[T any](flags []fieldFlag[T], t *T) error {
	for _, f := range flags {
		if *f.said == nil {
			continue
		}
		if err := f.field.Set(t, *f.said...); err != nil {
			return usagef("--%s: %w", f.field.Flag, err)
		}
	}
	return nil
}
