package load

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolbench/poolbench/bench/trial"
)

const ms = time.Millisecond

// The window of these tests is from 1000 to 2000 ms, the load ends at 2400 ms, the time-out is 500 ms, the back-off 100 ms.
var testWindow = window{open: 1000 * ms, close: 2000 * ms, end: 2400 * ms}

func TestWhichRequestsTheWindowOwns(t *testing.T) {
	type want struct {
		counts   trial.Counts
		response time.Duration // 0: none
		service  time.Duration
	}
	at := func(intended, sent, answered time.Duration, o outcome) request {
		return request{intended: intended * ms, noticed: intended * ms, free: intended * ms, sent: sent * ms, answered: answered * ms, outcome: o}
	}
	one := func(c trial.Counts) trial.Counts { c.Intended = 1; return c }
	for name, c := range map[string]struct {
		r    request
		want want
	}{
		"ok, all inside":                      {at(1100, 1110, 1150, ok), want{one(trial.Counts{Sent: 1, OK: 1, Good: 1}), 50 * ms, 40 * ms}},
		"due at the opening edge":             {at(1000, 1000, 1010, ok), want{one(trial.Counts{Sent: 1, OK: 1, Good: 1}), 10 * ms, 10 * ms}},
		"due at the closing edge":             {at(2000, 2000, 2010, ok), want{}},
		"ok, due before and answered inside":  {at(990, 990, 1010, ok), want{counts: trial.Counts{Good: 1}}},
		"ok, due inside and answered after":   {at(1990, 1990, 2010, ok), want{one(trial.Counts{Sent: 1, OK: 1}), 20 * ms, 20 * ms}},
		"ok, open through all of the window":  {at(900, 900, 2100, ok), want{one(trial.Counts{Sent: 1, OK: 1}), 1200 * ms, 1200 * ms}},
		"ok, all before":                      {at(900, 900, 950, ok), want{}},
		"ok, all after":                       {at(2100, 2100, 2150, ok), want{}},
		"unanswered, sent inside":             {at(1500, 1500, 0, unanswered), want{one(trial.Counts{Sent: 1, Unanswered: 1}), 500 * ms, 0}},
		"unanswered, sent before":             {at(500, 500, 0, unanswered), want{one(trial.Counts{Sent: 1, Unanswered: 1}), 500 * ms, 0}},
		"unanswered, due before, sent inside": {at(900, 1100, 0, unanswered), want{}},
		"unanswered, connecting before, sent inside": {
			request{intended: 900 * ms, noticed: 900 * ms, connect: 900 * ms, free: 1900 * ms, sent: 1900 * ms, outcome: unanswered},
			want{one(trial.Counts{Sent: 1, Unanswered: 1}), 500 * ms, 0}},
		"ok, connecting before, answered after": {
			request{intended: 900 * ms, noticed: 900 * ms, connect: 900 * ms, free: 1900 * ms, sent: 1900 * ms, answered: 2100 * ms, outcome: ok},
			want{one(trial.Counts{Sent: 1, OK: 1}), 1200 * ms, 200 * ms}},
		"unanswered, sent after":                   {at(2500, 2500, 0, unanswered), want{}},
		"unsent, due inside":                       {at(1500, 0, 0, unsent), want{one(trial.Counts{Unsent: 1}), 500 * ms, 0}},
		"unsent, due before":                       {at(500, 0, 0, unsent), want{}},
		"timed out, due inside":                    {at(1500, 1700, 2200, timedOut), want{one(trial.Counts{Sent: 1, TimedOut: 1}), 500 * ms, 0}},
		"timed out, due before, given up inside":   {at(900, 900, 1400, timedOut), want{}},
		"timed out, open through all of it":        {at(900, 900, 2300, timedOut), want{one(trial.Counts{Sent: 1, TimedOut: 1}), 500 * ms, 0}},
		"rejected: fast, and not a response":       {at(1500, 1500, 1501, rejected), want{counts: one(trial.Counts{Sent: 1, Rejected: 1})}},
		"refused counts as failed":                 {at(1500, 1500, 1501, refused), want{counts: one(trial.Counts{Sent: 1, Failed: 1})}},
		"answered when the load had ended":         {at(1500, 1500, 2450, ok), want{one(trial.Counts{Sent: 1, Unanswered: 1}), 500 * ms, 0}},
		"open through all, answered at the end":    {at(900, 900, 2400, ok), want{one(trial.Counts{Sent: 1, Unanswered: 1}), 500 * ms, 0}},
		"failed when the load had ended":           {at(1500, 1500, 2450, failed), want{one(trial.Counts{Sent: 1, Unanswered: 1}), 500 * ms, 0}},
		"failed: no response":                      {at(1500, 1500, 1501, failed), want{counts: one(trial.Counts{Sent: 1, Failed: 1})}},
		"failed before the window, though it ends": {at(900, 900, 1001, failed), want{}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLedger(1, 500*ms, 100*ms)
			l.add(testWindow, c.r)
			if diff := cmp.Diff(c.want.counts, l.counts); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
			for _, h := range []struct {
				name string
				h    trial.Histogram
				want time.Duration
			}{{"response", l.latency.Response, c.want.response}, {"service", l.latency.Service, c.want.service}} {
				if got := h.h.Mean(); math.Abs(float64(got-h.want)) > float64(h.want)/500 {
					t.Errorf("%s is %v, want %v", h.name, got, h.want)
				}
			}
			checkSums(t, Result{Counts: l.counts, Latency: l.latency, Clients: l.served()})
		})
	}
}

