package report

import (
	"os"
	"path/filepath"
	"regexp"
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

// quoted is where README says that what follows stands in a committed result.
var quoted = regexp.MustCompile(`<!-- from (results/reference/[a-z.]+) -->\n`)

// Catches: figures in README that no committed result has.
func TestEveryFigureInTheREADMEIsInACommittedResult(t *testing.T) {
	root := filepath.Join("..", "..")
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]int{}
	for _, at := range quoted.FindAllSubmatchIndex(readme, -1) {
		file := string(readme[at[2]:at[3]])
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		block, _, ended := strings.Cut(string(readme[at[1]:]), "<!-- end -->")
		if !ended {
			t.Fatalf("README has a part from %s that does not end", file)
		}
		for line := range strings.Lines(block) {
			if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "```") {
				continue
			}
			lines[file]++
			if !strings.Contains(string(text), line+"\n") {
				t.Errorf("README says %q, and %s does not", line, file)
			}
		}
	}
	for _, file := range []string{"report.md", "driver.txt", "crosscheck.md"} {
		if lines["results/reference/"+file] == 0 {
			t.Errorf("README quotes nothing from %s", file)
		}
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
