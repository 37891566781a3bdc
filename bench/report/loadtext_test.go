package report

import (
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// Catches: a changing rate that is described as another one, or not at all.
func TestAProfileIsSaidInWords(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		profile []trial.Segment
		want    string
	}{
		{nil, ""},
		{trial.Burst(5, s, s), "The rate changes: a burst of 5 × for 1 s, from 1 s after the window's start on. Otherwise it is the plain one."},
		{trial.Burst(0.2, 0, 2*s), "The rate changes: a lull of 0.2 × for the window's first 2 s. Otherwise it is the plain one."},
		{trial.Ramp(0.5, 2, 5*s), "The rate changes: a ramp, in a straight line from 0.5 × to 2 ×, for the window's first 5 s. Otherwise it is the plain one."},
		{trial.Steps(500*time.Millisecond, 1, 2, 3.5), "The rate goes in steps of 500 ms: 1 ×, 2 × and 3.5 ×; behind them it is the plain one."},
		{trial.Steps(s, 3), "The rate changes: a burst of 3 × for the window's first 1 s. Otherwise it is the plain one."},
		{append(trial.Steps(s, 1, 2), trial.Segment{From: 2 * s, To: 3 * s, Begin: 2, End: 1}),
			"The rate changes: the plain one for the window's first 1 s; a burst of 2 × for 1 s, from 1 s after the window's start on; a ramp, in a straight line from 2 × to 1 ×, for 1 s, from 2 s after the window's start on. Otherwise it is the plain one."},
		{append(trial.Burst(2, 0, s), trial.Segment{From: 2 * s, To: 3 * s, Begin: 2, End: 2}),
			"The rate changes: a burst of 2 × for the window's first 1 s; a burst of 2 × for 1 s, from 2 s after the window's start on. Otherwise it is the plain one."},
	} {
		if got := profileText(c.profile); got != c.want {
			t.Errorf("%+v:\ngot  %s\nwant %s", c.profile, got, c.want)
		}
	}
}

// Catches: clients that are there and are not mentioned, the wrong unit of their share, and figures of theirs that are lost,
// counted twice, or taken from trials that do not count.
func TestClientsThatAreNotMeasuredAreMentioned(t *testing.T) {
	if got := othersText(nil); got != "" {
		t.Errorf("nobody: %q", got)
	}
	shares := []trial.Share{
		{Behaviour: trial.Slow, Share: 0.1, Every: 50 * time.Millisecond}, {Behaviour: trial.Idle, Share: 0.055},
		{Behaviour: trial.NeverReads, Share: 0.02, Every: time.Second}, {Behaviour: trial.Resets, Share: 0.01, Every: time.Second},
		{Behaviour: "sings", Share: 0.01},
	}
	want := "Besides, of all clients, 10 % are slow (a byte every 50 ms), 5.5 % are idle (they connect, and ask nothing), " +
		"2 % never read (a request every 1 s, and no answer is taken), 1 % reset their connections (half a request every 1 s, on a new one each time) " +
		"and 1 % behave otherwise (sings): what they do to the rest is measured, they are not."
	if got := othersText(shares); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}

	run := synth{strategies: 2, repetitions: 3, levels: []float64{0.5}, mutate: func(tr *trial.Trial) {
		if tr.Scenario == "echo-open" {
			tr.Load.Others, tr.Load.Profile = shares[:1], trial.Burst(5, time.Second, time.Second)
			tr.Others = []trial.Other{{Behaviour: trial.Slow, Clients: 6, Connected: 7, Answered: 500, Ended: int64(tr.Repetition)}}
			if tr.Repetition == 0 && tr.Kind() == "tutorial" {
				tr.Invalid = "disturbed"
			}
		}
	}}.run()
	text := string(Markdown(run))
	section := part(t, text, "## echo-open") + part(t, text, "### echo-open: 48k/s offered, 50 % of capacity")
	for _, want := range []string{
		"10 % are slow (a byte every 50 ms)", "a burst of 5 × for 1 s, from 1 s after",
		"| goroutine        |    slow |        6 |               21 |         1,500 |                   3 |",
		"| goroutine, again |    slow |        6 |               21 |         1,500 |                   3 |",
		"| tutorial         |    slow |        6 |               14 |         1,000 |                   3 |",
	} {
		if !strings.Contains(section, want) {
			t.Errorf("echo-open lacks %q:\n%s", want, section)
		}
	}
	if other := part(t, text, "## echo"); strings.Contains(other, "Besides") || strings.Contains(other, "not measured, over all") {
		t.Errorf("echo has no such clients:\n%s", other)
	}
}
