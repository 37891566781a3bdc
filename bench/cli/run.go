package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/report"
	"github.com/poolbench/poolbench/bench/trial"
)

func run(ctx context.Context, suite bench.Suite, flags runFlags, args []string, stdout, stderr io.Writer) error {
	if err := flags.checkFolder(); err != nil {
		return usage(err)
	}
	if err := errors.Join(suite.Feasible(), bench.CheckDriver(flags.driver)); err != nil {
		return usage(err)
	}
	sides, err := bench.ParseSides(flags.serverCPUs, flags.driverCPUs)
	if err != nil {
		return usage(err)
	}
	options := bench.RunOptions{Seed: flags.seed, Sides: sides, Driver: flags.driver}
	env, err := suite.Environment(options, append([]string{"poolbench"}, args...))
	if err != nil {
		return usage(err)
	}
	if flags.name == "" {
		flags.name = trial.NewRunName(env.Started, env.Commit)
	}
	writer, err := trial.Create(filepath.Join(flags.results, flags.name))
	if err != nil {
		return usage(err)
	}
	defer writer.Close()
	if err := writer.WriteEnv(env); err != nil {
		return err
	}

	shown := newProgress(stderr, env.Planned)
	kept, steps, valid, spoilt := 0, 0, 0, map[string]int{}
	options.Upcoming = shown.upcoming
	runErr := suite.Run(ctx, options, func(t trial.Trial) error {
		if err := writer.Append(t); err != nil {
			return err
		}
		kept++
		if t.Attempt == 0 {
			steps++
		}
		if t.Invalid == "" {
			valid++
		}
		addSpoilt(spoilt, t)
		return nil
	})
	shown.end()
	warnOf(stderr, env, spoilt, kept)
	switch {
	case ctx.Err() != nil && errors.Is(runErr, ctx.Err()):
		runErr = fmt.Errorf("interrupted; the %d trials that were measured are kept in %s", kept, writer.Dir())
	case runErr == nil && valid == 0:
		runErr = fmt.Errorf("not one of %d trials is valid; %s says why", kept, filepath.Join(writer.Dir(), "report.md"))
	}
	env.Finished = time.Now().UTC()
	env.Interrupted = steps < env.Planned
	if err := errors.Join(writer.WriteEnv(env), writer.Close()); err != nil {
		return errors.Join(runErr, err)
	}
	if kept == 0 { // nothing to draw, and results/latest stays with what there is
		return runErr
	}
	return errors.Join(runErr, publish(flags.results, writer.Dir(), stdout, stderr))
}

// checkFolder says why the run's folder cannot be what was asked for, before anything is measured for it.
func (r runFlags) checkFolder() error {
	switch {
	case r.name == filepath.Base(latest):
		return fmt.Errorf("--name %s: that is the link to the newest run; name another folder", r.name)
	case r.name != "" && (r.name != filepath.Base(r.name) || r.name == "." || r.name == ".."):
		return fmt.Errorf("--name %s: has to be a plain name; say with --results where the run's folder is made", r.name)
	}
	link := filepath.Join(r.results, filepath.Base(latest))
	if info, err := os.Lstat(link); err == nil && info.IsDir() {
		return fmt.Errorf("--results %s: %s is a folder, and has to be the link to the newest run; move it away", r.results, link)
	}
	return nil
}

// addSpoilt counts what t says of itself, by code.
func addSpoilt(spoilt map[string]int, t trial.Trial) {
	if t.Invalid != "" {
		spoilt["invalid"]++
	}
	for _, f := range t.Findings {
		if !finding.AsWanted(t, f) {
			spoilt[f.Code]++
		}
	}
}

// warnOf says what spoilt trials, once for each kind: they are in the report too, but whoever waits should know.
func warnOf(stderr io.Writer, env trial.Env, spoilt map[string]int, trials int) {
	for _, w := range env.Warnings {
		fmt.Fprintln(stderr, "poolbench: warning:", w.Text)
	}
	for _, code := range slices.Sorted(maps.Keys(spoilt)) {
		fmt.Fprintf(stderr, "poolbench: warning: %s in %d of %d trials; report.md says more\n", code, spoilt[code], trials)
	}
}

// publish lets results/latest lead to a run that has ended, and draws it: in this order, so that `poolbench report` draws
// it again if it could not be drawn.
func publish(results, dir string, stdout, stderr io.Writer) error {
	return errors.Join(trial.PointLatest(results, dir), draw(stdout, stderr, []string{dir}, report.Write))
}
