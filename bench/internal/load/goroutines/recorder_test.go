package goroutines

import (
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/account"
)

const ms = time.Millisecond

func TestBatchesReachTheLedgerInFull(t *testing.T) {
	edges := account.NewEdges(account.Window{Open: 1000 * ms, Close: 2000 * ms, End: 2400 * ms})
	rec := &recorder{edges: edges, book: account.NewLedger(2, 500*ms, 100*ms)}
	one, two := batch{to: rec}, batch{to: rec}
	r := account.Request{Intended: 1100 * ms, Sent: 1100 * ms, Answered: 1200 * ms, Outcome: account.OK}
	for range 2*batchSize + 1 {
		one.add(r)
	}
	r.Client = 1
	two.add(r)
	one.flush()
	two.flush()
	two.flush() // nothing twice
	if got := rec.book.Counts.OK; got != 2*batchSize+2 {
		t.Errorf("%d requests recorded, want %d", got, 2*batchSize+2)
	}
	if allocs := testing.AllocsPerRun(1000, func() { one.add(r) }); allocs != 0 {
		t.Errorf("recording one request allocates %v times", allocs)
	}
}

// Catches: a lock, an allocation or much time for whoever watches.
func TestBeingWatchedAllocatesNothing(t *testing.T) {
	edges := account.NewEdges(account.Window{Open: 0, Close: account.Never, End: account.Never})
	rec := &recorder{edges: edges, book: account.NewLedger(1, 500*ms, 100*ms), live: new(account.Live)}
	b := batch{to: rec}
	r := account.Request{Intended: ms, Sent: ms, Outcome: account.OK}
	n := int64(0)
	if allocs := testing.AllocsPerRun(10_000, func() {
		r.Answered += ms
		b.add(r)
		n++
	}); allocs != 0 {
		t.Errorf("recording one request allocates %v times", allocs)
	}
	if b.good.Load() != n || rec.live.P99() == 0 {
		t.Errorf("%d of %d good answers, and a p99 of %v", b.good.Load(), n, rec.live.P99())
	}
}

func BenchmarkRecord(b *testing.B) {
	for name, live := range map[string]*account.Live{"alone": nil, "watched": new(account.Live)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			edges := account.NewEdges(account.Window{Open: 0, Close: account.Never, End: account.Never})
			to := batch{to: &recorder{edges: edges, book: account.NewLedger(1, 500*ms, 100*ms), live: live}}
			r := account.Request{Intended: ms, Sent: ms, Outcome: account.OK}
			for range b.N {
				r.Answered += 10 * time.Microsecond
				to.add(r)
			}
		})
	}
}
