package stat

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/trial"
)

// marked gives the first n trials of the strategy (not of its twin) a finding.
func marked(trials []trial.Trial, strategy string, n int, code string) []trial.Trial {
	for i := range trials {
		if trials[i].Strategy == strategy && !trials[i].Twin && n > 0 {
			trials[i].Findings = []trial.Finding{{Code: code, Text: "seen; do"}}
			n--
		}
	}
	return trials
}

// p50 makes response times of the goodputs: 100 is 100 µs, so that more is worse.
func p50(trials []trial.Trial) []trial.Trial {
	for i := range trials {
		t := &trials[i]
		t.Latency.Response.RecordN(time.Duration(t.Counts.Good)*time.Microsecond, 100)
	}
	return trials
}

// Catches: an equality, or a difference, that is only the driver's; a bound that is read the wrong way round; a rule for
// rates that is applied to times as it is; a comparison of the server's own account that is thrown away with the others.
func TestWhatTheDriverDecidedIsNotRanked(t *testing.T) {
	const equal, less, more = 100, 50, 200
	none, bound, half := "", finding.DriverBound, finding.AboveHalfCeiling
	for _, c := range []struct {
		name       string
		metric     Metric
		other      int64 // against 100
		base, own  string
		want       Outcome
		sense      Sense
		boundKnown bool
	}{
		{"equal, neither bound", Goodput, equal, none, none, Tied, AsSeen, true},
		{"equal, both bound", Goodput, equal, bound, bound, Unranked, AsSeen, false},
		{"equal, the baseline bound", Goodput, equal, bound, none, Unranked, AsSeen, false},
		{"equal, the other bound", Goodput, equal, none, bound, Unranked, AsSeen, false},
		{"less, both bound", Goodput, less, bound, bound, Unranked, AsSeen, false},
		{"less, the faster one bound", Goodput, less, bound, none, Different, AtMost, false},
		{"less, the slower one bound", Goodput, less, none, bound, Unranked, AsSeen, false},
		{"more, the slower one bound", Goodput, more, bound, none, Unranked, AsSeen, false},
		{"more, the faster one bound", Goodput, more, none, bound, Different, AtLeast, false},
		{"less, neither bound", Goodput, less, none, none, Different, AsSeen, true},
		{"nothing at all, the baseline bound", Goodput, 0, bound, none, Different, AtMost, false},

		{"a longer time, the shorter one bound", ResponseP50, more, bound, none, Different, AtLeast, false},
		{"a longer time, the longer one bound", ResponseP50, more, none, bound, Unranked, AsSeen, false},
		{"a shorter time, itself bound", ResponseP50, less, none, bound, Different, AtMost, false},
		{"a shorter time, the longer one bound", ResponseP50, less, bound, none, Unranked, AsSeen, false},

		{"equal times above half of the ceiling", ResponseP50, equal, half, half, Unranked, AsSeen, false},
		{"a longer time above half of the ceiling", ResponseP50, more, half, half, Different, AsSeen, true},
		{"a shorter time above half of the ceiling", ResponseP50, less, half, half, Different, AsSeen, true},

		{"CPU, both bound", ServerCPU, equal, bound, bound, Tied, AsSeen, true},
		{"CPU, above half of the ceiling", ServerCPU, equal, half, half, Tied, AsSeen, true},
		{"more CPU, both bound", ServerCPU, less, bound, bound, Different, AsSeen, true},
		{"another finding", Goodput, equal, finding.DriverGC, finding.DriverLate, Tied, AsSeen, true},
	} {
		trials := p50(exact(times8([3]int64{100, 100, c.other})...))
		trials = marked(marked(trials, baseline, 8, c.base), "other", 8, c.own)
		got := old(trials, c.metric)[0]
		if got.Outcome != c.want || got.Sense != c.sense {
			t.Errorf("%s: %v, sense %q; want %v, %q", c.name, got.Outcome, got.Sense, c.want, c.sense)
		}
		if known := !math.IsInf(got.Bound, 1); known != c.boundKnown {
			t.Errorf("%s: the bound is %v, want one: %v", c.name, got.Bound, c.boundKnown)
		}
		if got.Ratio.N != 8 {
			t.Errorf("%s: the ratio is left out: %+v", c.name, got.Ratio)
		}
	}
}

// Catches: one busy trial that costs a whole comparison, half of them that cost none, and invalid trials that are asked.
func TestHalfOfTheTrialsDecideWhoseTheFigureIs(t *testing.T) {
	for n, want := range map[int]bool{0: false, 3: false, 4: true, 8: true} {
		for _, strategy := range []string{baseline, "other"} {
			trials := marked(exact(times8([3]int64{100, 100, 100})...), strategy, n, finding.DriverBound)
			if got := old(trials, Goodput)[0].Outcome == Unranked; got != want {
				t.Errorf("%d of 8 trials of %s are driver-bound: unranked %v, want %v", n, strategy, got, want)
			}
			for _, s := range Summaries(trials) {
				if s.Strategy != strategy || s.Twin {
					continue
				}
				if s.DriverBound != n || s.AboveHalf != 0 || s.Bounded() != want {
					t.Errorf("%d of 8: the summary says %d, %d and %v", n, s.DriverBound, s.AboveHalf, s.Bounded())
				}
			}
			for i := range trials {
				if trials[i].Has(finding.DriverBound) {
					trials[i].Invalid = "driver-bound in an open loop"
				}
			}
			if n < 8 && old(trials, Goodput)[0].Outcome == Unranked {
				t.Errorf("%d invalid trials of %s decide", n, strategy)
			}
			for _, s := range Summaries(trials) {
				if s.DriverBound != 0 || s.Bounded() {
					t.Errorf("%d invalid trials are counted as valid ones that are driver-bound", n)
				}
			}
		}
	}
	for _, s := range Summaries(marked(exact(times8([3]int64{100, 100, 100})...), "other", 5, finding.AboveHalfCeiling)) {
		if want := map[bool]int{true: 5}[s.Strategy == "other"]; s.AboveHalf != want || s.DriverBound != 0 {
			t.Errorf("%s: %d above half of the ceiling, want %d", s.Strategy, s.AboveHalf, want)
		}
	}
}

// Catches: a calibration that is taken for a strategy, or for one more comparison of the family; a caller who loses his.
func TestCalibrationsAreComparedWithNothing(t *testing.T) {
	trials := exact(times8([3]int64{100, 100, 100})...)
	for i := range 8 {
		null := withGoodput(trial.NullServer, false, i, 500)
		null.Calibrates, null.Seq = true, 100+i
		trials = append([]trial.Trial{null}, trials...)
	}
	before := slices.Clone(trials)
	all := old(trials, Goodput)
	for i := range trials {
		if trials[i].Seq != before[i].Seq {
			t.Fatal("the caller's slice was changed")
		}
	}
	if len(all) != 1 || all[0].Strategy != "other" || all[0].Family != 1 {
		t.Errorf("%+v, want the other strategy alone", all)
	}
}
