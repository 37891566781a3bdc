package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/internal/synth"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/verdict"
)

// Catches: a verdict that scrolls away or wraps, and scenarios that are left out without a word.
func TestTheVerdictFitsATerminal(t *testing.T) {
	long := strings.Repeat("very long words without an end ", 30)
	for _, n := range []int{0, 1, 2, 12, 16, 17, 19, 20, 21, 40} {
		for _, c := range []struct{ sentences, warnings []string }{
			{[]string{"Take a."}, nil}, {[]string{long, long}, nil}, {[]string{long, long}, []string{"The machine.", long}},
			{[]string{"Take a."}, slices.Repeat([]string{long}, 7)}, {slices.Repeat([]string{long}, 9), slices.Repeat([]string{long}, 7)},
		} {
			v := verdict.Verdict{Labels: map[string]string{}}
			v.Overall.Sentences = c.sentences[:1]
			for range c.sentences[1:] {
				v.Sizes = append(v.Sizes, verdict.Size{Scenario: "limit", Sentence: long})
			}
			for i := range n {
				s := verdict.Scenario{Name: fmt.Sprintf("scenario-%d with a name that has no end", i)}
				for j := range 12 {
					name := fmt.Sprintf("strategy-%d", j)
					v.Labels[name] = name + " workers=64 full=reject"
					switch {
					case i%2 == 0 || j < 6:
						s.Best = append(s.Best, name)
					case j < 9:
						s.Unranked = append(s.Unranked, name)
					default:
						s.Out = append(s.Out, verdict.Out{Strategy: name, Reasons: []verdict.Reason{{Code: verdict.Starves}}})
					}
				}
				v.Scenarios = append(v.Scenarios, s)
			}
			var b bytes.Buffer
			printVerdict(&b, v, c.warnings)
			lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
			if len(lines) > verdictLines {
				t.Errorf("%d scenarios: %d lines\n%s", n, len(lines), b.String())
			}
			warned, answered := strings.Count(b.String(), "poolbench: warning: "), strings.Count(b.String(), "limit: ")+min(n, 1)
			if more := len(c.warnings) - warned; more > 0 && !strings.Contains(b.String(), fmt.Sprintf("%d more warnings", more)) || len(c.warnings) > 0 && warned == 0 {
				t.Errorf("%d of %d warnings are shown, and it does not say so:\n%s", warned, len(c.warnings), b.String())
			}
			if more := len(c.sentences) - answered; n > 0 && more > 0 && !strings.Contains(b.String(), fmt.Sprintf("%d more answers", more)) {
				t.Errorf("%d of %d sentences are shown, and it does not say so:\n%s", answered, len(c.sentences), b.String())
			}
			shown := 0
			for _, l := range lines {
				if w := text.StringWidth(l); w > verdictWidth {
					t.Errorf("%d columns: %s", w, l)
				}
				if strings.Contains(l, "scenario-") {
					shown++
				}
			}
			if left := n - shown; left > 0 && !strings.Contains(b.String(), fmt.Sprintf("%d more", left)) || n > 0 && shown == 0 {
				t.Errorf("%d of %d scenarios are shown, and it does not say so:\n%s", shown, n, b.String())
			}
		}
	}
}

// Catches: a verdict that is not written, is another one than the report's, or stands where data should; what is left of an
// older one.
func TestReportWritesTheVerdictAndSaysIt(t *testing.T) {
	var trials []trial.Trial
	for i, name := range []string{"free:workers=unbounded,queue=0,full=wait,unit=conn", "free:workers=unbounded,queue=0,full=wait,unit=conn", "few:workers=2,queue=0,full=wait,unit=conn"} {
		tr := trial.Trial{Seq: i, Scenario: "echo", Workload: "echo", Measured: "request", Strategy: name, Twin: i == 1, Load: trial.Load{Loop: trial.Closed, Clients: 3},
			Window: time.Second, TimeOut: time.Second, Clients: trial.Clients{Total: 3, Served: 3, Good: make([]int64, 3)}}
		if i == 2 {
			tr.Clients.Served, tr.Clients.Nothing = 2, 1
		}
		trials = append(trials, tr)
	}
	dir := synth.Write(t, filepath.Join(t.TempDir(), "run"), trial.Env{Planned: 3, Scenarios: []trial.Scenario{{Name: "echo"}}}, trials)
	path := filepath.Join(dir, "verdict.json")
	if err := os.WriteFile(path, bytes.Repeat([]byte("old"), 1<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	if code := Execute(t.Context(), bench.Suite{}, []string{"report", dir}, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	for _, name := range strings.Fields(stdout.String()) {
		if _, err := os.Stat(name); err != nil {
			t.Errorf("stdout names %s, which is no file", name)
		}
	}
	if !strings.Contains(stdout.String(), path) || !strings.Contains(stderr.String(), "few out: starves") {
		t.Errorf("stdout:\n%s\nstderr:\n%s", stdout.String(), stderr.String())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got verdict.Verdict
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	run, err := trial.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(verdict.Of(run), got); d != "" {
		t.Error(d)
	}
	if err := writeVerdict(filepath.Join(dir, "none"), run); err == nil || !strings.Contains(err.Error(), filepath.Join("none", "verdict.json")) {
		t.Errorf("no folder: %v", err)
	}
}

// Catches: "undecided", which is said to take more repetitions, of what was never measured, or was measured in vain.
func TestWhatNoTrialCanBeUsedOfIsNotCalledUndecided(t *testing.T) {
	spoilt := func(code string) trial.Trial {
		return trial.Trial{Invalid: "x", Findings: []trial.Finding{{Code: code, Text: "seen; do", Invalid: true}}}
	}
	run := trial.Run{Env: trial.Env{Repetitions: 3, Scenarios: []trial.Scenario{
		{Name: "spoilt", Strategies: []string{"a", "b", "c", "d", "e"}}, {Name: "broken", Strategies: []string{"a"}}}}}
	add := func(scenario, strategy string, x trial.Trial) {
		x.Seq, x.Scenario, x.Strategy, x.Workload, x.Measured = len(run.Trials), scenario, strategy, "echo", "request"
		x.Load, x.Window, x.TimeOut = trial.Load{Loop: trial.Closed, Clients: 1}, time.Second, time.Second
		x.Clients = trial.Clients{Total: 1, Served: 1, Good: []int64{0}}
		run.Trials = append(run.Trials, x)
	}
	for _, name := range []string{"a", "b", "c"} {
		add("spoilt", name, spoilt("driver-paused"))
		add("spoilt", name, spoilt("driver-paused"))
		add("spoilt", name, spoilt("late-edge"))
	}
	add("spoilt", "d", trial.Trial{}) // one trial each decides nothing, and takes more
	add("spoilt", "d", spoilt("late-edge"))
	add("spoilt", "e", trial.Trial{})
	add("broken", "a", trial.Trial{Invalid: "start: no such pool"})
	var b bytes.Buffer
	printVerdict(&b, verdict.Of(run), nil)
	for _, want := range []string{"d and e undecided, 3 not measured: driver-paused", "a not measured: start: no such pool"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, b.String())
		}
	}
}
