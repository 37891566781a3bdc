package job

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/account"
	"github.com/poolbench/poolbench/bench/trial"
)

func TestClientsBeginAtRandomWithinTheirThinkTime(t *testing.T) {
	draw := func(think time.Duration, seed uint64) (all [1000]time.Duration) {
		j := &Job{Load: trial.Load{Loop: trial.Closed, Think: think}, Seed: seed}
		moment := j.FirstMoments()
		for i := range all {
			all[i] = moment()
		}
		return all
	}
	const think = time.Second
	all := draw(think, 1)
	var sum time.Duration
	for _, m := range all {
		if m < 0 || m >= think {
			t.Fatalf("first at %v with %v of thinking", m, think)
		}
		sum += m
	}
	// The mean of 1000 has a standard error of 9 ms, and the seed is fixed.
	if mean := sum / time.Duration(len(all)); mean < 450*ms || mean > 550*ms {
		t.Errorf("on average they begin at %v, want half of %v", mean, think)
	}
	if all != draw(think, 1) || all == draw(think, 2) {
		t.Error("they begin by something else than the seed")
	}
	if draw(0, 1) != [1000]time.Duration{} {
		t.Error("without thinking they do not begin at once")
	}
}

func TestConnectsTellTheServersFailuresFromOurs(t *testing.T) {
	refused := fmt.Errorf("%w: nobody there", ErrRefused)
	exhausted := fmt.Errorf("%w: too many open files", ErrExhausted)
	var c Connects
	if err := c.Hopeless(); err != nil {
		t.Errorf("before the first: %v", err)
	}
	if err := c.Connected(); err == nil {
		t.Error("nothing has failed, but nothing was made either")
	}
	c.Failed(refused)
	c.Failed(exhausted)
	for _, err := range []error{c.Hopeless(), c.Connected()} {
		if !errors.Is(err, refused) {
			t.Errorf("error %v, want one that wraps the first", err)
		}
	}
	c.Made()
	c.Failed(exhausted)
	if err := errors.Join(c.Hopeless(), c.Connected()); err != nil || !c.Any() {
		t.Errorf("one was made: %v", err)
	}
	if c.Exhausted() != 2 {
		t.Errorf("%d of them for want of ports or files, want 2", c.Exhausted())
	}
}

func TestALedgerKeepsTheSpreadWhereTheLoadMakesItDependOnTime(t *testing.T) {
	whole := account.Window{Open: time.Second, Close: 2 * time.Second, End: account.Never}
	for name, c := range map[string]struct {
		window         account.Window
		load           trial.Load
		slices, spread int
	}{
		"a steady load":             {whole, trial.Load{Loop: trial.Open, Rate: 100}, 50, 0},
		"all that can be done":      {whole, trial.Load{Loop: trial.Open, Rate: 100, Fraction: 1}, 50, 0},
		"more than that":            {whole, trial.Load{Loop: trial.Open, Rate: 100, Fraction: 1.4}, 50, 50},
		"a load that changes":       {whole, trial.Load{Loop: trial.Open, Rate: 100, Profile: trial.Burst(5, 0, 1)}, 50, 50},
		"a window without a length": {account.Window{Open: account.Never, Close: account.Never, End: account.Never}, trial.Load{Loop: trial.Closed}, 0, 0},
	} {
		j := Job{Load: c.load, TimeOut: time.Second, BackOff: time.Second, Edges: account.NewEdges(c.window)}
		if s := j.NewLedger(1).Series(); s.Len() != c.slices || len(s.Spread) != c.spread {
			t.Errorf("%s: %d slices and %d spreads, want %d and %d", name, s.Len(), len(s.Spread), c.slices, c.spread)
		}
	}
}
