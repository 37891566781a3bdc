package stat

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolbench/poolbench/bench/trial"
)

// starving makes a trial as a pool with too few workers gives it: 2 of 10 clients are served, and each of the others
// has one request that is never sent or never answered.
func starving(seq int, service time.Duration) trial.Trial {
	t := trial.Trial{
		Seq:      seq,
		Scenario: "echo",
		Workload: "echo",
		Measured: "request",
		Strategy: "tutorial",
		Load:     trial.Load{Loop: trial.Closed, Clients: 10},
		Window:   time.Second,
		TimeOut:  5 * time.Second,
		Counts:   trial.Counts{Intended: 28, Sent: 24, Unsent: 4, OK: 20, Unanswered: 4, Good: 20},
		Clients:  trial.Clients{Total: 10, Served: 2, Nothing: 8, Good: []int64{0, 0, 0, 0, 0, 0, 0, 0, 10, 10}, Jain: 0.2},
	}
	t.Latency.Wait.RecordN(0, 24)
	t.Latency.Lag.RecordN(0, 24)
	t.Latency.Service.RecordN(service, 20)
	t.Latency.Response.RecordN(service, 20)
	t.Latency.Response.RecordN(t.TimeOut, 8)
	return t
}

func TestPercentilesOfAStarvedCellReachTheTimeOut(t *testing.T) {
	var trials []trial.Trial
	for i := range 8 {
		trials = append(trials, starving(i, time.Millisecond))
	}
	s := Summaries(trials)[0]
	// 64 of 224 were never served: more than a quarter.
	if p, ok := s.Latency.Response.Quantile(0.8); !ok || p < s.TimeOut {
		t.Errorf("response p80 is %v (%v), want the time-out %v", p, ok, s.TimeOut)
	}
	if p, ok := s.Latency.Service.Quantile(0.8); !ok || p > 2*time.Millisecond {
		t.Errorf("service p80 is %v (%v), want a millisecond: it has answers only", p, ok)
	}
	if want := (Served{Total: 10, Fewest: 2, Median: 2, Nothing: 8, Jain: 0.2}); s.Clients != want {
		t.Errorf("clients %+v, want %+v", s.Clients, want)
	}
	if err := s.Counts.Check(); err != nil || s.Counts.Intended != 8*28 {
		t.Errorf("counts %+v: %v", s.Counts, err)
	}
}

func TestSummaryMergesHistogramsAndLeavesTheTrialsAlone(t *testing.T) {
	var trials []trial.Trial
	var all trial.Histogram
	for i := range 5 {
		service := time.Duration(i+1) * time.Millisecond
		trials = append(trials, starving(i, service))
		all.RecordN(service, 20)
	}
	before := encode(t, trials)
	s := Summaries(trials)[0]
	if got, want := encode(t, s.Latency.Service), encode(t, all); got != want {
		t.Errorf("merged %s, want %s", got, want)
	}
	s.Latency.Service.Record(time.Second)
	s.Latency.Response.Record(time.Second)
	if encode(t, trials) != before {
		t.Error("the caller's trials were changed")
	}
}

func encode(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestInvalidTrialsAreCountedAndNothingElse(t *testing.T) {
	clean := []trial.Trial{starving(1, time.Millisecond), starving(2, time.Millisecond)}
	want := Summaries(clean)[0]
	want.Invalid = 1

	bad := starving(0, time.Minute)
	bad.Invalid = "disturbed"
	bad.Counts.Good = 1e9
	bad.Window = time.Hour
	bad.Load.Rate = 77
	bad.Clients = trial.Clients{Total: 99, Refused: 99}
	got := Summaries(append([]trial.Trial{bad}, clean...))[0]
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b trial.Histogram) bool { return encode(t, a) == encode(t, b) })); diff != "" {
		t.Error(diff)
	}

	only := Summaries([]trial.Trial{bad})[0]
	if only.Trials != 0 || only.Invalid != 1 || only.Goodput.N != 0 || only.Strategy != "tutorial" || only.Workload != "echo" || only.Clients != (Served{}) {
		t.Errorf("only invalid trials: %+v", only)
	}
}

