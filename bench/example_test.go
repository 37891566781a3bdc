package bench_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/cli"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/all"
)

// shout answers each line in capitals.
type shout struct{}

func (shout) Open() strategies.Session { return shout{} }
func (shout) Greet(dst []byte) []byte  { return dst }
func (shout) Split(data []byte, atEOF bool) (int, []byte, error) {
	return bufio.ScanLines(data, atEOF)
}
func (shout) Answer(_ context.Context, dst, line []byte) ([]byte, error) {
	return append(append(dst, bytes.ToUpper(line)...), '\n'), nil
}

// A program that measures a handler of its own: this is its whole main. Run it with the arguments of poolbench.
func Example() {
	mine := workload.Workload{
		Name: "shout", About: "My service: it answers in capitals.",
		Handler: func() strategies.Handler { return strategies.Messages(shout{}) },
		Busy:    []byte("busy\n"),
		Client: workload.Client{
			Request: func(dst []byte, _ uint64) []byte { return append(dst, "hello\n"...) },
			Response: &workload.Frame{Split: bufio.ScanLines, Check: func(_ uint64, line []byte) error {
				if string(line) != "HELLO" {
					return fmt.Errorf("got %q", line)
				}
				return nil
			}},
			Busy: func(line []byte) bool { return string(line) == "busy" },
		},
	}
	suite := bench.Suite{
		Name: "shout", Kinds: all.Kinds(), Workloads: append(workload.All(), mine), Repetitions: 12,
		Scenarios: []bench.Scenario{{
			Name: "shout", About: "Does a pool help my service?", Workload: "shout",
			Strategies: []string{"goroutine", "ants:workers=64", "ants:workers=64,unit=request"}, // the first is the baseline
			Load:       trial.Load{Loop: trial.Closed, Clients: 64},
			Timing: bench.Timing{WarmUp: 100 * time.Millisecond, Window: time.Second,
				Tail: 100 * time.Millisecond, TimeOut: time.Second, BackOff: 20 * time.Millisecond},
		}},
	}
	cli.Main(suite)
}

func ExampleSuite_Check() {
	suite := bench.Suite{Kinds: all.Kinds(), Workloads: workload.All(), Repetitions: 12,
		Scenarios: []bench.Scenario{{Name: "echo", Workload: "echo", Strategies: []string{"goroutine", "swarm"}}}}
	fmt.Println(suite.Check())
	// Output:
	// scenario "echo": unknown strategy "swarm"; allowed: goroutine, semaphore, reuseport, channel, lifo, ants, pond, pond-v1, workerpool, gnet, thread, tutorial
}
