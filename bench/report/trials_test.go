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

// Catches: attempts that are counted as planned trials, numbers that do not add up, reasons of the wrong attempt, a trial that
// was saved by a repetition and is called lost, the reverse, and reasons in the order of a map.
func TestTheHeaderSaysWhatBecameOfEveryTrial(t *testing.T) {
	for name, c := range map[string]struct {
		steps [][]string
		want  string
	}{
		"nothing again":            {[][]string{{""}, {""}}, "all of 2 planned trials: 2 recorded, all valid"},
		"saved":                    {[][]string{{""}, {"machine-disturbed", ""}}, "all of 2 planned trials: 3 recorded, of which 2 were valid, 1 invalid and measured again (machine-disturbed 1 ×)"},
		"twice":                    {[][]string{{"machine-disturbed", "driver-paused", ""}}, "all of 1 planned trial: 3 recorded, of which 1 was valid, 2 invalid and measured again (driver-paused 1 ×, machine-disturbed 1 ×)"},
		"the frequent one first":   {[][]string{{"b-b", ""}, {"b-b", ""}, {"a-a", ""}}, "all of 3 planned trials: 6 recorded, of which 3 were valid, 3 invalid and measured again (b-b 2 ×, a-a 1 ×)"},
		"lost":                     {[][]string{{"b-b", "b-b", "a-a"}, {""}}, "all of 2 planned trials: 4 recorded, of which 1 was valid, 2 invalid and measured again (b-b 2 ×), 1 invalid and left out for good (a-a 1 ×)"},
		"lost at once, and died":   {[][]string{{"a-a"}, {"died"}}, "all of 2 planned trials: 2 recorded, of which 0 were valid, 2 invalid and left out for good (a-a 1 ×, failed 1 ×)"},
		"died, and measured again": {[][]string{{"died", ""}}, "all of 1 planned trial: 2 recorded, of which 1 was valid, 1 invalid and measured again (failed 1 ×)"},
	} {
		if got := newView(attempted(c.steps...)).trialsText(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// Catches: calibrations that are in no number, or in one more; a run without a plan, and one that was stopped.
func TestTheHeaderCountsCalibrationsAndWhatIsMissing(t *testing.T) {
	run := attempted([]string{""}, []string{"a-a", ""})
	run.Trials[0].Calibrates, run.Trials[0].Scenario = true, "capacity"
	const rest = "3 recorded (1 of them to calibrate), of which 2 were valid, 1 invalid and measured again (a-a 1 ×)"
	for planned, want := range map[int]string{
		0: strings.Replace(rest, "3", "3 trials", 1),
		2: "all of 2 planned trials: " + rest,
		9: "2 of 9 planned trials: " + rest,
	} {
		run.Env.Planned = planned
		if got := newView(run).trialsText(); got != want {
			t.Errorf("%d planned: %q, want %q", planned, got, want)
		}
	}
	run.Env.Planned, run.Env.Interrupted = 2, true
	if got, want := newView(run).trialsText(), "2 of 2 planned trials: "+rest; got != want {
		t.Errorf("interrupted: %q, want %q", got, want)
	}
}

// Catches: attempts at one trial that are taken for those at another.
func TestTheTwinIsATrialOfItsOwn(t *testing.T) {
	run := attempted([]string{"a-a"}, []string{""})
	run.Trials[1].Repetition, run.Trials[1].Twin = 0, true
	if got, want := newView(run).trialsText(), "all of 2 planned trials: 2 recorded, of which 1 was valid, 1 invalid and left out for good (a-a 1 ×)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// Catches: a scenario that lost many trials and does not say so, one that lost few and does, trials of other scenarios or of a
// calibration that are counted, a reason that is not the usual one, and a sentence that is not where a reader looks.
func TestAScenarioThatLostManyTrialsSaysSo(t *testing.T) {
	steps := [][]string{{"a-a", "b-b", "b-b"}, {"b-b", ""}}
	for range 10 {
		steps = append(steps, []string{""})
	}
	run := attempted(steps...)
	for range 30 {
		other := run.Trials[len(run.Trials)-1]
		other.Scenario, other.Seq = "wait", len(run.Trials)
		calibration := other
		calibration.Scenario, calibration.Calibrates, calibration.Seq = "echo", true, other.Seq+1
		run.Trials = append(run.Trials, other, calibration)
	}
	const want = "4 of its 15 recorded trials were left out, as invalid (3 of them were measured again); the most frequent reason: b-b."
	v := newView(run)
	if got := v.leftOutText("echo"); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := v.leftOutText("wait"); got != "" {
		t.Errorf("nothing was left out of wait, and it says %q", got)
	}
	found := 0
	for _, line := range strings.Split(string(Markdown(run)), "\n") {
		if strings.Contains(line, want) && strings.HasPrefix(line, "**What we found.**") {
			found++
		}
	}
	if found != 1 {
		t.Errorf("it stands %d times under what was found, want once", found)
	}
	// A fifth is not more than a fifth.
	if got := newView(attempted([]string{"a-a"}, []string{""}, []string{""}, []string{""}, []string{""})).leftOutText("echo"); got != "" {
		t.Errorf("1 of 5: %q", got)
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
		"invalid, in 2 trials, of which 1 was measured again (ants on echo); the first: machine-disturbed",
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
