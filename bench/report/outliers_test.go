package report

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// outlierText is the section that says which trials are far from their repetitions.
func outlierText(run trial.Run) string {
	var d document
	newView(run).outlierSection(&d)
	return d.String()
}

// echoes are the trials of one closed loop, with so many answers each.
func echoes(strategy string, goods ...int64) []trial.Trial {
	all := (synth{strategies: 1, repetitions: len(goods), noOpen: true, noTwin: true, idle: true}).run().Trials
	all = slices.DeleteFunc(all, func(t trial.Trial) bool { return t.Scenario != "echo" })
	for i := range all {
		all[i].Strategy = strategy
		all[i].Counts.Good, all[i].ServerUsage.CPU = goods[i], time.Duration(goods[i])*time.Microsecond
	}
	return all
}

func numbered(trials []trial.Trial) trial.Run {
	for i := range trials {
		trials[i].Seq = i
	}
	return trial.Run{Trials: trials}
}

// Catches: a count that is not by cause, a worst one that is not the furthest, a repetition or a line that is counted from 0, an
// outlier of one that is invalid.
func TestOutliersAreCountedByCauseTheFurthestFirst(t *testing.T) {
	trials := append(echoes("goroutine", 1000, 1010, 990, 500, 980, 1005, 995, 1015), echoes("thread", 1000, 1010, 990, 1001, 980, 3000, 995, 100)...)
	trials[3].System.Steal = 100 * time.Millisecond
	trials[15].Invalid = "spoilt"
	got := outlierText(numbered(trials))
	for _, want := range []string{
		"2 figures of 2 valid trials were far from those of the other repetitions", "steal 1 ×, unexplained 1 ×.",
		"| thread on echo    | goodput |          6 |   14 |     3.00 | unexplained |\n| goroutine on echo | goodput |          4 |    4 |    0.501 |       steal |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the section does not say %q:\n%s", want, got)
		}
	}
}

func TestOneOutlierAndNoneReadLikeSentences(t *testing.T) {
	got := outlierText(numbered(echoes("goroutine", 1000, 1010, 990, 500, 980, 1005, 995, 1015)))
	if want := "1 figure of 1 valid trial was far from those of the other repetitions"; !strings.Contains(got, want) {
		t.Errorf("the section does not say %q:\n%s", want, got)
	}
	got = outlierText(numbered(echoes("goroutine", 1000, 1010, 990, 1001, 980, 1005, 995, 1015)))
	if want := "No figure of a valid trial is further"; !strings.Contains(got, want) || strings.Contains(got, "|") {
		t.Errorf("the section does not say %q, or has a table:\n%s", want, got)
	}
}

// Catches: a table without an end.
func TestOnlyTheFurthestOutliersAreShown(t *testing.T) {
	var trials []trial.Trial
	for i := range 12 {
		trials = append(trials, echoes(fmt.Sprint("s", i), 1000, 1010, 990, int64(500-20*i), 980, 1005, 995, 1015)...)
	}
	got := outlierText(numbered(trials))
	if rows := strings.Count(got, "\n| s"); rows != worstOutliers || !strings.Contains(got, "| s11 on echo") || strings.Contains(got, "| s0 on echo") {
		t.Errorf("%d rows, want the %d furthest:\n%s", rows, worstOutliers, got)
	}
	if !strings.Contains(got, "unexplained 12 ×") {
		t.Errorf("not all are counted:\n%s", got)
	}
}
