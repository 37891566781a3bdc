package strategies_test

import (
	"strings"
	"testing"

	"github.com/poolbench/poolbench/strategies"
	"pgregory.net/rapid"
)

var kinds = strategies.Kinds{
	strategies.Goroutine(), strategies.Thread(), strategies.Channel(), strategies.Tutorial(), strategies.Semaphore(), strategies.ReusePort(),
}

func TestANameIsCompletedToItsFullForm(t *testing.T) {
	for text, want := range map[string]string{
		"channel":                            "channel:workers=64,queue=0,full=wait,unit=conn",
		"channel:queue=8,workers=2":          "channel:workers=2,queue=8,full=wait,unit=conn",
		"channel:full=reject,unit=request":   "channel:workers=64,queue=0,full=reject,unit=request",
		"channel:maxconns=100":               "channel:workers=64,queue=0,full=wait,unit=conn,maxconns=100",
		"channel:maxconns=unbounded":         "channel:workers=64,queue=0,full=wait,unit=conn",
		"strategy=channel/workers=3":         "channel:workers=3,queue=0,full=wait,unit=conn",
		"strategy=channel":                   "channel:workers=64,queue=0,full=wait,unit=conn",
		"goroutine":                          "goroutine:workers=unbounded,queue=0,full=wait,unit=conn",
		"goroutine:workers=64":               "goroutine:workers=64,queue=0,full=wait,unit=conn",
		"tutorial":                           "tutorial:workers=2,queue=unbounded,full=wait,unit=conn,backlog=5",
		"thread:workers=unbounded,full=wait": "thread:workers=unbounded,queue=0,full=wait,unit=conn",
		"channel:backlog=5,maxconns=2":       "channel:workers=64,queue=0,full=wait,unit=conn,maxconns=2,backlog=5",
		"tutorial:full=reject,maxconns=9":    "tutorial:workers=2,queue=unbounded,full=reject,unit=conn,maxconns=9,backlog=5",
		"semaphore:workers=3":                "semaphore:workers=3,queue=0,full=wait,unit=conn,maxconns=3",
	} {
		s, err := kinds.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if s.Name() != want {
			t.Errorf("%s: got %s, want %s", text, s.Name(), want)
		}
	}
}

func TestABadNameIsAnErrorThatSaysWhatIsAllowed(t *testing.T) {
	for text, want := range map[string][]string{
		"":                         {"no name"},
		"swarm":                    {`unknown strategy "swarm"`, "goroutine", "tutorial"},
		"gorutine":                 {`unknown strategy "gorutine"; did you mean goroutine?; allowed: `},
		"channel:worker=3":         {`unknown key "worker"; did you mean workers?; allowed: workers, queue`},
		"channel:full=rejct":       {"full=rejct: unknown; did you mean reject?; allowed: wait, reject"},
		"channel:size=3":           {`unknown key "size"; allowed: `},
		"channel:workers":          {`"workers" is not of the form key=value`},
		"channel:workers=0":        {"workers=0", "from 1"},
		"channel:workers=-1":       {"workers=-1", "from 1"},
		"channel:workers=x":        {"workers=x", "from 1"},
		"channel:queue=-1":         {"queue=-1", "from 0"},
		"channel:workers=1e3":      {"workers=1e3"},
		"channel:full=drop":        {"full=drop", "wait, reject"},
		"channel:unit=byte":        {"unit=byte", "conn, request"},
		"channel:queue=unbounded":  {"queue=unbounded", "bounded"},
		"channel:workers=1048577":  {"workers=1048577", "1 to 1048576"},
		"channel:queue=1048577":    {"queue=1048577", "0 to 1048576"},
		"tutorial:workers=1048577": {"workers=1048577", "1 to 1048576"},
		"channel:workers=2,queue=": {"queue="},
		"channel:queue=1,queue=1":  {"queue is given twice"},
		"tutorial:queue=3":         {"queue=3", "allowed: unbounded"},
		"tutorial:full=reject":     {"never full"},
		"semaphore:unit=request":   {"unit=request", "allowed: conn"},
		"semaphore:full=reject":    {"full=reject", "nobody to refuse"},
		"semaphore:maxconns=3":     {"maxconns=3", "same as workers"},
		"channel:listeners=2":      {"listeners=2", "one socket"},
		"channel:backlog=0":        {"backlog=0", "from 1"},
		"channel:backlog=system":   {"backlog=system", "from 1"},
		"goroutine:queue=1":        {"queue=1", "allowed: 0"},
		"strategy=/workers=1":      {"no name"},
	} {
		_, err := kinds.Parse(text)
		if err == nil {
			t.Errorf("%q is accepted", text)
			continue
		}
		for _, part := range want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q: error %q does not say %q", text, err, part)
			}
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error has more than one line", text)
		}
	}
}

func TestAFullNameSurvivesBothSpellings(t *testing.T) {
	limit := func(least int) *rapid.Generator[int] {
		return rapid.OneOf(rapid.IntRange(least, 1<<20), rapid.Just(strategies.Unbounded))
	}
	rapid.Check(t, func(t *rapid.T) {
		want := strategies.Spec{
			Kind: rapid.StringMatching(`[a-z][a-z0-9-]{0,8}`).Draw(t, "kind"),
			Unit: rapid.SampledFrom([]strategies.Unit{strategies.ConnUnit, strategies.RequestUnit}).Draw(t, "unit"),
			Limits: strategies.Limits{
				Workers:   limit(1).Draw(t, "workers"),
				Queue:     limit(0).Draw(t, "queue"),
				MaxConns:  rapid.IntRange(0, 1<<20).Draw(t, "maxconns"),
				Listeners: rapid.IntRange(0, 1<<10).Draw(t, "listeners"),
				Backlog:   rapid.IntRange(0, 1<<20).Draw(t, "backlog"),
				WhenFull:  rapid.SampledFrom([]strategies.Policy{strategies.Wait, strategies.Reject}).Draw(t, "full"),
			},
		}
		for _, text := range []string{want.String(), want.Path()} {
			got, err := strategies.ParseSpec(text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if got != want {
				t.Fatalf("%s: got %+v, want %+v", text, got, want)
			}
		}
	})
}

func TestAFullNameStatesEveryLimit(t *testing.T) {
	for _, text := range []string{"channel", "channel:workers=1", "channel:workers=1,queue=0,full=wait"} {
		if _, err := strategies.ParseSpec(text); err == nil || !strings.Contains(err.Error(), "missing") {
			t.Errorf("%s: got %v, want an error that says what is missing", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"channel:workers=1,queue=2", "strategy=tutorial/full=wait", "::==,,", "goroutine:"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := kinds.Parse(text)
		if err != nil {
			return
		}
		if again, err := kinds.Parse(s.Name()); err != nil || again.Name() != s.Name() {
			t.Fatalf("%q is named %q, which gives %v, %v", text, s.Name(), again, err)
		}
	})
}
