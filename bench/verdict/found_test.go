package verdict

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poolbench/poolbench/bench/stat"
)

// Catches: a bound told as a figure, a figure as a bound, the loser named as the winner; slices of the caller's sorted.
func TestCapacitiesAndSizesAreToldAsWhatTheyAre(t *testing.T) {
	v := Verdict{Labels: map[string]string{bigA: "a", bigB: "b"}, Capacities: []Capacity{}, Sizes: []Size{}}
	for _, c := range []struct {
		found []Highest
		want  string
	}{
		{nil, "p99=10ms: no search came to an end, so that no capacity is known."},
		{[]Highest{{Strategy: bigA, PerS: 700, Breach: "p99", Outcome: stat.Different}, {Strategy: bigB, PerS: 1000, Lo: 950, Hi: 1060, Best: true, Breach: "p99"}},
			"p99=10ms: b keeps it up to 1,000 per second (950 to 1,060); a only up to 70 % of it; the first to break is p99."},
		{[]Highest{{Strategy: bigA, PerS: 930, Outcome: stat.Undecided}, {Strategy: bigB, PerS: 1000, Best: true, Breach: "p99"}},
			"p99=10ms: b keeps it up to 1,000 per second; not decided: a; the first to break is p99."},
		{[]Highest{{Strategy: bigA, PerS: 200, AtMost: true, Outcome: stat.Different}, {Strategy: bigB, PerS: 1000, Best: true}},
			"p99=10ms: b keeps it up to 1,000 per second; a keeps it at no rate that was offered."},
		{[]Highest{{Strategy: bigB, PerS: 1000, Lo: 900, Best: true}}, "p99=10ms: b keeps it up to 1,000 per second (900 or more)."},
		{[]Highest{{Strategy: bigA, PerS: 990, Best: true}, {Strategy: bigB, PerS: 1000, Lo: 950, Best: true, AtLeast: true}},
			"p99=10ms: b and a keep it up to at least 1,000 per second."},
		{[]Highest{{Strategy: bigA, PerS: 10, Best: true, AtMost: true}}, "p99=10ms: kept by none, not even at 10 per second, the lowest rate that was offered."},
	} {
		before := append([]Highest(nil), c.found...)
		with := v.with([]Capacity{{Scenario: "x", Objective: "p99=10ms", Found: c.found}}, nil)
		if got := with.Capacities[0].Sentence; got != c.want {
			t.Errorf("%q\nwant\n%q", got, c.want)
		}
		if d := cmp.Diff(before, c.found); d != "" || len(v.Capacities) != 0 {
			t.Errorf("the caller's slice changed: %s", d)
		}
		text, err := json.Marshal(with)
		if err != nil {
			t.Fatal(err)
		}
		var again Verdict
		if err := json.Unmarshal(text, &again); err != nil || again.Capacities[0].Sentence != c.want {
			t.Errorf("%v, %s", err, text)
		}
	}
	for _, c := range []struct {
		size Size
		want string
	}{
		{Size{Kind: "a", Setting: "workers", Smallest: 256, Sure: true, From: 256, To: 4096}, "a: workers=256 is enough, and from 256 to 4,096 it makes no difference."},
		{Size{Kind: "a", Setting: "queue", TooSmall: 128, Smallest: 256, From: 256, To: 256}, "a: queue=128 is too small; whether 256 is enough is not decided."},
		{Size{Kind: "a", Setting: "queue", Smallest: 16, From: 16, To: 16}, "a: whether queue=16 is enough, the smallest that was tried, is not decided."},
	} {
		if got := v.with(nil, []Size{c.size}).Sizes[0].Sentence; got != c.want {
			t.Errorf("%q\nwant\n%q", got, c.want)
		}
	}
}
