package suites_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/suitefile"
	"github.com/poolbench/poolbench/bench/suites"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies/all"
)

var update = flag.Bool("update", false, "write the sums into the suite files")

func catalog() bench.Suite { return bench.Suite{Kinds: all.Kinds(), Workloads: workload.All()} }

// sum is what a suite takes, as its file has to say it.
func sum(s bench.Suite) string {
	var b strings.Builder
	for _, sc := range s.Scenarios {
		trials, all := s.Round(sc)
		how := fmt.Sprintf("%d times", s.Repeats(sc))
		if sc.Interleaved > 0 {
			how += ", interleaved"
		}
		fmt.Fprintf(&b, "#   %-15s %3d trials in %4.1f s, at most %s\n", sc.Name, trials, all.Seconds(), how)
	}
	least, most := s.Duration()
	fmt.Fprintf(&b, "#   all repetitions, with the other offered loads and the capacities that come first: %s if the first look decides all, at most %s\n",
		least.Round(time.Second), most.Round(time.Second))
	return b.String()
}

// The sum stands between these two lines of a suite file.
const (
	begins = "# once for all of them, and the sum is below what its trials would take:\n#\n"
	ends   = "name: "
)

func TestEachSuiteFileSaysWhatItTakes(t *testing.T) {
	for _, s := range suites.All(catalog()) {
		text := string(suites.Text(s.Name))
		from := strings.Index(text, begins)
		to := strings.Index(text, ends)
		if from < 0 || to < from {
			t.Fatalf("%s: no place for the sum", s.Name)
		}
		from += len(begins)
		if text[from:to] == sum(s) {
			continue
		}
		if !*update {
			t.Errorf("%s says\n%s\nand it is\n%s\nwrite it with -update", s.Name, text[from:to], sum(s))
			continue
		}
		if err := os.WriteFile(s.Name+".yaml", []byte(text[:from]+sum(s)+text[to:]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEachSuiteFitsItsProfile(t *testing.T) {
	// The report is drawn, and the program built, within what is left.
	for name, most := range map[string]time.Duration{"quick": 200 * time.Second, "standard": 18 * time.Minute, "thorough": 90 * time.Minute, "claims": 3*time.Minute + 30*time.Second} {
		for _, s := range suites.All(catalog()) {
			if s.Name != name {
				continue
			}
			if _, d := s.Duration(); d > most || s.Budget == 0 || s.Budget > most {
				t.Errorf("%s takes %v and has a budget of %v, at most %v", name, d, s.Budget, most)
			}
		}
	}
}

func TestEachSuiteCanBeMeasuredAndReachesItsFirstLookWithinItsBudget(t *testing.T) {
	for _, s := range suites.All(catalog()) {
		if err := s.Check(); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
		env, err := s.Environment(bench.RunOptions{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range env.Warnings {
			if w.Code == "few-repetitions" {
				t.Errorf("%s: %s", s.Name, w.Text)
			}
		}
		budget := s.Budget
		s.Budget = 0
		if least, _ := s.Duration(); least > budget*9/10 {
			t.Errorf("%s takes %v up to its first look, and its budget is %v", s.Name, least, budget)
		}
	}
}

func TestASuiteThatIsWrittenIntoARunIsTheOneThatWasMeasured(t *testing.T) {
	for _, s := range suites.All(catalog()) {
		again, err := suitefile.Read("suite.yaml", suitefile.Write(s), catalog())
		if err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		again.Kinds, again.Workloads, s.Kinds, s.Workloads = nil, nil, nil, nil
		if diff := cmp.Diff(s, again); diff != "" {
			t.Errorf("%s (-built in +read again):\n%s", s.Name, diff)
		}
	}
}
