package cli_test

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/internal/synth"
	"github.com/poolbench/poolbench/bench/trial"
	"golang.org/x/perf/benchfmt"
)

// written writes a run of one closed-loop scenario with two strategies, and returns its folder.
func written(t *testing.T, name string, change func(*trial.Trial), env func(*trial.Env)) string {
	t.Helper()
	e := trial.Env{Commit: "abcdef0123", Suite: "synthetic", Platform: trial.Platform{CPUModel: "one", CPUs: 2, GoVersion: "go1.26"}, Started: time.Unix(1, 0)}
	if env != nil {
		env(&e)
	}
	const limits = ",queue=0,full=wait,unit=conn"
	return synth.Write(t, filepath.Join(t.TempDir(), name), e, synth.Closed("echo", "goroutine:workers=unbounded"+limits, "channel:workers=4"+limits, change))
}

// slower is a channel that serves half of what it did.
func slower(x *trial.Trial) {
	if x.Kind() == "channel" {
		x.Counts.Good /= 2
	}
}

func TestCompareSaysWhatHasBecomeWorse(t *testing.T) {
	old, new := written(t, "old", nil, nil), written(t, "new", slower, nil)
	code, stdout, stderr := execute(t.Context(), "compare", old, new)
	if code != 0 || stderr != "" {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	_, table, _ := strings.Cut(stdout, "1 of 16 comparisons differ: 1 regressed, 0 improved.")
	first := strings.Split(table, "\n")
	if len(first) < 5 || !strings.Contains(first[4], "regressed") || !strings.Contains(first[4], "channel") || !strings.Contains(first[4], "goodput *") || !strings.Contains(first[4], "1k/s") ||
		!strings.Contains(first[4], "502/s") || !strings.Contains(first[4], "0.500") {
		t.Errorf("it does not begin with what has become worse:\n%s", stdout)
	}
	if !strings.Contains(stdout, "same within 5 %") || strings.Contains(stdout, "NOT THE SAME") {
		t.Error(stdout)
	}
	broken := func(x *trial.Trial) {
		if x.Kind() == "channel" {
			x.Counts.Good, x.Invalid = 0, "the server ended: panic: boom"
		}
	}
	fewer := written(t, "fewer", func(x *trial.Trial) { // trials of a second scenario stand for those of a second strategy
		if x.Kind() == "channel" {
			x.Scenario = "wait"
		}
	}, nil)
	for name, c := range map[string]struct {
		args []string
		want int
	}{
		"worse":                      {[]string{old, new}, 3},
		"better":                     {[]string{new, old}, 0},
		"the same":                   {[]string{old, old}, 0},
		"worse, by what is allowed":  {[]string{old, written(t, "little", func(x *trial.Trial) { x.Counts.Good -= 200 }, nil), "--threshold", "30%"}, 0},
		"nothing in common":          {[]string{old, written(t, "other", func(x *trial.Trial) { x.Scenario = "wait" }, nil)}, 4},
		"one that does not live":     {[]string{old, written(t, "broken", broken, nil)}, 4},
		"one that did not live":      {[]string{written(t, "broken", broken, nil), old}, 0},
		"one that is not asked for":  {[]string{old, fewer}, 0},
		"nothing that is comparable": {[]string{old, written(t, "late", func(x *trial.Trial) { x.Window = time.Minute }, nil)}, 4},
	} {
		code, _, stderr := execute(t.Context(), append([]string{"compare", "--fail-if-worse"}, c.args...)...)
		if code != c.want {
			t.Errorf("%s: exit code %d, want %d: %s", name, code, c.want, stderr)
		}
	}
	if _, _, stderr := execute(t.Context(), "compare", old, old); !strings.Contains(stderr, "the same folder") {
		t.Errorf("no word of it: %q", stderr)
	}
}

func TestCompareOfTwoMachinesSaysSoFirst(t *testing.T) {
	old := written(t, "old", nil, nil)
	new := written(t, "new", func(x *trial.Trial) { x.Counts.Good *= 3 }, func(e *trial.Env) {
		e.Platform.CPUModel, e.Platform.GoVersion = "two", "go1.27"
	})
	code, stdout, stderr := execute(t.Context(), "compare", old, new, "--fail-if-worse")
	first, rest, _ := strings.Cut(stdout, "\n")
	for name, line := range map[string]string{"stdout": first, "stderr": stderr} {
		if !strings.Contains(line, "NOT THE SAME MACHINE") || !strings.Contains(line, "CPU model: one → two") || strings.Contains(line, "1.27") {
			t.Errorf("%s begins with %q", name, line)
		}
	}
	if code != 0 || !strings.Contains(rest, "Changed: Go: go1.26 → go1.27") || !strings.Contains(rest, "0 of 12 comparisons differ") {
		t.Errorf("exit code %d: %s", code, stdout)
	}
	code, stdout, stderr = execute(t.Context(), "compare", "--json", old, new)
	var result struct {
		Basis       string
		Machine     []struct{ What, Old, New string }
		Comparisons []struct{ Metric, Outcome string }
	}
	if err := json.Unmarshal([]byte(stdout), &result); err != nil || code != 0 || result.Basis != "to-baseline" || len(result.Machine) != 1 || len(result.Comparisons) != 12 {
		t.Errorf("exit code %d, %v: %+v", code, err, result)
	}
	if !strings.Contains(stderr, "NOT THE SAME MACHINE") {
		t.Errorf("stderr: %q", stderr)
	}
}

func TestCompareListsWhatItDoesNotCompare(t *testing.T) {
	old := written(t, "old", nil, nil)
	new := written(t, "new", func(x *trial.Trial) {
		if x.Kind() == "channel" {
			x.Strategy = strings.Replace(x.Strategy, "workers=4", "workers=8", 1)
		} else if !x.Twin {
			x.Window = time.Minute
		}
	}, nil)
	_, stdout, _ := execute(t.Context(), "compare", old, new)
	for _, want := range []string{
		"Not compared:\n  echo, window: 1s and 1m0s: goroutine\n",
		"Only in OLD:\n  echo: channel:workers=4,queue=0,full=wait,unit=conn\n",
		"Only in NEW:\n  echo: channel:workers=8,queue=0,full=wait,unit=conn\n",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("it does not say\n%s\nbut\n%s", want, stdout)
		}
	}
}

