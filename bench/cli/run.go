package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/claims"
	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/gate"
	"github.com/poolbench/poolbench/bench/internal/figures"
	"github.com/poolbench/poolbench/bench/suitefile"
	"github.com/poolbench/poolbench/bench/trial"
)

// A session is a run that is about to be measured, or to go on.
type session struct {
	suite    bench.Suite
	options  bench.RunOptions
	env      trial.Env
	writer   *trial.Writer
	recorded int         // trials that are there already
	results  string      // the folder whose link leads to the newest run
	rules    []gate.Rule // that what is measured is held to
	silent   bool        // the verdict and the files are written, and somebody else says what came of it
}

// begin makes the folder of a new run, and proves that results can be written there before anything is measured.
func begin(suite bench.Suite, flags runFlags, args []string) (session, error) {
	if err := flags.checkFolder(); err != nil {
		return session{}, err
	}
	if err := errors.Join(suite.Feasible(), bench.CheckDriver(flags.driver)); err != nil {
		return session{}, err
	}
	sides, err := bench.ParseSides(flags.serverCPUs, flags.driverCPUs)
	if err != nil {
		return session{}, err
	}
	s := session{suite: suite, options: bench.RunOptions{Seed: flags.seed, Sides: sides, Driver: flags.driver}, results: flags.results}
	if s.env, err = suite.Environment(s.options, append([]string{"poolbench"}, args...)); err != nil {
		return session{}, err
	}
	s.env.Situation = flags.situation
	if err := s.hold(flags.rules); err != nil {
		return session{}, err
	}
	name := cmp.Or(flags.name, trial.NewRunName(s.env.Started, s.env.Commit))
	if s.writer, err = trial.Create(filepath.Join(flags.results, name)); err != nil {
		return session{}, err
	}
	if err := errors.Join(s.writer.WriteSuite(suitefile.Write(suite)), s.writer.WriteEnv(s.env)); err != nil {
		return session{}, errors.Join(err, s.writer.Close())
	}
	return s, nil
}

// resume opens a run that was stopped: its own suite, seed, driver and CPUs, on the same machine.
func resume(dir string, catalog bench.Suite, rules []gate.Rule) (session, error) {
	writer, run, err := trial.Resume(dir)
	if err != nil {
		return session{}, err
	}
	s, err := resumed(writer, run, catalog)
	if err == nil {
		err = s.hold(rules)
	}
	if err == nil {
		err = writer.WriteEnv(s.env)
	}
	if err != nil {
		return session{}, errors.Join(fmt.Errorf("resume %s: %w", dir, err), writer.Close())
	}
	return s, nil
}

func resumed(writer *trial.Writer, run trial.Run, catalog bench.Suite) (session, error) {
	s := session{writer: writer, env: run.Env, recorded: len(run.Trials), results: filepath.Dir(run.Dir)}
	name, text, err := trial.ReadSuite(run.Dir)
	if err != nil {
		return session{}, err
	}
	if s.suite, err = suitefile.Read(name, text, catalog); err != nil {
		return session{}, err
	}
	s.options = bench.RunOptions{Seed: run.Env.Seed, Driver: run.Env.Drives, Recorded: run.Trials}
	if s.options.Sides, err = bench.SidesOf(run.Env); err != nil {
		return session{}, err
	}
	now, err := s.suite.Environment(s.options, run.Env.Command)
	if err != nil {
		return session{}, err
	}
	if was, is := machine(run.Env), machine(now); was != is {
		return session{}, fmt.Errorf("it was measured with %s, and this is %s: trials of two machines cannot be compared; measure anew", was, is)
	}
	if err := errors.Join(s.suite.Feasible(), bench.CheckDriver(s.options.Driver)); err != nil {
		return session{}, err
	}
	s.env.Finished, s.env.Interrupted = time.Time{}, false
	s.env.Warnings = append(s.env.Warnings, trial.Warning{Code: "resumed", Text: fmt.Sprintf(
		"the run was stopped after %s and went on at %s: the machine may have been another state before and after", figures.Counted(len(run.Trials), "trial"), now.Started.Format(time.DateTime))})
	return s, nil
}

// keptText is what of an interrupted run is kept, in the numbers that the report has: of planned trials, and of those that were measured
// again because they could not be used.
func keptText(trials, steps, planned int) string {
	text := fmt.Sprintf("%s of at most %s planned", figures.Counted(steps, "trial"), figures.Count(planned))
	switch again := trials - steps; {
	case again == 1:
		text += ", and 1 that repeats one of them, are"
	case again > 1:
		text += fmt.Sprintf(", and %s that repeat some of them, are", figures.Count(again))
	case steps == 1:
		text += " is"
	default:
		text += " are"
	}
	return text
}

// hold has the run be held to rules at its end, which have to be about something that it measures.
func (s *session) hold(rules []gate.Rule) error {
	var scenarios, strategies []string
	for _, sc := range s.env.Scenarios {
		scenarios = append(scenarios, sc.Name)
		strategies = append(strategies, sc.Strategies...)
	}
	s.rules = rules
	return checkFailIf(rules, scenarios, strategies)
}

