package finding

import (
	"slices"
	"sync"
	"testing"
)

// Catches, under the race detector: rules that keep something from one trial to the next, or write into it.
func TestOfMayBeCalledConcurrently(t *testing.T) {
	for _, c := range ruleCases {
		record := c.of()
		c.change(&record)
		want := seen(Of(record))
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				if got := seen(Of(record)); !slices.Equal(got, want) {
					t.Errorf("%s: got %v, want %v", c.name, got, want)
				}
			})
		}
		all.Wait()
	}
}
