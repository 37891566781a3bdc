package all_test

import (
	"testing"

	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/all"
	"github.com/poolbench/poolbench/strategies/strategytest"
)

// limits are tried with every kind; the numbers are small, so that they are reached.
var limits = []strategies.Limits{
	{Workers: strategies.Unbounded},
	{Workers: 1},
	{Workers: 2, Queue: 3},
	{Workers: 2, Queue: strategies.Unbounded},
	{Workers: 4, MaxConns: 3},
	{Workers: 1, WhenFull: strategies.Reject},
	{Workers: 2, Queue: 3, WhenFull: strategies.Reject},
	{Workers: 4, MaxConns: 3, WhenFull: strategies.Reject},
}

// specs returns the names to test of one kind: its default, and whatever it can keep of limits in each of its units.
func specs(k strategies.Kind) []strategies.Spec {
	var out []strategies.Spec
	for _, unit := range k.Units {
		for _, l := range append([]strategies.Limits{k.Default}, limits...) {
			if l.Check() == nil && (k.Check == nil || k.Check(l) == nil) {
				out = append(out, strategies.Spec{Kind: k.Name, Limits: l, Unit: unit})
			}
		}
	}
	return out
}

func TestEveryStrategyConforms(t *testing.T) {
	for _, kind := range all.Kinds() {
		policies := map[strategies.Policy]int{}
		for i, spec := range specs(kind) {
			if i > 0 && spec.Limits == kind.Default && spec.Unit == kind.Units[0] {
				continue // among limits as well
			}
			policies[spec.Limits.WhenFull]++
			t.Run(spec.String(), func(t *testing.T) {
				strategytest.Run(t, func() strategies.Strategy {
					s, err := all.Kinds().Parse(spec.String())
					if err != nil {
						t.Fatal(err)
					}
					return s
				})
			})
		}
		if policies[strategies.Wait] == 0 {
			t.Errorf("%s was not tested with full=wait: it can keep none of these limits", kind.Name)
		}
		if policies[strategies.Reject] == 0 && kind.Default.Queue != strategies.Unbounded {
			t.Errorf("%s was not tested with full=reject: it can keep none of these limits", kind.Name)
		}
	}
}

func TestEveryDispatcherConforms(t *testing.T) {
	for _, kind := range all.Kinds() {
		tested := map[strategies.Limits]bool{}
		for _, spec := range specs(kind) {
			l := spec.Limits
			l.MaxConns = 0 // not a dispatcher's business
			if tested[l] {
				continue
			}
			tested[l] = true
			spec.Limits = l
			t.Run(spec.String(), func(t *testing.T) {
				strategytest.RunDispatcher(t, kind.New, l)
			})
		}
	}
}
