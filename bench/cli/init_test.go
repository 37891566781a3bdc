package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/cli"
	"github.com/poolbench/poolbench/bench/suitefile"
)

func TestInitWritesAFileThatRunCanRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mine.yaml")
	code, stdout, stderr := execute(t.Context(), "init", path)
	if code != 0 || !strings.Contains(stdout, "poolbench run --suite "+path) {
		t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
	}
	text, err := os.ReadFile(path)
	must(t, err)
	s, err := suitefile.Read(path, text, small())
	if err != nil || s.Name != "small" || len(s.Scenarios) != 2 {
		t.Errorf("suite %q with %d scenarios, %v", s.Name, len(s.Scenarios), err)
	}
	if code, _, stderr := execute(t.Context(), "run", "--suite", path, "--name", "latest"); code != 2 || !strings.Contains(stderr, "--name latest") {
		t.Errorf("run does not come as far as the name of its folder: %s", stderr)
	}

	t.Run("and leaves one that is there", func(t *testing.T) {
		must(t, os.WriteFile(path, []byte("mine"), 0o600))
		code, _, stderr := execute(t.Context(), "init", path)
		if left, err := os.ReadFile(path); code != 2 || !strings.Contains(stderr, "is there already") || err != nil || string(left) != "mine" {
			t.Errorf("exit code %d, %q is left: %s", code, left, stderr)
		}
	})
	t.Run("and to the terminal the same", func(t *testing.T) {
		if code, stdout, _ := execute(t.Context(), "init", "-"); code != 0 || stdout != string(text) {
			t.Errorf("exit code %d: %s", code, stdout)
		}
	})
}

func TestInitAndListKnowFurtherSuites(t *testing.T) {
	further := small()
	further.Name, further.About, further.Kinds, further.Workloads = "further", "For those who have time.", nil, nil
	further.Scenarios = further.Scenarios[1:]
	for args, want := range map[string]string{
		"init - --suite further": "\nname: further\n",
		"list":                   "suite further: 1 repetition at most\nFor those who have time.\n",
	} {
		var stdout, stderr bytes.Buffer
		code := cli.Execute(t.Context(), small(), strings.Fields(args), &stdout, &stderr, []bench.Suite{further}...)
		if code != 0 || !strings.Contains(stdout.String(), want) {
			t.Errorf("%s: exit code %d, not %q in %s%s", args, code, want, stdout.String(), stderr.String())
		}
	}
}

// Catches: the caret before the line that says what is wrong, or another exit code for files than for flags.
func TestWhatIsWrongInAFileIsOneLineAndThenItsPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mine.yaml")
	must(t, os.WriteFile(path, []byte("name: mine\nwidnow: 3s\n"), 0o600))
	for _, command := range []string{"run", "init"} {
		code, stdout, stderr := execute(t.Context(), command, "--suite", path)
		first, rest, _ := strings.Cut(stderr, "\n")
		if code != 2 || stdout != "" || !strings.HasPrefix(first, "poolbench: "+path+`:2:1: unknown field "widnow"`) || !strings.HasSuffix(rest, "    2 | widnow: 3s\n      | ^\n") {
			t.Errorf("%s: exit code %d, %q on stdout and on stderr\n%s", command, code, stdout, stderr)
		}
	}
}
