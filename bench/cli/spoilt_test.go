package cli

import (
	"maps"
	"strings"
	"testing"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/trial"
)

// Catches: a warning in every run of open loops, because the driver's ceiling is measured by a driver at its limit.
func TestADriverAtItsLimitIsNoWarningWhereItIsWanted(t *testing.T) {
	bound := []trial.Finding{{Code: finding.DriverBound, Text: "busy; do"}}
	spoilt := map[string]int{}
	for _, x := range []trial.Trial{
		{Strategy: trial.NullServer, Findings: bound},
		{Strategy: trial.NullServer, Findings: []trial.Finding{{Code: finding.MachineDisturbed, Text: "others; do"}}},
		{Strategy: "goroutine", Findings: bound},
		{Strategy: trial.NullServer, Invalid: "late; do", Findings: []trial.Finding{{Code: finding.DriverBound, Text: "late; do", Invalid: true}}},
	} {
		addSpoilt(spoilt, x)
	}
	if want := map[string]int{finding.DriverBound: 2, finding.MachineDisturbed: 1, "invalid": 1}; !maps.Equal(spoilt, want) {
		t.Errorf("got %v, want %v", spoilt, want)
	}
}

// Catches: a run of which nothing can be used, and a terminal that does not say what to do about it; figures of single trials, which make each reason look like one of its own.
func TestWhatMadeTrialsInvalidIsTold(t *testing.T) {
	failed := func(code, text string) trial.Trial {
		return trial.Trial{Invalid: text, Findings: []trial.Finding{
			{Code: finding.DriverLate, Text: "1ms of 2ms; read the service times"}, {Code: code, Text: text, Invalid: true}}}
	}
	none := trial.Trial{Invalid: "the server has ended"}
	for name, c := range map[string]struct {
		trials []trial.Trial
		want   string
	}{
		"all can be used": {[]trial.Trial{{}, {Findings: []trial.Finding{{Code: finding.DriverLate, Text: "late; do"}}}}, ""},
		"one reason with other figures": {[]trial.Trial{failed(finding.DriverPaused, "for 3ms; wait"), failed(finding.DriverPaused, "for 4ms; wait"), {}},
			"driver-paused in 2 (wait)"},
		"what servers did": {[]trial.Trial{none, none, none, failed(finding.LateEdge, "1ms; wait")}, "the server has ended, in 3, late-edge in 1 (wait)"},
		"the most frequent first, and others counted": {[]trial.Trial{none, failed(finding.DriverMissed, "1; lower"), failed(finding.LateEdge, "1ms; wait"),
			failed(finding.LateEdge, "1ms; wait"), failed(finding.DriverPaused, "1ms; leave"), failed(finding.DriverPaused, "1ms; wait"), failed(finding.DriverPaused, "2ms; wait")},
			"driver-paused in 3 (wait), late-edge in 2 (wait), 2 other reasons in 2"},
	} {
		s := spoilers{}
		for _, x := range c.trials {
			s.add(x)
		}
		if got := s.String(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	s := spoilers{}
	s.add(trial.Trial{Invalid: "server died:\npanic\x1b[2J"})
	if got := s.String(); strings.ContainsAny(got, "\n\x1b") {
		t.Errorf("%q has control characters of what a server wrote", got)
	}
}

// Catches: an interrupted run that is said to have twice the trials that its report counts, because what was measured again is among them.
func TestWhatIsKeptIsCountedAsTheReportDoes(t *testing.T) {
	for _, c := range []struct {
		trials, steps, planned int
		want                   string
	}{
		{1, 1, 60, "1 trial of at most 60 planned is"},
		{12, 12, 1200, "12 trials of at most 1,200 planned are"},
		{13, 12, 60, "12 trials of at most 60 planned, and 1 that repeats one of them, are"},
		{24, 12, 60, "12 trials of at most 60 planned, and 12 that repeat some of them, are"},
	} {
		if got := keptText(c.trials, c.steps, c.planned); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
