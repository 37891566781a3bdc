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
