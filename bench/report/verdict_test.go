package report

import (
	"strings"
	"testing"

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