// machine is what has to be the same in all trials of a run.
func machine(e trial.Env) string {
	p := e.Platform
	changed := ""
	if e.Dirty {
		changed = " with changes"
	}
	return fmt.Sprintf("%s (%d CPUs, %s %s), %s, commit %s%s", cmp.Or(p.CPUModel, "an unknown processor"), p.CPUs, p.GOOS, p.Kernel, p.GoVersion, e.Commit, changed)
}

// run measures a session and publishes what came of it.
func (s session) run(ctx context.Context, stdout, stderr io.Writer) error {
	defer s.writer.Close()
	shown := newProgress(stderr, s.env.Scenarios)
	defer shown.end()
	kept, steps, valid, spoilt, reasons := s.recorded, 0, 0, map[string]int{}, spoilers{}
	count := func(t trial.Trial) {
		if t.Attempt == 0 {
			steps++
		}
		if t.Invalid == "" && !t.Calibrates {
			valid++
		}
		addSpoilt(spoilt, t)
		reasons.add(t)
	}
	for _, t := range s.options.Recorded {
		count(t)
	}
	s.options.Upcoming = shown.upcoming
	s.options.Warn = func(w trial.Warning) { // one that goes on tells what it told before
		if !slices.Contains(s.env.Warnings, w) {
			s.env.Warnings = append(s.env.Warnings, w)
			shown.warned(w)
		}
	}
	runErr := s.suite.Run(ctx, s.options, func(t trial.Trial) error {
		if err := s.writer.Append(t); err != nil {
			return err
		}
		kept++
		count(t)
		shown.measured(t)
		return nil
	})
	shown.end()
	s.env.Finished, s.env.Interrupted = time.Now().UTC(), runErr != nil
	switch {
	case runErr == nil:
		s.env.Planned = steps // what was decided early needs no more
	case ctx.Err() != nil && errors.Is(runErr, ctx.Err()):
		runErr = fmt.Errorf("interrupted; %s kept in %s; go on with `%s`", keptText(kept, steps, s.env.Planned), s.writer.Dir(), goOn(s.writer.Dir(), s.env))
	}
	if runErr == nil && valid == 0 {
		more := filepath.Join(s.writer.Dir(), "report.md") + " says more"
		if reasons.disturbed() {
			more = lookDoctor + ", and " + more
		}
		runErr = codedf(exitInvalid, "not one of %s is valid: %v; %s", figures.Counted(kept, "trial"), reasons, more)
	}
	if err := errors.Join(s.writer.WriteEnv(s.env), s.writer.Close()); err != nil {
		return errors.Join(runErr, err)
	}
	warnings := warningsOf(s.env, spoilt, kept)
	if kept == 0 || s.silent {
		printWarnings(stderr, warnings)
	}
	if kept == 0 { // nothing to draw, and results/latest stays with what there is
		return runErr
	}
	said := stderr
	if s.silent {
		stdout, said = io.Discard, io.Discard
	}
	if err := errors.Join(runErr, publish(s.results, s.writer.Dir(), stdout, said, warnings)); err != nil || len(s.rules) == 0 {
		return err
	}
	run, err := trial.Read(s.writer.Dir())
	if err != nil {
		return err
	}
	return judgeRun(stderr, run, s.rules)
}

// goOn is the command line that goes on with a run and ends with what the run was measured for.
func goOn(dir string, env trial.Env) string {
	line := "poolbench run --resume " + dir
	switch {
	case len(env.Situation) > 0:
		line += " && poolbench pick " + dir
	case env.Suite == claims.Suite:
		line += " && poolbench claims " + dir
	}
	return line
}

// checkFolder says why the run's folder cannot be what was asked for, before anything is measured for it.
func (r runFlags) checkFolder() error {
	switch {
	case r.name == filepath.Base(latest):
		return fmt.Errorf("--name %s: that is the link to the newest run; name another folder", r.name)
	case r.name != "" && (r.name != filepath.Base(r.name) || r.name == "." || r.name == ".."):
		return fmt.Errorf("--name %s: has to be a plain name; say with --results where the run's folder is made", r.name)
	}
	for dir := filepath.Clean(r.results); ; dir = filepath.Dir(dir) { // the first part of it that is there
		info, err := os.Stat(dir)
		if err == nil && !info.IsDir() {
			return fmt.Errorf("--results %s: %s is a file, and runs are put into a folder; name another one", r.results, dir)
		}
		if err == nil || dir == filepath.Dir(dir) {
			break
		}
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

// warningsOf says what spoilt trials, once for each kind: they are in the report too, but whoever waits should know.
func warningsOf(env trial.Env, spoilt map[string]int, trials int) []string {
	var all []string
	for _, w := range env.Warnings {
		all = append(all, w.Text)
	}
	var counts []string
	for _, code := range slices.Sorted(maps.Keys(spoilt)) {
		counts = append(counts, fmt.Sprintf("%s in %d", code, spoilt[code]))
	}
	if len(counts) > 0 {
		all = append(all, fmt.Sprintf("%s of %s; report.md says more", strings.Join(counts, ", "), figures.Counted(trials, "trial")))
	}
	return all
}

// publish lets results/latest lead to a run that has ended, and draws it: in this order, so that `poolbench report` draws
// it again if it could not be drawn.
func publish(results, dir string, stdout, stderr io.Writer, warnings []string) error {
	return errors.Join(trial.PointLatest(results, dir), drawReport(stdout, stderr, []string{dir}, warnings))
}
