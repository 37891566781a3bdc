package verdict

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Catches, under the race detector: a verdict that keeps something from one call to the next, or writes into its run. It
// stands for package stat as well, which is tested without the detector. The detector takes one call after the other for
// ordered if both borrow a buffer of fmt's, so there are many of them, begun together.
func TestOfMayBeCalledConcurrently(t *testing.T) {
	run := runOf(closed("closed", served{name: free, goodput: 1000}, served{name: bigA, goodput: 1100}),
		open("open", []float64{0.5, 0.9}, served{name: free, goodput: 1000}, served{name: bigA, goodput: 900}))
	want := Of(run)
	begin := make(chan struct{})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			<-begin
			var got Verdict
			for range 10 {
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
