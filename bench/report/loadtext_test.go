package report

import (
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/stat"
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
		{trial.Burst(5, s, s), "The rate changes: a burst of 5 × for 1 s, from 1 s after the window's start on. Otherwise it is the offered rate."},
		{trial.Burst(0.2, 0, 2*s), "The rate changes: a lull of 0.2 × for the window's first 2 s. Otherwise it is the offered rate."},
		{trial.Ramp(0.5, 2, 5*s), "The rate changes: a ramp, in a straight line from 0.5 × to 2 ×, for the window's first 5 s. Otherwise it is the offered rate."},
		{trial.Steps(500*time.Millisecond, 1, 2, 3.5), "The rate goes in steps of 500 ms: 1 ×, 2 × and 3.5 ×; behind them it is the offered rate."},
		{trial.Steps(s, 3), "The rate changes: a burst of 3 × for the window's first 1 s. Otherwise it is the offered rate."},
		{append(trial.Steps(s, 1, 2), trial.Segment{From: 2 * s, To: 3 * s, Begin: 2, End: 1}),
			"The rate changes: the offered rate for the window's first 1 s; a burst of 2 × for 1 s, from 1 s after the window's start on; a ramp, in a straight line from 2 × to 1 ×, for 1 s, from 2 s after the window's start on. Otherwise it is the offered rate."},
		{append(trial.Burst(2, 0, s), trial.Segment{From: 2 * s, To: 3 * s, Begin: 2, End: 2}),
			"The rate changes: a burst of 2 × for the window's first 1 s; a burst of 2 × for 1 s, from 2 s after the window's start on. Otherwise it is the offered rate."},
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

// Catches: a rule that a reader is told and that the scenario does not keep: beyond what can be done some have to go
// without, and a client of sessions is a place.
func TestAReaderIsToldWhoIsBarred(t *testing.T) {
	at := func(loop trial.Loop, fraction float64, p []trial.Segment) scenario {
		return scenario{loop: loop, measured: "session", levels: []level{{cells: []cell{{}}}, {fraction: fraction, cells: []cell{{Summary: stat.Summary{Load: trial.Load{Profile: p}}}}}}}
	}
	const room = "as long as there is room"
	for _, c := range []struct {
		name string
		s    scenario
		who  string
		room bool
	}{
		{"closed", at(trial.Closed, 0, nil), "clients", false},
		{"open, within the capacity", at(trial.Open, 0.9, nil), "clients", false},
		{"sessions beyond it", at(trial.Sessions, 1.4, nil), "sessions", true},
		{"a burst", at(trial.Sessions, 0.5, trial.Burst(10, time.Second, time.Second)), "sessions", true},
	} {
		if text := c.s.barred(); !strings.Contains(text, "leaves "+c.who+" without") || strings.Contains(text, room) != c.room {
			t.Errorf("%s: %s", c.name, text)
		}
	}
}

// Catches: an empty word for what most runs do, and a share that is rounded to the border that it is under.
func TestArrivalsAndSharesAreSaidPlainly(t *testing.T) {
	for _, c := range []struct {
		arrivals trial.Arrivals
		want     string
	}{{"", "at random moments (Poisson)"}, {trial.Poisson, "at random moments (Poisson)"}, {trial.Constant, "at even distances"}} {
		if got := arrivals(trial.Load{Arrivals: c.arrivals}); got != c.want {
			t.Errorf("%q is said as %q, want %q", c.arrivals, got, c.want)
		}
	}
	for share, want := range map[float64]string{0.98999: "98.9 %", 0.9861: "98.6 %", 0.984: "98 %", 0.5: "50 %", 0: "0 %"} {
		if got := shareKept(share); got != want {
			t.Errorf("%v is said as %q, want %q", share, got, want)
		}
	}
}
