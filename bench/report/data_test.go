package report

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolbench/poolbench/bench/report/draw"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
	choice "github.com/poolbench/poolbench/bench/verdict"
)

func find(t *testing.T, v view, name string) scenario {
	t.Helper()
	i := slices.IndexFunc(v.scenarios, func(s scenario) bool { return s.name == name })
	if i < 0 {
		t.Fatalf("no scenario %s", name)
	}
	return v.scenarios[i]
}

// Catches: a dot that is not a trial, a median of something else, an invalid trial that is drawn, a twin that is left out
// or not beside its baseline.
func TestSpreadPanelHasEveryValidTrial(t *testing.T) {
	run := synth{strategies: 7, repetitions: 4}.run()
	run.Trials[3].Invalid = "disturbed"
	v := newView(run)
	closed := 0
	for _, s := range v.scenarios {
		if s.open() {
			continue
		}
		closed++
		p, ok := newSpreadPanel(s, v.deciding(s), stat.Goodput)
		if !ok || len(p.points) != 8 {
			t.Fatalf("%s has %d rows, want 8", s.name, len(p.points))
		}
		if p.points[0].label != "goroutine" || p.points[1].label != "goroutine, again" {
			t.Errorf("%s starts with %q and %q, want the baseline and its twin", s.name, p.points[0].label, p.points[1].label)
		}
		for _, g := range p.points {
			var want []float64
			for _, tr := range run.Trials {
				if tr.Scenario == s.name && tr.Strategy == g.Strategy && tr.Twin == g.Twin && tr.Invalid == "" {
					want = append(want, float64(tr.Counts.Good)/tr.Window.Seconds())
				}
			}
			if d := cmp.Diff(want, g.trials); d != "" {
				t.Errorf("%s %s: %s", s.name, g.label, d)
			}
			if n := len(slices.DeleteFunc(slices.Clone(want), func(v float64) bool { return v > g.median.Value })); n < len(want)/2 {
				t.Errorf("%s %s: %d of %d trials are at or under the median", s.name, g.label, n, len(want))
			}
			if p.hi < slices.Max(want) || p.lo > slices.Min(want) {
				t.Errorf("%s: the axis from %v to %v hides trials", s.name, p.lo, p.hi)
			}
		}
	}
	if closed != 4 {
		t.Fatalf("%d closed-loop scenarios, want 4", closed)
	}
}

// Catches: percentiles from too few samples, and lines that leave out what was never answered.
func TestLatencyLinesEndWhereTenSamplesAreLeft(t *testing.T) {
	v := newView(synth{strategies: 7, repetitions: 4}.run())
	for _, p := range latencyPanels(find(t, v, "echo-open")) {
		for _, l := range p.lines {
			above := float64(l.Latency.Response.Count()) * (1 - l.end())
			if above < trial.MinAbove-1e-6 {
				t.Errorf("%s goes on to where only %v samples are left", l.label, above)
			}
			if !slices.IsSorted(l.seconds) || !slices.IsSorted(l.quantiles) {
				t.Errorf("%s goes down or back", l.label)
			}
			if l.label == "tutorial" && l.seconds[len(l.seconds)-1] < 0.999 {
				t.Errorf("tutorial starves 62 clients and its line ends at %v s, want the time-out", l.seconds[len(l.seconds)-1])
			}
		}
	}
	few := newView(trial.Run{Trials: []trial.Trial{{Scenario: "s", Strategy: "a", Window: time.Second,
		Load: trial.Load{Loop: trial.Closed}, Latency: trial.Latency{Response: lognormal(map[string]trial.Histogram{}, time.Millisecond, 0.3, 9, 0)}}}})
	if got := latencyPanels(few.scenarios[0]); len(got) != 0 {
		t.Errorf("nine samples are drawn: %v", got)
	}
}