func TestServedTellsTheWorstTrials(t *testing.T) {
	var trials []trial.Trial
	for i, c := range []trial.Clients{
		{Total: 10, Served: 10, Jain: 1},
		{Total: 10, Served: 7, Refused: 3, Jain: 0.7},
		{Total: 10, Served: 4, Refused: 1, Nothing: 5, Jain: 0.4},
		{Total: 10, Served: 9, Nothing: 1, Jain: 0.9},
	} {
		one := starving(i, time.Millisecond)
		one.Clients = c
		trials = append(trials, one)
	}
	got := Summaries(trials)[0].Clients
	want := Served{Total: 10, Fewest: 4, Median: 7, Refused: 3, Nothing: 5, Jain: 0.8}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSummariesComeInOrderOfFirstAppearance(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	trials := suite{repetitions: 8, strategies: others(3, 90_000), noise: 0.1}.run(rng)
	for range 10 {
		rng.Shuffle(len(trials), func(i, j int) { trials[i], trials[j] = trials[j], trials[i] })
		var want []Cell
		for _, one := range trials {
			cell := Cell{Scenario: one.Scenario, Strategy: one.Strategy, Twin: one.Twin}
			if !contains(want, cell) {
				want = append(want, cell)
			}
		}
		var got []Cell
		for _, s := range Summaries(trials) {
			got = append(got, s.Cell)
			if s.Trials != 8 || s.Goodput.N != 8 || s.Goodput.Lo > s.Goodput.Value || s.Goodput.Hi < s.Goodput.Value {
				t.Errorf("%+v", s.Goodput)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	}
}

func contains(cells []Cell, cell Cell) bool {
	for _, c := range cells {
		if c == cell {
			return true
		}
	}
	return false
}

func TestNoTrialsNoSummaries(t *testing.T) {
	if s, c := Summaries(nil), Comparisons(nil, Goodput, nil, trial.Design{}); len(s) != 0 || len(c) != 0 {
		t.Errorf("%v, %v", s, c)
	}
}

func TestMetrics(t *testing.T) {
	one := trial.Trial{
		Window:      2 * time.Second,
		Counts:      trial.Counts{Good: 1000},
		ServerUsage: trial.Usage{CPU: 500 * time.Millisecond},
	}
	one.Latency.Response.RecordN(4*time.Millisecond, 900)
	one.Latency.Response.RecordN(64*time.Millisecond, 100)
	one.Latency.Service.RecordN(2*time.Millisecond, 900)
	one.Latency.Service.RecordN(32*time.Millisecond, 99) // 999: one too few for p99
	for _, c := range []struct {
		metric Metric
		want   float64
		ok     bool
	}{
		{Goodput, 500, true},
		{ServerCPU, 0.0005, true},
		{ResponseP50, 0.004, true},
		{ResponseP99, 0.064, true},
		{ServiceP50, 0.002, true},
		{ServiceP99, 0, false},
	} {
		got, ok := c.metric.Of(one)
		if ok != c.ok || ok && (got < c.want || got > c.want*1.008) {
			t.Errorf("%s: %v %s (%v), want %v (%v)", c.metric.Name, got, c.metric.Unit, ok, c.want, c.ok)
		}
	}
	for _, m := range Metrics() {
		if v, ok := m.Of(trial.Trial{}); ok {
			t.Errorf("%s of an empty trial is %v", m.Name, v)
		}
	}
}

func TestATrialInTurnsHasItsGoodputInItsOwnTime(t *testing.T) {
	x := trial.Trial{Window: time.Second, Counts: trial.Counts{Good: 100}, Turns: &trial.Turns{Every: 10 * time.Millisecond, Of: 4}}
	if got, ok := Goodput.Of(x); !ok || got != 400 {
		t.Errorf("100 answers in a quarter of a second: %v per second (%t)", got, ok)
	}
	x.Turns = &trial.Turns{Every: 2 * time.Second, Index: 1, Of: 2}
	if got, ok := Goodput.Of(x); ok {
		t.Errorf("its turn never came, and it has %v per second", got)
	}
}

func TestTheTimeToStopIsThatOfTheProcess(t *testing.T) {
	x := trial.Trial{Stop: &trial.Stop{Took: 1500 * time.Millisecond}}
	if got, ok := StopTime.Of(x); !ok || got != 1.5 {
		t.Errorf("stopped in %v s (%t)", got, ok)
	}
}
