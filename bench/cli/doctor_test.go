package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/poolbench/poolbench/bench/doctor"
	"github.com/poolbench/poolbench/bench/trial"
)

// spoilt is a machine with much to say against, and with names as long as they may be.
func spoilt() doctor.Report {
	zero, one, on := 0.5, 9.5, true
	busy := 1900 * time.Millisecond
	many := int64(400_000)
	return doctor.Judge(doctor.Facts{
		Platform: trial.Platform{
			GOOS: "linux", CPUs: 2, Governor: "powersave", Clocksource: "hpet", OpenFiles: trial.Limit{Soft: 256, Hard: 256},
			Sysctls: map[string]string{"net.core.somaxconn": "128", "net.ipv4.ip_local_port_range": "50000 60999", "net.ipv4.tcp_max_syn_backlog": "128", "net.ipv4.tcp_tw_reuse": "0"},
		},
		Needs: doctor.Needs{Suites: []doctor.SuiteNeeds{{Name: "one-with-quite-a-long-name", Scenarios: 2, Threads: 40_064, Most: "many-connections"}}, Files: 1_000_000, Clients: 40_000, Held: 900_000, Sessions: true, Trials: 1 << 20},
		Refused: map[string][]doctor.Refusal{"one-with-quite-a-long-name": {
			{Scenario: "idle", Files: 40_064, Err: errors.New("no")}, {Scenario: "odd", Files: 1, Err: errors.New("too odd for this machine, whatever else may be changed about it")},
		}},
		Allowed: []int{1}, Quota: &zero, LoadAvg: &one, Turbo: &on, TurboOff: "echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo",
		Clocksources: []string{"hyperv_clocksource_tsc_page"}, ClockRead: time.Microsecond, SynCookies: "0", TimeWait: &many,
		Look: doctor.Look{
			Quiet: time.Second, Others: &busy, Waited: &busy, Stolen: &busy, Busy: time.Second, Wanted: 2, Got: time.Millisecond,
			Busiest: []doctor.Process{{PID: 1234567, Name: "a-rather-long-name", CPU: time.Second}, {PID: 1234568, Name: "another-long-name", CPU: time.Second}},
		},
		MemoryLeft: 1 << 20, Threads: []doctor.ThreadLimit{{By: doctor.ByKernel, Most: 64, Left: 64}}, Set: []string{"GOGC", "GOMEMLIMIT", "GODEBUG"}, Built: []string{"-race"},
	})
}

func TestFindingsFitATerminal(t *testing.T) {
	var out bytes.Buffer
	report := spoilt()
	printFindings(&out, report)
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	for _, l := range lines {
		if n := text.StringWidthWithoutEscSequences(l); n > 80 {
			t.Errorf("%d columns: %q", n, l)
		}
	}
	if last := lines[len(lines)-1]; last != report.Sentence || !strings.Contains(last, "would spoil a measurement") {
		t.Errorf("the last line is %q, want %q", last, report.Sentence)
	}
	for _, f := range report.Findings {
		for l := range strings.SplitSeq(f.Command, "\n") {
			if f.Command != "" && !slices.Contains(lines, "  "+l) {
				t.Errorf("%s: the command %q is not on lines of its own", f.Code, f.Command)
			}
		}
	}
}

func TestFiguresStayWithTheirPercentSigns(t *testing.T) {
	for n := range foundWidth {
		before := strings.Repeat("x", n) + " "
		if got := wrapFound(before + "50.9 % of it"); !strings.Contains(got, "50.9 %") {
			t.Errorf("behind %d columns: %q", n, got)
		}
	}
}

// Catches: a reason that is printed where nothing is wrong, or is missing where something is.
func TestReasonsAreGivenForWhatIsWrong(t *testing.T) {
	var out bytes.Buffer
	printFindings(&out, doctor.Report{Sentence: "The end.", Findings: []doctor.Finding{
		{Name: "this", State: doctor.Bad, Found: "wrong", Why: "It hurts.", Advice: "Stop it.", Command: "stop it"},
		{Name: "that", State: doctor.OK, Found: "well", Why: "It would hurt."},
	}})
	want := []string{"bad this wrong.", "It hurts. Stop it.", "ok that well", "To mend it, in the shell that measures:", "# this", "stop it", "The end."}
	var got []string
	for l := range strings.Lines(out.String()) {
		if words := strings.Join(strings.Fields(l), " "); words != "" {
			got = append(got, words)
		}
	}
	if len(got) < 2 || !slices.Equal(got[2:], want) { // behind the header and its rule
		t.Errorf("printed %q, want %q", got, want)
	}
}

func TestWhatIsBadIsAnExitCode(t *testing.T) {
	for _, test := range []struct {
		state doctor.State
		code  int
	}{{doctor.OK, 0}, {doctor.Unknown, 0}, {doctor.Warning, 0}, {doctor.Bad, exitInvalid}} {
		var out bytes.Buffer
		err := tellFindings(doctor.Report{Findings: []doctor.Finding{{Code: "x", Name: "the thing", State: test.state}}}, true, &out)
		var coded codedError
		switch {
		case test.code == 0 && err != nil, test.code != 0 && (!errors.As(err, &coded) || coded.code != test.code):
			t.Errorf("%s: the error is %v, want code %d", test.state, err, test.code)
		case err != nil && !strings.Contains(err.Error(), "the thing"):
			t.Errorf("the error does not name it: %v", err)
		}
		var back doctor.Report
		if err := json.Unmarshal(out.Bytes(), &back); err != nil || len(back.Findings) != 1 || back.Findings[0].State != test.state {
			t.Errorf("%s: the JSON is %s: %v", test.state, out.Bytes(), err)
		}
	}
}

func TestTheVersionIsThatOfRecords(t *testing.T) {
	e := trial.Env{Version: "v1.2.3", Commit: "abc", Platform: trial.Platform{GoVersion: "go1.26"}}
	if got := versionLine(e); !strings.HasPrefix(got, "poolbench v1.2.3, commit abc, go1.26 ") {
		t.Errorf("%q", got)
	}
	e.Dirty = true
	if got := versionLine(e); !strings.Contains(got, "commit abc with changes,") {
		t.Errorf("%q", got)
	}
}