// Catches: achieved load on the axis in place of offered load, filled markers of those that fell behind, a p99 at the
// time-out that is drawn beside it, the response time's p99 in place of the driver's, a median of requests in place of
// repetitions, and an interval where there are too few of them.
func TestLoadPointsAreAtTheOfferedLoad(t *testing.T) {
	for _, repetitions := range []int{4, 8} {
		run := synth{strategies: 7, repetitions: repetitions}.run()
		points := loadPoints(find(t, newView(run), "echo-open"), 0.99)
		if len(points) != 7*2 {
			t.Fatalf("%d points, want 7 strategies at 2 loads", len(points))
		}
		for _, p := range points {
			if want := 96e3 * p.Fraction; math.Abs(p.offered-want) > 1e-6 {
				t.Errorf("%s is at %v, and %v was offered", p.label, p.offered, want)
			}
			if behind := p.Goodput.Value < 0.99*p.offered; behind == p.sustained {
				t.Errorf("%s at %v with goodput %v: sustained is %v", p.label, p.offered, p.Goodput.Value, p.sustained)
			}
			if p.label == "tutorial" && (p.late.Value != 1 || p.sustained) {
				t.Errorf("tutorial at %v has p99 %v and sustained %v, want the time-out and false", p.offered, p.late.Value, p.sustained)
			}
			if lag, _ := p.Latency.Lag.Quantile(0.99); p.lag != lag.Seconds() {
				t.Errorf("%s: lag is %v, want %v", p.label, p.lag, lag.Seconds())
			}
			var late, good []float64
			for _, tr := range run.Trials {
				if tr.Scenario == "echo-open" && tr.Strategy == p.Strategy && tr.Load.Fraction == p.Fraction && !tr.Twin && !tr.Calibrates {
					d, _ := tr.Latency.Response.Quantile(0.99)
					late, good = append(late, p.upToTimeOut(d.Seconds())), append(good, float64(tr.Counts.Good)/tr.Window.Seconds())
				}
			}
			for what, pair := range map[string][2]stat.Estimate{"p99": {p.late, stat.Median(late)}, "goodput": {p.goodput, stat.Median(good)}} {
				if pair[0] != pair[1] || settled(pair[0]) != (repetitions == 8) {
					t.Errorf("%s: the %s is %v, want %v", p.label, what, pair[0], pair[1])
				}
			}
			if len(p.probes) != repetitions {
				t.Errorf("%s has %d single trials, want %d", p.label, len(p.probes), repetitions)
			}
		}
	}
}

// Catches: a p99 that single trials are too short for and that is left out, or that gets an interval from those few that have
// one.
func TestAQuantileOfAllRepetitionsHasNoInterval(t *testing.T) {
	run := synth{strategies: 2, repetitions: 8, mutate: func(tr *trial.Trial) {
		if tr.Repetition > 0 && tr.Scenario == "echo-open" {
			tr.Latency.Response = packed(500, 2*time.Millisecond, 0)
		}
	}}.run()
	for _, p := range loadPoints(find(t, newView(run), "echo-open"), 0.99) {
		all, _ := p.Latency.Response.Quantile(0.99)
		if p.late.N != 1 || settled(p.late) || p.late.Value != p.upToTimeOut(all.Seconds()) {
			t.Errorf("%s: p99 is %v, want %v of all requests", p.label, p.late, all)
		}
	}
}

// Catches: classes from different trials, which do not add up, the best trial in place of the worst, and a cell that
// calls starved what was refused, or all what was most.
func TestServedCellsAddUpAndShowTheWorstTrial(t *testing.T) {
	run := synth{strategies: 12, repetitions: 3}.run()
	for i := range run.Trials {
		tr := &run.Trials[i]
		if tr.Scenario == "echo" && tr.Kind() == "tutorial" {
			tr.Clients.Served, tr.Clients.Refused = 2+tr.Repetition, 5*tr.Repetition
			tr.Clients.Nothing = 64 - tr.Clients.Served - tr.Clients.Refused
		}
	}
	v := newView(run)
	if len(v.scenarios) != 6 {
		t.Fatalf("%d scenarios, want 6", len(v.scenarios))
	}
	for _, s := range v.scenarios {
		cells := s.worstCells()
		if len(cells) != 12 {
			t.Errorf("%s has %d rows, want 12", s.name, len(cells))
		}
		for _, c := range cells {
			w := c.reach
			if w.Total != w.Served+w.Refused+w.Nothing {
				t.Errorf("%s %s: %+v does not add up", s.name, c.label, w)
			}
			if w.Served != int64(c.Clients.Fewest) {
				t.Errorf("%s %s: %d served, the fewest are %d", s.name, c.label, w.Served, c.Clients.Fewest)
			}
			if s.name == "echo" && c.label == "tutorial" && (w.Served != 2 || w.Refused != 0) {
				t.Errorf("tutorial on echo: %+v", w)
			}
			want := draw.GoodFill
			switch {
			case w.Nothing > 0:
				want = draw.BadFill
			case w.Refused > 0:
				want = draw.PoorFill
			}
			if g := c.servedCell(); g.Fill != want || (g.Text == "all") != (want == draw.GoodFill) {
				t.Errorf("%s %s: %+v is drawn as %+v", s.name, c.label, w, g)
			}
		}
	}
}

