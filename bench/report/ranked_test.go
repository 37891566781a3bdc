package report

import (
	"cmp"
	"fmt"
	"html"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/report/draw"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// part is what stands under a heading, up to the next one of any level.
func part(t *testing.T, text, heading string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, heading+"\n")
	if !found {
		t.Fatalf("report.md has no %q", heading)
	}
	rest, _, _ = strings.Cut(rest, "\n#")
	return rest
}

// judgement is what report.md says by one metric.
func judgement(t *testing.T, text, metric string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, "- **"+metric+":**\n")
	if !found {
		t.Fatalf("nothing is said about %s", metric)
	}
	var lines []string
	for line := range strings.Lines(rest) {
		if !strings.HasPrefix(line, "  - ") {
			break
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "")
}

// Catches: equality that only the driver shows, in words or as a ratio; a closed loop that is not ranked and leads
// nowhere; CPU time that is thrown away with it; a true bound that is printed as if it were the figure.
func TestWhatTheDriverDecidedIsNotCalledEqual(t *testing.T) {
	text := string(Markdown(goldenSynth.run()))

	echo := part(t, text, "## echo")
	goodput := judgement(t, echo, "Goodput")
	for _, want := range []string{
		"Not ranked: the driver was the bottleneck between goroutine and ants, channel and pond", "echo-open asked the same in an open loop",
		"thread at most × 0.4",
	} {
		if !strings.Contains(goodput, want) {
			t.Errorf("goodput on echo lacks %q:\n%s", want, goodput)
		}
	}
	if strings.Contains(strings.ToLower(goodput), "no difference") {
		t.Errorf("goodput on echo is called equal:\n%s", goodput)
	}
	if cpu := judgement(t, echo, "Server CPU per good answer"); !strings.Contains(cpu, "No difference larger than") || strings.Contains(cpu, "Not ranked") {
		t.Errorf("the server's CPU time on echo is not compared:\n%s", cpu)
	}
	for _, row := range []struct{ pattern, what string }{
		{`(?m)^\| goroutine +\| +≥ 11\d \([^|]*\)\[\^\d+\] \| +1 \|`, "the baseline's lower bound"},
		{`(?m)^\| ants +\| +≥ [^|]* \| +–\[\^\d+\] \|`, "no ratio for who is not ranked"},
		{`(?m)^\| thread +\| +4[^|]* \| +≤ 0\.4[^|]*\[\^\d+\] \|`, "a ratio that is at most this"},
	} {
		if !regexp.MustCompile(row.pattern).MatchString(echo) {
			t.Errorf("the table of echo lacks %s:\n%s", row.what, echo)
		}
	}

	low, high := part(t, text, "### echo-open: 48k/s offered, 50 % of capacity"), part(t, text, "### echo-open: 86.4k/s offered, 90 % of capacity")
	for _, metric := range []string{"Response p50", "Response p99"} {
		if said := judgement(t, low, metric); !strings.Contains(said, "No difference larger than") || strings.Contains(said, "Not ranked") {
			t.Errorf("under half of the driver's ceiling:\n%s", said)
		}
		if said := judgement(t, high, metric); strings.Contains(said, "No difference") || !strings.Contains(said, "Not ranked: more than half of the driver's ceiling was offered") {
			t.Errorf("above half of the driver's ceiling:\n%s", said)
		}
	}
	if said := judgement(t, high, "Server CPU per good answer"); !strings.Contains(said, "No difference larger than") {
		t.Errorf("above half of the driver's ceiling:\n%s", said)
	}
	if wait := part(t, text, "## wait"); strings.Contains(wait, "Not ranked") || strings.Contains(wait, "≥") {
		t.Errorf("wait was not bounded by the driver:\n%s", wait)
	}
}

// bind makes the driver the bottleneck of all closed loops that are wanted.
func bind(wanted func(trial.Trial) bool) func(*trial.Trial) {
	return func(t *trial.Trial) {
		if t.Load.Loop == trial.Closed && wanted(*t) {
			t.Findings = []trial.Finding{{Code: finding.DriverBound, Text: "busy; do"}}
		}
	}
}

