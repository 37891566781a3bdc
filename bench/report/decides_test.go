package report

import (
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// stopped is a run in which servers are told to stop under load, and the time that this takes decides exchange.
func stopped() trial.Run {
	run := synth{strategies: 3, repetitions: 8, noOpen: true, mutate: func(t *trial.Trial) {
		if t.Scenario != "exchange" {
			return
		}
		took := 20 * time.Millisecond
		if t.Strategy == synthNames[2] {
			took *= 2
		}
		t.Stop = &trial.Stop{Took: took + time.Duration(t.Repetition)*time.Microsecond, InProgress: 100, Answered: 97, Rejected: 2, Lost: 1, Forced: 1}
	}}.run()
	run.Env.Scenarios[0].DecidedBy = stat.StopTime.Key
	return run
}

// Catches: a scenario decided by what stands in a picture alone, or in no column; a stop of which nobody can say what it lost.
func TestWhatDecidesStandsFirstInWordsAndTable(t *testing.T) {
	chapter := part(t, string(Markdown(stopped())), "## exchange")
	judged := strings.Index(chapter, "- **Time to stop:**")
	if other := strings.Index(chapter, "- **Goodput:**"); judged < 0 || other < judged {
		t.Errorf("the time to stop is judged at %d, and goodput at %d:\n%s", judged, other, chapter)
	}
	if !strings.Contains(chapter, "Differs from goroutine: thread × 2.00") {
		t.Errorf("nobody says that thread takes twice as long:\n%s", chapter)
	}
	for _, want := range []string{
		"| strategy         | time to stop, ms |", "| thread           | 40.0 (40.0–40.0) |",
		"| strategy         | in progress | answered | rejected | lost | connections closed by force |",
		"| thread           |         800 |      776 |       16 |    8 |                           8 |",
	} {
		if !strings.Contains(chapter, want) {
			t.Errorf("without %q:\n%s", want, chapter)
		}
	}
}

// Catches: a strategy without one good answer, of which repetitions are said to be too few.
func TestWhoAnsweredNothingHasNoCostToCompare(t *testing.T) {
	run := synth{strategies: 3, repetitions: 8, noOpen: true, mutate: func(t *trial.Trial) {
		if t.Strategy == synthNames[2] && t.Scenario == "exchange" {
			t.Counts.Good, t.Counts.OK, t.Counts.TimedOut = 0, 0, t.Counts.Intended
		}
	}}.run()
	_, cost, _ := strings.Cut(part(t, string(Markdown(run)), "## exchange"), "- **Server CPU per good answer:**")
	cost, _, _ = strings.Cut(cost, "\n\n")
	if !strings.Contains(cost, "Nothing to compare of thread") || strings.Contains(cost, "Too few") {
		t.Errorf("of thread, which answered nothing:\n%s", cost)
	}
}
