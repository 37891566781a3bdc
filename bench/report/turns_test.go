package report

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// interleaved has echo measured in turns: three servers in the first repetitions, two in the last.
func interleaved() trial.Run {
	run := synth{strategies: 2, repetitions: 3, noOpen: true, mutate: func(t *trial.Trial) {
		if t.Scenario != "echo" {
			return
		}
		turns := trial.Turns{Every: 100 * time.Millisecond, Index: 2, Of: 3}
		if t.Repetition == 2 {
			turns = trial.Turns{Every: 100 * time.Millisecond, Of: 2}
		}
		t.Turns, t.Driver.GOMAXPROCS = &turns, 1+turns.Of
	}}.run()
	return run
}

// lineWith is the first line of the report that begins so; empty if none does.
func lineWith(t *testing.T, run trial.Run, prefix string) string {
	t.Helper()
	lines := strings.Split(string(Markdown(run)), "\n")
	i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, prefix) })
	if i < 0 {
		return ""
	}
	return lines[i]
}

// Catches: a window that passes for the time in which a server was asked, one length where there are several, an invalid trial
// that is counted, and turns where there are none.
func TestAScenarioSaysForHowLongEachServerWasAsked(t *testing.T) {
	run := interleaved()
	v := newView(run)
	const want = " Servers were loaded in turns, with slices of 100 ms, so that each was asked for 300 ms to 500 ms of its window."
	if got := find(t, v, "echo").describe(); !strings.HasSuffix(got, want) || !strings.Contains(got, "Windows of 1 s") {
		t.Errorf("%q, want at its end %q", got, want)
	}
	if got := find(t, v, "wait").describe(); strings.Contains(got, "turns") {
		t.Errorf("nobody took turns: %q", got)
	}
	alone := true
	for i := range run.Trials {
		tr := &run.Trials[i]
		switch {
		case tr.Scenario != "echo":
		case tr.Repetition == 2:
			tr.Invalid = "disturbed"
		case alone:
			tr.Turns, alone = nil, false
		}
	}
	const mixed = "was asked for 300 ms of its window; in 1 trial for all of it."
	if got := find(t, newView(run), "echo").describe(); !strings.HasSuffix(got, mixed) {
		t.Errorf("%q, want at its end %q", got, mixed)
	}
}

// Catches: a method that does not say what turns are and where, or says it where there are none; a GOMAXPROCS that the
// driver of most trials did not have.
func TestTheMethodTellsOfTurns(t *testing.T) {
	run := interleaved()
	turns := lineWith(t, run, "- **Turns:**")
	for _, want := range []string{"in echo the servers of one repetition", "`turns.of`", "`turns.index`", "(GOMAXPROCS 3 with 2 servers and 4 with 3 servers)"} {
		if !strings.Contains(turns, want) {
			t.Errorf("%q lacks %q", turns, want)
		}
	}
	if got, want := lineWith(t, run, "- **Sides:**"), "- **Sides:** server GOMAXPROCS 1, pinned to CPU 0; driver GOMAXPROCS 1, pinned to CPU 1; where servers took turns, driver GOMAXPROCS 3 to 4."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	none := synth{strategies: 2, repetitions: 2, noOpen: true}.run()
	if got := lineWith(t, none, "- **Turns:**") + lineWith(t, none, "- **Sides:**"); strings.Contains(got, "urns") {
		t.Errorf("nobody took turns: %q", got)
	}
}

// Catches: a formula that is not the one by which figures are made, and a report without it.
func TestTheFormulaGivesTheFigure(t *testing.T) {
	run := interleaved()
	text := lineWith(t, run, "- **From a line to a figure:**")
	for _, want := range []string{"`counts.good`", "`window_ns`, in turns its own slices", "`server_usage.cpu_ns` over `counts.good`", "`latency.response_ns`", "median"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q lacks %q", text, want)
		}
	}
	if got := lineWith(t, synth{strategies: 2, repetitions: 2, noOpen: true}.run(), "- **From a line to a figure:**"); got == "" || strings.Contains(got, "turns") {
		t.Errorf("without turns: %q", got)
	}
	for _, tr := range run.Trials {
		asked := tr.Window
		if tr.Turns != nil { // as the method words it
			asked = 0
			for n := 0; time.Duration(n)*tr.Turns.Every < tr.Window; n++ {
				if n%tr.Turns.Of == tr.Turns.Index {
					asked += min(tr.Turns.Every, tr.Window-time.Duration(n)*tr.Turns.Every)
				}
			}
		}
		good := float64(tr.Counts.Good)
		for _, f := range []struct {
			m    stat.Metric
			want float64
		}{{stat.Goodput, good / asked.Seconds()}, {stat.ServerCPU, tr.ServerUsage.CPU.Seconds() / good}} {
			if got, _ := f.m.Of(tr); math.Abs(got/f.want-1) > 1e-9 {
				t.Errorf("%s of %s on %s: %v, and the formula gives %v", f.m.Name, tr.Strategy, tr.Scenario, got, f.want)
			}
		}
	}
}
