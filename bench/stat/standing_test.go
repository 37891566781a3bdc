package stat

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/poolbench/poolbench/bench/trial"
)

// decision is one by a metric of which more is better.
func decision(strategy, against string, o Outcome, ratio float64) Decision {
	return Decision{Scenario: "s", Strategy: strategy, Against: against, Metric: Goodput, Outcome: o, Ratio: Estimate{Value: ratio, Lo: ratio / 2, Hi: ratio * 2, N: 9}}
}

// said writes a standing in one line.
func said(s Standing) string {
	text := fmt.Sprint(s.Best)
	for _, ds := range [][]Decision{s.Behind, s.Undecided, s.Unranked} {
		text += " |"
		for _, d := range ds {
			text += fmt.Sprintf(" %s<%s", d.Strategy, d.Against)
		}
	}
	return text
}

// Catches: a leader by a figure that was not judged, one who is beaten, one who changes with the noise, a baseline that is
// lost when it does not lead, and a strategy in two classes or in none.
func TestWhereStrategiesStand(t *testing.T) {
	for _, c := range []struct {
		name string
		ds   []Decision
		want string
	}{
		{"nothing known", nil, "[a] | | b<a c<a d<a |"},
		{"the baseline leads", []Decision{decision("b", "a", Tied, 1), decision("c", "a", Different, 0.5), decision("d", "a", Undecided, 1.2)},
			"[a b] | c<a | d<a |"},
		{"another leads", []Decision{
			decision("b", "a", Different, 2), decision("c", "a", Different, 0.5), decision("d", "a", Different, 1.9),
			decision("d", "b", Tied, 0.95),
		}, "[b d] | a<b c<a | |"},
		{"the leader is unclear against one", []Decision{
			decision("b", "a", Different, 2), decision("c", "a", Unranked, 1), decision("d", "a", Undecided, 1.1),
			decision("c", "b", Unranked, 1), decision("d", "b", Different, 0.6),
		}, "[b] | a<b d<b | | c<b"},
		{"the first leader is beaten", []Decision{
			decision("b", "a", Different, 2), decision("c", "a", Different, 3), decision("d", "a", Tied, 1),
			decision("c", "b", Different, 1.5), decision("d", "b", Different, 0.5),
		}, "[c] | a<c b<c d<b | |"},
		{"the first leader stays, whoever looks better", []Decision{
			decision("b", "a", Different, 2), decision("c", "a", Different, 2.1), decision("d", "a", Different, 0.5),
			decision("c", "b", Undecided, 1.05),
		}, "[b] | a<b d<a | c<b |"},
		{"better and not ranked is no leader", []Decision{
			decision("b", "a", Unranked, 2), decision("c", "a", Tied, 1), decision("d", "a", Tied, 1),
		}, "[a c d] | | | b<a"},
		{"others' scenarios do not count", []Decision{{Scenario: "other", Strategy: "b", Against: "a", Outcome: Different, Metric: Goodput, Ratio: Estimate{Value: 2}}},
			"[a] | | b<a c<a d<a |"},
	} {
		if got := said(Stand(c.ds, trial.Scenario{Name: "s", Strategies: []string{"a", "b", "c", "d"}})); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if got := Stand(nil, trial.Scenario{Name: "s"}); len(got.Best) != 0 {
		t.Errorf("no strategy: %+v", got)
	}
}

func TestADecisionTurnedRoundSaysTheSame(t *testing.T) {
	d := Decision{Strategy: "b", Against: "a", Metric: ResponseP50, Outcome: Different, Sense: AtMost, P: 0.001, Ratio: Estimate{Value: 0.5, Lo: 0, Hi: 0.8, N: 9, Confidence: 0.99}}
	got := d.Turned()
	want := Decision{Strategy: "a", Against: "b", Metric: ResponseP50, Outcome: Different, Sense: AtLeast, P: 0.001, Ratio: Estimate{Value: 2, Lo: 1.25, Hi: math.Inf(1), N: 9, Confidence: 0.99}}
	if diff := gocmp.Diff(want, got, ignoreFunc); diff != "" {
		t.Error(diff)
	}
	if !d.better() || d.worse() || got.better() || !got.worse() {
		t.Error("a shorter time is better, whichever way round")
	}
	if diff := gocmp.Diff(d, got.Turned(), ignoreFunc); diff != "" {
		t.Error(diff)
	}
}

// The leader is found at the look at which it becomes clear, those that are not known to be behind it are compared with it at
// once, and it takes the decisions of both to find who is best.
func TestTheLeaderIsFoundAndComparedWith(t *testing.T) {
	rng := rand.New(rand.NewPCG(61, 62))
	w := world{scenarios: 2, truth: []float64{1, 1.5, 0.5, 1.5, 1}, noise: normalNoise(0.02)}
	d := NewDesign(0, w.asked(), 20)
	ds := Decide(w.measure(rng, 20), w.asked(), d)
	for _, sc := range w.asked() {
		s := Stand(ds, sc)
		slices.Sort(s.Best)
		if !slices.Equal(s.Best, []string{"strategy-1", "strategy-3"}) || len(s.Behind) != 3 || len(s.Undecided)+len(s.Unranked) != 0 {
			t.Errorf("%s", said(s))
		}
		if got := Open(ds, sc, d); len(got) != 0 {
			t.Errorf("open are %v", got)
		}
		for _, x := range ds {
			if x.Scenario == sc.Name && x.Strategy == "strategy-2" && x.Against != sc.Strategies[0] {
				t.Errorf("%s is behind the baseline, and compared with %s", x.Strategy, x.Against)
			}
		}
	}
}

// withDecision makes trials whose goodput, and whose time, are those of the observations.
func withDecision(obs []Observation) []trial.Trial {
	var all []trial.Trial
	for i, o := range obs {
		t := withGoodput(o.Strategy, o.Twin, o.Repetition, int64(o.Value))
		t.Seq, t.Scenario = i, o.Scenario
		t.Latency.Response.RecordN(time.Duration(o.Value)*time.Microsecond, 100)
		all = append(all, t)
	}
	return all
}

// Catches: a report that says other than what the run decided, and one that counts other metrics to its family.
func TestComparisonsAreWhatTheRunDecided(t *testing.T) {
	rng := rand.New(rand.NewPCG(63, 64))
	w := world{scenarios: 3, truth: []float64{1, 0.93, 1.3, 1}, noise: normalNoise(0.04)}
	scenarios := w.asked()
	scenarios[1].DecidedBy = ResponseP50.Key
	scenarios[2].DecideAt = 0.5 // and was not measured there
	d := NewDesign(0, scenarios, 14)
	obs := w.measure(rng, 12) // stopped between two looks
	trials := withDecision(obs)
	var seen []Observation
	for _, o := range trials {
		m := Goodput
		if o.Scenario == scenarios[1].Name {
			m = ResponseP50
		}
		if got, ok := Observe(o, m); ok {
			seen = append(seen, got)
		}
	}
	ds := Decide(seen, scenarios, d)
	for _, c := range []struct {
		metric    Metric
		deciding  string // scenario
		others    int
		undecided bool
	}{{Goodput, scenarios[0].Name, 6, false}, {ResponseP50, scenarios[1].Name, 6, false}, {ServerCPU, "", 9, false}} {
		for _, got := range Comparisons(trials, c.metric, scenarios, d) {
			if got.Scenario != c.deciding {
				if got.Family != c.others {
					t.Errorf("%s on %s is of a family of %d, want %d", c.metric.Key, got.Scenario, got.Family, c.others)
				}
				continue
			}
			i := slices.IndexFunc(ds, func(x Decision) bool {
				return x.Scenario == got.Scenario && x.Strategy == got.Strategy && x.Against == got.Baseline
			})
			x := ds[i]
			want := Comparison{Cell: got.Cell, Baseline: x.Against, Metric: x.Metric, Ratio: x.Ratio, AA: got.AA, Family: d.Family,
				P: x.P, Held: x.Held, Outcome: x.Outcome, Sense: x.Sense, More: x.More, Bound: x.bound()}
			if diff := gocmp.Diff(want, got, ignoreFunc, cmpopts.EquateNaNs()); diff != "" {
				t.Errorf("%s on %s: %s", c.metric.Key, got.Scenario, diff)
			}
			if !slices.Contains(d.Looks[:2], x.Repetitions) {
				t.Errorf("%+v rests on none of the looks of %v that were reached", x, d.Looks)
			}
		}
	}
}
