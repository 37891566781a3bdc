package antspool

import (
	"testing"

	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/strategytest"
)

func TestDispatcherKeepsItsContract(t *testing.T) {
	for _, policy := range []strategies.Policy{strategies.Wait, strategies.Reject} {
		for _, workers := range []int{1, 3} {
			for _, queue := range []int{0, 2} {
				l := strategies.Limits{Workers: workers, Queue: queue, WhenFull: policy}
				if check(l) != nil {
					continue
				}
				t.Run(strategies.Spec{Kind: Kind().Name, Limits: l}.String(), func(t *testing.T) {
					strategytest.RunDispatcher(t, New, l)
				})
			}
		}
	}
}