// Catches: a sentence that claims for all scenarios what was judged in some, or in none; a scenario that
// nobody is led on from; one that is led to where equality is not judged either.
func TestTheSummaryClaimsNoMoreThanWhatIsRanked(t *testing.T) {
	same := synth{strategies: 2, repetitions: 8, levels: []float64{0.5}, idle: true, mutate: func(tr *trial.Trial) {
		if tr.Kind() == "tutorial" { // a second of the baseline's kind in all but the name
			tr.Strategy = "other"
		}
	}}
	likeBaseline := func(run trial.Run) trial.Run {
		var out []trial.Trial
		for _, tr := range run.Trials {
			if tr.Strategy == "other" {
				continue
			}
			out = append(out, tr)
			if !tr.Twin && !tr.Calibrates {
				tr.Strategy = "other"
				out = append(out, tr)
			}
		}
		run.Trials = out
		return run
	}
	none := func(trial.Trial) bool { return false }
	all := func(trial.Trial) bool { return true }
	echo := func(tr trial.Trial) bool { return tr.Workload == "echo" }
	for _, c := range []struct {
		name       string
		bound      func(trial.Trial) bool
		change     func(*trial.Trial)
		want, lack []string
	}{
		{"all ranked", none, nil,
			[]string{"In closed loop no difference in goodput", "in any scenario (", "In open loop no difference in the median response time", "at any offered load ("},
			[]string{"ranked", "bottleneck"}},
		{"one not", echo, nil,
			[]string{"in any scenario in which they are ranked (", "on echo for other (echo-open asked the same in an open loop)", "In open loop no difference"},
			nil},
		{"none", all, nil,
			[]string{"on exchange for other (an open loop of this workload, at half of the driver's ceiling or less, would tell)", "; on echo for other (echo-open", "In open loop no difference"},
			[]string{"In closed loop no difference"}},
		{"one not, nor its open loop", echo, func(tr *trial.Trial) {
			if tr.Scenario == "echo-open" {
				tr.Findings = []trial.Finding{{Code: finding.AboveHalfCeiling, Text: "too much; less"}}
			}
		}, []string{"on echo for other (an open loop of this workload", "at any offered load up to half of the driver's ceiling ("}, []string{"echo-open asked"}},
	} {
		s := same
		mutate := s.mutate
		s.mutate = func(tr *trial.Trial) {
			mutate(tr)
			bind(c.bound)(tr)
			if c.change != nil {
				c.change(tr)
			}
		}
		o := newView(likeBaseline(s.run())).overview()
		text := summaryText(o)
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the summary lacks %q:\n%s", c.name, want, text)
			}
		}
		for _, lack := range c.lack {
			if strings.Contains(text, lack) {
				t.Errorf("%s: the summary has %q:\n%s", c.name, lack, text)
			}
		}
	}
}

// Catches: the reason that is given for the wrong half of what is in the way: only the baseline was bounded.
func TestAnEqualityIsNotRankedForItsBaselineAlone(t *testing.T) {
	s := goldenSynth
	s.mutate = func(tr *trial.Trial) {
		if tr.Scenario == "echo" && tr.Strategy != "goroutine" {
			tr.Findings = nil
		}
	}
	text := judgement(t, part(t, string(Markdown(s.run())), "## echo"), "Goodput")
	if !strings.Contains(text, "Not ranked: the driver was the bottleneck between goroutine and ants, channel and pond") || strings.Contains(text, "half of the driver's ceiling was offered") {
		t.Error(text)
	}
}

// Catches: somebody who is called equal in the summary for all loads, and at one of them is at the client's time-out or the baseline is.
func TestATimeOutAtOneLoadIsNotEqualAtAll(t *testing.T) {
	for name, times := range map[string]map[string]time.Duration{
		"both":         {"goroutine": time.Second, "ants": time.Second},
		"the baseline": {"goroutine": time.Second, "ants": 980 * time.Millisecond},
		"the other":    {"goroutine": 980 * time.Millisecond, "ants": time.Second},
	} {
		s := goldenSynth
		s.mutate = func(tr *trial.Trial) {
			if tr.Load.Loop == trial.Open {
				kind, _, _ := strings.Cut(tr.Strategy, ":")
				took := time.Millisecond
				if slow, is := times[kind]; is && tr.Scenario == "echo-open" && tr.Load.Fraction == 0.5 {
					took = slow
				}
				tr.Latency.Response = lognormal(synthShapes, took, 0, 1000, 0)
			}
		}
		if text := summaryText(newView(s.run()).overview()); strings.Contains(text, "median response time") {
			t.Errorf("%s: %s", name, text)
		}
	}
}

