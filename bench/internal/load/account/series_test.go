package account

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolbench/poolbench/bench/trial"
)

// sliced is a ledger that keeps a series of the tests' window: 50 slices of 20 ms.
func sliced(clients int) *Ledger {
	l := NewLedger(clients, 500*ms, 100*ms)
	l.Slice(testWindow, true)
	return l
}

func (l *Ledger) trial() trial.Trial {
	return trial.Trial{Window: testWindow.Close - testWindow.Open, Counts: l.Counts, Latency: l.Latency, Clients: l.Served(), Series: l.Series()}
}

func TestWhichSliceARequestStandsIn(t *testing.T) {
	const none = -1
	for name, c := range map[string]struct {
		intended, sent, answered time.Duration
		outcome                  Outcome
		due, good                int // slices; none: in no slice
		timed                    time.Duration
	}{
		"at the opening edge":              {1000, 1000, 1019, OK, 0, 0, 19 * ms},
		"over the edge of a slice":         {1019, 1019, 1020, OK, 0, 1, ms},
		"at the edge of a slice":           {1020, 1020, 1020, OK, 1, 1, 0},
		"just before the closing edge":     {1999, 1999, 1999, OK, 49, 49, 0},
		"answered behind the window":       {1999, 1999, 2000, OK, 49, none, ms},
		"answered long after it was due":   {1100, 1100, 1900, OK, 5, 45, 800 * ms},
		"due before, answered in it":       {900, 900, 1500, OK, none, 25, 0},
		"timed out: where it was due":      {1100, 1100, 1600, TimedOut, 5, none, 500 * ms},
		"given up later than the time-out": {1100, 1300, 1800, TimedOut, 5, none, 700 * ms},
		"unanswered":                       {1500, 1500, 0, Unanswered, 25, none, 900 * ms},
		"never sent":                       {1500, 0, 0, Unsent, 25, none, 900 * ms},
		"rejected: no response time":       {1500, 1500, 1501, Rejected, 25, none, 0},
		"failed: no response time":         {1500, 1500, 1501, Failed, 25, none, 0},
	} {
		t.Run(name, func(t *testing.T) {
			l := sliced(1)
			l.Add(testWindow, Request{Intended: c.intended * ms, Sent: c.sent * ms, Answered: c.answered * ms, Outcome: c.outcome})
			s := l.Series()
			one := func(what string, counts []int64, at int) {
				want := make([]int64, 50)
				if at != none {
					want[at] = 1
				}
				if !slices.Equal(counts, want) {
					t.Errorf("%s: %v, want one in slice %d", what, counts, at)
				}
			}
			ok, timed := none, none
			if c.outcome == OK {
				ok = c.due
			}
			if c.outcome != Rejected && c.outcome != Failed {
				timed = c.due
			}
			one("due", s.Due, c.due)
			one("ok", s.OK, ok)
			one("timed", s.Timed, timed)
			one("good", s.Good, c.good)
			if c.due != none && s.Response[c.due] != c.timed {
				t.Errorf("it stands at %v, want %v", s.Response[c.due], c.timed)
			}
			if timed != none {
				if diff := cmp.Diff(trial.Spread{First: trial.Bucket(c.timed), Counts: []int64{1}}, s.Spread[timed]); diff != "" {
					t.Errorf("spread (-want +got):\n%s", diff)
				}
			}
			if err := l.trial().Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSlicesAreCountedFromTheWindowsStart(t *testing.T) {
	w := Window{Open: 1010 * ms, Close: 2010 * ms, End: 2400 * ms}
	l := NewLedger(1, 500*ms, 100*ms)
	l.Slice(w, false)
	for _, at := range []time.Duration{1010 * ms, 1029 * ms, 1030 * ms, 2009 * ms} {
		l.Add(w, Request{Intended: at, Sent: at, Answered: at, Outcome: OK})
	}
	if s := l.Series(); s.Due[0] != 2 || s.Due[1] != 1 || s.Due[49] != 1 || s.Good[0] != 2 {
		t.Errorf("due %v, good %v; want 2, 1, and 1 in the last", s.Due, s.Good)
	}
}

func TestWhatIsOpenThroughAllOfTheWindowStandsInNoSlice(t *testing.T) {
	l := sliced(1)
	l.Add(testWindow, Request{Intended: 900 * ms, Sent: 900 * ms, Answered: 2100 * ms, Outcome: OK})
	l.Add(testWindow, Request{Intended: 800 * ms, Sent: 800 * ms, Outcome: Unanswered})
	s := l.Series()
	if want := (trial.Early{Due: 2, OK: 1, Timed: 2, Response: 1400 * ms}); s.Early != want {
		t.Errorf("got %+v, want %+v", s.Early, want)
	}
	if slices.Max(s.Due) != 0 {
		t.Errorf("due in slices: %v", s.Due)
	}
	if err := l.trial().Check(); err != nil {
		t.Error(err)
	}
}

func TestTheMeanOfASliceIsOfThoseThatHaveATime(t *testing.T) {
	l := sliced(1)
	for _, response := range []time.Duration{2, 4, 9} {
		l.Add(testWindow, Request{Intended: 1500 * ms, Sent: 1500 * ms, Answered: 1500*ms + response, Outcome: OK})
	}
	l.Add(testWindow, Request{Intended: 1500 * ms, Sent: 1500 * ms, Answered: 1600 * ms, Outcome: Rejected})
	if s := l.Series(); s.Response[25] != 5 || s.Timed[25] != 3 || s.Due[25] != 4 {
		t.Errorf("%v for %d of %d; want 5ns for 3 of 4", s.Response[25], s.Timed[25], s.Due[25])
	}
}

func TestSeriesThatAreMergedSayWhatOneWouldHaveSaid(t *testing.T) {
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 7))
		one, shards := sliced(5), []*Ledger{sliced(5), sliced(5), sliced(5)}
		for range 2000 {
			q := randomRequest(random, 5)
			one.Add(testWindow, q)
			shards[random.IntN(3)].Add(testWindow, q)
		}
		for _, other := range shards[1:] {
			shards[0].Merge(other)
		}
		if diff := cmp.Diff(one.Series(), shards[0].Series()); diff != "" {
			t.Errorf("seed %d (-one +merged):\n%s", seed, diff)
		}
		if s := one.Series(); s.Early.Due == 0 || slices.Max(s.Due) < 10 {
			t.Errorf("seed %d: hardly a request in the series: %+v", seed, s)
		}
		// That all sums are the counts'.
		if err := shards[0].trial().Check(); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}

func TestAWindowThatEndsByNumberHasNoSeries(t *testing.T) {
	l := NewLedger(1, 500*ms, 100*ms)
	l.Slice(Window{Open: Never, Close: Never, End: Never}, true)
	l.Add(testWindow, Request{Intended: 1100 * ms, Sent: 1100 * ms, Answered: 1200 * ms, Outcome: OK})
	if s := l.Series(); !s.IsZero() || l.Counts.OK != 1 {
		t.Errorf("%d counted, and the series is %+v", l.Counts.OK, s)
	}
}

func TestTheSpreadIsKeptOnRequestOnly(t *testing.T) {
	l := NewLedger(1, 500*ms, 100*ms)
	l.Slice(testWindow, false)
	if s := l.Series(); s.Spread != nil || s.Len() != 50 || s.Slice != 20*ms {
		t.Errorf("%d slices of %v, spread %v", s.Len(), s.Slice, s.Spread)
	}
}

func TestSlicingDoesNotAllocateForARequest(t *testing.T) {
	l := sliced(1)
	r := Request{Intended: 1100 * ms, Sent: 1100 * ms, Answered: 1200 * ms, Outcome: OK}
	if allocs := testing.AllocsPerRun(1000, func() { l.Add(testWindow, r) }); allocs != 0 {
		t.Errorf("adding one request allocates %v times", allocs)
	}
}
