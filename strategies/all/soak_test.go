package all_test

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/poolbench/poolbench/strategies/all"
	"github.com/poolbench/poolbench/strategies/strategytest"
)

var (
	soak     = flag.Duration("soak", 0, "repeat the rows of all strategies in random order for this long, once at least")
	soakSeed = flag.Uint64("soak-seed", 0, "of a soak that is to be repeated; 0: a new one")
)

// oftenEnough is how often a soak runs each row in which chance has a part.
const oftenEnough = 10

// TestSoak runs rows of all strategies in random order: each at least once, stops, bursts and mixtures of faults at least ten times.
func TestSoak(t *testing.T) {
	if *soak == 0 {
		t.Skip("takes minutes; run it with -run TestSoak -soak 20m -timeout 0")
	}
	seed := *soakSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("to repeat this soak: -soak-seed=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))

	type item struct {
		name string
		run  func(*testing.T)
	}
	var items []item
	for _, kind := range all.Kinds() {
		for _, spec := range specs(t, kind) {
			for _, row := range strategytest.Rows(spec.String()) {
				times := 1
				if row.Chance {
					times = oftenEnough
				}
				for range times {
					items = append(items, item{spec.Path() + "/" + row.Name, func(t *testing.T) {
						row.Run(t, maker(t, spec), random.Uint64(), options(kind)...)
					}})
				}
			}
		}
	}
	for _, d := range dispatcherSpecs(t) {
		items = append(items, item{"dispatcher/" + d.spec.Path(), func(t *testing.T) {
			strategytest.RunDispatcher(t, d.kind.New, d.spec.Limits)
		}})
	}

	const enough = 10 // failures; each may have taken all of a row's patience
	failures := 0
	for until, first := time.Now().Add(*soak), true; first || time.Now().Before(until); first = false {
		random.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		for _, it := range items {
			if !first && time.Now().After(until) {
				break
			}
			if !t.Run(it.name, it.run) {
				failures++
			}
			if failures == enough {
				t.Fatalf("%d failures, which is enough to look at", enough)
			}
		}
	}
}
