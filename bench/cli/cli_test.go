package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/cli"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies"
)

// small is a suite that takes a second.
func small() bench.Suite {
	timing := bench.Timing{
		WarmUp: 10 * time.Millisecond, Window: 50 * time.Millisecond, Tail: 20 * time.Millisecond,
		TimeOut: time.Second, BackOff: 10 * time.Millisecond,
	}
	broken := strategies.Channel() // only when it is started is it found out that it cannot be
	broken.Name = "broken"
	broken.New = func(strategies.Limits) (strategies.Dispatcher, error) { return nil, errors.New("no such pool") }
	return bench.Suite{
		Name:        "small",
		Kinds:       strategies.Kinds{strategies.Goroutine(), strategies.Channel(), strategies.Tutorial(), broken},
		Workloads:   append(workload.All(), workload.Workload{Name: "stuck", Handler: stuck}),
		Repetitions: 1,
		Scenarios: []bench.Scenario{
			{Name: "echo", About: "About echo.", Workload: "echo", Strategies: []string{"goroutine", "tutorial"}, Load: trial.Load{Loop: trial.Closed, Clients: 4}, Timing: timing},
			{Name: "wait-open", About: "About waiting.", Workload: "wait", Strategies: []string{"goroutine"}, Load: trial.Load{Loop: trial.Open, Clients: 4}, Fractions: []float64{0.5}, Timing: timing},
		},
	}
}

// stuck never answers the request that it has begun to read, and says when that is.
func stuck() strategies.Handler {
	return strategies.HandlerFunc(func(_ context.Context, conn net.Conn) error {
		if _, err := conn.Read(make([]byte, 1)); err != nil {
			return err
		}
		begun()
		_, err := io.Copy(io.Discard, conn)
		return err
	})
}

var (
	begunHere = make(chan struct{}, 1)
	begun     = func() { begunHere <- struct{}{} }
)

// mainEnv makes a copy of this test binary the command itself.
const mainEnv = "POOLBENCH_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(mainEnv) != "" {
		begun = func() { fmt.Println("begun") }
		cli.Main(small())
	}
	small().ServeIfChild()
	// The race detector lets a process that ends linger for a second; the servers need not.
	os.Setenv("GORACE", strings.TrimSpace(os.Getenv("GORACE")+" atexit_sleep_ms=0"))
	os.Exit(m.Run())
}

