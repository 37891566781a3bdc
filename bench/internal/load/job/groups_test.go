package job

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/poolbench/poolbench/bench/trial"
)

const ms = time.Millisecond

func TestClientsAreDividedByTheirShares(t *testing.T) {
	for name, c := range map[string]struct {
		clients int
		shares  []trial.Share
		normal  int
		others  []Group
	}{
		"all are normal":                {clients: 10, normal: 10},
		"a tenth of a hundred":          {100, []trial.Share{{Behaviour: trial.Slow, Share: 0.1, Every: 7 * ms}}, 90, []Group{{trial.Slow, 7 * ms, 10}}},
		"a tenth of three is one":       {3, []trial.Share{{Behaviour: trial.Idle, Share: 0.1}}, 2, []Group{{trial.Idle, 0, 1}}},
		"halves are rounded up":         {10, []trial.Share{{Behaviour: trial.Idle, Share: 0.25}}, 7, []Group{{trial.Idle, 0, 3}}},
		"0.07 of a hundred, in binary":  {100, []trial.Share{{Behaviour: trial.Idle, Share: 0.07}}, 93, []Group{{trial.Idle, 0, 7}}},
		"a pace for who was given none": {4, []trial.Share{{Behaviour: trial.Slow, Share: 0.25}}, 3, []Group{{trial.Slow, 50 * ms, 1}}},
		"groups in the order of shares": {10, []trial.Share{{Behaviour: trial.Resets, Share: 0.2}, {Behaviour: trial.NeverReads, Share: 0.1}}, 7, []Group{{trial.Resets, 100 * ms, 2}, {trial.NeverReads, 10 * ms, 1}}},
		"hardly one is left to measure": {10, []trial.Share{{Behaviour: trial.Idle, Share: 0.9}}, 1, []Group{{trial.Idle, 0, 9}}},
	} {
		t.Run(name, func(t *testing.T) {
			normal, others := Groups(trial.Load{Clients: c.clients, Others: c.shares})
			if normal != c.normal || !cmp.Equal(others, c.others) {
				t.Errorf("%d normal and %+v, want %d and %+v", normal, others, c.normal, c.others)
			}
		})
	}
}

func TestSharesThatMakeNoSenseAreRefusedInTheirOwnWords(t *testing.T) {
	for name, c := range map[string]struct {
		clients int
		shares  []trial.Share
		want    []string // parts of the error; none: it is right
	}{
		"none":               {1, nil, nil},
		"one of each":        {5, []trial.Share{{Behaviour: trial.Slow, Share: 0.2}, {Behaviour: trial.Idle, Share: 0.2}, {Behaviour: trial.NeverReads, Share: 0.2}, {Behaviour: trial.Resets, Share: 0.2}}, nil},
		"unknown":            {9, []trial.Share{{Behaviour: "rude", Share: 0.1}}, []string{`"rude"`, "slow", "idle", "never-reads", "resets"}},
		"without a name":     {9, []trial.Share{{Share: 0.1}}, []string{`""`}},
		"twice":              {9, []trial.Share{{Behaviour: trial.Idle, Share: 0.1}, {Behaviour: trial.Idle, Share: 0.1}}, []string{"idle", "twice"}},
		"no share":           {9, []trial.Share{{Behaviour: trial.Slow}}, []string{"slow", "share 0", "above 0"}},
		"less than none":     {9, []trial.Share{{Behaviour: trial.Slow, Share: -0.1}}, []string{"share -0.1"}},
		"all":                {9, []trial.Share{{Behaviour: trial.Slow, Share: 1}}, []string{"share 1", "below 1"}},
		"percent":            {9, []trial.Share{{Behaviour: trial.Slow, Share: 10}}, []string{"share 10", "below 1"}},
		"not a number":       {9, []trial.Share{{Behaviour: trial.Slow, Share: math.NaN()}}, []string{"share NaN"}},
		"back in time":       {9, []trial.Share{{Behaviour: trial.Resets, Share: 0.1, Every: -ms}}, []string{"resets", "every -1ms"}},
		"an idle one acts":   {9, []trial.Share{{Behaviour: trial.Idle, Share: 0.1, Every: ms}}, []string{"idle", "every 1ms", "leave it out"}},
		"nobody is left":     {9, []trial.Share{{Behaviour: trial.Idle, Share: 0.5}, {Behaviour: trial.Slow, Share: 0.5}}, []string{"9 clients", "none that is measured"}},
		"the one client":     {1, []trial.Share{{Behaviour: trial.Idle, Share: 0.1}}, []string{"1 clients", "more clients"}},
		"rounding takes all": {2, []trial.Share{{Behaviour: trial.Idle, Share: 0.75}}, []string{"2 clients"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := CheckGroups(trial.Load{Clients: c.clients, Others: c.shares})
			if (err == nil) != (c.want == nil) {
				t.Fatalf("error %v", err)
			}
			for _, part := range c.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not say %q", err, part)
				}
			}
		})
	}
}

func TestNoClientIsLostInGroups(t *testing.T) {
	behaviours := []trial.Behaviour{trial.Slow, trial.Idle, trial.NeverReads, trial.Resets, "rude"}
	rapid.Check(t, func(t *rapid.T) {
		l := trial.Load{Clients: rapid.IntRange(1, 100_000).Draw(t, "clients")}
		for range rapid.IntRange(0, 5).Draw(t, "groups") {
			l.Others = append(l.Others, trial.Share{
				Behaviour: rapid.SampledFrom(behaviours).Draw(t, "behaviour"),
				Share:     rapid.Float64Range(-0.1, 1.1).Draw(t, "share"),
				Every:     rapid.SampledFrom([]time.Duration{-ms, 0, 0, ms}).Draw(t, "every"),
			})
		}
		normal, others := Groups(l)
		sum := normal
		for _, g := range others {
			sum += g.Clients
		}
		if sum != l.Clients || len(others) != len(l.Others) {
			t.Fatalf("%d normal and %+v of %d clients", normal, others, l.Clients)
		}
		if CheckGroups(l) != nil {
			return
		}
		if normal < 1 {
			t.Fatalf("%d normal", normal)
		}
		for i, g := range others {
			if g.Clients < 1 || g.Behaviour != l.Others[i].Behaviour || g.Every < 0 || (g.Every == 0) != (g.Behaviour == trial.Idle) {
				t.Fatalf("group %+v of share %+v", g, l.Others[i])
			}
		}
	})
}
