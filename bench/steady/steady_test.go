package steady

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// noise draws n values around 1 that resemble their neighbours by rho.
func noise(random *rand.Rand, n int, deviation, rho float64) []float64 {
	all := make([]float64, n)
	v := random.NormFloat64()
	for i := range all {
		all[i] = 1 + deviation*v
		v = rho*v + math.Sqrt(1-rho*rho)*random.NormFloat64()
	}
	return all
}

// queue is a steady M/M/1 queue at a load of rho, seen for 50 slices of so many arrivals each: how many were answered in each,
// and the mean response time of those that arrived in it.
func queue(random *rand.Rand, rho float64, arrivals int) (good, response []float64) {
	const n = 50
	good, response = make([]float64, n), make([]float64, n)
	count := make([]float64, n)
	long := float64(arrivals)
	wait, now, start := 0.0, 0.0, 50/((1-rho)*(1-rho)) // long enough to forget that it began empty
	for now < start+n*long {
		service := rho * random.ExpFloat64()
		if i := int((now - start) / long); now >= start {
			response[i] += wait + service
			count[i]++
		}
		if left := now + wait + service - start; left >= 0 && left < n*long {
			good[int(left/long)]++
		}
		gap := random.ExpFloat64()
		now += gap
		wait = max(0, wait+service-gap)
	}
	for i := range response {
		response[i] /= count[i]
	}
	return good, response
}

func TestSteadySeriesAreHardlyEverCalledOtherwise(t *testing.T) {
	plain := func(n int, deviation, rho float64) func(*rand.Rand) ([]float64, []float64) {
		return func(random *rand.Rand) ([]float64, []float64) {
			v := noise(random, n, deviation, rho)
			return v, v
		}
	}
	for name, c := range map[string]struct {
		draw func(*rand.Rand) (values, scaled []float64)
		most float64 // share of series
		n    int
	}{
		"little noise":                  {plain(50, 0.02, 0), 0.001, 600},
		"some noise":                    {plain(50, 0.1, 0), 0.003, 600},
		"much noise":                    {plain(50, 0.4, 0), 0.005, 600},
		"the fewest slices":             {plain(fewest, 0.1, 0), 0.005, 600},
		"neighbours alike":              {plain(50, 0.1, 0.5), 0.01, 600},
		"neighbours very much alike":    {plain(50, 0.1, 0.8), 0.03, 600}, // a window holds few independent values then
		"answers of a queue, half load": {func(r *rand.Rand) ([]float64, []float64) { g, _ := queue(r, 0.5, 100); return g, g }, 0.01, 150},
		"answers of a queue, 90 %":      {func(r *rand.Rand) ([]float64, []float64) { g, _ := queue(r, 0.9, 100); return g, g }, 0.01, 150},
		"times of a queue, half load":   {func(r *rand.Rand) ([]float64, []float64) { _, x := queue(r, 0.5, 100); return x, logs(x) }, 0.01, 150},
		"times of a queue, 80 %":        {func(r *rand.Rand) ([]float64, []float64) { _, x := queue(r, 0.8, 100); return x, logs(x) }, 0.015, 150},
		"times of a queue, 90 %":        {func(r *rand.Rand) ([]float64, []float64) { _, x := queue(r, 0.9, 500); return x, logs(x) }, 0.015, 100},
		"all the same":                  {func(*rand.Rand) ([]float64, []float64) { v := make([]float64, 50); return v, v }, 0, 1},
		"three slices of it, anywhere, stood still": {func(r *rand.Rand) ([]float64, []float64) {
			v := noise(r, 50, 0.05, 0)
			for range 3 {
				v[r.IntN(50)] = 0
			}
			return v, v
		}, 0.015, 600},
	} {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			found := 0
			for range c.n {
				if discard, trend := judge(c.draw(random)); discard > 0 || trend != 0 {
					found++
				}
			}
			t.Logf("%.2f %% of %d", 100*float64(found)/float64(c.n), c.n)
			if float64(found) > c.most*float64(c.n) {
				t.Errorf("%d of %d steady series are called unsteady, want at most %.1f %%", found, c.n, 100*c.most)
			}
		})
	}
}