// execute runs one command line in this process.
func execute(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = cli.Execute(ctx, small(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestRunWritesTrialsReportAndPlots(t *testing.T) {
	var dir, stdout, stderr string
	for attempt, drawn := 0, []string(nil); len(drawn) == 0; attempt++ { // on a machine that is busy with other tests hardly one of so short trials may be valid
		var code int
		dir = t.TempDir()
		code, stdout, stderr = execute(t.Context(), "run", "--results", dir, "--name", "one", "--seed", "3")
		if attempt == 9 || code != 0 && !strings.Contains(stderr, "is valid") {
			t.Fatalf("exit code %d, nothing drawn: %s", code, stderr)
		}
		drawn, _ = filepath.Glob(filepath.Join(dir, "one", "plots", "*.svg"))
	}
	planned := 3 + 3 + 3 + 2
	if strings.Contains(stderr, "there is no rate to offer") { // of those that calibrate none was valid, and the open loop is left out
		planned -= 2
	}
	if lines := strings.Split(strings.TrimSpace(stderr), "\n"); len(lines) < planned || !strings.HasPrefix(lines[0], "trial 1, about ") || strings.ContainsAny(stderr, "\r\x1b") {
		t.Errorf("stderr is no terminal, and has no line for each trial: %q", lines)
	}
	names := strings.Fields(stdout)
	for i, name := range names {
		names[i] = strings.TrimPrefix(name, filepath.Join(dir, "one"))
	}
	if want := []string{"", "/report.md", "/report.html", "/verdict.json", "/trials.jsonl"}; !slices.Equal(names, want) {
		t.Errorf("stdout names %q, want %q", names, want)
	}
	run, err := trial.Read(filepath.Join(dir, "latest"))
	if err != nil {
		t.Fatal(err)
	}
	first := slices.DeleteFunc(slices.Clone(run.Trials), func(t trial.Trial) bool { return t.Attempt > 0 })
	if len(first) != run.Env.Planned || len(first) != planned {
		t.Errorf("%d trials of %d", len(first), run.Env.Planned)
	}
	if run.Env.Interrupted || run.Env.Finished.IsZero() || run.Env.Seed != 3 || run.Env.Suite != "small" {
		t.Errorf("env: %+v", run.Env)
	}
	if !strings.Contains(strings.Join(run.Env.Command, " "), "poolbench run --results") {
		t.Errorf("the record's command is %q", run.Env.Command)
	}
	for _, line := range strings.Fields(stdout) {
		if info, err := os.Stat(line); err != nil || info.Size() == 0 {
			t.Errorf("stdout names %s: %v", line, err)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "one", "report.md"))
	if err != nil {
		t.Fatal(err)
	}
	wanted := []string{"served", "poolbench run --results", "About echo."}
	if !slices.ContainsFunc(run.Trials, func(t trial.Trial) bool { return t.Invalid != "" }) { // the machine was busy with others
		wanted = append(wanted, "2 of 4")
	}
	for _, want := range wanted {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("the report does not say %q", want)
		}
	}

	t.Run("and does not overwrite it", func(t *testing.T) {
		code, _, stderr := execute(t.Context(), "run", "--results", dir, "--name", "one")
		if code != 2 || !strings.Contains(stderr, "one") {
			t.Errorf("exit code %d: %s", code, stderr)
		}
		if again, err := trial.Read(filepath.Join(dir, "one")); err != nil || len(again.Trials) != len(run.Trials) {
			t.Errorf("the run has changed: %d trials, %v", len(again.Trials), err)
		}
	})
	t.Run("and plot draws it again without measuring", func(t *testing.T) {
		if err := os.RemoveAll(filepath.Join(dir, "one", "plots")); err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := execute(t.Context(), "plot", filepath.Join(dir, "latest"))
		if code != 0 || !strings.Contains(stdout, ".svg") {
			t.Errorf("exit code %d: %s%s", code, stdout, stderr)
		}
	})
	t.Run("and a run without a single trial leaves it the latest", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		code, _, stderr := execute(ctx, "run", "--results", dir, "--name", "two")
		if code != 130 || !strings.Contains(stderr, "interrupted") {
			t.Errorf("exit code %d, want 130: %s", code, stderr)
		}
		if latest, err := trial.Resolve(filepath.Join(dir, "latest")); err != nil || filepath.Base(latest) != "one" {
			t.Errorf("the latest run is %s, %v", latest, err)
		}
	})
}

func TestInterruptingARunKeepsItAndSaysThatItIsPartial(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// The first line of progress comes before the first trial; the trials file grows after each.
	done := make(chan struct{})
	go func() {
		defer close(done)
		path := filepath.Join(dir, "cut", "trials.jsonl")
		for ctx.Err() == nil {
			if text, err := os.ReadFile(path); err == nil && bytes.Count(text, []byte("\n")) >= 2 {
				cancel()
			}
		}
	}()
	code, _, stderr := execute(ctx, "run", "--results", dir, "--name", "cut", "--repetitions", "1000")
	cancel()
	<-done
	if code != 130 {
		t.Errorf("exit code %d, want 130: %s", code, stderr)
	}
	run, err := trial.Read(filepath.Join(dir, "cut"))
	if err != nil {
		t.Fatal(err)
	}
	if !run.Env.Interrupted || len(run.Trials) < 2 || len(run.Trials) >= run.Env.Planned {
		t.Errorf("interrupted %v, %d trials of %d", run.Env.Interrupted, len(run.Trials), run.Env.Planned)
	}
	text, err := os.ReadFile(filepath.Join(dir, "cut", "report.md"))
	if err != nil || !bytes.Contains(bytes.ToLower(text), []byte("partial")) {
		t.Errorf("the report does not say that it is partial (%v)", err)
	}

	t.Run("and report writes it again without measuring", func(t *testing.T) {
		if err := os.Remove(filepath.Join(dir, "cut", "report.md")); err != nil {
			t.Fatal(err)
		}
		if code, stdout, stderr := execute(t.Context(), "report", filepath.Join(dir, "latest")); code != 0 || !strings.Contains(stdout, "report.md") {
			t.Errorf("exit code %d: %s%s", code, stdout, stderr)
		}
		if again, err := os.ReadFile(filepath.Join(dir, "cut", "report.md")); err != nil || !bytes.Equal(again, text) {
			t.Errorf("it is another report (%v)", err)
		}
	})
}

func TestARunOfWhichNoTrialIsValidFailsAndSaysWhy(t *testing.T) {
	dir := t.TempDir()
	code, _, stderr := execute(t.Context(), "run", "--results", dir, "--name", "none", "--scenario", "echo", "--strategy", "broken")
	if _, why, is := strings.Cut(stderr, "not one of 2 trials is valid: "); code != 4 || !is || !strings.Contains(why, "no such pool") || strings.Count(why, "\n") != 1 {
		t.Errorf("exit code %d, want 4 and the reason in one line: %s", code, stderr)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "none", "report.md")); err != nil || !bytes.Contains(text, []byte("no such pool")) {
		t.Errorf("the report does not say why (%v)", err)
	}
}

