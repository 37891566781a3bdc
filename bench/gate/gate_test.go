package gate

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

const (
	ants    = "ants:workers=64,queue=0,full=wait,unit=conn"
	refuses = "ants:workers=64,queue=0,full=reject,unit=conn"
	plainly = "goroutine:workers=unbounded,queue=0,full=wait,unit=conn"
)

// one is a trial of 1000 requests, answered in 2 ms, half of them; and the other half in 8 ms.
func one(scenario, strategy string, level float64, repetition int) trial.Trial {
	t := trial.Trial{
		Scenario: scenario, Strategy: strategy, Repetition: repetition, Window: time.Second,
		Load:        trial.Load{Loop: trial.Open, Clients: 4, Fraction: level, Rate: 1000 * level},
		Counts:      trial.Counts{Intended: 1000, Sent: 1000, OK: 1000, Good: 1000},
		Clients:     trial.Clients{Total: 4, Served: 4},
		ServerUsage: trial.Usage{CPU: 20 * time.Millisecond},
	}
	if level == 0 {
		t.Load = trial.Load{Loop: trial.Closed, Clients: 4}
	}
	t.Latency.Response.RecordN(2*time.Millisecond, 500)
	t.Latency.Response.RecordN(8*time.Millisecond, 500)
	return t
}

func runOf(trials ...trial.Trial) trial.Run {
	for i := range trials {
		trials[i].Seq = i
	}
	return trial.Run{Trials: trials}
}