// Catches: two that both ran into the client's time-out and are called equal, or different, for it; an exact ratio to a time-out, which
// is what the client was told to wait and not what the answer took; and a largest difference where one of the two has no end.
func TestATimeOutIsNoTime(t *testing.T) {
	const end = time.Second // the runs' time-out
	for _, c := range []struct {
		name       string
		times      map[string]time.Duration // of all requests; a millisecond for who is not in it
		want, lack []string                 // of what is said of p99
		twin, ants string                   // the ratios in the table begin so
	}{
		{"all", map[string]time.Duration{"goroutine": end, "ants": end, "channel": end, "pond": end, "thread": end, "tutorial": end},
			[]string{"No time to compare: it is the client's time-out with ants, channel, pond, thread", ", as with goroutine."},
			[]string{"No difference", "Differs", "ndecided"}, "–[", "–["},
		{"one waited longer", map[string]time.Duration{"goroutine": end, "ants": end * 6 / 5},
			[]string{"No time to compare: it is the client's time-out with ants, as with goroutine.", "Differs from goroutine, which is at the client's time-out: channel at most × 0.00"},
			[]string{"ants is at"}, "–[", "–["},
		{"the baseline alone", map[string]time.Duration{"goroutine": end},
			[]string{"Differs from goroutine, which is at the client's time-out: ants at most × 0.00"},
			[]string{"No time", "No difference", ": ants ×"}, "–[", "≤ 0.00"},
		{"one alone", map[string]time.Duration{"ants": end},
			[]string{"Differs from goroutine: ants is at the client's time-out", "between goroutine and channel, pond,"},
			[]string{"No time"}, "1.00 (", "–["},
		{"all but equal to it", map[string]time.Duration{"goroutine": end * 98 / 100, "ants": end},
			[]string{"No time to compare: it is the client's time-out with ants, but not with goroutine.", "Differs from goroutine: channel × 0.00"},
			[]string{"No difference"}, "1.00 (", "–["},
		{"the baseline, to which one is all but equal", map[string]time.Duration{"goroutine": end, "ants": end * 98 / 100},
			[]string{"No time to compare: it is the client's time-out with goroutine, but not with ants."},
			[]string{"No difference"}, "–[", "≤ 0.97"},
	} {
		s := goldenSynth
		s.mutate = func(tr *trial.Trial) {
			if tr.Load.Loop == trial.Open {
				name, _, _ := strings.Cut(tr.Strategy, ":")
				tr.Latency.Response = lognormal(synthShapes, cmp.Or(c.times[name], time.Millisecond), 0, 1000, 0)
			}
		}
		run := s.run()
		if text := summaryText(newView(run).overview()); strings.Contains(text, "median response time") == (c.times["goroutine"] > 0) {
			t.Errorf("%s: %s", c.name, text)
		}
		chapter := part(t, string(Markdown(run)), "### echo-open: 48k/s offered, 50 % of capacity")
		text := judgement(t, chapter, "Response p99")
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: report.md lacks %q:\n%s", c.name, want, text)
			}
		}
		for _, lack := range c.lack {
			if strings.Contains(text, lack) {
				t.Errorf("%s: report.md has %q:\n%s", c.name, lack, text)
			}
		}
		for row, want := range map[string]string{"goroutine, again": c.twin, "ants": c.ants} {
			cells := regexp.MustCompile(`(?m)^\| ` + row + ` +\|[^|]*\|[^|]*\|[^|]*\| *([^|]*)\|`).FindStringSubmatch(chapter)
			if cells == nil || !strings.HasPrefix(cells[1], want) {
				t.Errorf("%s: %s has the ratio %q, want %q", c.name, row, cells, want)
			}
		}
	}
}

