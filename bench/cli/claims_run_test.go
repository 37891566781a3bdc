package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/poolbench/poolbench/bench/claims"
	"github.com/poolbench/poolbench/bench/cli"
)

// Catches: another suite that is measured, names of files in the data, a run that is not recorded as its own command, and a claims.json that is
// missing where the machine is too busy for any valid trial.
func TestClaimsMeasuresItsSuite(t *testing.T) {
	suite := small()
	suite.Name = "claims"
	suite.Scenarios = slices.Clone(suite.Scenarios[:1])
	suite.Scenarios[0].Name = "spawn"
	suite.Scenarios[0].Strategies = []string{"goroutine", "tutorial", "channel"}
	dir := t.TempDir()
	var stdout, stderr bytes.Buffer
	code := cli.Execute(t.Context(), small(), []string{"claims", "--json", "--results", dir, "--name", "one", "--seed", "7"}, &stdout, &stderr, suite)
	if busy := code == 4 && strings.Contains(stderr.String(), "is valid"); code != 0 && !busy {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	written, err := os.ReadFile(filepath.Join(dir, "one", "claims.json"))
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{string(written)}
	if code == 0 {
		texts = append(texts, stdout.String())
	}
	for _, text := range texts {
		var said claims.Report
		if err := json.Unmarshal([]byte(text), &said); err != nil || len(said.Claims) != 3 || said.Claims[0].Verdict != claims.Undecided {
			t.Errorf("error %v:\n%s", err, text)
		}
	}
	env, err := os.ReadFile(filepath.Join(dir, "latest", "env.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(env), `"suite": "claims"`) || !strings.Contains(string(env), `"claims",`) || !strings.Contains(string(env), `"seed": 7`) {
		t.Errorf("%s", env)
	}
}
