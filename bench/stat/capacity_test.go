package stat

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/trial"
)

var p99in10ms = trial.Objective{Quantile: 0.99, Response: 10 * time.Millisecond}

// answered makes a trial of an open loop in which fast answers came within the objective and slow ones did not.
func answered(fast, slow int64) trial.Trial {
	t := trial.Trial{
		Scenario: "capacity", Strategy: "a", Measured: "request", Load: trial.Load{Loop: trial.Open, Fraction: 0.5, Rate: 500},
		Window:  time.Second,
		Counts:  trial.Counts{Intended: fast + slow, Sent: fast + slow, OK: fast + slow, Good: fast + slow},
		Clients: trial.Clients{Total: 10, Served: 10},
	}
	t.Latency.Response = times(fast, slow)
	return t
}

// times has fast ones just within the objective and slow ones beyond it. Equal ones are madeUp once, and packed, because a
// dense histogram takes 220 kB.
func times(fast, slow int64) trial.Histogram {
	if h, ok := madeUp[[2]int64{fast, slow}]; ok {
		return h
	}
	var dense, packed trial.Histogram
	dense.RecordN(p99in10ms.Response, fast)
	dense.RecordN(p99in10ms.Response+time.Millisecond, slow)
	b, err := json.Marshal(dense)
	if err == nil {
		err = json.Unmarshal(b, &packed)
	}
	if err != nil {
		panic(err)
	}
	madeUp[[2]int64{fast, slow}] = packed
	return packed
}

var madeUp = map[[2]int64]trial.Histogram{}

func TestAnObjectiveIsHeldUntilOneOfItsPartsIsBroken(t *testing.T) {
	for name, c := range map[string]struct {
		change    func(*trial.Trial)
		objective trial.Objective
		want      Breach
	}{
		"one in a hundred is slow":      {func(x *trial.Trial) { *x = answered(9900, 100) }, p99in10ms, ""},
		"one more is":                   {func(x *trial.Trial) { *x = answered(9899, 101) }, p99in10ms, TooSlow},
		"slow, and nothing is promised": {func(x *trial.Trial) { *x = answered(0, 10_000) }, trial.Objective{}, ""},
		"just enough to tell p99":       {func(x *trial.Trial) { *x = answered(989, 11) }, p99in10ms, TooSlow},
		// P(4 or more of 400 with 1 %) = 57 %, P(8 or more) = 5.1 %, P(9 or more) = 2.0 %: by R's 1-pbinom(k-1, 400, 0.01).
		"few requests, no more than chance":     {func(x *trial.Trial) { *x = answered(392, 8) }, p99in10ms, ""},
		"few requests, more than chance":        {func(x *trial.Trial) { *x = answered(391, 9) }, p99in10ms, TooSlow},
		"hardly any, one slow (26 % by chance)": {func(x *trial.Trial) { *x = answered(29, 1) }, p99in10ms, ""},
		"hardly any, all slow":                  {func(x *trial.Trial) { *x = answered(0, 2) }, p99in10ms, TooSlow},
		"one in a thousand failed":              {func(x *trial.Trial) { x.Counts.OK, x.Counts.Failed = 9990, 10 }, p99in10ms, ""},
		"one more did":                          {func(x *trial.Trial) { x.Counts.OK, x.Counts.Failed = 9989, 11 }, p99in10ms, NotOK},
		"never sent":                            {func(x *trial.Trial) { x.Counts.OK, x.Counts.Unsent = 9989, 11 }, p99in10ms, NotOK},
		"one connection got nothing":            {func(x *trial.Trial) { x.Clients.Served, x.Clients.Nothing = 9, 1 }, p99in10ms, Unserved},
		"one connection was refused":            {func(x *trial.Trial) { x.Clients.Served, x.Clients.Refused = 9, 1 }, p99in10ms, Unserved},
		"one slot without a session": {func(x *trial.Trial) {
			x.Load.Loop, x.Clients.Served, x.Clients.Nothing = trial.Sessions, 9, 1
		}, p99in10ms, ""},
		"all at once": {func(x *trial.Trial) {
			*x = answered(0, 10_000)
			x.Counts.OK, x.Clients.Nothing = 1, 1
		}, p99in10ms, Unserved},
	} {
		x := answered(10_000, 0)
		c.change(&x)
		if holds, by := Holds(x, c.objective); holds != (c.want == "") || by != c.want {
			t.Errorf("%s: holds %v, broke %q, want %q", name, holds, by, c.want)
		}
	}
}