// A warm-up of a fifth of the window at half speed is found, and little more than it is cut off.
func TestAWarmUpIsFoundAndCutOff(t *testing.T) {
	for _, c := range []struct{ deviation, rho, power float64 }{{0, 0, 1}, {0.05, 0, 0.999}, {0.05, 0.5, 0.99}, {0.1, 0, 0.99}, {0.1, 0.5, 0.9}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			random := rand.New(rand.NewPCG(3, 4))
			const n = 200
			found, cut := 0, 0
			for range n {
				values := noise(random, 50, c.deviation, c.rho)
				for i := range 10 {
					values[i] /= 2
				}
				d, _ := judge(values, values)
				if d > 0 {
					found++
					cut += d
				}
				if d > 25 {
					t.Errorf("%d of 50 values cut off: more than half", d)
				}
			}
			if float64(found) < c.power*n {
				t.Errorf("found in %d of %d, want %v of them", found, n, c.power)
			}
			if mean := float64(cut) / float64(found); mean < 9.9 || mean > 13 {
				t.Errorf("%.1f slices cut off on average, want 10 and little more", mean)
			}
		})
	}
}

func TestWhatIsNoWarmUpIsNotCutOff(t *testing.T) {
	of := func(change func(i int) float64) []float64 {
		values := noise(rand.New(rand.NewPCG(5, 6)), 50, 0.03, 0)
		for i := range values {
			values[i] *= change(i)
		}
		return values
	}
	between := func(from, to int, then float64) []float64 {
		return of(func(i int) float64 {
			if i >= from && i < to {
				return then
			}
			return 1
		})
	}
	for name, c := range map[string]struct {
		values []float64
		want   bool // that something is cut off
	}{
		"slow at first":                       {between(0, 10, 0.5), true},
		"fast at first":                       {between(0, 10, 1.5), true},
		"dead at first":                       {between(0, 10, 0), true},
		"a stall a fifth into the window":     {between(10, 20, 0), false},
		"a stall soon after the beginning":    {between(2, 12, 0), false},
		"a stall at the end":                  {between(40, 50, 0), false},
		"dead but for the beginning":          {between(10, 50, 0), false},
		"fast at first, for a single slice":   {between(0, 1, 10), false}, // one slice
		"slow by what makes no difference":    {between(0, 10, 0.85), false},
		"slow by a little more than that":     {between(0, 12, 0.75), true},
		"fast through the first half of it":   {between(0, 25, 1.2), true},
		"at its best a fifth into the window": {of(func(i int) float64 { return 1 - 0.01*math.Abs(float64(i-10)) }), false},
	} {
		t.Run(name, func(t *testing.T) {
			if d, trend := judge(c.values, c.values); (d > 0) != c.want {
				t.Errorf("%d of 50 are cut off (trend %v), want any: %t", d, trend, c.want)
			}
		})
	}
}

func TestATrendIsToldByItsSizeAndSign(t *testing.T) {
	for _, change := range []float64{-0.4, -0.2, -0.05, 0.05, 0.2, 0.4} {
		random := rand.New(rand.NewPCG(7, 8))
		for range 20 {
			values := noise(random, 50, 0.02, 0)
			for i := range values {
				values[i] *= 1 + change*(float64(i)/49-0.5)
			}
			got := trendOf(values)
			if math.Abs(change) < practicalTrend {
				if got != 0 {
					t.Errorf("a change of %v is told as %v, and does not matter", change, got)
				}
			} else if math.Abs(got-change) > 0.04 {
				t.Errorf("a change of %v is told as %v", change, got)
			}
		}
	}
}

