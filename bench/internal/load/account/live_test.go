package account

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolbench/poolbench/bench/internal/load/schedule"
)

// watched has 2000 good answers in the first half of the window, of which one in fifty took 50 ms and the others 5.
func watched() *Ledger {
	l := NewLedger(1, 500*ms, 100*ms)
	for i := range 2000 {
		took := 5 * ms
		if i%50 == 0 {
			took = 50 * ms
		}
		l.Add(testWindow, Request{Intended: 1400 * ms, Sent: 1400 * ms, Answered: 1400*ms + took, Outcome: OK})
	}
	return l
}

func TestALiveShowsWhatALedgerHolds(t *testing.T) {
	for name, c := range map[string]struct {
		l     *Ledger
		turns schedule.Turn
		now   time.Duration
		own   time.Duration
		rate  float64
		p99   time.Duration
	}{
		"in the middle":           {watched(), schedule.Turn{}, 1500 * ms, 500 * ms, 4000, 50 * ms},
		"behind the window":       {watched(), schedule.Turn{}, 2300 * ms, 1000 * ms, 2000, 50 * ms},
		"before the window":       {NewLedger(1, 500*ms, 100*ms), schedule.Turn{}, 900 * ms, 0, 0, 0},
		"too few for a p99":       {NewLedger(1, 500*ms, 100*ms), schedule.Turn{}, 1500 * ms, 500 * ms, 0, 0},
		"one of four in own time": {watched(), schedule.Turn{Opens: 1000 * ms, Every: 50 * ms, Index: 1, Of: 4}, 1800 * ms, 200 * ms, 10_000, 50 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			var v Live
			v.Show(c.l, testWindow, c.turns, c.now, time.Second)
			want := Glance{Own: c.own, Rate: c.rate, P99: c.p99}
			if d := cmp.Diff(want, v.Glance(), cmp.Comparer(func(a, b time.Duration) bool { return (a - b).Abs() <= max(a, b)/100 })); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestALiveWaitsForAMomentInWhichNothingIsDue(t *testing.T) {
	l := watched()
	var v Live
	shown := func(now, idle time.Duration) bool {
		if !v.Due(now) {
			return false
		}
		before := v.next
		v.Show(l, testWindow, schedule.Turn{}, now, idle)
		return v.next != before
	}
	const second = 1000 * ms
	for _, c := range []struct {
		now, idle time.Duration
		want      bool
	}{
		{second, showRoom, true},
		{second + showEvery - 1, time.Hour, false}, // not again so soon
		{second + showEvery, showRoom - 1, false},  // something is due
		{second + showEvery + 1, -1, false},
		{second + showEvery + 2, showRoom, true},
		{second + 2*showEvery + 2, 0, false},
		{second + 3*showEvery + 1, 0, false},
		{second + 3*showEvery + 2, 0, true}, // never a moment, and late
	} {
		if got := shown(c.now, c.idle); got != c.want {
			t.Errorf("at %v, with nothing due for %v: shown is %v", c.now, c.idle, got)
		}
	}
	if (*Live)(nil).Due(Never) {
		t.Error("nobody watches, and it is due")
	}
}

func TestShowingAllocatesNothing(t *testing.T) {
	l, v, now := watched(), new(Live), time.Duration(0)
	if n := testing.AllocsPerRun(100, func() {
		now += showEvery
		v.Show(l, testWindow, schedule.Turn{}, now, showRoom)
	}); n != 0 || v.next != now+showEvery {
		t.Errorf("%v allocations, next at %v", n, v.next)
	}
}

// Catches: parts of a load that are added up as if they were one after the other.
func TestPartsOfALoadAreShownAsOne(t *testing.T) {
	a, b := Glance{Own: 2, Rate: 100, P99: 30}, Glance{Own: 3, Rate: 50, P99: 20}
	if got, want := a.Plus(b), (Glance{Own: 3, Rate: 150, P99: 30}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// What a shard of the epoll driver does for it: a comparison in each turn of its loop, and a Show four times a second.
func BenchmarkLive(b *testing.B) {
	l := watched()
	b.Run("due", func(b *testing.B) {
		v := &Live{next: Never}
		n := 0
		for i := range b.N {
			if v.Due(time.Duration(i)) {
				n++
			}
		}
		if n > 0 {
			b.Fatal("due before its time")
		}
	})
	b.Run("show", func(b *testing.B) {
		b.ReportAllocs()
		v := new(Live)
		for i := range b.N {
			v.Show(l, testWindow, schedule.Turn{}, time.Duration(i)*showEvery, showRoom)
		}
	})
	b.Run("add", func(b *testing.B) { // to compare with: one request
		b.ReportAllocs()
		for range b.N {
			l.Add(testWindow, Request{Intended: 1400 * ms, Sent: 1400 * ms, Answered: 1405 * ms, Outcome: OK})
		}
	})
}
