package view

import (
	"cmp"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/poolbench/poolbench/bench/internal/figures"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/verdict"
)

// A summary is what the list says of a run. Texts are empty where the run does not tell.
type summary struct {
	Name     string
	Started  time.Time // zero where env.json cannot be read
	Took     string
	Machine  string
	Asked    string // of which suite or scenarios
	Trials   int
	Partial  string // why it does not hold all that was planned
	Sentence string // the verdict's first
	Problem  string // why it cannot be shown, or not all of it
	Broken   bool   // nothing can be compared or drawn

	kind string // the same for runs of the same scenarios of the same suite
}

// TrialsText is how many trials there are, in words.
func (s summary) TrialsText() string { return figures.Counted(s.Trials, "trial") }

// summarise reads the little that the list needs.
func summarise(f runFS) summary {
	s := summary{Name: f.name}
	broken := func(err error) summary {
		s.Problem, s.Broken = err.Error(), true
		return s
	}
	env, err := trial.ReadEnv(f, f.name)
	if err != nil {
		return broken(err)
	}
	s.Started, s.Machine = env.Started, machine(env.Platform)
	s.Asked, s.kind = asked(env)
	if env.Finished.After(env.Started) {
		s.Took = env.Finished.Sub(env.Started).Round(time.Second).String()
	}
	if !f.has(trialsFile) {
		return broken(fmt.Errorf("%s has no %s: copy the whole folder, or measure again", f.name, trialsFile))
	}
	if s.Trials, err = f.trials(); err != nil {
		return broken(err)
	}
	s.Partial = partial(env, s.Trials)
	v, err := f.verdict()
	switch {
	case err == nil && outdated(f, env):
		s.Sentence = ""
	case err == nil:
		s.Sentence = firstSentence(v)
	case f.has(verdictFile):
		s.Problem = err.Error()
	}
	return s
}

// fewScenarios are named: a run of so many was hardly that of a whole suite.
const fewScenarios = 3

// asked says which suite was measured, or which scenarios of one, and what runs that were asked the same have in common.
func asked(e trial.Env) (text, kind string) {
	var names []string
	for _, sc := range e.Scenarios {
		names = append(names, sc.Name)
	}
	kind = fmt.Sprintf("%q %q", e.Suite, slices.Sorted(slices.Values(names)))
	of := ""
	if e.Suite != "" {
		of = "suite " + e.Suite
	}
	if n := len(names); n == 0 || n > fewScenarios {
		return of, kind
	}
	text = strings.Join(names, ", ")
	if of != "" {
		text += " (of " + of + ")"
	}
	return text, kind
}

// partial is why a run of so many trials does not hold all that was planned. A run that ended writes down how many it needed,
// so that this agrees with package trial, which counts them one by one.
func partial(e trial.Env, trials int) string {
	switch {
	case e.Interrupted:
		return fmt.Sprintf("interrupted after %s of at most %s", figures.Count(trials), figures.Counted(e.Planned, "trial"))
	case e.Finished.IsZero():
		return fmt.Sprintf("goes on, or was killed: %s of at most %s", figures.Count(trials), figures.Counted(e.Planned, "trial"))
	default:
		return ""
	}
}

// outdated reports whether the verdict is of a time when the run had fewer trials: a run that was stopped has one, and
// then goes on.
func outdated(f runFS, e trial.Env) bool {
	if !e.Finished.IsZero() {
		return false // and times mean nothing: a checkout or a copy gives files others
	}
	said, err := f.Stat(verdictFile)
	if err != nil {
		return false
	}
	measured, err := f.Stat(trialsFile)
	return err == nil && said.ModTime().Before(measured.ModTime())
}

// machine is the machine in short.
func machine(p trial.Platform) string {
	var parts []string
	if p.CPUModel != "" {
		parts = append(parts, p.CPUModel)
	}
	if p.CPUs > 0 {
		parts = append(parts, fmt.Sprintf("%d CPUs", p.CPUs))
	}
	if p.GOOS != "" {
		parts = append(parts, strings.Trim(p.GOOS+"/"+p.GOARCH, "/"))
	}
	return strings.Join(parts, ", ")
}

