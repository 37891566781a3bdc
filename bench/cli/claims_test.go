package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/claims"
	"github.com/poolbench/poolbench/bench/internal/synth"
	"github.com/poolbench/poolbench/bench/suites"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies/all"
)

// claimed writes a run of a suite with a scenario spawn, or with one that no claim is about, and returns its folder.
func claimed(t *testing.T, suite, scenario string) string {
	t.Helper()
	names := []string{"a:workers=unbounded,queue=0,full=wait,unit=conn", "b:workers=unbounded,queue=0,full=wait,unit=conn", "c:workers=64,queue=0,full=wait,unit=conn"}
	cost := map[string]time.Duration{names[0]: 40, names[1]: 60, names[2]: 40}
	sc := trial.Scenario{Name: scenario, Question: trial.Compare, Workload: "echo", DecidedBy: "server-cpu", Strategies: names, Load: trial.Load{Loop: trial.Closed, Clients: 1}}
	env := trial.Env{Suite: suite, Scenarios: []trial.Scenario{sc}, Repetitions: 8, Planned: 32, Design: trial.Design{Alpha: 0.05, Threshold: 0.05, Family: 3, Looks: []int{8}}}
	var trials []trial.Trial
	for i := range 32 {
		name := append(names, names[0])[i%4]
		const good = 1000
		tr := trial.Trial{Seq: i, Repetition: i / 4, Scenario: scenario, Workload: "echo", Measured: "request", Strategy: name, Twin: i%4 == 3, Load: sc.Load,
			Window: time.Second, TimeOut: time.Second,
			ServerUsage: trial.Usage{CPU: good * (cost[name]*1000 + time.Duration(i))}}
		synth.Answer(&tr, good, time.Millisecond)
		trials = append(trials, tr)
	}
	return synth.Write(t, filepath.Join(t.TempDir(), "run"), env, trials)
}

// Catches: a claims.json that is not written or another one than what is printed, a report without the section, and names of files where
// data should be.
func TestClaimsJudgesARunThatIsThere(t *testing.T) {
	dir := claimed(t, claims.Suite, "spawn")
	var stdout, stderr bytes.Buffer
	if code := Execute(t.Context(), bench.Suite{}, []string{"claims", dir, "--json"}, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	var printed, written claims.Report
	b, err := os.ReadFile(filepath.Join(dir, claimsFile))
	if err != nil {
		t.Fatal(err)
	}
	for text, into := range map[string]*claims.Report{stdout.String(): &printed, string(b): &written} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range []claims.Report{printed, written} {
		if len(r.Claims) != 3 || r.Claims[0].Verdict != claims.True || r.Claims[1].Verdict != claims.Undecided || r.Claims[2].Verdict != claims.Undecided {
			t.Errorf("%+v", r.Claims)
		}
	}

	stdout.Reset()
	if code := Execute(t.Context(), bench.Suite{}, []string{"claims", dir}, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	for _, want := range []string{"Threads take time to start and to end. True.", "spawn", "20 µs", "60", "different", "Undecided.", "This was not measured"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("no %q in\n%s", want, stdout.String())
		}
	}
	if strings.Contains(stdout.String(), claimsFile) || !strings.Contains(stderr.String(), filepath.Join(dir, claimsFile)) {
		t.Errorf("stdout:\n%s\nstderr:\n%s", stdout.String(), stderr.String())
	}

	if err := os.Remove(filepath.Join(dir, claimsFile)); err != nil {
		t.Fatal(err)
	}
	stdout.Reset()
	if code := Execute(t.Context(), bench.Suite{}, []string{"report", dir}, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	for _, name := range strings.Fields(stdout.String()) {
		if _, err := os.Stat(name); err != nil {
			t.Errorf("stdout names %s, which is no file", name)
		}
	}
	report, err := os.ReadFile(filepath.Join(dir, "report.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(stdout.String(), claimsFile) || !strings.Contains(string(report), "## The tutorial's claims\n\n- **Threads take time to start and to end. True.**") {
		t.Errorf("stdout:\n%s\nreport:\n%s", stdout.String(), report)
	}
}

// Catches: a run of another suite that is judged, or that gets a section of things that it did not measure; flags that are ignored.
func TestClaimsRefusesWhatItCannotJudge(t *testing.T) {
	other, namesake := claimed(t, claims.Suite, "echo"), claimed(t, "mine", "spawn")
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"claims", other}, "none of its scenarios"},
		{[]string{"claims", namesake}, `of the suite "mine" and not of "claims"`},
		{[]string{"claims", filepath.Join(other, "nowhere")}, "nowhere"},
		{[]string{"claims", other, "--name", "x"}, "leave out"},
		{[]string{"claims", other, "--seed", "0"}, "leave out"},
		{[]string{"claims", other, other}, "takes one RUN at most"},
		{[]string{"claims", "--name", "a/b", "--results", t.TempDir()}, "plain name"},
	} {
		var stdout, stderr bytes.Buffer
		catalog := bench.Suite{Kinds: all.Kinds(), Workloads: workload.All()}
		built := suites.All(catalog)
		if code := Execute(t.Context(), built[0], c.args, &stdout, &stderr, built[1:]...); code != exitUsage || !strings.Contains(stderr.String(), c.says) {
			t.Errorf("%q: exit code %d, %s", c.args, code, stderr.String())
		}
	}
	for _, dir := range []string{other, namesake} {
		if code := Execute(t.Context(), bench.Suite{}, []string{"report", dir}, new(bytes.Buffer), new(bytes.Buffer)); code != 0 {
			t.Fatal(code)
		}
		report, err := os.ReadFile(filepath.Join(dir, "report.md"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, claimsFile)); err == nil || strings.Contains(string(report), "tutorial's claims") {
			t.Error("a run without the claims' scenarios has something about them")
		}
	}
}
