// Command strategy measures a strategy of your own beside the others. It takes poolbench's arguments.
package main

import (
	"context"

	"github.com/poolbench/poolbench/bench/cli"
	"github.com/poolbench/poolbench/bench/suitefile"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/all"
)

// spawn runs each task in a goroutine of its own; the gate keeps the limit, lets callers wait in turn, or refuses.
type spawn struct{ *strategies.Gate }

func newSpawn(l strategies.Limits) (strategies.Dispatcher, error) {
	return spawn{strategies.NewGate(l.Workers, l.WhenFull)}, nil
}

func (s spawn) Dispatch(ctx context.Context, task func()) error {
	err := s.Enter(ctx)
	if err == nil {
		go func() { defer s.Leave(); task() }()
	}
	return err
}
func (s spawn) Close() error { s.Gate.Close(); return nil }

func main() {
	suite, ask := suitefile.Default()
	suite.Name, suite.Workloads = "mine", workload.All()
	suite.Kinds = append(all.Kinds(), strategies.Kind{Name: "spawn", About: "a new goroutine, within a limit", New: newSpawn,
		Default: strategies.Limits{Workers: 64}, Units: []strategies.Unit{strategies.ConnUnit, strategies.RequestUnit}})
	ask.Name, ask.Workload, ask.DecidedBy = "sessions", "exchange", "server-cpu"
	ask.Strategies = []string{"goroutine", "channel:workers=64", "spawn:workers=64"}
	suite.Scenarios = append(suite.Scenarios, ask)
	cli.Main(suite)
}
