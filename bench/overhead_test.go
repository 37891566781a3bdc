package bench_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies"
)

// byHand is the accept loop that everybody writes first: no limit, no recovery, no counters, and a stop that drops
// everything. It is what the cost of all that is measured against.
type byHand struct{ name string }

func (s byHand) Name() string { return s.name }

func (byHand) Serve(ctx context.Context, ln net.Listener, h strategies.Handler, _ strategies.Options) error {
	defer context.AfterFunc(ctx, func() { ln.Close() })()
	for {
		conn, err := ln.Accept()
		if err != nil {
			return nil
		}
		go func() {
			defer conn.Close()
			_ = h.ServeConn(ctx, conn)
		}()
	}
}

func byHandKind() strategies.Kind {
	return strategies.Kind{
		Name:    "by-hand",
		Default: strategies.Limits{Workers: strategies.Unbounded},
		Units:   []strategies.Unit{strategies.ConnUnit},
		Make:    func(s strategies.Spec) strategies.Strategy { return byHand{s.String()} },
	}
}

// BenchmarkOverhead compares the goroutine strategy's server CPU time for each request, or session, with that of an accept
// loop written by hand, which runs the same handler. Each iteration is one repetition: a process for either and for the
// loop a second time (the A/A pair), in shuffled order. Run it with as many as an interval needs, on an idle machine:
//
//	go test -run '^$' -bench Overhead -benchtime 40x ./bench
//
// cpu-ratio is the median of the paired ratios, between cpu-ratio-lo and cpu-ratio-hi; aa-ratio is what nothing looks like.
func BenchmarkOverhead(b *testing.B) {
	for _, work := range []string{"echo", "exchange"} {
		b.Run("workload="+work, func(b *testing.B) {
			sides, err := bench.ParseSides("", "")
			if err != nil {
				b.Fatal(err)
			}
			suite := bench.Suite{
				Name: "overhead", Kinds: measured().Kinds, Workloads: workload.All(), Repetitions: b.N,
				Scenarios: []bench.Scenario{{
					Name: work, Workload: work, Strategies: []string{"by-hand", "goroutine"},
					Load: trial.Load{Loop: trial.Closed, Clients: 64},
					Timing: bench.Timing{
						WarmUp: 60 * time.Millisecond, Window: 200 * time.Millisecond, Tail: 100 * time.Millisecond,
						TimeOut: time.Second, BackOff: 20 * time.Millisecond,
					},
				}},
			}
			var trials []trial.Trial
			err = suite.Run(b.Context(), bench.RunOptions{Seed: 1, Sides: sides}, func(t trial.Trial) error {
				trials = append(trials, t)
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
			for _, c := range stat.Comparisons(trials, stat.ServerCPU, nil, trial.Design{}) {
				b.ReportMetric(c.Ratio.Value, "cpu-ratio")
				b.ReportMetric(c.Ratio.Lo, "cpu-ratio-lo")
				b.ReportMetric(c.Ratio.Hi, "cpu-ratio-hi")
				b.ReportMetric(c.AA.Value, "aa-ratio")
			}
		})
	}
}
