package trial_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/poolbench/poolbench/bench/trial"
)

func TestProfilesAreReadAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string][]trial.Segment{
		"":                                nil,
		"burst:factor=5,at=1s,for=500ms":  trial.Burst(5, time.Second, 500*time.Millisecond),
		"burst:for=500ms,at=0s,factor=0":  trial.Burst(0, 0, 500*time.Millisecond),
		"ramp:from=0.1,to=2,for=5s":       trial.Ramp(0.1, 2, 5*time.Second),
		"steps:each=1s,factors=0.5/1/1.5": trial.Steps(time.Second, 0.5, 1, 1.5),
		"steps:factors=2,each=1m":         trial.Steps(time.Minute, 2),
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