// Catches: a strategy that drops out of the summary without a word, praise that includes it, and a closed loop that leads to
// an open one of which nothing is left.
func TestStrategiesWithoutAUsableTrialAreNamed(t *testing.T) {
	for _, c := range []struct {
		name       string
		lost       func(trial.Trial) bool
		want, lack []string
	}{
		{"none", func(tr trial.Trial) bool { return false },
			[]string{"Every strategy served every client.", "on echo for other and thread (echo-open asked the same in an open loop)"}, []string{"Not one trial can be used"}},
		{"one trial of several", func(tr trial.Trial) bool { return tr.Kind() == "thread" && tr.Repetition == 0 },
			[]string{"Every strategy served every client."}, []string{"Not one trial can be used"}},
		{"a strategy", func(tr trial.Trial) bool { return tr.Kind() == "thread" && tr.Workload == "echo" },
			[]string{"Every strategy served every client, as far as trials can be used.", "Not one trial can be used, so that nothing is said, on echo for thread; on echo-open for thread."}, nil},
		{"all but the twin", func(tr trial.Trial) bool { return tr.Scenario == "echo-open" && !tr.Twin },
			[]string{"so that nothing is said, on echo-open for goroutine, other and thread.", "on echo for other and thread (an open loop of this workload"}, []string{"echo-open asked the same"}},
	} {
		s := synth{strategies: 3, repetitions: 8, mutate: func(tr *trial.Trial) {
			if tr.Kind() == "tutorial" {
				tr.Strategy, tr.Clients = "other", trial.Clients{Total: synthClients, Served: synthClients}
			}
			bind(func(tr trial.Trial) bool { return tr.Scenario == "echo" })(tr)
			if c.lost(*tr) && !tr.Calibrates {
				tr.Invalid = "disturbed"
			}
		}}
		v := newView(s.run())
		text := summaryText(v.overview())
		if title := servedTitle(v.scenarios); strings.Contains(title, "with a usable trial") != strings.Contains(text, "Not one trial") {
			t.Errorf("%s: the title is %q and the summary\n%s", c.name, title, text)
		}
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the summary lacks %q:\n%s", c.name, want, text)
			}
		}
		for _, lack := range c.lack {
			if strings.Contains(text, lack) {
				t.Errorf("%s: the summary has %q:\n%s", c.name, lack, text)
			}
		}
	}
}

// Catches: a figure that looks like the server's although it is the driver's, one that is marked for nothing, and a mark
// that no line explains.
func TestFiguresThatTheDriverBoundedAreMarked(t *testing.T) {
	for _, idle := range []bool{false, true} {
		s := goldenSynth
		s.idle = idle
		v, set := newView(s.run()), draw.NewTypesetter()
		echo := find(t, v, "echo")
		f, ok := repetitionsFigure(v, echo, set)
		if !ok {
			t.Fatal("no figure")
		}
		p, _ := newSpreadPanel(echo, v.deciding(echo), stat.Goodput)
		var want []string
		for _, g := range p.points {
			if g.Bounded() {
				want = append(want, "≥ "+rate(g.median.Value))
			}
		}
		b, err := f.SVG(set)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range regexp.MustCompile(`>(≥ [0-9.]+k/s)<`).FindAllStringSubmatch(html.UnescapeString(string(b)), -1) {
			got = append(got, m[1])
		}
		if !slices.Equal(got, want) || (len(want) == 0) != idle {
			t.Errorf("idle %v: marked are %q, want %q", idle, got, want)
		}
		if strings.Contains(f.Subtitle, "Hollow and with") == idle {
			t.Errorf("idle %v: the subtitle is %q", idle, f.Subtitle)
		}
		latency, _ := latencyFigure(v, find(t, v, "echo"), set)
		if want := "With 4 of 6 strategies the driver was the bottleneck"; strings.Contains(latency.Subtitle, want) == idle {
			t.Errorf("idle %v: the subtitle of echo's latency is %q", idle, latency.Subtitle)
		}
		for scenario, want := range map[string]string{"echo": "the driver was the bottleneck for 4 strategies", "echo-open": "equality is not judged above half of the driver's ceiling"} {
			if title := v.latencyTitle(find(t, v, scenario)); strings.Contains(title, want) == idle {
				t.Errorf("idle %v: %s", idle, title)
			}
		}
	}
}

// Catches: a load on the wrong side of the border, and a border where nothing was offered above it.
func TestTheBorderLiesBetweenTheLoadsOnEitherSideOfHalfTheCeiling(t *testing.T) {
	for _, c := range []struct {
		rates   []float64
		ceiling float64
		border  float64 // 0: none
	}{
		{[]float64{10, 20, 30}, 50, 25},
		{[]float64{10, 20, 30}, 40, 25}, // just half is not above it
		{[]float64{10, 20, 30}, 60, 0},
		{[]float64{10, 20, 30}, 10, 5},
		{[]float64{10, 20, 30}, 0, 0},
	} {
		var s scenario
		for _, r := range c.rates {
			load := trial.Load{Loop: trial.Open, Rate: r}
			if c.ceiling > 0 {
				load.Ceiling = r / c.ceiling
			}
			s.levels = append(s.levels, level{rate: r, cells: []cell{{Summary: stat.Summary{Load: load, Trials: 1}}}})
		}
		half, border, crossed := s.halfCeiling()
		if crossed != (c.border > 0) || crossed && border != c.border || crossed == math.IsInf(border, 1) {
			t.Errorf("%v under %v: border %v (%v), want %v", c.rates, c.ceiling, border, crossed, c.border)
		}
		if c.ceiling > 0 && math.Abs(half-c.ceiling/2) > 1e-9 {
			t.Errorf("%v under %v: half is %v", c.rates, c.ceiling, half)
		}
	}
	for _, levels := range [][]float64{{0.25, 0.5}, {0.5, 0.9}} { // to 32 % and to 58 % of the ceiling
		v := newView(synth{strategies: 2, repetitions: 1, levels: levels}.run())
		f, _ := loadFigure(v, find(t, v, "echo-open"), draw.NewTypesetter())
		explained := slices.ContainsFunc(f.Legend, func(i draw.LegendItem) bool { return strings.Contains(i.Text, "half of the driver's ceiling (75k/s)") })
		if explained != (levels[1] > 0.5) {
			t.Errorf("levels %v: the legend is %+v", levels, f.Legend)
		}
	}
}

