// Package cli is the command line of poolbench. [Main] is also the whole main of a user who measures strategies or
// workloads of their own: everything that the commands can reach is in the suite that they are given.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/gate"
	"github.com/poolbench/poolbench/strategies/spelling"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Exit codes.
const (
	exitGood        = 0
	exitInternal    = 1   // also where the system refuses, such as on a full disk
	exitUsage       = 2   // bad input: the line on stderr says what to do
	exitViolated    = 3   // the run is written, and does not keep to a threshold
	exitInvalid     = 4   // the run is written, and nothing can be said by it, or no threshold be judged
	exitInterrupted = 130 // 128 + SIGINT, as shells report it
)

// mostInvalid is where a run is too bad to be judged, in words. Whoever asks no threshold of it is told what it says all the same: on a
// machine that others use as well most runs have such trials, and their report says which.
var mostInvalid = fmt.Sprintf("more than %.0f %%", 100*gate.MostInvalid)

// Main runs the command line in os.Args and exits. The suite is what `run` measures unless told otherwise, and the list
// of strategies and workloads for all commands; more are other suites that `run` can be told to measure by their names,
// with the first one's strategies and workloads.
func Main(suite bench.Suite, more ...bench.Suite) {
	suite.ServeIfChild()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // once: a second Ctrl-C ends a command that takes too long to end by itself
	code := Execute(ctx, suite, os.Args[1:], os.Stdout, os.Stderr, more...)
	stop()
	os.Exit(code)
}

// Execute runs one command line and returns its exit code; suite and more are as for Main. Data goes to stdout; progress,
// and the line of an error, to stderr, where the line's place in a suite file follows if it is about one. When ctx ends, the command ends as on Ctrl-C.
func Execute(ctx context.Context, suite bench.Suite, args []string, stdout, stderr io.Writer, more ...bench.Suite) int {
	suites := append([]bench.Suite{suite}, more...)
	root := &cobra.Command{
		Use:   "poolbench",
		Short: "Which concurrency strategy should a Go server use, and with which limit?",
		Long: `poolbench measures concurrency strategies for Go servers (a goroutine for each connection, a channel
pool, ants, pond and more) with the same handler, each in a process of its own, and reports what
differs, what does not, and who was never served.

Exit codes: 0 good, 1 it could not be done (such as on a full disk), 2 bad input (one line says what to do), 3 a threshold is violated
(--fail-if, --fail-if-worse), 4 nobody can tell, 130 interrupted. With 3 and 4 the results are written, and say why.

Nobody can tell (4): run and claims if not one trial is valid, and pick if no candidate has one; a run of which some are invalid says what
it can, and is 0. To judge by it takes more: run --fail-if and check are 4 also if ` + mostInvalid + ` of what was to be measured has
no valid trial, or a threshold cannot be judged somewhere; check, if the run was stopped before its end; compare --fail-if-worse, if
nothing can be compared, or NEW has nothing to compare of what it was asked for and OLD has. doctor is 4 if something here would make trials invalid.`,
		Example: `  poolbench doctor
  poolbench run
  poolbench list
  source <(poolbench completion bash)
  poolbench init mine.yaml
  poolbench serve --strategy tutorial --workload exchange --listen :2727`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetArgs(append([]string{}, args...)) // nil would be those of this process
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		if unknown := unknownCommand(root, args); c == root && unknown != nil {
			return unknown // whose flags nobody can know
		}
		return usageError{flagFault(err)}
	})
	root.AddCommand(
		runCommand(suites, args), pickCommand(suite, args), claimsCommand(suites, args),
		initCommand(suites), reportCommand(), plotCommand(), viewCommand(),
		compareCommand(), checkCommand(), exportCommand(),
		serveCommand(suite), driveCommand(suite), listCommand(suites),
		doctorCommand(suites), completionCommand(), manCommand(),
	)
	for _, c := range root.Commands() {
		c.Args = usageArgs(c.Args)
	}
	root.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	helpOfCommandsAlone(root)
	root.Args = func(_ *cobra.Command, args []string) error { return unknownCommand(root, args) }
	var unhelped error // cobra lets no help fail
	help := root.HelpFunc()
	root.SetHelpFunc(func(c *cobra.Command, rest []string) {
		if c == root {
			unhelped = unknownCommand(root, rest)
		}
		if unhelped == nil {
			help(c, rest)
		}
	})
	versionFlag(root)
	completeAll(root, suites)

	err := cmp.Or(root.ExecuteContext(ctx), unhelped)
	if err == nil {
		return exitGood
	}
	fmt.Fprintf(stderr, "poolbench: %v\n", err)
	var usage usageError
	var coded codedError
	switch {
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &coded):
		return coded.code
	case ctx.Err() != nil:
		return exitInterrupted
	default:
		return exitInternal
	}
}

