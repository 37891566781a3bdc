package trial_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/poolbench/poolbench/bench/trial"
	"pgregory.net/rapid"
)

func TestProfilesAreReadAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string][]trial.Segment{
		"":                                nil,
		"burst:factor=5,at=1s,for=500ms":  trial.Burst(5, time.Second, 500*time.Millisecond),
		"burst:for=500ms,at=0s,factor=0":  trial.Burst(0, 0, 500*time.Millisecond),
		"ramp:from=0.1,to=2,for=5s":       trial.Ramp(0.1, 2, 5*time.Second),
		"steps:each=1s,factors=0.5/1/1.5": trial.Steps(time.Second, 0.5, 1, 1.5),
		"steps:factors=2,each=1m":         trial.Steps(time.Minute, 2),
		"segments:0s..1s=3/2s..3s=1..5":   {{To: time.Second, Begin: 3, End: 3}, {From: 2 * time.Second, To: 3 * time.Second, Begin: 1, End: 5}},
	} {
		got, err := trial.ParseProfile(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestOthersAreReadAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string]trial.Share{
		"slow:share=0.1,every=50ms": {Behaviour: trial.Slow, Share: 0.1, Every: 50 * time.Millisecond},
		"idle:share=0.5":            {Behaviour: trial.Idle, Share: 0.5},
		"never-reads:share=.2":      {Behaviour: trial.NeverReads, Share: 0.2},
	} {
		if got, err := trial.ParseShare(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
	}
}

func TestWhatIsWrongWithAShapeIsNamed(t *testing.T) {
	for text, want := range map[string]string{
		"wave:factor=1":                     "burst:",
		"burst":                             "factor",
		"burst:factor=5,at=1s":              "for is missing",
		"burst:factor=5,at=1s,for=1s,at=2s": "at=2s",
		"burst:factor=5,at=1s,for=1s,by=2":  "by=2",
		"burst:factor=x,at=1s,for=1s":       "factor=x",
		"burst:factor=5,at=1,for=1s":        "at=1: must be a time",
		"steps:each=1s,factors=1//2":        "factors=1//2",
		"ramp:from=1,to=,for=1s":            "to=: must be a number",
		"segments:":                         "FROM..TO=FACTOR",
		"segments:0s..1s":                   "FROM..TO=FACTOR",
		"segments:0s=1":                     "FROM..TO=FACTOR",
		"segments:0s..1=1":                  "to=1: must be a time",
		"segments:0s..1s=1..":               "last factor=: must be a number",
	} {
		if _, err := trial.ParseProfile(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("profile %q: %v, want it to say %q", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"slow":                     "share",
		"slow:0.1":                 "slow:share=",
		"slow:share=ten":           "share=ten",
		"slow:share=0.1,every=0":   "every=0s",
		"slow:share=0.1,every=now": "every=now",
	} {
		if _, err := trial.ParseShare(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("others %q: %v, want it to say %q", text, err, want)
		}
	}
}

func TestProfilesAreWrittenInTheirShortestForm(t *testing.T) {
	second := time.Second
	for want, p := range map[string][]trial.Segment{
		"":                              nil,
		"burst:factor=5,at=1s,for=1s":   trial.Burst(5, second, second),
		"ramp:from=0.1,to=2,for=5s":     trial.Ramp(0.1, 2, 5*second),
		"steps:each=1s,factors=1/1/2":   trial.Steps(second, 1, 1, 2),
		"burst:factor=0,at=0s,for=1m0s": trial.Steps(time.Minute, 0),
		"segments:0s..1s=1..2/1s..3s=2..0.00000001": {{To: second, Begin: 1, End: 2}, {From: second, To: 3 * second, Begin: 2, End: 1e-8}},
		"segments:1s..2s=1..2":                      {{From: second, To: 2 * second, Begin: 1, End: 2}},
		"segments:0s..1s=1..1/2s..3s=1..1":          {{To: second, Begin: 1, End: 1}, {From: 2 * second, To: 3 * second, Begin: 1, End: 1}},
	} {
		if got := trial.FormatProfile(p); got != want {
			t.Errorf("%+v: %q, want %q", p, got, want)
		}
		if again, err := trial.ParseProfile(want); err != nil || !slices.Equal(again, p) {
			t.Errorf("%q is read as %+v, %v", want, again, err)
		}
	}
}

// Catches: decimals that a division by 100 adds or loses, so that what was written is another level of load.
func TestAPercentageIsReadAsItWasWritten(t *testing.T) {
	for text, want := range map[string]float64{"99.9": 0.999, "50": 0.5, "0.1": 0.001, "120": 1.2, "33.3": 0.333, "0": 0, "100": 1, "2000": 20, "0.00001": 1e-7} {
		if got, err := trial.ParsePercent(text); err != nil || got != want {
			t.Errorf("%s %%: %v, %v; want %v", text, got, err, want)
		}
		if got := trial.FormatPercent(want); got != text {
			t.Errorf("%v: %q, want %q", want, got, text)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.Float64Range(0, 1e6).Draw(t, "ratio")
		text := trial.FormatPercent(want)
		if got, err := trial.ParsePercent(text); err != nil || got != want {
			t.Fatalf("%v is written as %s %% and read as %v, %v", want, text, got, err)
		}
	})
	for _, wrong := range []string{"", ".", "-1", "+1", "1e1", "NaN", "Inf", "0x1", "1_0", "5%", " 5", "1.2.3"} {
		if got, err := trial.ParsePercent(wrong); err == nil {
			t.Errorf("%q is read as %v", wrong, got)
		}
	}
}

func TestAnObjectiveThatPromisesNothingIsNoObjective(t *testing.T) {
	for _, text := range []string{"p99", "p99=", "p99=10", "p99=0s", "p99=-1ms", "p0=1ms", "p100=1ms", "99=1ms", "pp=1ms", "p-1=1ms", "p99.9%=1ms", "=1ms", "p1e1=1ms"} {
		if got, err := trial.ParseObjective(text); err == nil || !strings.Contains(err.Error(), "p99=10ms") {
			t.Errorf("%q: %+v, %v; want an error with an example", text, got, err)
		}
	}
	if got, err := trial.ParseObjective("p99.9=10ms"); err != nil || got != (trial.Objective{Quantile: 0.999, Response: 10 * time.Millisecond}) {
		t.Errorf("got %+v, %v", got, err)
	}
}
