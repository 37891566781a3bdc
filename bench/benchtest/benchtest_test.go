package benchtest_test

import (
	"bytes"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/perf/benchfmt"

	"github.com/poolbench/poolbench/strategies"
)

// TestTheProjectsBenchmarksCanBeRead runs the benchmarks of the project's root for a few requests each, as a user does, and
// reads their output as benchstat does, which drops silently what it cannot read.
func TestTheProjectsBenchmarksCanBeRead(t *testing.T) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command in PATH to run the benchmarks with")
	}
	command := exec.CommandContext(t.Context(), goTool, "test", "-run", "^$", "-bench", "./...", "-benchtime", "20x", "github.com/poolbench/poolbench")
	output, err := command.CombinedOutput() // together, as on a terminal: anything printed would break a line
	if err != nil {
		t.Fatalf("%v:\n%s", err, output)
	}
	read := map[string]int{} // strategies by workload
	reader := benchfmt.NewReader(bytes.NewReader(output), "go test")
	for reader.Scan() {
		switch record := reader.Result().(type) {
		case *benchfmt.SyntaxError:
			t.Errorf("a line that benchstat drops: %v", record)
		case *benchfmt.Result:
			check(t, record, read)
		}
	}
	if err := reader.Err(); err != nil {
		t.Fatal(err)
	}
	for _, workload := range []string{"exchange", "echo", "wait"} {
		for _, strategy := range []string{"goroutine", "channel", "ants", "pond"} {
			if n := read[strategy+" "+workload]; n != 1 {
				t.Errorf("%s on %s is there %d times, want once", strategy, workload, n)
			}
		}
	}
}

func check(t *testing.T, r *benchfmt.Result, read map[string]int) {
	base, parts := r.Name.Parts()
	values := map[string]string{}
	for _, part := range parts {
		if key, value, ok := strings.Cut(strings.TrimPrefix(string(part), "/"), "="); ok {
			values[key] = value
		}
	}
	name := string(r.Name.Full())
	if string(base) != "Serve" || values["conns"] != "64" {
		t.Errorf("%s is not named as documented", name)
	}
	_, path, _ := strings.Cut(name, "/")
	path, _, _ = strings.Cut(path, "/workload=")
	if spec, err := strategies.ParseSpec(path); err != nil || spec.Kind != values["strategy"] || spec.Limits.Workers != 64 {
		t.Errorf("%s does not name a strategy with 64 workers: %+v, %v", name, spec, err)
	}
	units := []string{"req/s", "p50-ns"}
	if runtime.GOOS == "linux" { // elsewhere the child's CPU time may not be told
		units = append(units, "cpu-ns/op")
	}
	for _, unit := range units {
		printed := func(v benchfmt.Value) bool { return (v.Unit == unit || v.OrigUnit == unit) && v.Value > 0 }
		if !slices.ContainsFunc(r.Values, printed) {
			t.Errorf("%s: no %s above 0 in %v", name, unit, r.Values)
		}
	}
	read[values["strategy"]+" "+values["workload"]]++
}
