package report

import (
	"strings"
	"testing"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/trial"
)

// attempted makes a run of one strategy in which each planned trial is given by its attempts: "" is valid, anything else
// the code of the finding that made it invalid.
func attempted(steps ...[]string) trial.Run {
	var run trial.Run
	for repetition, attempts := range steps {
		for attempt, code := range attempts {
			t := trial.Trial{Scenario: "echo", Strategy: "ants", Repetition: repetition, Attempt: attempt, Seq: len(run.Trials),
				Load: trial.Load{Loop: trial.Closed, Clients: 1}}
			switch code {
			case "":
			case "died":
				t.Invalid = "the child died"
			default:
				f := trial.Finding{Code: code, Text: code + " was seen; leave it alone", Invalid: true}
				t.Findings, t.Invalid = []trial.Finding{f}, f.Text
			}
			run.Trials = append(run.Trials, t)
		}
	}
	run.Env.Planned = len(steps)
	return run
}

// Catches: attempts that are counted as planned trials, reasons of the wrong attempt, a trial that was saved by a
// repetition and is called lost, the reverse, and reasons in the order of a map.
func TestTheHeaderSaysWhatWasMeasuredAgainAndWhy(t *testing.T) {
	for name, c := range map[string]struct {
		steps [][]string
		want  string
	}{
		"nothing again":            {[][]string{{""}, {""}}, "all of 2 trials"},
		"saved":                    {[][]string{{""}, {"machine-disturbed", ""}}, "all of 2 trials; 1 of them measured again (machine-disturbed 1 ×)"},
		"twice":                    {[][]string{{"machine-disturbed", "driver-paused", ""}}, "all of 1 trial; 1 of them measured again (driver-paused 1 ×, machine-disturbed 1 ×)"},
		"the frequent one first":   {[][]string{{"b-b", ""}, {"b-b", ""}, {"a-a", ""}}, "all of 3 trials; 3 of them measured again (b-b 2 ×, a-a 1 ×)"},
		"lost":                     {[][]string{{"b-b", "b-b", "a-a"}, {""}}, "all of 2 trials; 1 of them measured again (b-b 2 ×); 1 stayed invalid and was left out"},
		"lost at once, and died":   {[][]string{{"a-a"}, {"died"}}, "all of 2 trials; 2 stayed invalid and were left out"},
		"died, and measured again": {[][]string{{"died", ""}}, "all of 1 trial; 1 of them measured again (failed 1 ×)"},
	} {
		if got := newView(attempted(c.steps...)).trialsText(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// Catches: attempts at one trial that are taken for those at another.
func TestTheTwinIsATrialOfItsOwn(t *testing.T) {
	run := attempted([]string{"a-a"}, []string{""})
	run.Trials[1].Repetition, run.Trials[1].Twin = 0, true
	if got, want := newView(run).trialsText(), "all of 2 trials; 1 stayed invalid and was left out"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// Catches: a finding that is left out, counted wrongly or printed once for each trial; an invalid trial that is not listed; the
// same text twice; the ceiling's trials called bad for being what they are.
func TestFindingsAreFootnotesByCode(t *testing.T) {
	run := attempted([]string{""}, []string{"machine-disturbed", ""}, []string{"died"})
	note := trial.Finding{Code: "machine-disturbed", Text: "a little was seen; never mind"}
	run.Trials[0].Findings = []trial.Finding{note, {Code: "driver-gc", Text: "a pause; fewer clients"}}
	run.Trials[2].Findings = []trial.Finding{note}
	null := trial.Trial{Scenario: "ceiling", Strategy: trial.NullServer, Calibrates: true, Findings: []trial.Finding{{Code: finding.DriverBound, Text: "busy; do"}}}
	run.Trials = append(run.Trials, null)
	want := []string{
		"driver-gc, in 1 trial (ants on echo); the first: a pause; fewer clients",
		"invalid, in 2 trials (ants on echo); the first: machine-disturbed",
		"machine-disturbed, in 3 trials, of which 1 was invalid for it (ants on echo); the first: a little was seen; never mind",
	}
	if got := newView(run).warnings(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	text := string(Markdown(run))
	for _, line := range want {
		if strings.Count(text, line) != 1 {
			t.Errorf("report.md has %d times: %s", strings.Count(text, line), line)
		}
	}
}