// Catches: a share of slow answers that passes because there are few requests, or a good server that fails because there
// are few. Truth: a share of exactly 1 % may be said to break p99 in 5 % of trials where p99 itself has no support, and in
// half of them where it has.
func TestFewRequestsBreakAnObjectiveOnlyIfTheyContradictIt(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	for _, c := range []struct {
		n           int64
		share       float64
		least, most float64 // of trials that break
	}{
		{50, 0.01, 0, 0.05}, {300, 0.01, 0, 0.05}, {900, 0.01, 0, 0.05}, {300, 0.1, 0.99, 1}, {50, 0.2, 0.9, 1},
		{5000, 0.01, 0.4, 0.55}, {5000, 0.02, 0.999, 1}, {5000, 0.005, 0, 0.001},
	} {
		const trials = 2000
		broke := 0
		for range trials {
			slow := int64(0)
			for range c.n {
				if rng.Float64() < c.share {
					slow++
				}
			}
			if tooSlow(times(c.n-slow, slow), p99in10ms) {
				broke++
			}
		}
		if got := float64(broke) / trials; got < c.least || got > c.most {
			t.Errorf("%d requests, %v slow: %.3f of trials break, want %v to %v", c.n, c.share, got, c.least, c.most)
		}
	}
}

func TestWhatTheDriverDidIsNoProbe(t *testing.T) {
	broken := answered(100, 9900)
	failed := answered(10_000, 0)
	failed.Counts.OK = 1
	with := func(x trial.Trial, code string) trial.Trial {
		x.Findings = []trial.Finding{{Code: code}}
		return x
	}
	invalid := answered(10_000, 0)
	invalid.Invalid = "steal"
	for name, c := range map[string]struct {
		t    trial.Trial
		want Response
	}{
		"held":                                  {answered(10_000, 0), Held},
		"broke":                                 {broken, Broke},
		"invalid":                               {invalid, Untold},
		"nothing asked":                         {answered(0, 0), Untold},
		"held in spite of the driver":           {with(answered(10_000, 0), finding.DriverBound), Held},
		"broke, the driver at its limit":        {with(broken, finding.DriverBound), Untold},
		"slow, and the driver was late":         {with(broken, finding.DriverLate), Untold},
		"not ok, and the driver late":           {with(failed, finding.DriverLate), Broke},
		"not ok, some never sent by the driver": {with(failed, finding.DriverMissed), Untold},
		"slow, some never sent by the driver":   {with(broken, finding.DriverMissed), Broke},
		"slow, and half of the ceiling":         {with(broken, finding.AboveHalfCeiling), Broke},
	} {
		p := ProbeOf(c.t, p99in10ms)
		if p.Response != c.want || p.Fraction != 0.5 || p.Rate != 500 || (p.Limit != "") != (c.want == Broke) {
			t.Errorf("%s: %+v, want %s", name, p, c.want)
		}
	}
}

// A queue is a server with known truth: one worker, Poisson arrivals, a FIFO of any length.
type queue struct {
	perSecond     float64 // the most it can do
	deterministic bool    // M/D/1; otherwise M/M/1
}

// trial is one window of it, by Lindley's recursion: W' = max(0, W + S − A).
func (q queue) trial(rng *rand.Rand, rate float64, window time.Duration) trial.Trial {
	var wait float64
	var counts trial.Counts
	var long [2]int64
	edge := p99in10ms.Response.Seconds()
	for at := rng.ExpFloat64() / rate; at < window.Seconds(); {
		service := 1 / q.perSecond
		if !q.deterministic {
			service *= rng.ExpFloat64()
		}
		counts.Intended++
		if wait+service <= edge {
			long[0]++
		} else {
			long[1]++
		}
		gap := rng.ExpFloat64() / rate
		wait = max(0, wait+service-gap)
		at += gap
	}
	t := answered(long[0], long[1])
	t.Load.Rate, t.Window = rate, window
	return t
}

