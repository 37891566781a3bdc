// The truth tests hold poolbench against what has to come out: a stall of known length, a queue whose waiting times are
// known one by one, faults of a known number. They go through [bench.Drive], as a user does, against servers in processes
// of their own, and are short here; -soak repeats them with longer windows and tighter statistics:
//
//	go test -run TestSoak -timeout 0 ./bench -soak 20m
//
// on a machine that does nothing else meanwhile.
//
// Load generators mislead in the following ways, and these tests show that poolbench does not. Paths are from bench/; where
// none is given the test is in this folder.
//
//	a load generator that …                  would fail
//	paces to the millisecond                 TestAGeneratorThatPacesToTheMillisecondIsFoundOut
//	                                         internal/load/schedule: TestAConstantRateInBunchesHasTheErrorThatTheoryGives
//	                                         internal/load: TestASteadyRateIsDealtSteadily
//	hides stalls (coordinated omission)      TestAStalledServerIsToldAsItsUsersFeelIt
//	                                         TestTheResponseIsThatOfAOneWorkerQueue
//	                                         internal/load: TestAServerThatStallsForASecondIsSeenAsAUserSeesIt
//	blames the server for its own pauses     TestAStalledDriverBlamesItself
//	                                         internal/load/account: TestWhoseDelayItWas
//	                                         finding: TestAStopIsBlamedOnWhoStopped
//	makes up for a stall twice (catches up   TestAStalledServerIsToldAsItsUsersFeelIt: as many times as requests were due, and
//	and corrects the record as well)           the mean, which twice would double
//	averages percentiles                     trial: TestMergingEqualsRecordingInOne
//	                                         stat: TestSummaryMergesHistogramsAndLeavesTheTrialsAlone
//	                                         internal/load/account: TestShardsThatAreMergedSayWhatOneWouldHaveSaid
//	drops requests                           TestAStalledServerIsToldAsItsUsersFeelIt, TestEveryFaultIsCountedToTheLastOne
//	                                         internal/load: TestWhatTheDriverNeverGotToIsCountedToo
//	leaves the slowest out                   TestEveryFaultIsCountedToTheLastOne: without an answer a request stands at the time-out
//	                                         stat: TestPercentilesOfAStarvedCellReachTheTimeOut
//	changes the server's cost by its own     TestStrategiesOfARepetitionFaceTheSameArrivals: strategies are compared under one driver
//	                                           and the same arrivals alone; the driver stands in each record
//	                                         internal/pin: TestInheritPinsTheChildAndNobodyElse, and with it two CPUs of their own
//	                                         internal/usage: TestCPUTimeReadFromOutsideIsDividedAsInside
//	takes its own limit for the server's     TestADriverThatIsAskedForTooMuchSaysSo, TestWhatCannotBeUsedIsMeasuredAgain
//	                                         stat: TestWhatTheDriverDecidedIsNotRanked
//	                                         finding: TestWhatLimited
//	runs out of ports and calls it slow      finding: TestEachRuleBeginsWhereItsThresholdIs (sockets-exhausted, ports-in-time-wait)
//	                                         internal/load: TestMoreConnectionsThanFilesIsAnErrorThatSaysWhatToDo
//	                                         internal/load/epoll: TestSourceAddressesAreManyEnoughAndAllDifferent
//	loses time or requests in between        TestLittlesLawHoldsForThinkingClients
//	                                         internal/load: TestLittlesLawHoldsWhereNobodyAnswers
package bench_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/internal/server"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

