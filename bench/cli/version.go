package cli

import (
	"fmt"
	"runtime"

	"github.com/poolbench/poolbench/bench/internal/env"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/spf13/cobra"
)

// versionFlag has the root command say which program it is. It is not cobra's own, which wants to be told the version at each
// start, and who does not know its commit asks git.
func versionFlag(root *cobra.Command) {
	var asked bool
	root.Flags().BoolVar(&asked, "version", false, "print version, commit and Go version, as records have them")
	otherwise := root.RunE
	root.RunE = func(c *cobra.Command, args []string) error {
		if !asked {
			return otherwise(c, args)
		}
		_, err := fmt.Fprintln(c.OutOrStdout(), versionLine(env.Collect(nil, 0)))
		return err
	}
}

func versionLine(e trial.Env) string {
	changed := ""
	if e.Dirty {
		changed = " with changes"
	}
	return fmt.Sprintf("poolbench %s, commit %s%s, %s %s/%s", e.Version, e.Commit, changed, e.Platform.GoVersion, runtime.GOOS, runtime.GOARCH)
}