// unknownCommand is an error if args, which are no command's, name one all the same: whatever flags stand around the name.
func unknownCommand(root *cobra.Command, args []string) error {
	at := slices.IndexFunc(args, func(arg string) bool { return !strings.HasPrefix(arg, "-") })
	if at < 0 {
		return nil
	}
	var names []string
	for _, command := range root.Commands() {
		names = append(names, command.Name())
	}
	return usagef("unknown command %q%s; see `%s --help`", args[at], spelling.Meant(args[at], names), root.Name())
}

// helpOfCommandsAlone has `help` fail where there is no such command: cobra's own succeeds.
func helpOfCommandsAlone(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		if c.Name() != "help" {
			continue
		}
		show := c.Run
		c.Run = nil
		c.RunE = func(c *cobra.Command, args []string) error {
			if _, unknown, err := root.Find(args); err != nil || len(unknown) > 0 {
				return usagef("help %s: there is no such command; see `poolbench --help`", strings.Join(args, " "))
			}
			show(c, args)
			return nil
		}
	}
}

// flagFault is err in the words of suite files where a flag was given what it does not take.
func flagFault(err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	flag, text := "--"+invalid.GetFlag().Name, invalid.GetValue()
	kind := invalid.GetFlag().Value.Type()
	wanted := map[string]string{"int": "a whole number", "uint64": "a whole number from 0", "float64": "a number", "bool": "true or false"}[kind]
	if kind == "duration" {
		wanted = "a time with its unit, such as 5ms or 1m30s"
		if spelling.LacksUnit(text) {
			wanted = fmt.Sprintf("a time with its unit: %ss, or %sms", text, text)
		}
	}
	said := invalid.Unwrap().Error()
	switch {
	case wanted != "" && !strings.HasPrefix(said, `"`): // pflag's own; a field's says it by itself
		return fmt.Errorf("%s %q: has to be %s", flag, text, wanted)
	case strings.HasPrefix(said, `"`): // the value, or the item of it that is wrong
		return fmt.Errorf("%s %s", flag, said)
	}
	return fmt.Errorf("%s: %s", flag, said)
}

// usageError is an error that the user can mend by asking for something else.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

// blame is err as a usage error, unless the system refused what was asked for: no other input mends a full disk or a folder that may not
// be written. What is not there, is there already, or is a folder where a file is meant or a file where a folder is, is named wrongly.
func blame(err error) error {
	var refused syscall.Errno
	if !errors.As(err, &refused) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist) || slices.Contains([]syscall.Errno{syscall.ENOTDIR, syscall.EISDIR, syscall.ENAMETOOLONG}, refused) {
		return usage(err)
	}
	return err
}

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// usageArgs holds a command to the arguments that its line of use names, after what check has to say of them: none, so many, or as
// "[RUN]" one at most.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		var err error
		if check != nil {
			err = check(c, args)
		}
		names := strings.Fields(c.Use)[1:]
		switch {
		case err != nil:
		case len(names) == 0 && len(args) > 0:
			err = fmt.Errorf("%s takes no argument, and %q is one", c.Name(), args[0])
		case len(names) == 1 && strings.HasPrefix(names[0], "["):
			if len(args) > 1 {
				err = fmt.Errorf("%s takes one %s at most, and %d were given", c.Name(), strings.Trim(names[0], "[]"), len(args))
			}
		case len(names) != len(args):
			err = fmt.Errorf("%s takes %s, and %s given", c.Name(), strings.Join(names, " and "), map[int]string{0: "nothing was", 1: "one of them was"}[len(args)])
			if len(args) > len(names) {
				err = fmt.Errorf("%s takes %s, and %d were given", c.Name(), strings.Join(names, " and "), len(args))
			}
		}
		if err != nil {
			return usagef("%w; see `%s --help`", err, c.CommandPath())
		}
		return nil
	}
}

// either lists what there is to choose from: "a, b or c".
func either(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
