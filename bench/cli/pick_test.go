package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/cli"
	"github.com/poolbench/poolbench/bench/pick"
	"github.com/poolbench/poolbench/bench/trial"
)

// Catches: a choice that is not printed, or not as one thing on stdout; a run that is not kept. What is chosen is tested in
// package pick: so short a run says nothing, and on a busy machine hardly a trial may be valid.
func TestPickPrintsAChoiceAndKeepsTheRun(t *testing.T) {
	dir, stdout, stderr := "", "", ""
	args := []string{"pick", "--connections", "4", "--hold", "1ms", "--objective", "p99=50ms", "--budget", "2s", "--seed", "3", "--json"}
	for attempt := 0; stdout == ""; attempt++ {
		var code int
		dir = t.TempDir()
		code, stdout, stderr = execute(t.Context(), append(args, "--results", dir, "--name", "one")...)
		if code == 4 && attempt < 1 {
			continue
		}
		if code == 4 {
			t.Skipf("the machine is too busy to measure anything: %s", stderr)
		}
		if code != 0 {
			t.Fatalf("exit code %d: %s", code, stderr)
		}
	}
	var c pick.Choice
	if err := json.Unmarshal([]byte(stdout), &c); err != nil {
		t.Fatalf("%v:\n%s", err, stdout)
	}
	if c.Sentence == "" || len(c.Rows) < 4 || c.Situation.Workload != "wait:hold=1ms" || c.Take != "" && c.Code == "" {
		t.Errorf("%+v", c)
	}
	run, err := trial.Read(filepath.Join(dir, "latest"))
	if err != nil || run.Env.Suite != "pick" || run.Env.Seed != 3 {
		t.Errorf("%v, %+v", err, run.Env)
	}
	for _, name := range []string{"report.md", "verdict.json", "suite.yaml"} {
		if info, err := os.Stat(filepath.Join(dir, "one", name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// stopper is a stderr that ends the command when it has said a line often enough.
type stopper struct {
	bytes.Buffer
	line  string
	times int
	stop  func()
}

func (s *stopper) Write(p []byte) (int, error) {
	n, err := s.Buffer.Write(p)
	if strings.Count(s.String(), s.line) >= s.times {
		s.stop()
	}
	return n, err
}

// Catches: a run whose choice nobody can have any more when it was interrupted, and a message that says a command which does not
// lead to it.
func TestAPickThatIsInterruptedGoesOnToItsChoice(t *testing.T) {
	args := []string{"pick", "--connections", "4", "--hold", "1ms", "--objective", "p99=50ms", "--budget", "2s", "--results", t.TempDir(), "--name", "one"}
	var ctx context.Context
	stderr := &stopper{line: "choice", times: 2}
	ctx, stderr.stop = context.WithCancel(t.Context())
	code := cli.Execute(ctx, small(), args, io.Discard, stderr)
	if code == 4 {
		t.Skipf("the machine is too busy to measure a capacity: %s", stderr)
	}
	_, said, _ := strings.Cut(stderr.String(), "go on with `")
	commands, _, ok := strings.Cut(said, "`")
	first, second, both := strings.Cut(commands, " && ")
	if code != 130 || !ok || !both {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	if code, _, stderr := execute(t.Context(), strings.Fields(first)[1:]...); code != 0 && code != 4 {
		t.Fatalf("%s: exit code %d, %s", first, code, stderr)
	}
	run, err := trial.Read(strings.Fields(second)[2])
	must(t, err)
	if s, err := pick.Asked(run); err != nil || s.Connections != 4 || run.Env.Interrupted {
		t.Errorf("%+v, %v, interrupted %v", s, err, run.Env.Interrupted)
	}
	code, stdout, errs := execute(t.Context(), append(strings.Fields(second)[1:], "--json")...)
	if code == 4 {
		t.Skipf("the machine is too busy to measure anything: %s", errs)
	}
	var c pick.Choice
	if err := json.Unmarshal([]byte(stdout), &c); err != nil || code != 0 {
		t.Fatalf("%s: exit code %d, %v, %s", second, code, err, errs)
	}
	if s := c.Situation; c.Sentence == "" || s.Connections != 4 || s.Hold != time.Millisecond || s.Workload != "wait:hold=1ms" || s.Objective.Response != 50*time.Millisecond || s.Budget != 2*time.Second {
		t.Errorf("%+v", c)
	}
	if strings.Contains(errs, "partial") || strings.Contains(errs, "--resume") {
		t.Errorf("the run is whole: %s", errs)
	}
}

func TestPickRefusesWhatCannotBeInOneLine(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ args, want string }{
		{"", "--hold 5ms"},
		{"--hold 5ms --workload cpu", "leave one out"},
		{"--hold 0s", "--hold 0s"},
		{"--hold 2h --budget 200h", "1µs to 1m"},
		{"--workload opera", "allowed: exchange"},
		{"--workload stuck --connections 0", "--connections 0"},
		{"--workload echo --rate 0", "--rate 0"},
		{"--workload echo --objective p99", "write for example p99=10ms"},
		{"--hold 5ms --objective p99=2ms", "before the handler has waited"},
		{"--hold 30s --budget 1m", "at least 20m0s"},
		{"--workload echo --budget -1s", "--budget -1s"},
		{"--workload echo --connections 500000", "ulimit -n"},
		{"--workload echo --server-cpus 0-", "server CPUs"},
		{"--workload echo --driver horse", "horse"},
		{"--workload echo --name ../evil", "plain name"},
		{"everything twice", "see `poolbench pick --help`"},
	} {
		t.Run(c.args, func(t *testing.T) {
			code, stdout, stderr := execute(t.Context(), append([]string{"pick", "--results", filepath.Join(dir, "r")}, strings.Fields(c.args)...)...)
			if code != 2 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.want) {
				t.Errorf("exit code %d, %q, %q; want 2 and one line with %q", code, stdout, stderr, c.want)
			}
		})
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("bad input has left something behind: %v, %v", left, err)
	}
}

func TestPickSaysTheChoiceOfARunThatIsThere(t *testing.T) {
	situation := pick.Situation{Connections: 1, Workload: "echo", Objective: trial.Objective{Quantile: 0.99, Response: 50 * time.Millisecond}, Budget: time.Minute, CPUs: 1}
	dir := written(t, "picked", func(x *trial.Trial) { x.Scenario = "choice" }, func(e *trial.Env) {
		e.Scenarios = []trial.Scenario{{Name: "choice", Question: trial.Compare, Workload: "echo", Load: trial.Load{Loop: trial.Closed, Clients: 1}, DecidedBy: "goodput",
			Strategies: []string{"goroutine:workers=unbounded,queue=0,full=wait,unit=conn", "channel:workers=4,queue=0,full=wait,unit=conn"}}}
		var err error
		e.Situation, err = situation.Record()
		must(t, err)
		e.Started, e.Finished = time.Unix(1, 0), time.Unix(2, 0)
	})
	code, stdout, stderr := execute(t.Context(), "pick", dir, "--json")
	var c pick.Choice
	if err := json.Unmarshal([]byte(stdout), &c); err != nil || code != 0 || stderr != "" {
		t.Fatalf("exit code %d, %v, %s", code, err, stderr)
	}
	if c.Situation != situation || c.Sentence == "" || len(c.Rows) != 2 {
		t.Errorf("%+v", c)
	}
	code, stdout, stderr = execute(t.Context(), "pick", dir)
	if code != 0 || !strings.HasPrefix(strings.Join(strings.Fields(stdout), " "), c.Sentence) || !strings.Contains(stderr, dir) {
		t.Errorf("exit code %d, %s, %s", code, stdout, stderr)
	}
}

func TestPickRefusesARunThatSaysNoSituation(t *testing.T) {
	other := written(t, "other", nil, nil)
	for _, c := range []struct{ args, want string }{
		{"nowhere", "there is no folder nowhere"},
		{other, "not measured to pick from"},
		{other + " --json --hold 5ms --budget 1m", "leave out --hold, --budget"},
	} {
		code, stdout, stderr := execute(t.Context(), append([]string{"pick"}, strings.Fields(c.args)...)...)
		if code != 2 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit code %d, %q, %q; want 2 and one line with %q", c.args, code, stdout, stderr, c.want)
		}
	}
}