// checkSums checks what has to hold for every result.
func checkSums(t *testing.T, r Result) {
	t.Helper()
	c, l := r.Counts, r.Latency
	for _, sum := range []struct {
		what        string
		left, right int64
	}{
		{"intended = sent + unsent", c.Intended, c.Sent + c.Unsent},
		{"sent = ok + rejected + failed + timed out + unanswered", c.Sent, c.OK + c.Rejected + c.Failed + c.TimedOut + c.Unanswered},
		{"responses = ok + timed out + unanswered + unsent", l.Response.Count(), c.OK + c.TimedOut + c.Unanswered + c.Unsent},
		{"waits = sent", l.Wait.Count(), c.Sent},
		{"lags = sent", l.Lag.Count(), c.Sent},
		{"services = ok", l.Service.Count(), c.OK},
		{"clients = served + refused + nothing", int64(r.Clients.Total), int64(r.Clients.Served + r.Clients.Refused + r.Clients.Nothing)},
		{"clients = length of good", int64(r.Clients.Total), int64(len(r.Clients.Good))},
		{"good = its sum by client", c.Good, total(r.Clients.Good)},
	} {
		if sum.left != sum.right {
			t.Errorf("%s: %d and %d", sum.what, sum.left, sum.right)
		}
	}
}

func total(xs []int64) (sum int64) {
	for _, x := range xs {
		sum += x
	}
	return sum
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
			r := request{intended: c.intended, noticed: c.noticed, free: c.free, sent: c.sent}
			if r.wait() != c.wait || r.lag() != c.lag {
				t.Errorf("wait %d, lag %d; want %d, %d", r.wait(), r.lag(), c.wait, c.lag)
			}
		})
	}
}

func TestWhoWasServed(t *testing.T) {
	l := newLedger(8, 500*ms, 100*ms)
	answer := func(client int32, intended, answered time.Duration, o outcome) {
		l.add(testWindow, request{client: client, intended: intended * ms, sent: intended * ms, answered: answered * ms, outcome: o})
	}
	answer(0, 1100, 1110, ok)
	answer(0, 1200, 1210, ok)
	answer(0, 1300, 1310, rejected) // served and refused: served
	answer(1, 1100, 1110, rejected)
	answer(2, 1100, 1110, refused)
	answer(3, 940, 950, rejected) // its back-off reaches into the window
	answer(4, 1100, 2100, ok)     // answered behind the window: served, and no goodput
	answer(5, 800, 850, rejected) // before the window, and asks nothing in it
	answer(6, 1100, 2400, ok)     // answered when the load had ended: starved
	// Client 7 asks nothing at all.
	got := l.served()
	want := trial.Clients{Total: 6, Served: 2, Refused: 3, Nothing: 1, Good: []int64{2, 0, 0, 0, 0, 0}, Jain: 1.0 / 6}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("clients (-want +got):\n%s", diff)
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

func TestBatchesReachTheLedgerInFull(t *testing.T) {
	rec := &recorder{edges: newEdges(testWindow), book: newLedger(2, 500*ms, 100*ms)}
	one, two := batch{to: rec}, batch{to: rec}
	r := request{intended: 1100 * ms, sent: 1100 * ms, answered: 1200 * ms, outcome: ok}
	for range 2*batchSize + 1 {
		one.add(r)
	}
	r.client = 1
	two.add(r)
	one.flush()
	two.flush()
	two.flush() // nothing twice
	if got := rec.book.counts.OK; got != 2*batchSize+2 {
		t.Errorf("%d requests recorded, want %d", got, 2*batchSize+2)
	}
	if allocs := testing.AllocsPerRun(1000, func() { one.add(r) }); allocs != 0 {
		t.Errorf("recording one request allocates %v times", allocs)
	}
}
