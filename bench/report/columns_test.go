package report

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/report/draw"
	"github.com/poolbench/poolbench/bench/trial"
)

// drifting is a run on a machine that answers at half the cost from its fifth repetition on, when ants has left: over the
// repetitions that both have, it costs as much as the baseline.
func drifting() trial.Run {
	run := synth{strategies: 4, repetitions: 8, noOpen: true, idle: true, mutate: func(t *trial.Trial) {
		if t.Repetition >= 4 {
			t.ServerUsage.CPU /= 2
		}
	}}.run()
	run.Trials = slices.DeleteFunc(run.Trials, func(t trial.Trial) bool { return t.Kind() == "ants" && t.Repetition >= 4 })
	for i := range run.Trials {
		run.Trials[i].Seq = i
	}
	return run
}

// Catches: a factor over medians of repetitions that are not the same, which tells of the machine's drift.
func TestCostsAreComparedWithinRepetitions(t *testing.T) {
	v := newView(drifting())
	for _, s := range v.scenarios {
		if s.name != "echo" {
			continue
		}
		costs := v.costs(s)
		if r := costs["ants"].Value / costs["goroutine"].Value; r < 1.2 {
			t.Fatalf("the medians are %v apart, so this tests nothing", r)
		}
		cheapest, over := v.overCheapest(s)
		for label, r := range over {
			if label == "ants" && (r.N != 4 || r.Value > 1.05) || r.Value < 0.95 {
				t.Errorf("%s costs %+v times what %s does", label, r, cheapest)
			}
		}
		if len(over) == 0 {
			t.Error("nobody was compared")
		}
	}
	f, ok := costFigure(v, draw.NewTypesetter())
	if !ok || strings.Contains(f.Title, "ants") {
		t.Errorf("the title is %q", f.Title)
	}
}

// Catches: medians of nine repetitions beside medians of eighteen as if they compared, and a warning where all rest on the same.
func TestTablesSayWhatARowRestsOn(t *testing.T) {
	const warning = "ratios compare, being of pairs within repetitions"
	echo := part(t, string(Markdown(drifting())), "## echo")
	for _, want := range []string{`\| ants +\| +4 of 8 \|`, `\| goroutine, again +\| +8 \|`, warning} {
		if !regexp.MustCompile(want).MatchString(echo) {
			t.Errorf("the section lacks %q:\n%s", want, echo)
		}
	}
	if text := string(Markdown(synth{strategies: 4, repetitions: 4, noOpen: true}.run())); strings.Contains(text, warning) || strings.Contains(text, "| trials | ") && strings.Contains(text, " of 4 |") {
		t.Error("a run in which all rest on the same repetitions is said to be uneven")
	}
}

// Catches: a unit of nothing over a column of nothing.
func TestAColumnWithoutFiguresHasNoUnit(t *testing.T) {
	head, cells := responseColumn(0.99, "p99").fill([]cell{{label: "a"}, {label: "b"}}, func(string) string { return "" })
	if head != "p99" || !slices.Equal(cells, []string{absent, absent}) {
		t.Errorf("the column is %q: %q", head, cells)
	}
}

// Catches: calibrations that no line leads to, trials of one load among those of another, and a line that is not the trial's.
func TestEveryTrialIsALineOfTheReport(t *testing.T) {
	run := goldenSynth.run()
	run.Trials[1].Invalid = "spoilt"
	text := string(Markdown(run))
	method := part(t, text, "## How it was measured")
	for _, want := range []string{"Lines 1 and 3 of [trials.jsonl](trials.jsonl); left out, as invalid: line 2.", "Lines 4, 5 and 6 of [trials.jsonl](trials.jsonl).", "Lines 7, 8 and 9 of "} {
		if !strings.Contains(method, want) {
			t.Errorf("the method lacks %q:\n%s", want, method)
		}
	}
	_, rest, _ := strings.Cut(text, "\n## echo-open\n")
	_, rest, _ = strings.Cut(rest, "The lines, by strategy and load:\n")
	rest, _, _ = strings.Cut(rest, "\n## ")
	for _, tr := range run.Trials {
		if tr.Scenario != "echo-open" {
			continue
		}
		name := map[bool]string{true: ", again"}[tr.Twin]
		row := regexp.MustCompile(`\| ` + tr.Kind() + name + ` +\| ` + percent(tr.Load.Fraction) + ` +\| 8 +\| .*\b` + count(int64(tr.Seq+1)) + `\b`)
		if !row.MatchString(rest) {
			t.Fatalf("line %d, %s at %v, is not found:\n%s", tr.Seq+1, tr.Kind(), tr.Load.Fraction, rest)
		}
	}
}

// Catches: counts that exceed the schedule and say nothing of it.
func TestWhatWasOpenBeforeTheWindowIsTold(t *testing.T) {
	s := goldenSynth
	s.mutate = func(tr *trial.Trial) {
		if tr.Scenario == "echo-open" && tr.Kind() == "thread" && tr.Load.Fraction == 0.9 {
			tr.Series.Early.Due = 150
		}
	}
	if text := string(Markdown(s.run())); strings.Count(text, "Counted with them are requests that were due before a window and still open at its end, because they show in it what a server holds up: 1,200 of thread at 90 %. The schedule had so many fewer due in the windows.") != 1 {
		t.Errorf("the early ones are not told, or told more than once")
	}
	if text := string(Markdown(goldenSynth.run())); strings.Contains(text, "Counted with them") {
		t.Error("early ones are told where there are none")
	}
}

// Catches: "the same in any scenario" of a strategy that was measured in one, and a bound that is none.
func TestTheSummarySaysWhereItHolds(t *testing.T) {
	run := synth{strategies: 4, repetitions: 8, noOpen: true, idle: true}.run()
	run.Trials = slices.DeleteFunc(run.Trials, func(t trial.Trial) bool { return t.Kind() == "ants" && t.Scenario != "cpu" })
	text := summaryText(newView(run).overview())
	if !strings.Contains(text, "between goroutine and ants on cpu (") || strings.Contains(text, "any scenario") {
		t.Error(text)
	}
}

func TestADifferenceOfAnySizeIsNoBound(t *testing.T) {
	s := synth{strategies: 4, repetitions: 8, noOpen: true, idle: true, mutate: func(t *trial.Trial) {
		if t.Kind() == "ants" {
			t.ServerUsage.CPU = time.Duration(float64(t.ServerUsage.CPU) * []float64{0.2, 7}[t.Repetition%2])
		}
	}}
	echo := part(t, string(Markdown(s.run())), "## echo")
	said := judgement(t, echo, "Server CPU per good answer")
	if !strings.Contains(said, "Nothing can be said yet of ants against goroutine: differences of more than 100 % are possible") || regexp.MustCompile(`differences up to \d{3,}`).MatchString(said) {
		t.Error(said)
	}
}

// Catches: places for connections that are called clients.
func TestSessionsStarveNoClients(t *testing.T) {
	starving := func(loop trial.Loop) bool {
		run := synth{strategies: 4, repetitions: 2, noOpen: true, idle: true, mutate: func(t *trial.Trial) {
			if t.Load.Loop = loop; loop == trial.Sessions {
				t.Load.Rate, t.Load.Fraction = 1000, 0.5
			}
		}}.run()
		_, ok := starvedFigure(newView(run), draw.NewTypesetter())
		return ok
	}
	if !starving(trial.Closed) || starving(trial.Sessions) {
		t.Error("starved clients are drawn of a closed loop alone")
	}
}
