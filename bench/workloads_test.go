package bench_test

import (
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/trial"
)

// The server's process finds a workload by the name that the record has, settings included.
func TestARecordShowsWhatItsWorkloadIsFor(t *testing.T) {
	s := measured()
	timing := s.Scenarios[0].Timing
	closed := trial.Load{Loop: trial.Closed, Clients: 4}
	const hold = 30 * time.Millisecond
	s.Scenarios = []bench.Scenario{
		{Name: "garbage", Workload: "alloc", Strategies: []string{"goroutine"}, Load: closed, Timing: timing},
		{Name: "held", Workload: "wait:hold=30ms", Strategies: []string{"goroutine"}, Load: closed, Timing: timing},
		{Name: "jobs", Workload: "job:work=2", Strategies: []string{"goroutine"}, Load: closed, Timing: timing},
	}
	seen := map[string]bool{}
	err := run(t, t.Context(), s, func(x trial.Trial) error {
		if x.Invalid != "" && !disturbed(x) {
			t.Errorf("%s: invalid: %s", x.Scenario, x.Invalid)
		}
		if err := x.Check(); err != nil {
			t.Error(err)
		}
		seen[x.Workload] = true
		switch n := x.Counts; {
		case n.OK == 0 || n.Failed+n.Rejected > 0:
			t.Errorf("%s: want answers, and no failures: %+v", x.Workload, n)
		case x.Workload == "alloc" && x.ServerUsage.GCCycles == 0:
			t.Errorf("%d answers of 50 KiB garbage each, and no garbage collection: %+v", n.OK, x.ServerUsage)
		case strings.HasPrefix(x.Workload, "wait:"):
			if shortest, _ := x.Latency.Service.Quantile(0); shortest < hold*99/100 { // histograms round
				t.Errorf("%s: an answer within %v", x.Workload, shortest)
			}
		}
		return nil
	})
	if err != nil || len(seen) != len(s.Scenarios) {
		t.Errorf("got %v, and trials of %v", err, seen)
	}
}
