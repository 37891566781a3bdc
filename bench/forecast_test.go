package bench_test

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/suitefile"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies/all"
)

// Two runs of the standard suite, on a machine that others used as well. Catches: steps that count as equally long, a budget or
// decisions that are forgotten, trials that are measured again.
func TestTheTimeThatIsLeftIsKnownAfterATenthOfARun(t *testing.T) {
	const wanted = 0.2
	text, err := os.ReadFile(filepath.Join("testdata", "replay", "suite.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := suitefile.Read("suite.yaml", text, bench.Suite{Kinds: all.Kinds(), Workloads: workload.All()})
	if err != nil {
		t.Fatal(err)
	}
	for name, seed := range map[string]uint64{"first": 1384078861, "second": 3656130614} {
		t.Run(name, func(t *testing.T) {
			recording, err := os.ReadFile(filepath.Join("testdata", "replay", name+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			told, end := bench.Replay(t, s, seed, string(recording))
			var off, offSteps []float64
			last := told[len(told)-1]
			worst := bench.Moment{}
			for _, m := range told {
				if m.At < end/10 || m.Really < 10*time.Second { // at the end a second is much
					continue
				}
				e := math.Abs(float64(m.Expected)/float64(m.Really) - 1)
				if len(off) == 0 || e > slices.Max(off) {
					worst = m
				}
				off = append(off, e)
				offSteps = append(offSteps, math.Abs(float64(m.Left)/float64(last.Done+last.Left-m.Done)-1))
			}
			slices.Sort(off)
			slices.Sort(offSteps)
			median, steps := off[len(off)/2], offSteps[len(offSteps)/2]
			t.Logf("%v long, told %d times: off by %.1f %% in the median, by %.1f %% in nine of ten, and by %.1f %% at worst, when %v were left at %v and %v were told",
				end, len(off), 100*median, 100*off[len(off)*9/10], 100*off[len(off)-1], worst.Really, worst.At, worst.Expected)
			if median > wanted || steps > wanted {
				t.Errorf("off by %.1f %%, and the number of trials by %.1f %%: have to be right within %.0f %%", 100*median, 100*steps, 100*wanted)
			}
		})
	}
}
