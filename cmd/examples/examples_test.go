// Package examples_test runs the examples of README, each of which is a program to copy.
package examples_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/poolbench/poolbench/bench/trial"
)

// Catches: an example that builds and does not measure, or whose client takes right answers for wrong ones. How fast anything
// is does not matter here, nor whether the machine was left alone.
func TestEachExampleMeasures(t *testing.T) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command in PATH to build the examples with")
	}
	for example, strategy := range map[string]string{"handler": "ants:workers=16", "strategy": "spawn:workers=64"} {
		t.Run(example, func(t *testing.T) {
			dir := t.TempDir()
			program := filepath.Join(dir, example)
			if output, err := exec.CommandContext(t.Context(), goTool, "build", "-o", program, "./"+example).CombinedOutput(); err != nil {
				t.Fatalf("build: %v:\n%s", err, output)
			}
			output, _ := exec.CommandContext(t.Context(), program, "run", "--results", dir, "--name", "run",
				"--repetitions", "1", "--warm-up", "20ms", "--window", "50ms").CombinedOutput() // a busy machine is an exit code of its own
			run, err := trial.Read(filepath.Join(dir, "run"))
			if err != nil {
				t.Fatalf("%v; the program said:\n%s", err, output)
			}
			answered := map[string]int64{}
			for _, one := range run.Trials {
				if one.Counts.Failed > 0 {
					t.Errorf("%s: %d of %d failed", one.Strategy, one.Counts.Failed, one.Counts.Intended)
				}
				answered[one.Strategy] += one.Counts.OK
			}
			found := false
			for name, ok := range answered {
				found = found || strings.HasPrefix(name, strategy) && ok > 0
			}
			if !found {
				t.Errorf("%s answered nothing; answers by strategy: %v", strategy, answered)
			}
			if text, err := os.ReadFile(filepath.Join(dir, "run", "report.md")); err != nil || !strings.Contains(string(text), strategy[:strings.Index(strategy, ":")]) {
				t.Errorf("report.md does not tell of %s (%v)", strategy, err)
			}
		})
	}
}
