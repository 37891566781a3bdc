package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/poolbench/poolbench/bench/trial"
)

// reference is the committed run that README shows; the tests at the root of the module hold README against it.
var reference = filepath.Join("..", "..", "results", "reference")

// Catches: a report in the repository that its own trials no longer bear out, after a change of rules or by hand.
func TestTheReferenceReportIsWhatItsTrialsSay(t *testing.T) {
	run, err := trial.Read(reference)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(reference, "report.md"))
	if err != nil {
		t.Fatal(err)
	}
	if got := Markdown(run); string(got) != string(want) {
		t.Errorf("results/reference/report.md is not what its trials say; write it again with `poolbench report results/reference`, and look at it:\n%s",
			firstDifference(string(got), string(want)))
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return "now:  " + g[i] + "\nfile: " + w[i]
		}
	}
	return "one of them ends early"
}
