package cli_test

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/internal/synth"
	"github.com/poolbench/poolbench/bench/trial"
)

// killed starts the command in a process of its own and kills it, as a power failure would, a while after it has measured so many
// trials; false: it ended before that, with what it printed.
func killed(t *testing.T, trials int, after time.Duration, args ...string) (killed bool, output string) {
	t.Helper()
	command := exec.Command(os.Args[0], args...)
	command.Env = append(os.Environ(), mainEnv+"=yes")
	stderr, err := command.StderrPipe()
	must(t, err)
	must(t, command.Start())
	enough, ended := make(chan struct{}), make(chan string)
	go func() {
		var all strings.Builder
		seen := 0
		if trials == 0 {
			close(enough)
		}
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			fmt.Fprintln(&all, lines.Text())
			if strings.HasPrefix(lines.Text(), "trial ") {
				if seen++; seen == trials {
					close(enough)
				}
			}
		}
		ended <- all.String()
	}()
	select {
	case output = <-ended:
		_ = command.Wait()
		return false, output
	case <-enough:
	}
	timer := time.NewTimer(after)
	defer timer.Stop()
	select {
	case output = <-ended:
		_ = command.Wait()
		return false, output
	case <-timer.C:
		must(t, command.Process.Kill())
		output = <-ended
		_ = command.Wait()
		return true, output
	}
}

// lines are the trials that stand complete in the file.
func lines(t *testing.T, dir string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "trials.jsonl"))
	must(t, err)
	return text[:bytes.LastIndexByte(text, '\n')+1]
}

func TestARunThatIsKilledTwentyTimesLosesNoTrialThatWasDone(t *testing.T) {
	results := t.TempDir()
	dir := filepath.Join(results, "one")
	// No process ends a second trial of 80 ms, and twenty end no more than come before the first look, which may end the run: six to
	// calibrate, and five in each of four repetitions.
	args := strings.Fields("run --seed 3 --name one --repetitions 8 --results " + results)
	random := rand.New(rand.NewPCG(1, 2))
	var before []byte
	for kills := 1; kills <= 20; kills++ {
		trials := random.IntN(2)
		hit, output := killed(t, trials, time.Duration(random.IntN(150-70*trials))*time.Millisecond, args...)
		if !hit {
			t.Fatalf("killed %d times, the run ended by itself:\n%s", kills-1, output)
		}
		if _, err := os.Stat(filepath.Join(dir, "env.json")); err != nil {
			// It had not begun to measure, and the name can be used again.
			if text, err := os.ReadFile(filepath.Join(dir, "trials.jsonl")); err == nil && len(text) > 0 {
				t.Fatalf("%d bytes of trials and nothing that says where they were measured", len(text))
			}
			continue
		}
		after := lines(t, dir)
		if !bytes.HasPrefix(after, before) {
			t.Fatalf("killed %d times: trials that were on the disk are gone or changed", kills)
		}
		if _, err := trial.Read(dir); err != nil {
			t.Fatalf("killed %d times: %v", kills, err)
		}
		before = after
		args = []string{"run", "--resume", dir}
	}
	t.Logf("%d trials were measured before the last kill", bytes.Count(before, []byte("\n")))
	for attempt := 0; ; attempt++ {
		code, _, stderr := execute(t.Context(), args...)
		if code == 0 || code == 4 { // on a busy machine none of so short trials may be valid; it is whole all the same
			break
		}
		if attempt == 3 {
			t.Fatalf("it does not come to an end: %s", stderr)
		}
	}
	if !bytes.HasPrefix(lines(t, dir), before) {
		t.Error("trials that were on the disk before the last resume are gone or changed")
	}
	run, err := trial.Read(dir)
	must(t, err)
	if run.Env.Interrupted || run.Env.Finished.IsZero() || run.Steps() != run.Env.Planned {
		t.Errorf("the run is not whole: %d of %d trials, interrupted %v", run.Steps(), run.Env.Planned, run.Env.Interrupted)
	}
	seen := map[string]bool{}
	for _, x := range run.Trials {
		key := fmt.Sprint(x.Scenario, x.Strategy, x.Twin, x.Repetition, x.Attempt, x.Load.Fraction)
		if seen[key] {
			t.Errorf("measured twice: %s", key)
		}
		seen[key] = true
	}
	if code, _, stderr := execute(t.Context(), "run", "--resume", dir); code != 2 || !strings.Contains(stderr, "whole") && !strings.Contains(stderr, "come to its end") {
		t.Errorf("resuming a whole run: exit code %d, %s", code, stderr)
	}
}

func TestOnlyOneProcessWritesARun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "one")
	w, err := trial.Create(dir)
	must(t, err)
	defer w.Close()
	must(t, w.WriteEnv(trial.Env{Planned: 5}))
	if code, _, stderr := execute(t.Context(), "run", "--resume", dir); code != 2 || !strings.Contains(stderr, "another process") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

func TestResumeTakesNoOtherSettings(t *testing.T) {
	code, _, stderr := execute(t.Context(), "run", "--resume", "anything", "--window", "1s", "--seed", "4")
	if code != 2 || !strings.Contains(stderr, "--window") || !strings.Contains(stderr, "--seed") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

// Catches: a run that is called measured and of which nothing is.
func TestResumingARunOfWhichNothingIsValidSaysSo(t *testing.T) {
	for name, c := range map[string]struct {
		valid bool
		want  string
	}{"nothing": {false, "not one trial of it is valid"}, "something": {true, "is whole"}} {
		x := trial.Trial{Scenario: "echo", Workload: "echo", Measured: "request", Strategy: "goroutine", Load: trial.Load{Loop: trial.Closed, Clients: 1},
			Window: time.Second, TimeOut: time.Second, Clients: trial.Clients{Total: 1, Served: 1, Good: []int64{0}}}
		calibration := x
		calibration.Calibrates = true
		x.Seq = 1
		if !c.valid {
			x.Invalid = "disturbed"
		}
		dir := synth.Write(t, filepath.Join(t.TempDir(), "one"), trial.Env{Planned: 2, Finished: time.Now()}, []trial.Trial{calibration, x})
		if code, _, stderr := execute(t.Context(), "run", "--resume", dir); code != 2 || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit code %d, %s", name, code, stderr)
		}
	}
}