// The examples can be worked by hand: S is the number of pairs that rise less that of those that fall.
func TestMannKendallIsTheFormula(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{1, 2, 3, 4, 5}, 9 / math.Sqrt(5*4*15/18.)}, // S = 10
		{[]float64{5, 4, 3, 2, 1}, -9 / math.Sqrt(5*4*15/18.)},
		{[]float64{1, 1, 2, 2, 3}, 7 / math.Sqrt((5*4*15-2*2*1*9)/18.)}, // S = 8, two ties of two
		{[]float64{2, 1, 4, 3}, 1 / math.Sqrt(4*3*13/18.)},              // S = 2
		{[]float64{1, 2, 2, 1}, 0},                                      // S = 0
		{[]float64{3, 3, 3}, 0},
		{nil, 0},
	} {
		if got := mannKendall(c.values); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v: z is %v, want %v", c.values, got, c.want)
		}
	}
}

func TestTheSlopeIsTheMedianOfAllSlopes(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{[]float64{1, 3, 5, 7}, 2}, {[]float64{1, 3, 5, 700}, 2}, {[]float64{5, 3, 4}, -0.5}, {[]float64{4}, 0}, {nil, 0}} {
		if got := sen(c.values); got != c.want && !(len(c.values) == 4 && c.values[3] == 700 && got > 2 && got < 175) {
			t.Errorf("%v: %v, want %v", c.values, got, c.want)
		}
	}
}

func TestTheMarginalStandardErrorRuleIsTheFormula(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	for range 50 {
		values := noise(random, 40, 0.3, 0.5)
		best, least := 0, math.Inf(1)
		for d := range 21 {
			n, sum, squares := float64(40-d), 0.0, 0.0
			for _, x := range values[d:] {
				sum += x
				squares += x * x
			}
			if e := (squares - sum*sum/n) / (n * n); e < least-1e-15 {
				best, least = d, e
			}
		}
		if got := mser(values); got != best {
			t.Errorf("%d, want %d", got, best)
		}
	}
}

func TestResemblanceOfNeighboursIsEstimated(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	for _, rho := range []float64{0, 0.3, 0.6} {
		var all []float64
		for range 500 {
			all = append(all, inflation(noise(random, 50, 1, rho)))
		}
		slices.Sort(all)
		if got, want := all[250], (1+rho)/(1-rho); math.Abs(got-want) > 0.12*want {
			t.Errorf("neighbours that resemble each other by %v: the variance is inflated by %v in the median, want %v", rho, got, want)
		}
	}
}

// record is a trial of so many slices of 20 ms, with 1000 answers of a millisecond in each, of one client.
func record(loop trial.Loop, slices int) trial.Trial {
	t := trial.Trial{Load: trial.Load{Loop: loop, Clients: 1}, Window: time.Duration(slices) * 20 * time.Millisecond}
	s := trial.Series{Slice: 20 * time.Millisecond}
	for range slices {
		s.Due, s.OK, s.Good, s.Timed = append(s.Due, 1000), append(s.OK, 1000), append(s.Good, 1000), append(s.Timed, 1000)
		s.Response = append(s.Response, time.Millisecond)
	}
	t.Series, t.Counts = s, trial.Counts{Intended: int64(slices) * 1000, Good: int64(slices) * 1000}
	return t
}