func TestCheckExitsAsTheRunIs(t *testing.T) {
	good := written(t, "good", slower, nil)
	spoilt := written(t, "spoilt", func(x *trial.Trial) {
		if x.Repetition < 2 {
			x.Invalid = "disturbed"
		}
	}, nil)
	for name, c := range map[string]struct {
		args []string
		code int
		want string // on stderr, or stdout where all is good
	}{
		"all is good":              {[]string{good, "--fail-if", "goodput<400/s", "--fail-if", "p99>10ms on echo for goroutine"}, 0, "valid, and keeps to 2 thresholds\n"},
		"without a threshold":      {[]string{good}, 0, ": valid; no threshold was given, name one with --fail-if\n"},
		"violated":                 {[]string{good, "--fail-if", "goodput<900/s"}, 3, "goodput<900/s: goodput is 502/s in echo for channel:workers=4"},
		"one of two violated":      {[]string{good, "--fail-if", "p50>1s", "--fail-if", "goodput<900/s"}, 3, "1 violation"},
		"about nothing":            {[]string{good, "--fail-if", "goodput<1/s on opera"}, 4, `no scenario is "opera"; there are: echo`},
		"too few for it":           {[]string{good, "--fail-if", "p99.99>1ms"}, 4, "too few"},
		"violated, and too few":    {[]string{good, "--fail-if", "p99.99>1ms", "--fail-if", "p50>1ms"}, 3, "2 violations"},
		"too much of it invalid":   {[]string{spoilt, "--fail-if", "p50>1ms"}, 4, "6 of 24 trials are invalid"},
		"the same, nothing to ask": {[]string{spoilt}, 4, "invalid run"},
		"no expression":            {[]string{good, "--fail-if", "p99>10"}, 2, "  p99>10\n      ^^\n"},
		"no run":                   {[]string{filepath.Join(t.TempDir(), "none")}, 2, "none"},
	} {
		code, stdout, stderr := execute(t.Context(), append([]string{"check"}, c.args...)...)
		if code != c.code || !strings.Contains(stdout+stderr, c.want) || (stdout == "") != (code != 0) || (stderr == "") != (code == 0) {
			t.Errorf("%s: exit code %d, want %d with %q: %s%s", name, code, c.code, c.want, stdout, stderr)
		}
	}
}

