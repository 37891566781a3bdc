package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/poolbench/poolbench/bench/view"
	"github.com/spf13/cobra"
)

func viewCommand() *cobra.Command {
	var listen string
	var open bool
	c := &cobra.Command{
		Use:   "view [RESULTS]",
		Short: "Show all runs of a folder in a browser, and any two of them side by side",
		Long: `Serve the runs in a folder to a browser on this machine, until Ctrl-C: a list of them, newest first; the report of each, which
is made in memory where a run has none; and two of them side by side, with what ` + "`poolbench compare`" + ` says of them and both
verdicts. RESULTS is a folder of runs; without it, results. Nothing is written into it.

The address is printed on stdout. It is one of this machine alone; from another machine, ` + "`ssh -L`" + ` leads there.`,
		Example: `  poolbench view --open
  poolbench view results --listen 127.0.0.1:8080`,
		RunE: func(c *cobra.Command, args []string) error {
			folder := filepath.Dir(latest)
			if len(args) > 0 {
				folder = args[0]
			}
			if err := checkResults(folder); err != nil {
				return usage(err)
			}
			ln, err := view.Listen(listen)
			if err != nil {
				return usagef("--listen %w", err)
			}
			url := fmt.Sprintf("http://%s/", ln.Addr())
			fmt.Fprintln(c.OutOrStdout(), url)
			fmt.Fprintf(c.ErrOrStderr(), "showing the runs in %s; Ctrl-C ends it\n", folder)
			if open {
				var opening sync.WaitGroup
				opening.Go(func() { openURL(c.Context(), c.ErrOrStderr(), url) }) // it waits for the browser, which waits for the page
				defer opening.Wait()
			}
			return view.Serve(c.Context(), ln, view.New(folder))
		},
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "`ADDRESS` to listen on; one of this machine alone")
	c.Flags().BoolVar(&open, "open", false, "open a browser on it; BROWSER names another than the system's")
	return c
}

// checkResults says why a folder cannot be one of runs.
func checkResults(folder string) error {
	info, err := os.Stat(folder)
	switch {
	case os.IsNotExist(err):
		return fmt.Errorf("there is no folder %s: name the one that holds the runs, or measure one with `poolbench run`", folder)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is no folder: name the one that holds the runs", folder)
	}
	if _, err := os.Stat(filepath.Join(folder, "env.json")); err == nil {
		return fmt.Errorf("%s is a run: name the folder that holds it, %s, or show its report with `poolbench report %[1]s --open`", folder, filepath.Dir(filepath.Clean(folder)))
	}
	return nil
}