// Catches: a `make plots` that ends with an error although it has written what can be said, and a threshold that is judged by what is left
// of a run.
func TestARunWithSomeValidTrialsIsGoodUnlessItIsJudged(t *testing.T) {
	run := func(more ...string) (code int, dir, stderr string) {
		dir = t.TempDir()
		args := []string{"run", "--results", dir, "--name", "one", "--scenario", "echo", "--strategy", "goroutine", "--strategy", "broken"}
		code, _, stderr = execute(t.Context(), append(args, more...)...)
		return code, filepath.Join(dir, "one"), stderr
	}
	for attempt := 0; ; attempt++ { // on a busy machine no trial may be valid
		code, dir, stderr := run()
		if attempt < 9 && strings.Contains(stderr, "is valid") {
			continue
		}
		if code != 0 {
			t.Fatalf("exit code %d: %s", code, stderr)
		}
		if code, _, stderr := execute(t.Context(), "check", dir); code != 4 || !strings.Contains(stderr, "more than 10 % are too many") {
			t.Errorf("check: exit code %d, %s", code, stderr)
		}
		break
	}
	if code, dir, stderr := run("--fail-if", "p99>10s"); code != 4 || !strings.Contains(stderr, "valid") {
		t.Errorf("with a threshold: exit code %d, %s", code, stderr)
	} else if _, err := os.Stat(filepath.Join(dir, "report.md")); err != nil {
		t.Error(err)
	}
	code, stdout, _ := execute(t.Context(), "--help")
	for _, want := range []string{"run and claims if not one trial is valid", "more than 10 % of what was to be measured"} {
		if code != 0 || !strings.Contains(stdout, want) {
			t.Errorf("the help does not say %q:\n%s", want, stdout)
		}
	}
}

func TestBadInputGetsOneLineThatSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	old := filepath.Join(dir, "old")
	must(t, os.WriteFile(file, nil, 0o644))
	must(t, os.Mkdir(old, 0o755))
	must(t, os.WriteFile(filepath.Join(old, "env.json"), []byte(`{"schema":99}`), 0o644))
	must(t, os.WriteFile(filepath.Join(old, "trials.jsonl"), []byte(`{"schema":99}`+"\n"), 0o644))
	prose := filepath.Join(t.TempDir(), "README.md")
	must(t, os.WriteFile(prose, []byte("# A title\n\n`code` and scenarios: words\n"), 0o644))
	taken := filepath.Join(dir, "taken", "latest")
	must(t, os.MkdirAll(taken, 0o755))
	many := fmt.Sprint(math.MaxInt32)
	cpu, onOne := "0", "cannot pin"
	if sides, err := bench.ParseSides("", ""); err == nil && len(sides.Server.CPUs) > 0 {
		cpu = fmt.Sprint(sides.Server.CPUs[0])
		onOne = "both name CPU " + cpu
	} else if runtime.GOOS == "linux" { // with one CPU, which may be any
		onOne = "CPU"
	}
	further := small()
	further.Name, further.Scenarios[0].Name = "further", "calm"

	for _, c := range []struct {
		args string
		want string
	}{
		{"fly", "unknown command"},
		{"rnu", "did you mean run?"},
		{"lst --help", "unknown command \"lst\"; did you mean list?; see `poolbench --help`"},
		{"-h lst", "unknown command \"lst\""},
		{"lst --json", "unknown command \"lst\""},
		{"run everything", "see `poolbench run --help`"},
		{"run --speed 3", "unknown flag"},
		{"run --repetitions many", `poolbench: --repetitions "many": has to be a whole number`},
		{"run --seed many", `poolbench: --seed "many": has to be a whole number from 0`},
		{"run --offered 50%,ninety", `poolbench: --offered "ninety": has to be a percentage`},
		{"run --window 5", `poolbench: --window "5": has to be a time with its unit: 5s, or 5ms`},
		{"pick --workload echo --objective p99=20", `"20" has no unit; write p99=20ms, or p99=20s`},
		{"compare old", "poolbench: compare takes OLD and NEW, and one of them was given; see `poolbench compare --help`"},
		{"compare a b c", "poolbench: compare takes OLD and NEW, and 3 were given"},
		{"man", "poolbench: man takes DIR, and nothing was given"},
		{"report a b", "poolbench: report takes one RUN at most, and 2 were given"},
		{"list all", `poolbench: list takes no argument, and "all" is one`},
		{"completion tcsh", "has to be bash, zsh, fish or powershell"},
		{"export --format xml", "has to be benchfmt, json or csv"},
		{"report nowhere", "there is no folder nowhere: name that of a run, or measure one with `poolbench run`"},
		{"run --repetitions 0", "at least 1"},
		{"run --strategy swarm", "allowed: goroutine, channel, tutorial"},
		{"run --strategy channel:worker=1", "allowed: workers"},
		{"run --scenario opera", "allowed: echo, wait-open"},
		{"run --scenario ehco", "did you mean echo?"},
		{"run --strategy chanel", "did you mean channel?"},
		{"serve --strategy tutoral", "did you mean tutorial?"},
		{"serve --workload exchnage", "did you mean exchange?"},
		{"run --suite smal", "did you mean small?"},
		{"init --suite smal", "did you mean small?"},
		{"run --scenario calm", "the suite further: add --suite further"},
		{"run echo", "--scenario echo"},
		{"run further", "--suite further"},
		{"run --suite " + prose, "no suite file"},
		{"run --results " + file, "is a file"},
		{"run --results " + filepath.Join(file, "a", "b"), file + " is a file"},
		{"pick --hold 5", "--hold \"5\": has to be a time with its unit: 5s, or 5ms"},
		{"help opera", "no such command"},
		{"help run opera", "no such command"},
		{"run --window 0s", "window"},
		{"run --offered 50%", "open loops"},
		{"run --suite nobody", "allowed: small"},
		{"init " + file, "is there already"},
		{"init " + filepath.Join(dir, "no", "file"), "init: open"},
		{"init --suite nobody", "allowed: small"},
		{"init a b", "see `poolbench init --help`"},
		{"run --warm-up -1s", "warm-up"},
		{"run --name latest --results " + filepath.Join(dir, "new"), "name another"},
		{"run --server-cpus 0-", "server CPUs"},
		{"run --server-cpus 0", "driver CPUs"},
		{"run --server-cpus 100000 --driver-cpus 0", "100000"},
		{"run --server-cpus " + cpu + " --driver-cpus " + cpu, onOne},
		{"pick --workload echo --server-cpus " + cpu + " --driver-cpus " + cpu, onOne},
		{"run --results " + file, file},
		{"run --name ../evil", "plain name"},
		{"run --name a/b", "plain name"},
		{"run --results " + filepath.Dir(taken), "move it away"},
		{"serve --strategy swarm", "--strategy"},
		{"serve --workload opera", "--workload"},
		{"serve --workload wait:hold=2h", "1µs to 1m"},
		{"serve --listen 127.0.0.1:99999", "--listen"},
		{"serve --drain -1s", "--drain"},
		{"serve --drain 0", "--drain 0s"},
		{"drive", "target"},
		{"drive --target 127.0.0.1:1 --workload opera", "--workload"},
		{"drive --target 127.0.0.1:1 --loop open --rate 0", "rate 0"},
		{"drive --target 127.0.0.1:1 --loop open --rate -3", "rate -3"},
		{"drive --target 127.0.0.1:1 --loop open --rate 1e9", "at most 10000000"},
		{"drive --target 127.0.0.1:1 --loop round", "round"},
		{"drive --target 127.0.0.1:1 --rate 5", "closed loop"},
		{"drive --target 127.0.0.1:1 --arrivals constant", "closed"},
		{"drive --target nowhere", "host:port"},
		{"drive --target 127.0.0.1:99999", "host:port"},
		{"drive --target 127.0.0.1:1 --clients 0", "clients 0"},
		{"drive --target 127.0.0.1:1 --clients " + many, "ulimit -n"},
		{"report " + filepath.Join(dir, "nothing"), "nothing"},
		{"report " + old, "schema"},
		{"plot " + old, "schema"},
		{"plot a b", "see `poolbench plot --help`"},
	} {
		t.Run(c.args, func(t *testing.T) {
			var out, errs bytes.Buffer
			code := cli.Execute(t.Context(), small(), strings.Fields(c.args), &out, &errs, further)
			stdout, stderr := out.String(), errs.String()
			if code != 2 {
				t.Errorf("exit code %d, want 2", code)
			}
			if stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "poolbench: ") {
				t.Errorf("want one line on stderr and nothing on stdout, got %q and %q", stderr, stdout)
			}
			if !strings.Contains(stderr, c.want) {
				t.Errorf("%q does not say %q", stderr, c.want)
			}
		})
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 3 {
		t.Errorf("bad input has left something behind: %v, %v", left, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestEveryCommandHasHelpWithAnExample(t *testing.T) {
	for _, command := range []string{"", "run", "init", "report", "plot", "serve", "drive", "list"} {
		code, stdout, stderr := execute(t.Context(), append(strings.Fields(command), "--help")...)
		if code != 0 || !strings.Contains(stdout, "Examples:\n  poolbench "+command) {
			t.Errorf("%q: exit code %d, help without an example: %s%s", command, code, stdout, stderr)
		}
	}
}

func TestListNamesEverything(t *testing.T) {
	code, stdout, _ := execute(t.Context(), "list")
	if code != 0 {
		t.Fatalf("exit code %d", code)
	}
	for _, want := range []string{
		"goroutine", "channel", "tutorial", "exchange", "echo", "wait", "cpu", "alloc", "deep", "job", "wait-open", "wait:hold=…", "job:work=…",
		"workers=2,queue=unbounded,full=wait,unit=conn", "About echo.", "session",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the list has no %q", want)
		}
	}
}

// watched is a writer that says when it holds a text.
type watched struct {
	mu   sync.Mutex
	text bytes.Buffer
	grew chan struct{}
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.Write(p)
	select {
	case w.grew <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (w *watched) await(t *testing.T, pattern string) string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for {
		w.mu.Lock()
		match := re.FindStringSubmatch(w.text.String())
		w.mu.Unlock()
		if match != nil {
			return match[len(match)-1]
		}
		select {
		case <-w.grew:
		case <-t.Context().Done():
			t.Fatalf("no %q in %q", pattern, w.text.String())
		}
	}
}

func TestServeAndDriveATutorialServer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out := &watched{grew: make(chan struct{}, 1)}
	served := make(chan int, 1)
	go func() {
		served <- cli.Execute(ctx, small(), strings.Fields("serve --strategy tutorial --workload exchange --listen 127.0.0.1:0 --verbose"), out, io.Discard)
	}()
	address := out.await(t, `on (127\.0\.0\.1:\d+)`)

	code, stdout, stderr := execute(t.Context(), "drive", "--target", address, "--workload", "exchange", "--clients", "3",
		"--warm-up", "10ms", "--window", "100ms")
	if code != 0 || !strings.Contains(stdout, "3 of 3 clients served") || !strings.Contains(stdout, "sessions/s") {
		t.Errorf("drive: exit code %d: %s%s", code, stdout, stderr)
	}
	code, stdout, stderr = execute(t.Context(), "drive", "--target", address, "--workload", "exchange", "--clients", "8", "--loop", "sessions",
		"--rate", "200", "--warm-up", "10ms", "--window", "100ms", "--json")
	if code != 0 || !strings.Contains(stdout, `"loop":"sessions"`) {
		t.Errorf("drive: exit code %d: %s%s", code, stdout, stderr)
	}
	code, _, stderr = execute(t.Context(), "drive", "--target", address, "--workload", "exchange", "--loop", "open", "--rate", "5")
	if code != 2 || !strings.Contains(stderr, "sessions") {
		t.Errorf("an open loop of sessions: exit code %d: %s", code, stderr)
	}

	for _, format := range []string{"--json=false", "--json"} {
		code, stdout, stderr = execute(t.Context(), "drive", "--target", address, "--workload", "echo", "--clients", "2", "--warm-up", "10ms", "--window", "100ms", format)
		if code != 4 || stdout == "" || !strings.Contains(stderr, "does "+address+" serve the workload echo") {
			t.Errorf("drive with another workload than is served: exit code %d: %s%s", code, stdout, stderr)
		}
	}

	cancel()
	if code := <-served; code != 0 {
		t.Errorf("serve: exit code %d", code)
	}
	for _, want := range []string{`received connection: 127\.0\.0\.\d+:`, `closed connection: 127\.0\.0\.\d+:`, "accepted "} {
		out.await(t, want)
	}
	received, closed := strings.Count(out.text.String(), "received connection"), strings.Count(out.text.String(), "closed connection")
	if received != closed {
		t.Errorf("%d connections received and %d closed", received, closed)
	}
}

// begin connects to a server of the stuck workload and begins a request.
func begin(t *testing.T, address string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	must(t, err)
	t.Cleanup(func() { conn.Close() })
	_, err = conn.Write([]byte("x"))
	must(t, err)
}

func TestServeTellsWhatItClosedByForce(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &watched{grew: make(chan struct{}, 1)}
	served := make(chan int, 1)
	go func() {
		served <- cli.Execute(ctx, small(), strings.Fields("serve --workload stuck --listen 127.0.0.1:0 --drain 10ms"), out, io.Discard)
	}()
	begin(t, out.await(t, `on (127\.0\.0\.1:\d+)`))
	<-begunHere
	cancel()
	if code := <-served; code == 0 {
		t.Error("exit code 0 although a request was cut off")
	}
	if text := out.text.String(); !strings.Contains(text, "1 closed by force") {
		t.Errorf("no word of the connection that was closed by force: %s", text)
	}
}

func TestASecondInterruptEndsACommandThatDoesNotEnd(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot send another one an interrupt there")
	}
	out := &watched{grew: make(chan struct{}, 1)}
	command := exec.CommandContext(t.Context(), os.Args[0], strings.Fields("serve --workload stuck --listen 127.0.0.1:0 --drain 1h")...)
	command.Env = append(os.Environ(), mainEnv+"=yes")
	command.Stdout = out
	must(t, command.Start())
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	begin(t, out.await(t, `on (127\.0\.0\.1:\d+)`))
	out.await(t, "begun")

	again := time.NewTicker(20 * time.Millisecond) // two at once may arrive as one
	defer again.Stop()
	patience := time.After(20 * time.Second)
	for {
		select {
		case <-ended:
			return
		case <-again.C:
			_ = command.Process.Signal(os.Interrupt) // an error: it has just ended
		case <-patience:
			t.Error("still there after many interrupts")
			_ = command.Process.Kill()
			<-ended
			return
		}
	}
}
