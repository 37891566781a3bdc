package main

import (
	"testing"

	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/strategytest"
)

// Catches: an example that people copy, and that loses requests.
func TestSpawnConforms(t *testing.T) {
	for _, policy := range []strategies.Policy{strategies.Wait, strategies.Reject} {
		limits := strategies.Limits{Workers: 2, WhenFull: policy}
		t.Run(policy.String(), func(t *testing.T) {
			strategytest.RunDispatcher(t, newSpawn, limits)
			strategytest.Run(t, func() strategies.Strategy { return strategies.PerConn("spawn", newSpawn, limits) })
		})
	}
}