// firstSentence is what a verdict begins with. One without scenarios that compare begins with what it has found otherwise.
func firstSentence(v verdict.Verdict) string {
	switch {
	case len(v.Scenarios) > 0 && len(v.Overall.Sentences) > 0:
		return v.Overall.Sentences[0]
	case len(v.Capacities) > 0:
		return v.Capacities[0].Scenario + ": " + v.Capacities[0].Sentence
	case len(v.Sizes) > 0:
		return v.Sizes[0].Scenario + ": " + v.Sizes[0].Sentence
	default:
		return ""
	}
}

// A listed run is a summary with what its place in the list adds.
type listed struct {
	summary
	Latest   bool // results/latest leads to it
	Old, New bool // chosen for a comparison until the reader says otherwise
	Files    []string
	modified time.Time // of the folder: stands in for when it was measured
}

// When is the start of the run, for a reader.
func (l listed) When() string {
	if l.Started.IsZero() {
		return ""
	}
	return l.Started.UTC().Format("2006-01-02 15:04 UTC")
}

// HasReport reports whether there is a report.html, or one can be made.
func (l listed) HasReport() bool { return slices.Contains(l.Files, reportPage) }

func (l listed) at() time.Time {
	if l.Started.IsZero() {
		return l.modified
	}
	return l.Started
}

// A list is all that a folder holds.
type list struct {
	Folder   string
	Runs     []listed // newest first
	Others   []string // folders that hold no run
	Outside  []string // links that lead out of the folder, or nowhere
	Compares bool     // there are two that can be compared
}

// index shows the list.
func (s *server) index(w http.ResponseWriter, _ *http.Request, root *os.Root) error {
	l, err := s.list(root)
	if err != nil {
		return err
	}
	s.show(w, http.StatusOK, "index.html", l)
	return nil
}

func (s *server) list(root *os.Root) (list, error) {
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return list{}, err
	}
	l := list{Folder: s.folder}
	latest := ""
	var names []string
	for _, e := range entries {
		name := e.Name()
		switch {
		case !runName(name):
		case e.Type()&fs.ModeSymlink != 0:
			// Where it leads within the folder, the run has its own entry.
			if _, err := root.Stat(name); err != nil {
				l.Outside = append(l.Outside, name)
			} else if target, err := root.Readlink(name); err == nil && name == "latest" {
				latest = path.Clean(filepath.ToSlash(target))
			}
		case e.IsDir():
			names = append(names, name)
		}
	}
	for _, name := range names {
		f := runFS{root, name}
		if !f.has(envFile) && !f.has(trialsFile) {
			l.Others = append(l.Others, name)
			continue
		}
		run := listed{summary: s.store.summary(f), Latest: name == latest}
		if info, err := root.Stat(name); err == nil {
			run.modified = info.ModTime()
		}
		for _, file := range []string{reportPage, reportText, trialsFile, verdictFile} {
			if f.has(file) || !run.Broken && made[file] != nil {
				run.Files = append(run.Files, file)
			}
		}
		l.Runs = append(l.Runs, run)
	}
	s.store.forget(names)
	slices.SortStableFunc(l.Runs, func(a, b listed) int {
		return cmp.Or(b.at().Compare(a.at()), cmp.Compare(b.Name, a.Name))
	})
	l.choose()
	return l, nil
}

// choose proposes what most readers want to compare: the newest run that ended, and the one before it that was asked the same. Without
// such a pair it is the newest two that can be compared at all.
func (l *list) choose() {
	var able, whole []*listed
	for i := range l.Runs {
		run := &l.Runs[i]
		if run.Broken {
			continue
		}
		able = append(able, run)
		if run.Partial == "" {
			whole = append(whole, run)
		}
	}
	if l.Compares = len(able) > 1; !l.Compares {
		if len(able) > 0 {
			able[0].New = true
		}
		return
	}
	for i, run := range whole {
		for _, before := range whole[i+1:] {
			if before.kind == run.kind {
				run.New, before.Old = true, true
				return
			}
		}
	}
	able[0].New, able[1].Old = true, true
}