func TestWhichTrialsCanBeJudged(t *testing.T) {
	for name, c := range map[string]struct {
		trial  trial.Trial
		change func(*trial.Trial)
		want   bool
	}{
		"a closed loop":                 {record(trial.Closed, 50), func(*trial.Trial) {}, true},
		"one with the fewest slices":    {record(trial.Closed, fewest), func(*trial.Trial) {}, true},
		"one with fewer":                {record(trial.Closed, fewest-1), func(*trial.Trial) {}, false},
		"one without a series":          {record(trial.Closed, 50), func(t *trial.Trial) { t.Series = trial.Series{} }, false},
		"a closed loop has no offer":    {record(trial.Closed, 50), func(t *trial.Trial) { t.Counts.Good = 0 }, true},
		"an open loop":                  {record(trial.Open, 50), func(*trial.Trial) {}, true},
		"sessions":                      {record(trial.Sessions, 50), func(*trial.Trial) {}, true},
		"an open loop that changes":     {record(trial.Open, 50), func(t *trial.Trial) { t.Load.Profile = trial.Burst(5, 0, 1) }, false},
		"an open loop, just kept up":    {record(trial.Open, 50), func(t *trial.Trial) { t.Counts.Good = 49_500 }, true},
		"an open loop, not kept up":     {record(trial.Open, 50), func(t *trial.Trial) { t.Counts.Good = 49_499 }, false},
		"more offered than can be done": {record(trial.Open, 50), func(t *trial.Trial) { t.Load.Fraction = 1.01 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			c.change(&c.trial)
			state, ok := Of(c.trial)
			if ok != c.want || !state.Steady() {
				t.Errorf("judged: %t, want %t; %+v", ok, c.want, state)
			}
		})
	}
}

func TestTheFigureThatNeedsMostDecides(t *testing.T) {
	const n = 50
	slowFor := func(slices int) func(*trial.Trial) {
		return func(t *trial.Trial) {
			for i := range slices {
				t.Series.Good[i] = 500
			}
		}
	}
	slow := slowFor(8)
	late := func(t *trial.Trial) {
		for i := range 12 {
			t.Series.Response[i] = 3 * time.Millisecond
		}
	}
	rising := func(t *trial.Trial) {
		for i := range n {
			t.Series.Response[i] += time.Duration(i) * 10 * time.Microsecond
		}
	}
	for name, c := range map[string]struct {
		change []func(*trial.Trial)
		want   State
	}{
		"few answers at first":      {[]func(*trial.Trial){slow}, State{Discard: 160 * time.Millisecond, Share: 0.16, Warming: Goodput, Slices: 8}},
		"slow answers at first":     {[]func(*trial.Trial){late}, State{Discard: 240 * time.Millisecond, Share: 0.24, Warming: Response, Slices: 12}},
		"both":                      {[]func(*trial.Trial){slow, late}, State{Discard: 240 * time.Millisecond, Share: 0.24, Warming: Response, Slices: 12}},
		"both, the other way round": {[]func(*trial.Trial){slowFor(20), late}, State{Discard: 400 * time.Millisecond, Share: 0.4, Warming: Goodput, Slices: 20}},
		"a slice without any times": {[]func(*trial.Trial){slow, late, func(t *trial.Trial) { t.Series.Timed[30] = 0 }}, State{Discard: 160 * time.Millisecond, Share: 0.16, Warming: Goodput, Slices: 8}},
	} {
		t.Run(name, func(t *testing.T) {
			r := record(trial.Closed, n)
			for _, change := range c.change {
				change(&r)
			}
			if got, ok := Of(r); !ok || got != c.want {
				t.Errorf("got %+v (%t), want %+v", got, ok, c.want)
			}
		})
	}
	r := record(trial.Closed, n)
	rising(&r)
	got, _ := Of(r)
	if got.Steady() || got.Trending != Response || got.Trend < 0.15 {
		t.Errorf("response times that rise from 1 to 1.5 ms: %+v", got)
	}
}

func TestATrendThatIsAllWarmUpIsToldOnce(t *testing.T) {
	random := rand.New(rand.NewPCG(13, 14))
	for range 20 { // the whole series has a significant trend in half of them
		values := noise(random, 50, 0.1, 0)
		for i := range 22 {
			values[i] *= 0.5 + 0.5*float64(i)/22
		}
		if d, trend := judge(values, values); d == 0 || trend != 0 {
			t.Errorf("%d slices are cut off, and the rest changes by %v; want some, and 0", d, trend)
		}
	}
}
