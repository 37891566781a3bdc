package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/poolbench/poolbench/bench/trial"
)

// reference is the committed run that README shows.
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

// Catches: figures in README that no committed result has.
func TestEveryFigureInTheREADMEIsInTheReferenceReport(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(reference, "report.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(readme), "<!-- from results/reference/report.md -->\n")[1:]
	lines := 0
	for _, block := range blocks {
		block, _, ended := strings.Cut(block, "<!-- end -->")
		if !ended {
			t.Fatal("README has a part from the reference that does not end")
		}
		for line := range strings.Lines(block) {
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			lines++
			if !strings.Contains(string(text), line+"\n") {
				t.Errorf("README says %q, and results/reference/report.md does not", line)
			}
		}
	}
	if lines == 0 {
		t.Error("README quotes nothing from the reference")
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