// capacity is the truth. The response time of M/M/1 is exponential with rate μ−λ (Kleinrock, Queueing Systems I, 3.2), so
// that its quantile q is at most r while λ ≤ μ − ln(1/(1−q))/r. M/D/1's is taken from a long run.
func (q queue) capacity() float64 {
	if !q.deterministic {
		return q.perSecond - math.Log(100)/p99in10ms.Response.Seconds()
	}
	lo, hi := 0.5*q.perSecond, q.perSecond
	for range 10 {
		middle := (lo + hi) / 2
		if holds, _ := Holds(q.trial(rand.New(rand.NewPCG(1, 1)), middle, time.Duration(4e5/middle*1e9)), p99in10ms); holds {
			lo = middle
		} else {
			hi = middle
		}
	}
	return lo
}

const baselineRate = 4000 // per second: what fractions are of

// measured runs the searches of a scenario as the engine does.
func measured(sc trial.Scenario, repetitions int, offer func(strategy string, rate float64) trial.Trial) []trial.Trial {
	var all []trial.Trial
	lo, hi := sc.Levels[0], sc.Levels[len(sc.Levels)-1]
	for _, strategy := range sc.Strategies {
		var answers []Bracket
		for repetition := range repetitions {
			s := Search{Lo: lo, Hi: hi, Near: Likely(answers)}
			for {
				probes := Probes(all, sc, strategy, repetition)
				fraction, done := s.Next(probes)
				if done {
					answers = append(answers, Bracketed(probes))
					break
				}
				t := offer(strategy, fraction*baselineRate)
				t.Scenario, t.Strategy, t.Repetition, t.Seq = sc.Name, strategy, repetition, len(all)
				t.Load.Fraction, t.Load.Rate = fraction, fraction*baselineRate
				all = append(all, t)
			}
		}
	}
	return all
}

func asking(strategies ...string) trial.Scenario {
	return trial.Scenario{Name: "capacity", Question: trial.Capacity, Strategies: strategies, Levels: []float64{0.3, 1.2},
		Load: trial.Load{Loop: trial.Open}, Objective: p99in10ms}
}

func TestTheCapacityOfAQueueIsFound(t *testing.T) {
	for name, q := range map[string]queue{
		"M/M/1": {perSecond: 4000},
		"M/D/1": {perSecond: 3000, deterministic: true},
	} {
		truth := q.capacity()
		rng := rand.New(rand.NewPCG(31, 32))
		covered, suites := 0, 12
		for range suites {
			trials := measured(asking("queue"), 8, func(_ string, rate float64) trial.Trial { return q.trial(rng, rate, time.Second) })
			if each := float64(len(trials)) / 8; each > 6 {
				t.Errorf("%s: %.1f trials for each answer", name, each)
			}
			r := Capacities(trials, asking("queue"))[0]
			// What held lies up to a step below, and the noise of a trial's p99 comes to less than one.
			if ratio := r.Rate.Value / truth; ratio < 1/(gridStep*gridStep) || ratio > gridStep {
				t.Errorf("%s: %v per second, want %v within a step and noise", name, r.Rate.Value, truth)
			}
			if r.Rate.Lo <= truth && truth <= r.Rate.Hi {
				covered++
			}
			if r.Limit != TooSlow || r.AtLeast || r.AtMost || r.Replicates != 8 || r.Unfinished != 0 || r.Thin != 0 || !r.Best {
				t.Errorf("%s: %+v", name, r)
			}
			if math.Abs(r.Fraction.Value*baselineRate/r.Rate.Value-1) > 1e-9 {
				t.Errorf("%s: a fraction of %v and %v per second", name, r.Fraction.Value, r.Rate.Value)
			}
		}
		if covered < suites-2 { // at 95 %, three of twelve miss in 2 % of runs
			t.Errorf("%s: %d of %d intervals cover the truth", name, covered, suites)
		}
	}
}

// sharp is a server whose edge is certain.
func sharp(capacity map[string]float64) func(string, float64) trial.Trial {
	return func(strategy string, rate float64) trial.Trial {
		if rate <= capacity[strategy] {
			return answered(10_000, 0)
		}
		return answered(5000, 5000)
	}
}

