package claims

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Catches, under the race detector: claims that keep something from one call to the next, or write into their run. The
// detector takes one call after the other for ordered if both borrow a buffer of fmt's, so there are many, begun together.
func TestOfMayBeCalledConcurrently(t *testing.T) {
	run := whole()
	want := Of(run)
	begin := make(chan struct{})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			<-begin
			var got Report
			for range 3 {
				got = Of(run)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
	close(begin)
	all.Wait()
}
