package all_test

import (
	"slices"
	"testing"

	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/all"
	"github.com/poolbench/poolbench/strategies/strategytest"
)

// setting is a limit, a policy and a unit, of any kind.
type setting struct {
	limits strategies.Limits
	unit   strategies.Unit
}

// meeting is what every kind has to be tested with, as far as it can be.
type meeting struct {
	unit   strategies.Unit
	policy strategies.Policy
}

// settings are tried in this order with every kind, beside its default: of each meeting the first three that it can keep. The
// numbers are small, so that they are reached.
var settings = []setting{
	{strategies.Limits{Workers: 1}, strategies.ConnUnit},
	{strategies.Limits{Workers: 2, Queue: strategies.Unbounded}, strategies.ConnUnit},
	{strategies.Limits{Workers: 4, MaxConns: 3}, strategies.ConnUnit},
	{strategies.Limits{Workers: 2, Queue: strategies.Unbounded, MaxConns: 3}, strategies.ConnUnit},

	{strategies.Limits{Workers: 2, Queue: 3, WhenFull: strategies.Reject}, strategies.ConnUnit},
	{strategies.Limits{Workers: 2, WhenFull: strategies.Reject}, strategies.ConnUnit},
	{strategies.Limits{Workers: 4, MaxConns: 3, WhenFull: strategies.Reject}, strategies.ConnUnit},
	{strategies.Limits{Workers: 2, Queue: strategies.Unbounded, MaxConns: 3, WhenFull: strategies.Reject}, strategies.ConnUnit},

	{strategies.Limits{Workers: 2, Queue: 3}, strategies.RequestUnit},
	{strategies.Limits{Workers: 4, MaxConns: 3}, strategies.RequestUnit},
	{strategies.Limits{Workers: 2}, strategies.RequestUnit},
	{strategies.Limits{Workers: 2, Queue: strategies.Unbounded}, strategies.RequestUnit},
	{strategies.Limits{Workers: 2, Queue: strategies.Unbounded, MaxConns: 3}, strategies.RequestUnit},

	{strategies.Limits{Workers: 1, WhenFull: strategies.Reject}, strategies.RequestUnit},
	{strategies.Limits{Workers: 4, MaxConns: 3, WhenFull: strategies.Reject}, strategies.RequestUnit},
	{strategies.Limits{Workers: 2, Queue: strategies.Unbounded, MaxConns: 3, WhenFull: strategies.Reject}, strategies.RequestUnit},
}

// specs returns the names to test of one kind.
func specs(t *testing.T, k strategies.Kind) []strategies.Spec {
	t.Helper()
	kinds := strategies.Kinds{k}
	first, err := kinds.Spec(k.Name)
	if err != nil {
		t.Fatal(err)
	}
	out := []strategies.Spec{first}
	met := map[meeting]int{}
	for _, s := range settings {
		l := s.limits
		l.Listeners = k.Default.Listeners
		if k.Default.Backlog > 0 {
			l.Backlog = 64 // the default one may be so short that connecting takes a second now and then
		}
		if k.Complete != nil {
			l = k.Complete(l)
		}
		spec, err := kinds.Spec(strategies.Spec{Kind: k.Name, Limits: l, Unit: s.unit}.String())
		m := meeting{s.unit, l.WhenFull}
		if err == nil && met[m] < 3 && !slices.Contains(out, spec) {
			met[m]++
			out = append(out, spec)
		}
	}
	for _, unit := range k.Units {
		for _, policy := range []strategies.Policy{strategies.Wait, strategies.Reject} {
			if met[meeting{unit, policy}] == 0 && !cannot[k.Name][policy] {
				t.Errorf("%s is not tested with unit=%s and full=%s: it can keep none of the settings", k.Name, unit, policy)
			}
		}
	}
	return out
}

// cannot are the policies that a kind has no use for.
var cannot = map[string]map[strategies.Policy]bool{
	"semaphore": {strategies.Reject: true}, // who has no place is not accepted, so there is nobody to refuse
}

// maker returns how a strategy is made anew for each row.
func maker(t *testing.T, spec strategies.Spec) func() strategies.Strategy {
	return func() strategies.Strategy {
		s, err := all.Kinds().Parse(spec.String())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

// shared are the kinds whose libraries hand work to goroutines that the whole process shares.
var shared = map[string]string{
	"pond": "pond v2 stops a pool by a task for its default pool, which lives as long as the process",
}

func options(k strategies.Kind) (o []strategytest.Option) {
	if reason, ok := shared[k.Name]; ok {
		o = append(o, strategytest.OutOfBubbles(reason))
	}
	return o
}

func TestEveryStrategyConforms(t *testing.T) {
	const enough = 5 // strategies that fail: with more, the test binary's own time-out could swallow what they have said
	failures := 0
	for _, kind := range all.Kinds() {
		for _, spec := range specs(t, kind) {
			if !t.Run(spec.String(), func(t *testing.T) { strategytest.Run(t, maker(t, spec), options(kind)...) }) {
				failures++
			}
			if failures == enough {
				t.Fatalf("%d strategies do not conform, which is enough to look at", enough)
			}
		}
	}
}

// dispatcherSpec is a dispatcher to test; of its limits only those count that are a dispatcher's business.
type dispatcherSpec struct {
	kind strategies.Kind
	spec strategies.Spec
}

func dispatcherSpecs(t *testing.T) (out []dispatcherSpec) {
	t.Helper()
	for _, kind := range all.Kinds() {
		if kind.New == nil {
			continue // it is no dispatcher
		}
		tested := map[strategies.Limits]bool{}
		for _, spec := range specs(t, kind) {
			l := spec.Limits
			l.MaxConns, l.Listeners, l.Backlog = 0, 0, 0
			if l.Queue == strategies.Unbounded {
				l.WhenFull = strategies.Wait // which was for maxconns
			}
			if !tested[l] {
				tested[l] = true
				spec.Limits = l
				out = append(out, dispatcherSpec{kind, spec})
			}
		}
	}
	return out
}

func TestEveryDispatcherConforms(t *testing.T) {
	for _, d := range dispatcherSpecs(t) {
		t.Run(d.spec.String(), func(t *testing.T) { strategytest.RunDispatcher(t, d.kind.New, d.spec.Limits) })
	}
}