func TestACapacityThatDoublesIsTwiceAsHigh(t *testing.T) {
	sc := asking("slow", "fast")
	all := Capacities(measured(sc, 8, sharp(map[string]float64{"slow": 1500, "fast": 3000})), sc)
	if r := all[1].Rate.Value / all[0].Rate.Value; math.Abs(r/2-1) > gridStep*gridStep-1 {
		t.Errorf("%v to %v, a ratio of %v", all[0].Rate.Value, all[1].Rate.Value, r)
	}
	if !all[1].Best || all[0].Best || all[1].Outcome != Tied || all[0].Outcome != Different {
		t.Errorf("%+v", all)
	}
}

// Catches: a difference that the grid cannot tell and that is named; one that it can and that is not; a ratio whose
// interval leaves the true one out.
func TestWhatIsNearerThanTheGridIsTied(t *testing.T) {
	rng := rand.New(rand.NewPCG(41, 42))
	for ratio, want := range map[float64][]Outcome{
		1:    {Tied},
		0.97: {Tied},
		0.92: {Tied, Different}, // between one step and two
		0.8:  {Different},
		0.4:  {Different},
	} {
		for range 20 {
			top := 2000 + 2000*rng.Float64()
			sc := asking("top", "other")
			r := Capacities(measured(sc, 8, sharp(map[string]float64{"top": top, "other": ratio * top})), sc)[1]
			if r.Best { // in the same step
				continue
			}
			if !slices.Contains(want, r.Outcome) || r.Ratio.Lo > ratio*1.001 || r.Ratio.Hi < ratio/1.001 {
				t.Errorf("%v of %v: %s, ratio %+v, want %v", ratio, top, r.Outcome, r.Ratio, want)
			}
		}
	}
}

// Catches: repetitions that are not paired, so that a drift of the machine hides a difference; a family that is not
// corrected for.
func TestDriftDoesNotHideADifference(t *testing.T) {
	rng := rand.New(rand.NewPCG(51, 52))
	sc := asking("top", "other")
	var all []trial.Trial
	for repetition := range 8 {
		moment := math.Exp(0.3 * (rng.Float64() - 0.5))
		for _, one := range measured(sc, 1, sharp(map[string]float64{"top": 3400 * moment, "other": 2600 * moment})) {
			one.Repetition, one.Seq = repetition, len(all)
			all = append(all, one)
		}
	}
	r := Capacities(all, sc)[1]
	if r.Outcome != Different || r.Ratio.Lo > 2600.0/3400 || r.Ratio.Hi < 2600.0/3400 {
		t.Errorf("%s, %+v", r.Outcome, r.Ratio)
	}
	if r.Fraction.Hi/r.Fraction.Lo < 1.2 {
		t.Errorf("the drift is not in the capacity's own interval: %+v", r.Fraction)
	}
	sc.Strategies = append(sc.Strategies, "c", "d", "e", "f", "g", "h", "i")
	if again := Capacities(all, sc)[1]; again.Outcome != Undecided || again.Ratio.Confidence != 0 {
		t.Errorf("eight pairs for eight comparisons: %s, %+v", again.Outcome, again.Ratio)
	}
}