// Catches: a strategy that changes its label between scenarios, two of a scenario with the same, and limits that tell
// nothing.
func TestLabelsAreShortAndDifferent(t *testing.T) {
	name := func(scenario, strategy string) trial.Trial {
		return trial.Trial{Scenario: scenario, Strategy: strategy}
	}
	for _, c := range []struct {
		name   string
		trials []trial.Trial
		want   map[string]string
	}{
		{"a kind alone is its name", []trial.Trial{name("a", "ants:workers=64,queue=0")}, map[string]string{"ants:workers=64,queue=0": "ants"}},
		{"limits that change with the scenario do not count",
			[]trial.Trial{name("a", "ants:workers=64"), name("b", "ants:workers=256")},
			map[string]string{"ants:workers=64": "ants", "ants:workers=256": "ants"}},
		{"two of a kind differ by what differs",
			[]trial.Trial{name("a", "ants:workers=64,unit=conn"), name("a", "ants:workers=64,unit=request"), name("b", "ants:workers=8,unit=conn")},
			map[string]string{"ants:workers=64,unit=conn": "ants", "ants:workers=64,unit=request": "ants unit=request", "ants:workers=8,unit=conn": "ants"}},
		{"a limit that only one states tells them apart",
			[]trial.Trial{name("a", "ants"), name("a", "ants:workers=64")},
			map[string]string{"ants": "ants", "ants:workers=64": "ants workers=64"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, choice.Labels(c.trials)); d != "" {
				t.Error(d)
			}
		})
	}
}

// Catches: rounding that turns a bound into a lie, exponents, wrong units, NaN in print.
func TestNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{sig(0), "0"}, {sig(math.Copysign(0, -1)), "0"}, {sig(9.996), "10.0"}, {sig(123456), "123000"}, {sig(0.0012345), "0.00123"},
		{sig(999.6), "1000"}, {sig(math.NaN()), absent}, {sig(math.Inf(1)), absent}, {sig(-1.5), "-1.50"}, {sig(1e6), "1000000"},
		{short(2.5), "2.5"}, {short(100), "100"}, {short(1000), "1000"},
		{seconds(0.0009996), "1 ms"}, {seconds(12e-6), "12 µs"}, {seconds(0), "0 s"}, {seconds(3e-9), "3 ns"}, {seconds(90), "90 s"},
		{rate(118e3), "118k/s"}, {rate(999.9), "1k/s"}, {rate(12), "12/s"}, {rate(2.5e6), "2.5M/s"},
		{percent(0.0824), "8.2 %"}, {percent(0.05), "5 %"}, {percent(0.0997), "10 %"}, {percent(0), "0 %"}, {percent(0.0001), "under 0.1 %"}, {percent(math.NaN()), absent},
		{atMost(0.0821), "8.3 %"}, {atMost(0.082), "8.2 %"}, {atMost(0), "0.1 %"}, {atMost(0.123), "13 %"}, {atMost(0.0999), "10 %"}, {atMost(math.Inf(1)), absent}, {atMost(1.5), "150 %"},
		{count(0), "0"}, {count(999), "999"}, {count(1000), "1,000"}, {count(-1234567), "-1,234,567"},
		{counted(1, "strategy"), "1 strategy"}, {counted(2, "strategy"), "2 strategies"}, {counted(0, "client"), "0 clients"},
		{list([]string{"a", "b", "c"}, 3, "strategy"), "a, b and c"}, {list([]string{"a", "b", "c"}, 2, "strategy"), "3 strategies"}, {list(nil, 3, "x"), "none"},
		{ratioText(stat.Estimate{Value: 0.42, Lo: 0, Hi: math.Inf(1), N: 3}), "× 0.420"}, {ratioText(stat.Estimate{}), absent},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// Catches: ticks outside the axis, none at all, or two with the same label.
func TestTicksStayOnTheAxis(t *testing.T) {
	for _, hi := range []float64{1e-6, 0.3, 1, 64, 118e3, 2.7e9} {
		for _, span := range []float64{1.01, 3, 100, 1e7} {
			lo, top := draw.LogRange(hi/span, hi)
			for kind, ticks := range map[string][]draw.Tick{"linear": draw.LinearTicks(0, hi, 4, short), "log": draw.LogTicks(lo, top, seconds)} {
				seen := map[string]bool{}
				for _, k := range ticks {
					if k.Value < 0 || k.Value > max(hi, top)*1.001 {
						t.Errorf("%s to %v: tick at %v", kind, hi, k.Value)
					}
					if k.Label != "" && seen[k.Label] {
						t.Errorf("%s to %v: two ticks say %q", kind, hi, k.Label)
					}
					seen[k.Label] = true
				}
				delete(seen, "")
				if len(seen) < 1 {
					t.Errorf("%s from %v to %v has no labelled tick", kind, lo, top)
				}
			}
		}
	}
}
