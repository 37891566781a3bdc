package all_test

import (
	"testing"

	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/all"
)

// perDispatch is how often one dispatch allocates, with the workers there and free.
func perDispatch(t *testing.T, h bare) float64 {
	defer h.close()
	const n = 10 * atOnce // what is allocated once for all of them does not count in the whole of the quotient
	h.rounds(t, warmUp)
	return float64(int(testing.AllocsPerRun(20, func() { h.rounds(t, n) }) / n))
}

func libraryAllocates(t *testing.T, k strategies.Kind) float64 {
	if library := libraries[k.Name]; library != nil {
		return perDispatch(t, library())
	}
	return 0
}

// The one is what gives a place back after the task; pools of this module need none.
func TestADispatchAllocatesAtMostOnceMoreThanItsLibrary(t *testing.T) {
	for _, kind := range all.Kinds() {
		if kind.New == nil {
			continue
		}
		t.Run(kind.Name, func(t *testing.T) {
			ours, theirs := perDispatch(t, adapter(t, kind)), libraryAllocates(t, kind)
			if ours > theirs+1 {
				t.Errorf("%v allocations a dispatch, and %v by the bare call", ours, theirs)
			}
		})
	}
	for _, kind := range []strategies.Kind{strategies.Channel(), strategies.Lifo(), strategies.Tutorial()} {
		if n := perDispatch(t, adapter(t, kind)); n != 0 {
			t.Errorf("%s: %v allocations a dispatch, want none", kind.Name, n)
		}
	}
}

func TestARequestAllocatesNoMoreThanItsDispatch(t *testing.T) {
	eachInMemory(t, func(spec strategies.Spec, kind strategies.Kind) {
		t.Run(spec.String(), func(t *testing.T) {
			var most float64 // in the conn unit nothing is dispatched
			if spec.Unit == strategies.RequestUnit {
				most = libraryAllocates(t, kind) + 1
			}
			ask := session(t, parse(t, spec))
			if n := testing.AllocsPerRun(200, ask); n > most {
				t.Errorf("%v allocations a request, want at most %v", n, most)
			}
		})
	})
}