func TestASearchThatMeetsItsEndsIsABound(t *testing.T) {
	sc := asking("low", "high", "middle", "hidden", "dark")
	server := sharp(map[string]float64{"low": 100, "high": 1e6, "middle": 2000, "hidden": 1e6})
	all := Capacities(measured(sc, 8, func(strategy string, rate float64) trial.Trial {
		x := server(strategy, rate)
		if strategy == "hidden" && rate > 3000 || strategy == "dark" {
			x.Invalid = "the driver was late"
		}
		return x
	}), sc)
	low, high, middle, hidden, dark := all[0], all[1], all[2], all[3], all[4]
	if !low.AtMost || low.AtLeast || low.Fraction.Value != 0.3 || low.Fraction.Lo != 0 || low.Fraction.Hi != 0.3 || low.Limit != TooSlow {
		t.Errorf("breaks at the bottom: %+v", low)
	}
	if !high.AtLeast || high.AtMost || high.Fraction.Value != 1.2 || high.Fraction.Lo != 1.2 || !math.IsInf(high.Fraction.Hi, 1) || high.Limit != "" || !high.Best {
		t.Errorf("holds at the top: %+v", high)
	}
	if middle.AtLeast || middle.AtMost || middle.Outcome != Different || middle.Ratio.Hi > 2000*1.07/4800 {
		t.Errorf("between them: %+v", middle)
	}
	if !hidden.AtLeast || hidden.Rate.Value > 3000 || hidden.Rate.Value < 2800 || hidden.Outcome == Different {
		t.Errorf("holds until the driver cannot: %+v", hidden)
	}
	if low.Outcome != Different || low.Ratio.Value != 0 || low.Ratio.Hi != 0.25 {
		t.Errorf("breaks at the bottom, against the top: %+v", low)
	}
	if dark.Replicates != 0 || dark.Unfinished != 8 || dark.Outcome != Undecided || dark.Best || dark.AtLeast || dark.AtMost {
		t.Errorf("nothing told: %+v", dark)
	}
}

func TestOfAllThatBreakTheWholeWayNoneIsBetter(t *testing.T) {
	sc := asking("a", "b")
	for _, r := range Capacities(measured(sc, 8, sharp(nil)), sc) {
		if !r.AtMost || !r.Best && r.Outcome != Undecided || math.IsNaN(r.Ratio.Value) {
			t.Errorf("%+v", r)
		}
	}
	for _, r := range Capacities(nil, sc) {
		if r.Best || r.AtMost || r.AtLeast || r.Replicates != 0 || r.Outcome != Undecided {
			t.Errorf("of no trials: %+v", r)
		}
	}
}

// Catches: a repeated trial that is counted twice, or whose invalid attempt is; other scenarios', twins' or calibrating
// trials in a search; a search that was interrupted and counts as an answer.
func TestOnlyTheTrialsOfASearchAreInIt(t *testing.T) {
	sc := asking("a")
	trials := measured(sc, 8, sharp(map[string]float64{"a": 2000}))
	want := Capacities(trials, sc)[0]
	spoil := func(change func(*trial.Trial)) []trial.Trial {
		more := slices.Clone(trials)
		for _, x := range trials {
			if x.Load.Rate <= 2000 {
				wrong := answered(0, 10_000)
				wrong.Load, wrong.Repetition, wrong.Seq = x.Load, x.Repetition, x.Seq
				change(&wrong)
				more = append(more, wrong)
			}
		}
		return more
	}
	for name, more := range map[string][]trial.Trial{
		"an attempt before that was invalid": spoil(func(x *trial.Trial) { x.Invalid, x.Seq = "steal", -1 }),
		"a second valid one":                 spoil(func(x *trial.Trial) { x.Seq = 1000 }),
		"an invalid one afterwards":          spoil(func(x *trial.Trial) { x.Invalid, x.Seq = "steal", 1000 }),
		"another scenario's":                 spoil(func(x *trial.Trial) { x.Scenario = "other" }),
		"a twin":                             spoil(func(x *trial.Trial) { x.Twin = true }),
		"one that calibrates":                spoil(func(x *trial.Trial) { x.Calibrates = true }),
	} {
		if got := Capacities(more, sc)[0]; got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	last := trials[len(trials)-1].Repetition
	cut := slices.DeleteFunc(slices.Clone(trials), func(x trial.Trial) bool { return x.Repetition == last && x.Load.Rate > 2000 })
	if got := Capacities(cut, sc)[0]; got.Replicates != 7 || got.Unfinished != 1 || got.AtLeast {
		t.Errorf("interrupted: %+v", got)
	}
}

func TestThinAnswersSaySo(t *testing.T) {
	sc := asking("a")
	r := Capacities(measured(sc, 8, func(_ string, rate float64) trial.Trial {
		if rate <= 2000 {
			return answered(300, 0)
		}
		return answered(0, 10_000)
	}), sc)[0]
	if r.Thin != 8 {
		t.Errorf("%d of %d rest on too few requests, want all", r.Thin, r.Replicates)
	}
}