func TestExportKeepsStdoutClean(t *testing.T) {
	dir := written(t, "one", func(x *trial.Trial) {
		if x.Seq == 5 {
			x.Invalid = "disturbed"
		}
	}, nil)
	code, stdout, stderr := execute(t.Context(), "export", dir, "--format", "benchfmt")
	if code != 0 || stderr != "# left out: 1 invalid trial, and 0 trials that measured a capacity\n" {
		t.Errorf("exit code %d: %q", code, stderr)
	}
	results := 0
	for r := benchfmt.NewReader(strings.NewReader(stdout), "stdout"); r.Scan(); {
		switch record := r.Result().(type) {
		case *benchfmt.Result:
			results++
		case *benchfmt.SyntaxError:
			t.Error(record)
		}
	}
	if results != 23 {
		t.Errorf("%d results", results)
	}
	code, stdout, stderr = execute(t.Context(), "export", dir, "--format", "json")
	var objects []map[string]any
	if err := json.Unmarshal([]byte(stdout), &objects); err != nil || len(objects) != 24 || code != 0 || stderr != "" {
		t.Errorf("exit code %d, %d objects, %v: %s", code, len(objects), err, stderr)
	}

	file := filepath.Join(t.TempDir(), "trials.csv")
	must(t, os.WriteFile(file, []byte(strings.Repeat("longer than what comes\n", 1000)), 0o644))
	code, stdout, stderr = execute(t.Context(), "export", dir, "--format", "csv", "--output", file)
	if code != 0 || stdout+stderr != "" {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	f, err := os.Open(file)
	must(t, err)
	defer f.Close()
	if rows, err := csv.NewReader(f).ReadAll(); err != nil || len(rows) != 25 {
		t.Errorf("%d lines: %v", len(rows), err)
	}
}

func TestBadInputToComparisonsSaysWhatToDo(t *testing.T) {
	dir := written(t, "one", nil, nil)
	for args, want := range map[string]string{
		"compare":                               "see `poolbench compare --help`",
		"compare " + dir:                        "see `poolbench compare --help`",
		"compare nothing " + dir:                "nothing",
		"compare a b --threshold 5":             "such as 5%",
		"compare a b --threshold -1%":           "such as 5%",
		"compare a b --threshold NaN%":          "such as 5%",
		"export " + dir:                         "benchfmt, json or csv",
		"export --format xml " + dir:            "benchfmt, json or csv",
		"export --format csv nothing":           "nothing",
		"export --format csv --output / " + dir: "--output",
		"check a b":                             "see `poolbench check --help`",
	} {
		code, stdout, stderr := execute(t.Context(), strings.Fields(args)...)
		if code != 2 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit code %d, want 2 and one line with %q: %q and %q", args, code, want, stderr, stdout)
		}
	}
	for _, command := range []string{"compare", "export", "check"} {
		code, stdout, stderr := execute(t.Context(), command, "--help")
		if code != 0 || !strings.Contains(stdout, "Examples:\n  poolbench "+command) {
			t.Errorf("%q: exit code %d, help without an example: %s%s", command, code, stdout, stderr)
		}
	}
}
