package account

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolbench/poolbench/bench/internal/load/schedule"
	"github.com/poolbench/poolbench/bench/trial"
)

const ms = time.Millisecond

// The window of these tests is from 1000 to 2000 ms, the load ends at 2400 ms, the time-out is 500 ms, the back-off 100 ms.
var testWindow = Window{Open: 1000 * ms, Close: 2000 * ms, End: 2400 * ms}

func TestWhichRequestsTheWindowOwns(t *testing.T) {
	type want struct {
		counts   trial.Counts
		response time.Duration // 0: none
		service  time.Duration
	}
	at := func(intended, sent, answered time.Duration, o Outcome) Request {
		return Request{Intended: intended * ms, Noticed: intended * ms, Free: intended * ms, Sent: sent * ms, Answered: answered * ms, Outcome: o}
	}
	one := func(c trial.Counts) trial.Counts { c.Intended = 1; return c }
	for name, c := range map[string]struct {
		r    Request
		want want
	}{
		"ok, all inside":                      {at(1100, 1110, 1150, OK), want{one(trial.Counts{Sent: 1, OK: 1, Good: 1}), 50 * ms, 40 * ms}},
		"due at the opening edge":             {at(1000, 1000, 1010, OK), want{one(trial.Counts{Sent: 1, OK: 1, Good: 1}), 10 * ms, 10 * ms}},
		"due at the closing edge":             {at(2000, 2000, 2010, OK), want{}},
		"ok, due before and answered inside":  {at(990, 990, 1010, OK), want{counts: trial.Counts{Good: 1}}},
		"ok, due inside and answered after":   {at(1990, 1990, 2010, OK), want{one(trial.Counts{Sent: 1, OK: 1}), 20 * ms, 20 * ms}},
		"ok, open through all of the window":  {at(900, 900, 2100, OK), want{one(trial.Counts{Sent: 1, OK: 1}), 1200 * ms, 1200 * ms}},
		"ok, all before":                      {at(900, 900, 950, OK), want{}},
		"ok, all after":                       {at(2100, 2100, 2150, OK), want{}},
		"unanswered, sent inside":             {at(1500, 1500, 0, Unanswered), want{one(trial.Counts{Sent: 1, Unanswered: 1}), 900 * ms, 0}},
		"unanswered, sent before":             {at(500, 500, 0, Unanswered), want{one(trial.Counts{Sent: 1, Unanswered: 1}), 1900 * ms, 0}},
		"unanswered, due before, sent inside": {at(900, 1100, 0, Unanswered), want{}},
		"unanswered, connecting before, sent inside": {
			Request{Intended: 900 * ms, Noticed: 900 * ms, Connect: 900 * ms, Free: 1900 * ms, Sent: 1900 * ms, Outcome: Unanswered},
			want{one(trial.Counts{Sent: 1, Unanswered: 1}), 1500 * ms, 0}},
		"ok, connecting before, answered after": {
			Request{Intended: 900 * ms, Noticed: 900 * ms, Connect: 900 * ms, Free: 1900 * ms, Sent: 1900 * ms, Answered: 2100 * ms, Outcome: OK},
			want{one(trial.Counts{Sent: 1, OK: 1}), 1200 * ms, 200 * ms}},
		"unanswered, sent after":                   {at(2500, 2500, 0, Unanswered), want{}},
		"unsent, due inside":                       {at(1500, 0, 0, Unsent), want{one(trial.Counts{Unsent: 1}), 900 * ms, 0}},
		"unsent, due just before the end":          {at(1999, 0, 0, Unsent), want{one(trial.Counts{Unsent: 1}), 500 * ms, 0}},
		"unsent, due before":                       {at(500, 0, 0, Unsent), want{}},
		"timed out, due inside":                    {at(1500, 1700, 2200, TimedOut), want{one(trial.Counts{Sent: 1, TimedOut: 1}), 700 * ms, 0}},
		"timed out, due before, given up inside":   {at(900, 900, 1400, TimedOut), want{}},
		"timed out, open through all of it":        {at(900, 900, 2300, TimedOut), want{one(trial.Counts{Sent: 1, TimedOut: 1}), 1400 * ms, 0}},
		"rejected: fast, and not a response":       {at(1500, 1500, 1501, Rejected), want{counts: one(trial.Counts{Sent: 1, Rejected: 1})}},
		"refused counts as failed":                 {at(1500, 1500, 1501, Refused), want{counts: one(trial.Counts{Sent: 1, Failed: 1})}},
		"answered when the load had ended":         {at(1500, 1500, 2450, OK), want{one(trial.Counts{Sent: 1, Unanswered: 1}), 900 * ms, 0}},
		"open through all, answered at the end":    {at(900, 900, 2400, OK), want{one(trial.Counts{Sent: 1, Unanswered: 1}), 1500 * ms, 0}},
		"failed when the load had ended":           {at(1500, 1500, 2450, Failed), want{one(trial.Counts{Sent: 1, Unanswered: 1}), 900 * ms, 0}},
		"failed: no response":                      {at(1500, 1500, 1501, Failed), want{counts: one(trial.Counts{Sent: 1, Failed: 1})}},
		"failed before the window, though it ends": {at(900, 900, 1001, Failed), want{}},
	} {
		t.Run(name, func(t *testing.T) {
			l := NewLedger(1, 500*ms, 100*ms)
			l.Add(testWindow, c.r)
			if diff := cmp.Diff(c.want.counts, l.Counts); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
			for _, h := range []struct {
				name string
				h    trial.Histogram
				want time.Duration
			}{{"response", l.Latency.Response, c.want.response}, {"service", l.Latency.Service, c.want.service}} {
				if got := h.h.Mean(); math.Abs(float64(got-h.want)) > float64(h.want)/200 {
					t.Errorf("%s is %v, want %v", h.name, got, h.want)
				}
			}
			if err := (trial.Trial{Counts: l.Counts, Latency: l.Latency, Clients: l.Served()}).Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhoseDelayItWas(t *testing.T) {
	for name, c := range map[string]struct {
		intended, noticed, free, sent time.Duration
		wait, lag                     time.Duration
	}{
		"on time":                                  {100, 100, 50, 100, 0, 0},
		"the driver noticed late":                  {100, 130, 50, 131, 0, 31},
		"the connection was busy":                  {100, 100, 180, 181, 80, 1},
		"noticed late, and busy beyond that":       {100, 130, 180, 185, 50, 35},
		"noticed late, busy only until before":     {100, 130, 120, 131, 0, 31},
		"free long ago, sent late by the driver":   {100, 100, 0, 190, 0, 90},
		"busy, then the driver was late once more": {100, 101, 150, 200, 49, 51},
	} {
		t.Run(name, func(t *testing.T) {
			r := Request{Intended: c.intended, Noticed: c.noticed, Free: c.free, Sent: c.sent}
			if r.wait() != c.wait || r.lag() != c.lag {
				t.Errorf("wait %d, lag %d; want %d, %d", r.wait(), r.lag(), c.wait, c.lag)
			}
		})
	}
}

func TestWhoWasServed(t *testing.T) {
	l := NewLedger(11, 500*ms, 100*ms)
	answer := func(client int32, intended, answered time.Duration, o Outcome) {
		l.Add(testWindow, Request{Client: client, Intended: intended * ms, Sent: intended * ms, Answered: answered * ms, Outcome: o})
	}
	answer(0, 1100, 1110, OK)
	answer(0, 1200, 1210, OK)
	answer(0, 1300, 1310, Rejected) // served and refused: served
	answer(1, 1100, 1110, Rejected)
	answer(2, 1100, 1110, Refused)
	answer(3, 940, 950, Rejected)   // its back-off reaches into the window
	answer(4, 1100, 2100, OK)       // answered behind the window: served, and no goodput
	answer(5, 800, 850, Rejected)   // before the window, and asks nothing in it
	answer(6, 1100, 2400, OK)       // answered when the load had ended: starved
	answer(7, 1900, 2010, Rejected) // refused behind the window: told
	answer(8, 1900, 2010, Refused)
	answer(9, 900, 2010, Rejected) // open through all of the window
	// Client 10 asks nothing at all.
	got := l.Served()
	want := trial.Clients{Total: 9, Served: 2, Refused: 6, Nothing: 1, Good: []int64{0, 0, 0, 0, 0, 0, 0, 0, 2}, Jain: 1.0 / 9}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("clients (-want +got):\n%s", diff)
	}
}

// Each client has a ledger of its own here besides the one that all share, so that the class that it is put in can be held
// against what was counted of it alone.
func TestTheClassOfAClientAgreesWithItsCounts(t *testing.T) {
	const clients, timeOut, backOff = 300, 500 * ms, 100 * ms
	random := rand.New(rand.NewPCG(5, 6))
	all, sum := NewLedger(clients, timeOut, backOff), trial.Clients{}
	var behind int // clients that were refused behind the window, and in no other way
	for client := range clients {
		own := NewLedger(clients, timeOut, backOff)
		var inside, kept, refused bool
		for range 1 + random.IntN(3) {
			q := randomRequest(random, 1)
			q.Client = int32(client)
			own.Add(testWindow, q)
			all.Add(testWindow, q)
			if q.Outcome != Rejected && q.Outcome != Refused || q.Answered >= testWindow.End {
				continue
			}
			refused = refused || testWindow.Owns(q)
			inside = inside || testWindow.Holds(q.Answered)
			kept = kept || q.Answered < testWindow.Open && q.Answered+backOff >= testWindow.Open
		}
		n, got := own.Counts, own.Served()
		want := trial.Clients{}
		switch {
		case n.OK > 0 || n.Good > 0:
			want.Served = 1
		case n.Rejected > 0 || refused || inside || kept:
			want.Refused = 1
			if n.Rejected > 0 && !inside && !kept {
				behind++
			}
		case n.Intended > 0:
			want.Nothing = 1
		}
		if got.Served != want.Served || got.Refused != want.Refused || got.Nothing != want.Nothing {
			t.Errorf("client %d, of whom %+v was counted: served %d, refused %d, nothing %d; want %d, %d, %d",
				client, n, got.Served, got.Refused, got.Nothing, want.Served, want.Refused, want.Nothing)
		}
		if n.Intended > 0 && n.Intended == n.OK+n.Rejected && got.Nothing > 0 {
			t.Errorf("client %d had an answer to all that it asked, and is starved: %+v", client, n)
		}
		sum.Served, sum.Refused, sum.Nothing = sum.Served+got.Served, sum.Refused+got.Refused, sum.Nothing+got.Nothing
	}
	if got := all.Served(); got.Served != sum.Served || got.Refused != sum.Refused || got.Nothing != sum.Nothing {
		t.Errorf("all together %+v, and one by one %+v", got, sum)
	}
	if behind == 0 || sum.Served == 0 || sum.Nothing == 0 {
		t.Errorf("a class that hardly occurs proves nothing: %+v, of them %d refused behind the window", sum, behind)
	}
}

func TestJain(t *testing.T) {
	for name, c := range map[string]struct {
		shares []int64
		want   float64
	}{
		"nobody":            {nil, 0},
		"nothing":           {[]int64{0, 0}, 0},
		"all the same":      {[]int64{5, 5, 5}, 1},
		"one has all":       {[]int64{0, 9, 0, 0}, 0.25},
		"one twice another": {[]int64{1, 2}, 0.9},
		"no overflow":       {[]int64{math.MaxInt64, math.MaxInt64}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			if got := jain(c.shares); math.Abs(got-c.want) > 1e-12 {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestWhatIsNotWholeCountsByItsTimeInsideTheWindow(t *testing.T) {
	for name, c := range map[string]struct {
		sent, answered time.Duration
		outcome        Outcome
		want           time.Duration
	}{
		"ok":                               {1100, 1200, OK, 0},
		"ok, open at the first edge":       {900, 1200, OK, 200},
		"ok, open at the last edge":        {1900, 2100, OK, 100},
		"ok, open through all of it":       {900, 2100, OK, 1000},
		"timed out":                        {1100, 1600, TimedOut, 500},
		"failed, open at the first edge":   {900, 1200, Failed, 200},
		"rejected, open at the last edge":  {1900, 2100, Rejected, 100},
		"unanswered":                       {1500, 2300, Unanswered, 500},
		"answered when the load had ended": {1500, 2450, OK, 500},
		"failed before it":                 {100, 200, Failed, 0},
		"failed behind it":                 {2100, 2200, Failed, 0},
		"never sent":                       {0, 0, Unsent, 0},
	} {
		t.Run(name, func(t *testing.T) {
			l := NewLedger(1, 500*ms, 100*ms)
			l.Add(testWindow, Request{Intended: c.sent * ms, Sent: c.sent * ms, Answered: c.answered * ms, Outcome: c.outcome})
			if l.Partial != c.want*ms {
				t.Errorf("%v, want %v", l.Partial, c.want*ms)
			}
			if want := c.outcome == OK && c.want == 0; (l.Whole == 1) != want {
				t.Errorf("%d whole requests, want one: %v", l.Whole, want)
			}
		})
	}
}

// randomRequest is one that can happen.
func randomRequest(r *rand.Rand, clients int) Request {
	at := func(from time.Duration) time.Duration { return from + time.Duration(r.IntN(1500))*ms }
	q := Request{Intended: at(0), Client: int32(r.IntN(clients)), Outcome: Outcome(r.IntN(int(TimedOut) + 1))}
	q.Noticed = q.Intended
	if q.Outcome != Unsent {
		q.Sent = at(q.Intended)
		q.Answered = at(q.Sent)
	}
	return q
}

func TestShardsThatAreMergedSayWhatOneWouldHaveSaid(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	one := NewLedger(5, 500*ms, 100*ms)
	shards := []*Ledger{NewLedger(5, 500*ms, 100*ms), NewLedger(5, 500*ms, 100*ms), NewLedger(5, 500*ms, 100*ms)}
	for range 2000 {
		q := randomRequest(random, 5)
		one.Add(testWindow, q)
		shards[random.IntN(3)].Add(testWindow, q)
	}
	for _, other := range shards[1:] {
		shards[0].Merge(other)
	}
	got, want := shards[0], one
	if diff := cmp.Diff(want.Counts, got.Counts); diff != "" {
		t.Errorf("counts (-one +merged):\n%s", diff)
	}
	if diff := cmp.Diff(want.Served(), got.Served()); diff != "" {
		t.Errorf("clients (-one +merged):\n%s", diff)
	}
	if got.Partial != want.Partial || got.Whole != want.Whole || got.Partial == 0 {
		t.Errorf("whole %d, and %v of the others; want %d, %v", got.Whole, got.Partial, want.Whole, want.Partial)
	}
	if err := (trial.Trial{Counts: got.Counts, Latency: got.Latency, Clients: got.Served()}).Check(); err != nil {
		t.Error(err)
	}
	if got.Latency.Response.Mean() != want.Latency.Response.Mean() || got.Latency.Lag.Max() != want.Latency.Lag.Max() {
		t.Error("times differ")
	}
}

// The two ways to count must agree: numbers as they come and go, and the requests' own times.
func TestFlightIsTheSumOfAllTimesInTheWindow(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	flight := NewFlight(testWindow)
	var sum time.Duration
	for range 1000 {
		q := randomRequest(random, 1)
		if q.Outcome == Unsent {
			continue
		}
		start := q.Sent
		if random.IntN(2) == 0 { // it connected first
			flight.Begin(q.Intended)
			flight.Again(q.Intended, q.Sent)
		} else {
			flight.Begin(q.Sent)
		}
		if random.IntN(10) == 0 { // still open
			sum += testWindow.Close - min(max(start, testWindow.Open), testWindow.Close)
			continue
		}
		flight.End(q.Answered)
		sum += max(0, min(q.Answered, testWindow.Close)-max(start, testWindow.Open))
	}
	if got, want := flight.Average(), sum.Seconds()/(1000*ms).Seconds(); math.Abs(got-want) > 1e-9 {
		t.Errorf("%v in flight, want %v", got, want)
	}
	if got := NewFlight(Window{Open: Never, Close: Never, End: Never}).Average(); got != 0 {
		t.Errorf("%v in a window that is not known, want 0", got)
	}
}

func TestAddDoesNotAllocate(t *testing.T) {
	l := NewLedger(1, 500*ms, 100*ms)
	r := Request{Intended: 1100 * ms, Sent: 1100 * ms, Answered: 1200 * ms, Outcome: OK}
	l.Add(testWindow, r)
	if allocs := testing.AllocsPerRun(1000, func() { l.Add(testWindow, r) }); allocs != 0 {
		t.Errorf("adding one request allocates %v times", allocs)
	}
}

func TestWhichRequestsAStopInterrupts(t *testing.T) {
	w := testWindow
	w.Told = 2100 * ms // the load goes on after the window, and the server may be told a little later
	sent := func(at, answered time.Duration, o Outcome) Request {
		return Request{Intended: at * ms, Noticed: at * ms, Free: at * ms, Sent: at * ms, Answered: answered * ms, Outcome: o}
	}
	for name, c := range map[string]struct {
		r    Request
		want Interrupted
	}{
		"answered before":                   {sent(1500, 2099, OK), Interrupted{}},
		"answered at that moment":           {sent(1500, 2100, OK), Interrupted{Requests: 1, OK: 1}},
		"answered after":                    {sent(1500, 2200, OK), Interrupted{Requests: 1, OK: 1}},
		"due behind the window":             {sent(2050, 2200, OK), Interrupted{Requests: 1, OK: 1}},
		"sent at that moment":               {sent(2100, 2200, OK), Interrupted{}},
		"rejected":                          {sent(2050, 2200, Rejected), Interrupted{Requests: 1, Rejected: 1}},
		"failed":                            {sent(2050, 2200, Failed), Interrupted{Requests: 1}},
		"refused":                           {sent(2050, 2200, Refused), Interrupted{Requests: 1}},
		"timed out":                         {sent(1700, 2200, TimedOut), Interrupted{Requests: 1}},
		"unanswered":                        {sent(2050, 0, Unanswered), Interrupted{Requests: 1}},
		"answered when the load had ended":  {sent(2050, 2450, OK), Interrupted{Requests: 1}},
		"unsent":                            {Request{Intended: 1500 * ms}, Interrupted{}},
		"connecting before, sent after":     {Request{Connect: 2050 * ms, Sent: 2150 * ms, Answered: 2200 * ms, Outcome: OK}, Interrupted{Requests: 1, OK: 1}},
		"an answer of before, long ago":     {sent(500, 600, OK), Interrupted{}},
		"no answer to one of before, ended": {sent(500, 900, TimedOut), Interrupted{}},
	} {
		t.Run(name, func(t *testing.T) {
			l, other, never := NewLedger(1, 500*ms, 100*ms), NewLedger(1, 500*ms, 100*ms), NewLedger(1, 500*ms, 100*ms)
			l.Add(w, c.r)
			if l.Interrupted != c.want {
				t.Errorf("%+v, want %+v", l.Interrupted, c.want)
			}
			other.Add(w, c.r)
			l.Merge(other)
			if want := (Interrupted{2 * c.want.Requests, 2 * c.want.OK, 2 * c.want.Rejected}); l.Interrupted != want {
				t.Errorf("merged: %+v, want %+v", l.Interrupted, want)
			}
			if never.Add(testWindow, c.r); never.Interrupted != (Interrupted{}) {
				t.Errorf("nobody was told to stop: %+v", never.Interrupted)
			}
		})
	}
}

// A client that is refused stays away for so much of its load's own time: twice as long where two take turns.
func TestARefusalInTurnsKeepsItsClientAwayInOwnTime(t *testing.T) {
	for _, c := range []struct {
		turn schedule.Turn
		at   time.Duration
		told bool
	}{
		{schedule.Turn{}, 900, true},
		{schedule.Turn{}, 899, false},
		{schedule.Turn{Opens: 1000 * ms, Every: 20 * ms, Of: 2}, 800, true},
		{schedule.Turn{Opens: 1000 * ms, Every: 20 * ms, Of: 2}, 775, false},
	} {
		l := NewLedger(1, 500*ms, 100*ms)
		l.Turn = c.turn
		l.Add(testWindow, Request{Intended: c.at*ms - 1, Sent: c.at*ms - 1, Answered: c.at * ms, Outcome: Rejected})
		if told := l.Served().Refused == 1; told != c.told {
			t.Errorf("%+v: refused at %v and away for 100 ms: told in the window %t, want %t", c.turn, c.at*ms, told, c.told)
		}
	}
}
