package view

import (
	"context"
	"slices"
	"sync"

	"github.com/poolbench/poolbench/bench/report"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/verdict"
)

// keptRuns is what a comparison needs. Decoded runs take some ten times the room of their file.
const keptRuns = 2

// A stamp tells whether a run's files are those that were read before.
type stamp [3]struct {
	there    bool
	size     int64
	modified int64 // Unix time in nanoseconds
}

func (f runFS) stamp() stamp {
	var s stamp
	for i, name := range []string{envFile, trialsFile, verdictFile} {
		if info, err := f.Stat(name); err == nil {
			s[i].there, s[i].size, s[i].modified = true, info.Size(), info.ModTime().UnixNano()
		}
	}
	return s
}

// A store keeps what was found out about runs, by their names and stamps.
type store struct {
	work chan struct{} // has room for one: who decodes runs, or draws them, which takes seconds of all CPUs

	mu        sync.Mutex // guards the rest
	summaries map[string]summarised
	loaded    []*loaded // the one used last comes first
}

type summarised struct {
	stamp
	summary
}

// A loaded run is decoded. Its fields belong to who holds the store's work.
type loaded struct {
	name string
	stamp
	run     trial.Run
	verdict verdict.Verdict
	page    []byte // of report.HTML; nil: not drawn yet
}

func newStore() *store {
	return &store{work: make(chan struct{}, 1), summaries: map[string]summarised{}}
}

// summary is what the list says of a run.
func (s *store) summary(f runFS) summary {
	now := f.stamp()
	s.mu.Lock()
	kept, found := s.summaries[f.name]
	s.mu.Unlock()
	if found && kept.stamp == now {
		return kept.summary
	}
	said := summarise(f)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.summaries[f.name] = summarised{now, said}
	return said
}

// forget drops what is kept of runs that are not there any more.
func (s *store) forget(there []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.summaries {
		if !slices.Contains(there, name) {
			delete(s.summaries, name)
		}
	}
	s.loaded = slices.DeleteFunc(s.loaded, func(l *loaded) bool { return !slices.Contains(there, l.name) })
}

// begin waits until nobody else works on runs. The caller calls end when it has done.
func (s *store) begin(ctx context.Context) (end func(), err error) {
	select {
	case s.work <- struct{}{}:
		return func() { <-s.work }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// load decodes a run, for who holds the work; dir is what messages call it. Damage is told in the list from then on.
func (s *store) load(f runFS, dir string) (*loaded, error) {
	now := f.stamp()
	s.mu.Lock()
	at := slices.IndexFunc(s.loaded, func(l *loaded) bool { return l.name == f.name })
	if at >= 0 {
		l := s.loaded[at]
		s.loaded = slices.Delete(s.loaded, at, at+1)
		if l.stamp == now {
			s.loaded = slices.Insert(s.loaded, 0, l)
			s.mu.Unlock()
			return l, nil
		}
	}
	s.loaded = s.loaded[:min(len(s.loaded), keptRuns-1)] // before another one takes its room
	s.mu.Unlock()

	run, err := trial.ReadFS(f, dir)
	if err != nil {
		said := s.summary(f)
		said.Problem, said.Broken, said.Sentence = err.Error(), true, ""
		s.mu.Lock()
		defer s.mu.Unlock()
		s.summaries[f.name] = summarised{now, said}
		return nil, err
	}
	l := &loaded{name: f.name, stamp: now, run: run, verdict: verdict.Of(run)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loaded = slices.Insert(s.loaded, 0, l)
	return l, nil
}

// html is the run's report.
func (l *loaded) html() ([]byte, error) {
	if l.page != nil {
		return l.page, nil
	}
	var err error
	l.page, err = report.HTML(l.run)
	return l.page, err
}