func must(t *testing.T, text string) Rule {
	t.Helper()
	r, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// places is where the violations are.
func places(vs []Violation) []string {
	var all []string
	for _, v := range vs {
		all = append(all, place(v.Cell))
	}
	return all
}

func TestEachMetricAtItsLimit(t *testing.T) {
	bad := one("echo", ants, 0, 1)
	bad.Counts = trial.Counts{Intended: 1000, Sent: 990, Unsent: 10, OK: 900, Rejected: 50, Failed: 20, TimedOut: 15, Unanswered: 5, Good: 900}
	bad.Clients = trial.Clients{Total: 4, Served: 3, Nothing: 1}
	run := runOf(one("echo", ants, 0, 0), bad, one("echo", ants, 0, 2))
	for text, want := range map[string]bool{ // of 3000 requests 100 are not right, of which 50 are refused
		"p50>2.1ms":         false,
		"p50>1.9ms":         true,
		"p90>7.9ms":         true,
		"p99>8.1ms":         false,
		"goodput<1000/s":    false, // the median of 1000, 900 and 1000
		"goodput<=1000/s":   true,
		"goodput<1001/s":    true,
		"goodput>999/s":     true,
		"server-cpu>20us":   false,
		"server-cpu>=20us":  true,
		"not-ok>3.33%":      true,
		"not-ok>3.34%":      false,
		"lost>1.66%":        true,
		"lost>1.67%":        false,
		"served<75%":        false, // in the trial with the fewest
		"served<=75%":       true,
		"served<100%":       true,
		"served<100% for x": false,
	} {
		vs, err := must(t, text).Violations(run)
		if (len(vs) == 1) != want || (err != nil) != strings.HasSuffix(text, "x") {
			t.Errorf("%s: %v, want violated %v: %v", text, vs, want, err)
		}
	}
	vs, _ := must(t, "not-ok>1%").Violations(run)
	if got, want := fmt.Sprint(vs[0]), "not-ok>1%: not-ok is 3.33% in echo for "+ants+" (3 trials)"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// Catches: percentiles of trials that are averaged, in which one bad trial of three is no tenth of all requests.
func TestPercentilesAreOfMergedHistograms(t *testing.T) {
	slow := one("echo", ants, 0, 1)
	slow.Latency = trial.Latency{}
	slow.Latency.Response.RecordN(50*time.Millisecond, 1000)
	run := runOf(one("echo", ants, 0, 0), slow, one("echo", ants, 0, 2))
	if vs, err := must(t, "p90>40ms").Violations(run); len(vs) != 1 || err != nil {
		t.Errorf("%v, %v", vs, err)
	}
	if vs, err := must(t, "p50>40ms").Violations(run); len(vs) != 0 || err != nil {
		t.Errorf("%v, %v", vs, err)
	}
}

func TestARuleIsAboutWhatItNames(t *testing.T) {
	var trials []trial.Trial
	for _, strategy := range []string{ants, refuses, plainly} {
		trials = append(trials, one("echo", strategy, 0, 0), one("wait", strategy, 0.5, 0), one("wait", strategy, 0.9, 0))
	}
	twin, calibration := one("echo", plainly, 0, 0), one("ceiling", trial.NullServer, 0, 0)
	twin.Twin, calibration.Calibrates = true, true
	run := runOf(append(trials, twin, calibration)...)
	for text, want := range map[string][]string{
		"":                              {"echo for " + ants, "wait at 0.9 for " + ants, "echo for " + refuses, "wait at 0.9 for " + refuses, "echo for " + plainly, "wait at 0.9 for " + plainly},
		"on echo":                       {"echo for " + ants, "echo for " + refuses, "echo for " + plainly},
		"for goroutine":                 {"echo for " + plainly, "wait at 0.9 for " + plainly},
		"for ants on wait":              {"wait at 0.9 for " + ants, "wait at 0.9 for " + refuses},
		"for ants at 0.5":               {"wait at 0.5 for " + ants, "wait at 0.5 for " + refuses},
		"for ants:full=reject on echo":  {"echo for " + refuses},
		"on echo for " + ants:           {"echo for " + ants},
		"for ants:workers=6 on echo":    nil,
		"for ant":                       nil,
		"for ants:full=reject,queue=16": nil,
		"on echo at 0.5":                nil,
		"on ceiling":                    nil,
	} {
		vs, err := must(t, "p50>1ms "+text).Violations(run)
		if got := places(vs); !slices.Equal(got, want) || (err != nil) != (want == nil) {
			t.Errorf("%q: %q, want %q: %v", text, got, want, err)
		}
		if want == nil && !strings.Contains(fmt.Sprint(err), "there are: ") {
			t.Errorf("%q: it does not say what there is: %v", text, err)
		}
	}

	run.Env.Scenarios = []trial.Scenario{{Name: "wait", DecideAt: 0.5}}
	if vs, err := must(t, "p50>1ms on wait for goroutine").Violations(run); err != nil || vs[0].Fraction != 0.5 || len(vs) != 1 {
		t.Errorf("the level that decides: %v, %v", vs, err)
	}
	run.Env.Scenarios[0] = trial.Scenario{Name: "wait", Question: trial.Capacity}
	if vs, err := must(t, "p50>1ms on wait for goroutine").Violations(run); err == nil {
		t.Errorf("a search has no level that decides: %v", vs)
	}
	if vs, err := must(t, "p50>1ms on wait for goroutine at 0.5").Violations(run); err != nil || len(vs) != 1 {
		t.Errorf("a level that is named: %v, %v", vs, err)
	}
}

func TestWhatCannotBeBelievedIsNotJudged(t *testing.T) {
	bounded := one("echo", ants, 0, 0)
	bounded.Findings = []trial.Finding{{Code: finding.DriverBound}}
	invalid := one("echo", ants, 0, 0)
	invalid.Invalid = "disturbed"
	noCPU := one("echo", ants, 0, 0)
	noCPU.ServerUsage.CPU = 0
	for _, c := range []struct {
		text string
		of   trial.Trial
		want string // of the error; empty: judged
	}{
		{"goodput<2000/s", bounded, "driver's limit"},
		{"goodput<500/s", bounded, ""},
		{"goodput>500/s", bounded, ""},
		{"goodput>2000/s", bounded, "driver's limit"},
		{"p99>1ms", bounded, "driver's limit"},
		{"p99>10ms", bounded, ""},
		{"p99<=1ms", bounded, "driver's limit"},
		{"not-ok>0%", bounded, ""},
		{"served<100%", bounded, ""},
		{"server-cpu>1us", bounded, ""},
		{"p99.9>1ms", one("echo", ants, 0, 0), "too few"},
		{"p99>1ms", invalid, "no valid trial"},
		{"goodput<1/s", invalid, "no valid trial"},
		{"served<1%", invalid, "no valid trial"},
		{"not-ok>1%", invalid, "no valid trial"},
		{"server-cpu>1us", noCPU, "CPU time"},
	} {
		vs, err := must(t, c.text).Violations(runOf(c.of))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || len(vs) > 0) {
			t.Errorf("%s: %v, %v, want %q", c.text, vs, err, c.want)
		}
	}
	// Of a server that died, the figures are those of the trials that it survived.
	died := one("echo", ants, 0, 1)
	died.Invalid, died.Findings = "it died", []trial.Finding{finding.Ended(errors.New("it died"))}
	if vs, err := must(t, "not-ok>1% for ants").Violations(runOf(one("echo", ants, 0, 0), died)); err == nil || len(vs) > 0 || !strings.Contains(err.Error(), "in 1 of its trials") {
		t.Errorf("%v, %v", vs, err)
	}
	if _, err := must(t, "not-ok>1% for goroutine").Violations(runOf(died, one("echo", plainly, 0, 0))); err != nil {
		t.Errorf("another's end: %v", err)
	}
	// What cannot be judged in one cell is no pardon for another.
	vs, err := must(t, "p99>1ms").Violations(runOf(invalid, one("echo", plainly, 0, 0)))
	if len(vs) != 1 || err == nil {
		t.Errorf("%v, %v", vs, err)
	}
}

func TestCheckKnowsNamesBeforeAnythingIsMeasured(t *testing.T) {
	scenarios, strategies := []string{"echo", "wait"}, []string{ants, plainly}
	for text, want := range map[string]string{
		"p99>1ms":                             "",
		"p99>1ms on echo for ants":            "",
		"p99>1ms for ants:queue=0":            "",
		"p99>1ms on opera":                    `unknown scenario "opera"; allowed: echo, wait`,
		"p99>1ms on ehco":                     `unknown scenario "ehco"; did you mean echo?; allowed: echo, wait`,
		"p99>1ms for antz":                    `no strategy is "antz"; did you mean ants?; there are: ` + ants,
		"p99>1ms for pond":                    "there are: " + ants,
		"p99>1ms for ants:full=reject":        "there are: " + ants,
		"p99>1ms for ants:full=wait,unit=all": "there are: " + ants,
	} {
		err := must(t, text).Check(scenarios, strategies)
		if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestARunIsJudgedOnlyIfMostOfItIsValid(t *testing.T) {
	some := func(n, invalid int) trial.Run {
		var all []trial.Trial
		for i := range n {
			x := one("echo", ants, 0, i)
			if i < invalid {
				x.Invalid = "disturbed"
			}
			all = append(all, x)
		}
		return runOf(all...)
	}
	again := some(10, 5)
	for _, x := range again.Trials[:5] {
		x.Attempt, x.Invalid = 1, ""
		again.Trials = append(again.Trials, x)
	}
	spoilt := some(10, 0)
	for _, x := range some(10, 10).Trials {
		x.Attempt = 1
		spoilt.Trials = append(spoilt.Trials, x)
	}
	calibration := some(1, 0)
	calibration.Trials[0].Calibrates = true
	for name, c := range map[string]struct {
		run  trial.Run
		want string
	}{
		"all valid":                   {some(10, 0), ""},
		"one in ten invalid":          {some(10, 1), ""},
		"two in ten invalid":          {some(10, 2), "2 of 10"},
		"all invalid":                 {some(10, 10), "not one of 10 trials"},
		"one, and that invalid":       {some(1, 1), "not one of 1 trial is"},
		"invalid, and measured again": {again, ""},
		"valid, and measured again":   {spoilt, ""},
		"no trial":                    {trial.Run{}, "no trial"},
		"a calibration alone":         {calibration, "no trial"},
	} {
		j := Judge(c.run, nil)
		if (j.Invalid != nil) != (c.want != "") || j.Invalid != nil && !strings.Contains(j.Invalid.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, j.Invalid, c.want)
		}
	}
	j := Judge(some(10, 0), []Rule{must(t, "p99>1ms"), must(t, "p99>1s"), must(t, "p99>1ms on opera")})
	if len(j.Violations) != 1 || j.Unknown == nil || j.Invalid != nil {
		t.Errorf("%+v", j)
	}
}

func TestOneTrialIsNotTrials(t *testing.T) {
	v := Violation{Rule: must(t, "p99>1ms"), Value: 0.002, Trials: 1}
	if got := v.String(); !strings.HasSuffix(got, "(1 trial)") {
		t.Error(got)
	}
	if _, why := quantile(stat.Summary{Trials: 1}, 0.99); !strings.HasPrefix(why, "0 requests in 1 trial are") {
		t.Error(why)
	}
}

func TestTheReferenceKeepsToWhatItsReportSays(t *testing.T) {
	run, err := trial.Read(filepath.Join("..", "..", "results", "reference"))
	if err != nil {
		t.Fatal(err)
	}
	j := Judge(run, []Rule{must(t, "served<100% on crowd"), must(t, "server-cpu>25us on echo"), must(t, "p50>1s on exchange")})
	kinds := map[string]int{}
	for _, v := range j.Violations {
		kinds[trial.Kind(v.Strategy)]++
	}
	if j.Invalid != nil || j.Unknown != nil || kinds["channel"] != 1 || kinds["ants"] != 1 || kinds["thread"] < 1 || kinds["goroutine"]+kinds["pond"] > 0 {
		t.Errorf("%+v", j)
	}
}

func TestValuesAreWrittenForPeople(t *testing.T) {
	for _, c := range []struct {
		unit unit
		v    float64
		want string
	}{
		{seconds, 0.0123456, "12.3ms"}, {seconds, 0.9999, "1s"}, {seconds, 1.5e-6, "1.5µs"}, {seconds, 5e-9, "5ns"}, {seconds, 0, "0ns"}, {seconds, 123.4, "123s"},
		{perSecond, 123456, "123000/s"}, {perSecond, 0, "0/s"}, {share, 0.0012345, "0.123%"}, {share, 1, "100%"},
	} {
		if got := c.unit.short(c.v); got != c.want {
			t.Errorf("%v: %s, want %s", c.v, got, c.want)
		}
	}
	if got := place(stat.Cell{Scenario: "s", Fraction: 0.1 + 0.2, Strategy: "x"}); got != "s at 0.3 for x" {
		t.Error(got)
	}
}

// Catches: a typing error that is answered with every strategy's full name.
func TestARuleAboutNothingIsToldWhatThereIsInItsPlace(t *testing.T) {
	var run trial.Run
	for _, x := range []struct {
		scenario, strategy string
		fraction           float64
	}{{"echo", "ants:workers=1", 0}, {"echo", "ants:workers=2", 0}, {"echo", "pond:workers=1", 0}, {"overload", "thread:workers=1", 0.5}} {
		run.Trials = append(run.Trials, trial.Trial{Scenario: x.scenario, Strategy: x.strategy, Load: trial.Load{Fraction: x.fraction}})
	}
	for text, want := range map[string]string{
		"p99>1ms on ecko":               `no scenario is "ecko"; there are: echo, overload`,
		"p99>1ms on echo for thread":    `no strategy in echo is "thread"; there are: ants, pond`,
		"p99>1ms for swarm":             `no strategy is "swarm"; there are: ants, pond, thread`,
		"p99>1ms for ants:workers=3":    `no strategy is "ants:workers=3"; there are: ants:workers=1, ants:workers=2`,
		"p99>1ms on overload at 0.9":    `no such level in overload; there are: 0.5`,
		"p99>1ms on echo for ants at 1": `no such level in echo; there are: nothing`,
	} {
		if got := must(t, text).missing(run); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
