package gate

import (
	"errors"
	"testing"
)

func TestRulesAreRead(t *testing.T) {
	for text, want := range map[string]Rule{
		"p99>10ms":                               {Metric: "p99", Op: Above, Value: 0.010},
		"  p99.9 >= 1m30s ":                      {Metric: "p99.9", Op: AtLeast, Value: 90},
		"p50<1us":                                {Metric: "p50", Op: Below, Value: 1e-6},
		"goodput<5000/s":                         {Metric: "goodput", Op: Below, Value: 5000},
		"goodput<=0/s":                           {Metric: "goodput", Op: AtMost, Value: 0},
		"server-cpu>20µs":                        {Metric: "server-cpu", Op: Above, Value: 20e-6},
		"not-ok>0.1%":                            {Metric: "not-ok", Op: Above, Value: 0.001},
		"lost>0%":                                {Metric: "lost", Op: Above, Value: 0},
		"served<100%":                            {Metric: "served", Op: Below, Value: 1},
		"p99>10ms on echo for ants":              {Metric: "p99", Op: Above, Value: 0.010, Scenario: "echo", Strategy: "ants"},
		"p99>10ms for ants on echo":              {Metric: "p99", Op: Above, Value: 0.010, Scenario: "echo", Strategy: "ants"},
		"p99>10ms at 0.9 on echo":                {Metric: "p99", Op: Above, Value: 0.010, Scenario: "echo", Level: 0.9},
		`p99>10ms on "my echo" at 1.40`:          {Metric: "p99", Op: Above, Value: 0.010, Scenario: "my echo", Level: 1.4},
		`p99>10ms on "on" at 2`:                  {Metric: "p99", Op: Above, Value: 0.010, Scenario: "on", Level: 2},
		"p99>10ms for ants:workers=64,full=wait": {Metric: "p99", Op: Above, Value: 0.010, Strategy: "ants:workers=64,full=wait"},
	} {
		if got, err := Parse(text); err != nil || got != want {
			t.Errorf("%q: %+v, want %+v: %v", text, got, want, err)
		}
	}
}

func TestWhatCannotBeReadIsPointedAt(t *testing.T) {
	for text, want := range map[string]string{
		"p99>10": "p99: 10 is not a time above 0 and up to 1h, such as 10ms\n" +
			"  p99>10\n" +
			"      ^^",
		"p99 > 10 ms": "p99: 10 is not a time above 0 and up to 1h, such as 10ms\n" +
			"  p99 > 10 ms\n" +
			"        ^^",
		"p9x>10ms on echo": `unknown metric "p9x"; allowed: a percentile such as p99, goodput, server-cpu, not-ok, lost, served` + "\n" +
			"  p9x>10ms on echo\n" +
			"  ^^^",
		"godput<5000/s": `unknown metric "godput"; did you mean goodput?; allowed: a percentile such as p99, goodput, server-cpu, not-ok, lost, served` + "\n" +
			"  godput<5000/s\n" +
			"  ^^^^^^",
		"p99=10ms": "an operator has to follow p99: > >= < or <=\n" +
			"  p99=10ms\n" +
			"     ^",
		"p99": "an operator has to follow p99: > >= < or <=\n" +
			"  p99\n" +
			"     ^",
		"not-ok>0.1": "not-ok: 0.1 is not a share from 0% to 100%, such as 0.1%\n" +
			"  not-ok>0.1\n" +
			"         ^^^",
		"goodput<5k/s": "goodput: 5k/s is not a rate, such as 5000/s\n" +
			"  goodput<5k/s\n" +
			"          ^^^^",
		"p99>10ms in echo": `unknown word "in"; allowed: on SCENARIO, for STRATEGY, at LEVEL` + "\n" +
			"  p99>10ms in echo\n" +
			"           ^^",
		"p99>10ms on": `a name is missing after "on"` + "\n" +
			"  p99>10ms on\n" +
			"             ^",
		"p99>10ms on for ants": `"for" is no name: put it in double quotes if it is` + "\n" +
			"  p99>10ms on for ants\n" +
			"              ^^^",
		"p99>10ms on é on x": `"on" is there twice` + "\n" +
			"  p99>10ms on é on x\n" +
			"                ^^",
		"p99>10ms for ants:workers": `"ants:workers" is no strategy: write a kind such as ants, or with limits as in ants:workers=64` + "\n" +
			"  p99>10ms for ants:workers\n" +
			"               ^^^^^^^^^^^^",
		"p99>10ms\tat -1": `"-1" is no level: write the offered load over the capacity, such as 0.9` + "\n" +
			"  p99>10ms at -1\n" +
			"              ^^",
		`p99>10ms on "echo`: "the quotes do not end\n" +
			`  p99>10ms on "echo` + "\n" +
			"              ^^^^^",
		`p99>10ms on "a"b`: "a space has to follow the quotes\n" +
			`  p99>10ms on "a"b` + "\n" +
			"              ^^^",
		"": "a metric is missing; write for example p99>10ms\n  \n  ^",
	} {
		_, err := Parse(text)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || err.Error() != want {
			t.Errorf("%q:\n%v\nwant\n%s", text, err, want)
		}
	}
	for _, text := range []string{
		"p0>1ms", "p100>1ms", "p99.90>1ms", "p-1>1ms", "p>1ms", "pinf>1ms", "p1e1>1ms", "p99>-1ms", "p99>0s", "p99>2h", "p99>1e400ms", "goodput<-1/s", "goodput<1e3/s", "goodput<inf/s",
		"goodput<NaN/s", "served<101%", "served<%", "p99>10ms at 0", "p99>10ms at inf", "p99!=10ms", "p99>>10ms", "p99>10ms on \"\"", "p99>10ms p50>1ms", "p99>10ms, p50>1ms", "P99>10ms",
		"p99>10ms for ants:", "p99>10ms for :workers=1", "p99>10ms for =",
	} {
		if r, err := Parse(text); err == nil {
			t.Errorf("%q was read as %+v", text, r)
		}
	}
}

// Catches: a value that changes on its way through text, a name that is not quoted where it has to be, and panics.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"p99>10ms on echo for ants at 0.5", `goodput<=0.30000000000000004/s on "a \" b"`, "not-ok>0.7%", "p99.9<3ns for a:b=c,d=e", `lost>=33.3333333333333333% on "for"`, "p99>10ms at -1", `p1<1h on "\xff"`, "server-cpu>1.7us",
		"p99>\xff", "served<100% at 12345678901234567890",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse(text)
		if err != nil {
			_ = err.Error()
			return
		}
		again, err := Parse(r.String())
		if err != nil || again != r {
			t.Fatalf("%q is %+v, written %q and read as %+v: %v", text, r, r.String(), again, err)
		}
		if again.String() != r.String() {
			t.Fatalf("%q becomes %q", r.String(), again.String())
		}
	})
}
