package cli

import (
	"bytes"
	"context"
	"io"
	"net"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	resources "github.com/poolbench/poolbench/bench/internal/usage"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies"
)

func TestServeTellsWhatItHasUsedWhileItServed(t *testing.T) {
	// Nobody's business: it was used before the server was there.
	const early = 500 * time.Millisecond
	for start := resources.Self().CPU; resources.Self().CPU-start < early && runtime.GOOS != "windows"; {
	}

	strategy, err := strategies.Kinds{strategies.Goroutine()}.Parse("goroutine")
	if err != nil {
		t.Fatal(err)
	}
	echo, err := workload.Find(workload.All(), "echo")
	if err != nil {
		t.Fatal(err)
	}
	ln, err := strategies.Listen("tcp", "127.0.0.1:0", strategy)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var stdout bytes.Buffer
	ended := make(chan error, 1)
	go func() {
		ended <- serve(ctx, strategy, echo, ln, strategies.Options{Drain: time.Minute}, false, false, &stdout, io.Discard)
	}()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answer := []byte("hello\n")
	for range 100 { // each makes the server wait, which is a context switch
		if _, err := conn.Write(answer); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, answer); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}

	lines := strings.Split(strings.TrimSuffix(stdout.String(), "\n"), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[1], "accepted 1 connection = ") {
		t.Fatalf("want what it serves, what became of the connections, and two lines of what it used; got\n%s", &stdout)
	}
	if !regexp.MustCompile(`[1-9]\d* garbage collections?, .*, [1-9]\d* goroutines? now$`).MatchString(lines[3]) {
		t.Errorf("the last line is %q", lines[3])
	}
	if runtime.GOOS != "linux" {
		return // what the others tell is in the next test
	}
	match := regexp.MustCompile(`^used in (\S+): (\S+) of CPU time \((\S+) user \+ (\S+) system\), ([\d.]+) % of a CPU, ([\d.]+) MiB of memory at most$`).FindStringSubmatch(lines[2])
	if match == nil {
		t.Fatalf("what it used is told as %q", lines[2])
	}
	served, cpu, mib := parse(t, match[1]), parse(t, match[2]), match[6]
	if served <= 0 || cpu <= 0 || cpu >= early {
		t.Errorf("%v of CPU time in %v; the %v before that are not the server's", cpu, served, early)
	}
	if n, err := strconv.ParseFloat(mib, 64); err != nil || n < 1 {
		t.Errorf("a Go program with %s MiB of memory", mib)
	}
	if !regexp.MustCompile(`^[1-9]\d* voluntary and \d+ involuntary context switches, `).MatchString(lines[3]) {
		t.Errorf("the last line is %q", lines[3])
	}
}

func parse(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestUsageIsToldAsFarAsThePlatformTellsIt(t *testing.T) {
	for _, test := range []struct {
		name   string
		used   trial.Usage
		served time.Duration
		want   string
	}{
		{
			"all of it",
			trial.Usage{
				CPU: 1234567 * time.Microsecond, UserCPU: 234567 * time.Microsecond, PeakRSS: 12*1024*1024 + 512*1024,
				VoluntarySwitches: 17, InvoluntarySwitches: 4, GCCycles: 3, GCPause: 123456 * time.Nanosecond, Goroutines: 5,
				Threads: 6, HeapLive: 7, Allocated: 8,
			},
			10004 * time.Millisecond,
			"used in 10s: 1.23s of CPU time (234.57ms user + 1s system), 12.3 % of a CPU, 12.5 MiB of memory at most\n" +
				"17 voluntary and 4 involuntary context switches, 3 garbage collections, which stopped it for 123.5µs in all, 5 goroutines now\n",
		},
		{
			"no memory, as on macOS",
			trial.Usage{CPU: time.Second, UserCPU: time.Second, InvoluntarySwitches: 1, Goroutines: 2},
			500 * time.Millisecond,
			"used in 500ms: 1s of CPU time (1s user + 0s system), 200.0 % of a CPU\n" +
				"0 voluntary and 1 involuntary context switches, 0 garbage collections, which stopped it for 0s in all, 2 goroutines now\n",
		},
		{
			"the runtime's own figures alone, as on Windows",
			trial.Usage{GCCycles: 1, GCPause: time.Millisecond, Goroutines: 2},
			0,
			"used in 0s: this system tells neither CPU time nor memory\n" +
				"1 garbage collection, which stopped it for 1ms in all, 2 goroutines now\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			printUsage(&out, test.used, test.served)
			if got := out.String(); got != test.want {
				t.Errorf("got\n%swant\n%s", got, test.want)
			}
		})
	}
}
