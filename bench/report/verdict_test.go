package report

import (
	"strings"
	"testing"

	choice "github.com/poolbench/poolbench/bench/verdict"
)

// Catches: a column for each limit of a strategy whose limits follow the scenario; a word in the wrong place; words that are
// not explained, or explained though they do not occur; a condition said once for each strategy; markup from outside.
func TestTheMatrixHasAWordForEachStrategyInEachScenario(t *testing.T) {
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
	d.verdict(said)
	got := d.String()
	for _, want := range []string{
		"| scenario |      free |         pool |        bad\\* |\n",
		"| one      |      best | behind ×0.50 | out: starves |\n",
		"| two      | undecided |         best |            – |\n",
		"Take \\*free\\*.", "*behind*: ", "*undecided*: ", "*out: starves*: ",
		"- **one:** It is so. *What would change it:* for pool and bad\\* another limit.\n",
		"- **most:** No capacity was found.\n", "- **least:** pool: workers=64 is enough.\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "*out: sheds*") || strings.Contains(got, "*not ranked*") {
		t.Errorf("words are explained that do not occur:\n%s", got)
	}
}