// A table of tests that have been renamed since proves nothing.
func TestEveryTestOfTheTableIsThere(t *testing.T) {
	text, err := os.ReadFile("truth_test.go")
	if err != nil {
		t.Fatal(err)
	}
	table, _, _ := strings.Cut(string(text), "\npackage ")
	there := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err = filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, found := range declared.FindAllSubmatch(source, -1) {
			there[filepath.ToSlash(filepath.Dir(path))+": "+string(found[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, row := range regexp.MustCompile(`(?:([a-z/]+): )?(Test\w+)`).FindAllStringSubmatch(table, -1) {
		folder, name := row[1], row[2]
		if folder == "" {
			folder = "."
		}
		if rows++; !there[folder+": "+name] {
			t.Errorf("there is no %s in folder %s", name, folder)
		}
	}
	if rows < 20 {
		t.Errorf("found %d tests in the table, which has more", rows)
	}
}

var soak = flag.Duration("soak", 0, "repeat the truth tests with longer windows for this long, once at least")

func TestSoak(t *testing.T) {
	if *soak == 0 {
		t.Skip("takes minutes; run it with -run TestSoak -soak 20m -timeout 0")
	}
	for until, round := time.Now().Add(*soak), uint64(1); round == 1 || time.Now().Before(until) && !t.Failed(); round++ {
		t.Run(fmt.Sprint("round ", round), func(t *testing.T) {
			t.Run("stalls", func(t *testing.T) { soakStalls(t) })
			for _, driver := range bench.Drivers() {
				t.Run("queues, "+driver, func(t *testing.T) { oneWorkerQueues(t, []string{driver}, round, time.Minute, 0.5, 0.8, 0.9) })
			}
			t.Run("thinking", func(t *testing.T) { thinkingClients(t, 10*time.Second) })
			t.Run("faults", faults)
		})
	}
}

// truthWorkloads are served by the children of these tests.
func truthWorkloads() []workload.Workload {
	return append(faultyWorkloads(), fixedService().workload(nil), exponentialService().workload(nil))
}

// attempts is how often an experiment is carried out at most. On a machine with nothing to spare it takes two now and then.
const attempts = 4

// An experiment measures something whose result says something about time. Its error is about that alone: a machine that
// does something else for half a second makes one wrong. What cannot be wrong for that reason, it has said with t.Error.
type experiment func(t *testing.T) error

// undisturbed takes the first result that is right: a mistake makes all of them wrong.
func undisturbed(t *testing.T, e experiment) {
	t.Helper()
	together(t, map[string]experiment{"experiment": e})
}

// together carries out several at the same time, which do little else but wait, and those again that went wrong.
func together(t *testing.T, all map[string]experiment) {
	t.Helper()
	for left := attempts - 1; len(all) > 0; left-- {
		var mu sync.Mutex
		var wg sync.WaitGroup
		again := map[string]experiment{}
		for name, e := range all {
			wg.Go(func() {
				err := e(t)
				if err == nil {
					return
				}
				mu.Lock()
				defer mu.Unlock()
				if again[name] = e; left == 0 {
					t.Errorf("%s: %v", name, err)
				} else {
					t.Logf("%s, once more: %v", name, err)
				}
			})
		}
		wg.Wait()
		if left == 0 || t.Failed() {
			return
		}
		all = again
	}
}

// startServer serves in a process of its own until t ends.
func startServer(t *testing.T, strategy, work string) (*server.Child, error) {
	spec, err := measured().Kinds.Spec(strategy)
	if err != nil {
		return nil, err
	}
	return startChild(t, server.Config{Strategy: spec.String(), Workload: work})
}

// startChild is startServer for any server.
func startChild(t *testing.T, config server.Config) (*server.Child, error) {
	config.Drain = time.Second
	child, err := server.Start(t.Context(), config)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if _, err := child.Stop(ctx); err != nil && !errors.Is(err, server.ErrDrain) {
			t.Error(err)
		}
	})
	return child, nil
}

// find returns one of the workloads that everybody has.
func find(name string) workload.Workload {
	w, err := workload.Find(workload.All(), name)
	if err != nil {
		panic(err)
	}
	return w
}

// checkRecord says what must be so in a record, however disturbed the machine was.
func checkRecord(t *testing.T, x trial.Trial, driver string) {
	t.Helper()
	if err := x.Check(); err != nil {
		t.Errorf("%s: %v", driver, err)
	}
	if n := x.Series.Len(); n == 0 {
		t.Errorf("%s: the window has no series", driver)
	}
	if x.Driver.Name != driver {
		t.Errorf("driven by %q, want %q", x.Driver.Name, driver)
	}
	for _, f := range x.Findings {
		if strings.HasPrefix(f.Code, "inconsistent-") {
			t.Errorf("%s: %s", driver, f.Text)
		}
	}
}

// near reports whether got is want, give or take a share of it.
func near[T ~int64 | ~float64](got, want T, by float64) bool {
	return math.Abs(float64(got-want)) <= by*math.Abs(float64(want))
}

// quantile is one that has enough above it.
func quantile(t *testing.T, h trial.Histogram, q float64) time.Duration {
	t.Helper()
	d, ok := h.Quantile(q)
	if !ok {
		t.Errorf("%d times are too few for the quantile at %v", h.Count(), q)
	}
	return d
}

// truthTiming is a timing with room behind the window for all answers.
func truthTiming(window time.Duration) bench.Timing {
	return bench.Timing{
		WarmUp: 200 * time.Millisecond, Window: window, Tail: 10 * time.Second,
		TimeOut: 30 * time.Second, BackOff: time.Millisecond,
	}
}
