package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/suitefile"
	"github.com/spf13/cobra"
)

// defaultFile is where init writes a suite.
const defaultFile = "poolbench.yaml"

func initCommand(suites []bench.Suite) *cobra.Command {
	var from string
	c := &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a suite as a file to change",
		Long: fmt.Sprintf(`Write a suite as a YAML file in which each field is explained, to be changed and measured with %s:
to %s unless told otherwise, and to the terminal with the name -. A file that is there is left as it is.`, "`poolbench run --suite`", defaultFile),
		Example: `  poolbench init
  poolbench init mine.yaml
  poolbench init -`,
		RunE: func(c *cobra.Command, args []string) error {
			suite, err := findSuite(suites, from)
			if err != nil {
				return err
			}
			text := suitefile.Write(suite)
			path := defaultFile
			if len(args) > 0 {
				path = args[0]
			}
			if path == "-" {
				_, err := c.OutOrStdout().Write(text)
				return err
			}
			if err := writeNew(path, text); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%s is the suite %s; change it, and measure it with\n\n    poolbench run --suite %s\n", path, suite.Name, path)
			return nil
		},
	}
	c.Flags().StringVar(&from, "suite", "", suiteHelp("start from this suite", suites))
	return c
}

// writeNew writes a file that was not there.
func writeNew(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return usagef("init: %s is there already; move it away, or name another file", path)
	}
	if err != nil {
		return blame(fmt.Errorf("init: %w", err))
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(fmt.Errorf("init: %w", err), os.Remove(path)) // half a suite would be taken for one
	}
	return nil
}
