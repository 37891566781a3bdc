package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/report/draw"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
	choice "github.com/poolbench/poolbench/bench/verdict"
)

// Catches: a strategy that is left out or stands twice; a word in the wrong place; a finding that no chapter tells; words that are
// not explained, or explained though they do not occur; a condition said once for each strategy; markup from outside.
func TestTheVerdictNamesEachStrategyOnceForEachScenario(t *testing.T) {
	const free, pool64, pool256, bad = "free:x", "pool:workers=64", "pool:workers=256", "bad:x"
	tally := func(name string) choice.Tally { return choice.Tally{Name: name} }
	said := choice.Verdict{
		Labels:  map[string]string{free: "free", pool64: "pool", pool256: "pool", bad: "bad*"},
		Overall: choice.Overall{Sentences: []string{"Take *free*."}, Strategies: []choice.Tally{tally(free), tally(pool64), tally(bad), tally(pool256)}},
		Scenarios: []choice.Scenario{
			{Name: "one", Best: []string{free}, Behind: []choice.Behind{{Strategy: pool64, Against: free, Ratio: choice.Ratio{Value: 0.5}}},
				Out: []choice.Out{{Strategy: bad, Reasons: []choice.Reason{{Code: choice.Starves}}}}, Sentence: "It is so.",
				Changes: []choice.Change{{Strategy: pool64, Text: "another limit"}, {Strategy: bad, Text: "another limit"}}},
			{Name: "two", Best: []string{pool256}, Undecided: []choice.Open{{Strategy: free}}},
		},
		Capacities: []choice.Capacity{{Scenario: "most", Objective: "p99=10ms", Sentence: "No capacity was found."}},
		Sizes:      []choice.Size{{Scenario: "least", Kind: "pool", Setting: "workers", Smallest: 64, Sure: true, Sentence: "pool: workers=64 is enough."}},
	}
	var d document
	view{}.verdict(&d, said, func(name ...string) { d.f("%s", name) })
	got := d.String()
	for _, want := range []string{
		"| scenario | best | behind, or out                          | not decided |\n",
		"| one      | free | pool: behind ×2.00; bad\\*: out: starves | –           |\n",
		"| two      | pool | –                                       | free        |\n",
		"[matrix]", "Take \\*free\\*.", "*behind*: ", "*undecided*: ", "*out: starves*: ",
		"- **most:** No capacity was found.\n", "- **least:** pool: workers=64 is enough.\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if found, change := foundIn(said, "one"), changesIn(said, "one"); found != "It is so." || change != "For pool and bad* another limit." {
		t.Errorf("the chapter of scenario one says %q and %q", found, change)
	}
	for _, name := range []string{"most", "least"} {
		if foundIn(said, name) == "" || changesIn(said, name) != "" {
			t.Errorf("the chapter of %s says %q and %q", name, foundIn(said, name), changesIn(said, name))
		}
	}
	if strings.Contains(got, "*out: sheds*") || strings.Contains(got, "*not ranked*") {
		t.Errorf("words are explained that do not occur:\n%s", got)
	}
}

// spoilt is a run in which no trial of beta could be used, for two reasons, and whose open loop was left out with its calibration.
func spoilt() trial.Run {
	closed := trial.Scenario{Name: "echo", Strategies: []string{"alpha", "beta", "gamma"}, Question: trial.Compare, Workload: "echo", DecidedBy: stat.Goodput.Key, Load: trial.Load{Loop: trial.Closed, Clients: 64}}
	open := trial.Scenario{Name: "over", Strategies: closed.Strategies, Question: trial.Compare, Workload: "job", DecidedBy: stat.Goodput.Key, DecideAt: 1.4, Levels: []float64{1.4}, Load: trial.Load{Loop: trial.Sessions, Clients: 64}}
	late := closed
	late.Name = "late"
	run := trial.Run{Env: trial.Env{Scenarios: []trial.Scenario{open, closed, late}}}
	by := func(tr trial.Trial, code string) trial.Trial {
		tr.Invalid, tr.Findings = "seen", []trial.Finding{{Code: code, Text: "seen; do", Invalid: true}}
		return tr
	}
	add := func(tr trial.Trial) {
		tr.Seq = len(run.Trials)
		run.Trials = append(run.Trials, tr)
	}
	for rep := range 3 {
		tr := by(one(closed, "alpha", rep, 500, 0, 5*time.Millisecond), "machine-disturbed")
		tr.Scenario, tr.Workload, tr.Calibrates = "capacity of job (alpha, 64 clients)", "job", true
		add(tr)
	}
	for rep := range 10 {
		for i, name := range closed.Strategies {
			tr := one(closed, name, rep, 500, 0, 5*time.Millisecond)
			if i == 1 {
				tr = by(tr, []string{"late-edge", "machine-disturbed"}[min(rep, 1)])
			}
			add(tr)
		}
	}
	return run
}

// Catches: "more repetitions are needed" where no trial can be used, in words that are not the terminal's; and a scenario that was asked
// for and of which the report has not a word.
func TestWhatCouldNotBeMeasuredIsSaidWithItsReason(t *testing.T) {
	v, set := newView(spoilt()), draw.NewTypesetter()
	text := string(Markdown(v.run))
	for _, want := range []string{
		"beta: not measured: machine-disturbed", "*not measured*: not one of its trials can be used",
		"## over\n\n**Not measured.** There is no rate to offer, because not one trial of capacity of job (alpha, 64 clients) can be used: machine-disturbed.\n",
		"## late\n\n**Not measured.** The run ended before it came to this scenario.\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("report.md lacks %q:\n%s", want, text[:min(len(text), 3000)])
		}
	}
	for _, not := range []string{"undecided*", "not decided: beta"} {
		if strings.Contains(text, not) {
			t.Errorf("report.md has %q", not)
		}
	}
	page, err := HTML(v.run)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"over", "late"} {
		if want := `data-scenario="` + name + `"`; strings.Count(string(page), `id="scenario-`+name+`"`) != 1 || !strings.Contains(string(page), want) {
			t.Errorf("the page has no section of %s", name)
		}
	}
	if c := v.standing("echo", "beta"); c.Text != "spoilt" || c.Fill != draw.OpenFill || !strings.Contains(c.Hint, "machine-disturbed") {
		t.Errorf("%+v", c)
	}
	i := slices.IndexFunc(v.said.Scenarios, func(sc choice.Scenario) bool { return sc.Name == "echo" })
	if title := headline(v.said, v.said.Scenarios[i]); !strings.HasSuffix(title, "; not measured: beta") {
		t.Error(title)
	}
	if _, ok := matrixFigure(v, set); !ok {
		t.Error("there is no matrix")
	}
}