// Catches: what measured the driver, or a capacity, among the strategies: as a name, a style, a row, a panel, or a part
// of a comparison.
func TestCalibrationsAreNoStrategies(t *testing.T) {
	run := goldenSynth.run()
	v := newView(run)
	if len(v.ceiling) != 1 || len(v.capacity) != 2 {
		t.Errorf("%d ceilings and %d capacities, want 1 and 2", len(v.ceiling), len(v.capacity))
	}
	if _, styled := v.styles[trial.NullServer]; styled || len(v.styles) != 6 {
		t.Errorf("%d styles, want those of the 6 strategies", len(v.styles))
	}
	for _, s := range v.scenarios {
		if strings.HasPrefix(s.name, "ceiling") || strings.HasPrefix(s.name, "capacity") {
			t.Errorf("%q is a scenario", s.name)
		}
	}
	if text := summaryText(v.overview()); strings.Contains(text, trial.NullServer) || strings.Contains(text, "ceiling of the driver (") {
		t.Errorf("the summary: %s", text)
	}
	text := string(Markdown(run))
	if regexp.MustCompile(`(?m)^\| null`).MatchString(text) {
		t.Error("the null server stands in a table")
	}
	if want := fmt.Sprintf("6 strategies in %d scenarios", len(synthScenarios)); !strings.Contains(text, want) {
		t.Errorf("report.md lacks %q", want)
	}
}

// Catches: a threshold or looks of another run than this one, and an undecided comparison that is called equal or left out.
func TestTheReportJudgesByTheDesignOfTheRun(t *testing.T) {
	for _, c := range []struct {
		name       string
		design     trial.Design
		want, lack []string
	}{
		{"none, as in older runs", trial.Design{},
			[]string{"No difference larger than 3.3 % seen between goroutine and ants, channel and pond", "thread × 0.423", "once, at the end", "larger than 5 %"},
			[]string{"Undecided", "undecided between"}},
		{"a threshold that thread does not reach", trial.Design{Alpha: 0.05, Threshold: 2, Family: 60, Looks: []int{6, 8}},
			[]string{"ants, channel, pond and thread (goroutine against itself", "tutorial (served 2 of 64) × 0.0", "2 times, after 6 and 8 repetitions", "larger than 200 %"},
			[]string{"thread × 0.4", "ndecided"}},
		{"one that nobody can tell", trial.Design{Alpha: 0.05, Threshold: 0.002, Family: 60, Looks: []int{8}},
			[]string{"Undecided between goroutine and ants, channel and pond: differences up to", "more repetitions would decide", "a difference above 0.2 % is neither shown nor excluded"},
			[]string{"No difference in goodput"}},
		{"looks that were not reached", trial.Design{Alpha: 0.05, Threshold: 0.05, Family: 60, Looks: []int{9, 18}},
			[]string{"Too few repetitions to tell ants, channel, pond, thread and tutorial"}, []string{"Differs from", "No difference larger than 3"}},
	} {
		run := goldenSynth.run()
		run.Env.Design = c.design
		text := string(Markdown(run))
		summary, _, _ := strings.Cut(text, "## exchange")
		said := judgement(t, part(t, text, "## wait"), "Goodput")
		for _, want := range c.want {
			if !strings.Contains(summary+said+part(t, text, "## How it was measured"), want) {
				t.Errorf("%s: the report lacks %q:\n%s", c.name, want, said)
			}
		}
		for _, lack := range c.lack {
			if strings.Contains(said, lack) {
				t.Errorf("%s: the report has %q", c.name, lack)
			}
		}
	}
}
