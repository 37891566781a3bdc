package schedule

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/poolbench/poolbench/bench/trial"
)

// profiles are shapes in a window of ten seconds.
var profiles = map[string][]trial.Segment{
	"steady":                    nil,
	"burst of five":             trial.Burst(5, 3*time.Second, time.Second),
	"burst up to the end":       trial.Burst(2, 8*time.Second, 2*time.Second),
	"burst all the time":        trial.Burst(3, 0, 10*time.Second),
	"silence":                   trial.Burst(0, 4*time.Second, 3*time.Second),
	"silence from the start":    trial.Burst(0, 0, 3*time.Second),
	"ramp up":                   trial.Ramp(0.5, 2, 10*time.Second),
	"ramp down to nothing":      trial.Ramp(2, 0, 6*time.Second),
	"ramp up from nothing":      trial.Ramp(0, 3, 6*time.Second),
	"ramp that hardly rises":    trial.Ramp(1, 1+1e-13, 10*time.Second),
	"ramp that hardly falls":    trial.Ramp(1+1e-13, 1, 10*time.Second),
	"steps":                     trial.Steps(2*time.Second, 1, 0.25, 4, 0, 2),
	"silence between two bumps": {{From: time.Second, To: 2 * time.Second, Begin: 0, End: 4}, {From: 2 * time.Second, To: 5 * time.Second}, {From: 5 * time.Second, To: 7 * time.Second, Begin: 4, End: 0}},
	"odd times":                 {{From: 1_234_567_891, To: 2_345_678_913, Begin: 1.7, End: 0.3}, {From: 2_345_678_913, To: 2_345_678_914, Begin: 0, End: 9}},
}

// expected is Λ(t) over again: summed up over the whole profile for each t, in seconds and by trapezia, where the package
// walks along it in pieces.
func expected(l trial.Load, opens, t time.Duration) float64 {
	sum, plainTo := 0.0, t
	for _, s := range slices.Backward(l.Profile) {
		from, to := opens+s.From, min(opens+s.To, plainTo)
		if from >= plainTo {
			continue
		}
		share := float64(to-from) / float64(s.To-s.From)
		end := s.Begin + share*(s.End-s.Begin)
		sum += l.Rate * (s.Begin + end) / 2 * (to - from).Seconds()
		sum += l.Rate * (plainTo - to).Seconds()
		plainTo = from
	}
	return sum + l.Rate*plainTo.Seconds()
}

// peak is the highest rate that l ever has.
func peak(l trial.Load) float64 {
	factor := 1.0
	for _, s := range l.Profile {
		factor = max(factor, s.Begin, s.End)
	}
	return l.Rate * factor
}

// before takes all times before end from s.
func before(s Schedule, end time.Duration) []time.Duration {
	var all []time.Duration
	for at := s.Next(); at < end; at = s.Next() {
		all = append(all, at)
	}
	return all
}

// count is how many of the sorted times are in [from, to).
func count(times []time.Duration, from, to time.Duration) int {
	a, _ := slices.BinarySearch(times, from)
	b, _ := slices.BinarySearch(times, to)
	return b - a
}

func TestEachPartOfAProfileHasAsManyAsItsRateSays(t *testing.T) {
	const opens, window, tail = 1500 * time.Millisecond, 10 * time.Second, time.Second
	for name, profile := range profiles {
		for _, arrivals := range []trial.Arrivals{trial.Poisson, trial.Constant} {
			t.Run(fmt.Sprintf("%s/%s", name, arrivals), func(t *testing.T) {
				l := trial.Load{Loop: trial.Open, Rate: 4321, Arrivals: arrivals, Profile: profile}
				if err := Check(l, window); err != nil {
					t.Fatal(err)
				}
				times := before(New(l, opens, 11), opens+window+tail)
				edges := []time.Duration{0, opens, opens + window, opens + window + tail}
				for _, s := range profile {
					edges = append(edges, opens+s.From, opens+(s.From+s.To)/2, opens+s.To)
				}
				slices.Sort(edges)
				for i, to := range edges[1:] {
					from := edges[i]
					want := expected(l, opens, to) - expected(l, opens, from)
					// Four standard deviations of a Poisson count, and of one that is smaller than that the whole.
					off := max(1, 4*math.Sqrt(want))
					if arrivals == trial.Constant {
						off = 1.001 // both ends may cut a gap
					}
					if want == 0 {
						off = 0
					}
					if got := count(times, from, to); math.Abs(float64(got)-want) > off {
						t.Errorf("%v to %v: %d are due, want %.1f ± %.1f", from, to, got, want, off)
					}
				}
			})
		}
	}
}

// In the time in which one request a second is expected, whatever the profile, Poisson arrivals are those of rate 1: their
// gaps are exponential with mean 1 and have nothing to do with each other.
func TestPoissonGapsAreExponentialOnceTheRateIsTakenOut(t *testing.T) {
	const opens, end = 1500 * time.Millisecond, 12 * time.Second
	for name, profile := range profiles {
		t.Run(name, func(t *testing.T) {
			l := trial.Load{Loop: trial.Open, Rate: 2000, Arrivals: trial.Poisson, Profile: profile}
			var gaps []float64
			last := 0.0
			for _, at := range before(New(l, opens, 3), end) {
				u := expected(l, opens, at)
				gaps = append(gaps, u-last)
				last = u
			}
			n := float64(len(gaps))

			var together, squares float64
			for i, gap := range gaps[1:] {
				together += (gap - 1) * (gaps[i] - 1)
				squares += (gap - 1) * (gap - 1)
			}
			if r := together / squares; math.Abs(r) > 5/math.Sqrt(n) {
				t.Errorf("each gap is correlated with the next by %.3f", r)
			}

			slices.Sort(gaps)
			distance := 0.0 // Kolmogorov's and Smirnov's
			for i, gap := range gaps {
				f := 1 - math.Exp(-gap)
				distance = max(distance, f-float64(i)/n, float64(i+1)/n-f)
			}
			// A perfect sample is farther than 1.95/√n once in a thousand times, and the seed is fixed.
			if limit := 1.95 / math.Sqrt(n); distance > limit {
				t.Errorf("%d gaps are %.4f from an exponential distribution, want at most %.4f", len(gaps), distance, limit)
			}
		})
	}
}

// Records of runs name their seeds: a steady load has to go on meaning the same times.
func TestSteadyPoissonTimesAreTheSumOfTheSeedsGaps(t *testing.T) {
	for _, rate := range []float64{0.7, 5000, 1e6} {
		for seed := range uint64(3) {
			s := New(trial.Load{Loop: trial.Open, Rate: rate}, time.Second, seed)
			random := rand.New(rand.NewPCG(seed, 0x706f6973736f6e))
			// Summed with the rounding carried along (Kahan), so that what the schedule's own sums lose would show.
			var sum, lost float64
			for n := range 300_000 {
				gap := random.ExpFloat64()*1e9/rate - lost
				next := sum + gap
				lost = (next - sum) - gap
				sum = next
				// Half a nanosecond of rounding, and a ten-millionth of a gap.
				if got := s.Next(); math.Abs(float64(got)-sum) > 0.5+100/rate {
					t.Fatalf("rate %v, seed %d: request %d is due at %d ns, want %.1f", rate, seed, n, got, sum)
				}
			}
		}
	}
}

func TestPoissonIsItsSeed(t *testing.T) {
	l := trial.Load{Loop: trial.Open, Rate: 100, Arrivals: trial.Poisson, Profile: profiles["steps"]}
	a, b, other := New(l, time.Second, 1), New(l, time.Second, 1), New(l, time.Second, 2)
	same := 0
	for i := range 1000 {
		at := a.Next()
		if got := b.Next(); got != at {
			t.Fatalf("arrival %d of the same seed: %v and %v", i, at, got)
		}
		if other.Next() == at {
			same++
		}
	}
	if same > 0 {
		t.Errorf("%d of 1000 arrivals are the same with another seed", same)
	}
}

func TestArrivalsThatNobodyChoseArePoisson(t *testing.T) {
	plain := New(trial.Load{Loop: trial.Open, Rate: 100}, 0, 1)
	poisson := New(trial.Load{Loop: trial.Open, Rate: 100, Arrivals: trial.Poisson}, 0, 1)
	for range 10 {
		if got, want := plain.Next(), poisson.Next(); got != want {
			t.Fatalf("due at %v, want %v", got, want)
		}
	}
}

func TestConstantIsExactOverAMillion(t *testing.T) {
	for _, rate := range []float64{0.5, 3, 7000, 99_991} {
		s := New(trial.Load{Loop: trial.Open, Rate: rate, Arrivals: trial.Constant}, time.Second, 1)
		for n := range 1_000_001 {
			got, want := s.Next(), float64(n)*1e9/rate
			if math.Abs(float64(got)-want) > 0.5+want*1e-15 {
				t.Fatalf("rate %v: request %d is due at %d ns, want %.1f", rate, n, got, want)
			}
		}
	}
}

// Ten hours of a rate that changes every half minute: what each piece passes on to the next must not add up.
func TestAConstantRateThatChangesDoesNotDriftOverHours(t *testing.T) {
	const half, rounds = 30 * time.Second, 35
	factors := func(i int) (begin, end float64) { return float64(i%7) / 3, float64(i%5) / 7 } // 35 different pairs
	l := trial.Load{Loop: trial.Open, Rate: 70, Arrivals: trial.Constant}
	round := 0.0 // expected in 35 segments
	for i := range rounds * 35 {
		from := time.Duration(i) * half
		begin, end := factors(i)
		l.Profile = append(l.Profile, trial.Segment{From: from, To: from + half, Begin: begin, End: end})
		if i < 35 {
			round += 70 * (begin + end) / 2 * half.Seconds()
		}
	}
	times := before(New(l, 0, 0), rounds*35*half)
	if want := rounds * round; math.Abs(float64(len(times))-want) > 1 {
		t.Errorf("%d are due in ten hours, want %.1f", len(times), want)
	}
	for n := len(times) - 1000; n < len(times); n++ {
		if off := expected(l, 0, times[n]) - float64(n); math.Abs(off) > 1e-6 {
			t.Fatalf("request %d is due at %v, where %.9f more are expected", n, times[n], off)
		}
	}
}

func TestNothingIsDueWhileTheRateIsNothing(t *testing.T) {
	const opens = time.Second
	silence := trial.Burst(0, 2*time.Second, 2*time.Second) // 3 to 5 s into the load
	for name, c := range map[string]struct {
		rate float64
		want []time.Duration
	}{
		"due as it begins":                     {1, []time.Duration{0, 1e9, 2e9, 5e9, 6e9}},
		"rounded to the moment that it begins": {2 / (3 - 0.3e-9), []time.Duration{0, 1.5e9, 5e9, 6.5e9}},
		"due just before it begins":            {1 / (1 - 1e-9), []time.Duration{0, 1e9 - 1, 2e9 - 2, 3e9 - 3, 6e9 - 4}},
	} {
		t.Run(name, func(t *testing.T) {
			s := New(trial.Load{Loop: trial.Open, Rate: c.rate, Arrivals: trial.Constant, Profile: silence}, opens, 0)
			for n, want := range c.want {
				if got := s.Next(); got != want {
					t.Errorf("request %d is due at %v, want %v", n, got, want)
				}
			}
		})
	}
}

func TestATinyRateIsDueNeverAndNotInThePast(t *testing.T) {
	for _, rate := range []float64{1e-12, 1e-300, math.SmallestNonzeroFloat64} {
		for _, arrivals := range []trial.Arrivals{trial.Poisson, trial.Constant} {
			for name, profile := range profiles {
				l := trial.Load{Loop: trial.Open, Rate: rate, Arrivals: arrivals, Profile: profile}
				s := New(l, time.Second, 1)
				last := time.Duration(0)
				for range 5 {
					at := s.Next()
					if at < last {
						t.Fatalf("rate %v, %s, %s: %v after %v", rate, arrivals, name, at, last)
					}
					last = at
				}
				if last != Never {
					t.Errorf("rate %v, %s, %s: due at %v, want never", rate, arrivals, name, last)
				}
			}
		}
	}
}

// checked is any load that Check lets through, in a window of any length, with a rate that has a few hundred requests see
// all of the profile.
func checked(t *rapid.T) (l trial.Load, opens time.Duration) {
	l = trial.Load{Loop: trial.Open, Arrivals: rapid.SampledFrom([]trial.Arrivals{trial.Poisson, trial.Constant}).Draw(t, "arrivals")}
	length := rapid.OneOf(rapid.Int64Range(1, 10), rapid.Int64Range(1, int64(time.Second)), rapid.Int64Range(1, int64(time.Hour)))
	factor := rapid.OneOf(rapid.SampledFrom([]float64{0, 1, 5}), rapid.Float64Range(0, 10),
		rapid.Map(rapid.Float64Range(-15, 0), func(x float64) float64 { return 1 + math.Pow(10, x) }),
		rapid.Map(rapid.Float64Range(-300, 0), func(x float64) float64 { return math.Pow(10, x) }))
	opens = time.Duration(rapid.OneOf(rapid.Just[int64](0), length).Draw(t, "opens"))
	var window time.Duration
	for range rapid.IntRange(0, 6).Draw(t, "segments") {
		from := window
		if rapid.Bool().Draw(t, "apart") {
			from += time.Duration(length.Draw(t, "gap"))
		}
		window = from + time.Duration(length.Draw(t, "length"))
		l.Profile = append(l.Profile, trial.Segment{From: from, To: window, Begin: factor.Draw(t, "begin"), End: factor.Draw(t, "end")})
	}
	requests := rapid.OneOf(rapid.Float64Range(1, 1000), rapid.Map(rapid.IntRange(1, 1000), func(n int) float64 { return float64(n) })).Draw(t, "requests")
	l.Rate = min(requests/(1+opens+window).Seconds(), 1e6)
	if err := Check(l, window); err != nil {
		t.Fatalf("%+v: %v", l, err)
	}
	return l, opens
}

// Whatever the profile: times never decrease, request n is due where the process expects it, and never where the rate
// is 0.
func TestRequestsAreDueWhereSoManyAreExpected(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, opens := checked(t)
		const seed = 5
		s, process := New(l, opens, seed), New(trial.Load{Rate: 1, Arrivals: l.Arrivals}, 0, seed).(*schedule).expected
		last := time.Duration(0)
		for range 1500 {
			at, u := s.Next(), process.next()
			if at < last {
				t.Fatalf("%v after %v", at, last)
			}
			last = at
			if at == Never {
				t.Fatalf("never due, at a rate of %v", l.Rate)
			}
			// A nanosecond's rounding, and that of sums of numbers as large as these.
			off := peak(l)*1.01e-9 + 1e-13*(1+u+expected(l, opens, at))
			if got := expected(l, opens, at); math.Abs(got-u) > off {
				t.Fatalf("due at %v, where %v are expected: want %v ± %v", at, got, u, off)
			}
			for _, p := range l.Profile {
				if p.Begin == 0 && p.End == 0 && at >= opens+p.From && at < opens+p.To {
					t.Fatalf("due at %v, in the silence from %v to %v", at, opens+p.From, opens+p.To)
				}
			}
		}
	})
}

// listed is a process that has been written down.
type listed []float64

func (l *listed) next() float64 {
	u := (*l)[0]
	*l = (*l)[1:]
	return u
}

// On a slope of months, what is due there next to the smallest possible bit later comes out of the formula earlier in one
// of three hundred cases.
func TestRoundingDoesNotTurnTimeBack(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		length := math.Ldexp(1, 45+random.IntN(10))
		p := piece{rate: random.Float64() * 1e-9}
		p.slope = (random.Float64()*1e-9 - p.rate) / length
		u := random.Float64() * p.until(length)
		s := schedule{expected: &listed{u, math.Nextafter(u, math.Inf(1))}, pieces: []piece{p}}
		if first, second := s.Next(), s.Next(); second < first {
			t.Fatalf("%+v: due at %d and then at %d ns", p, first, second)
		}
	}
}

func TestNextDoesNotAllocate(t *testing.T) {
	for _, arrivals := range []trial.Arrivals{trial.Poisson, trial.Constant} {
		s := New(trial.Load{Loop: trial.Open, Rate: 1000, Arrivals: arrivals, Profile: profiles["steps"]}, time.Second, 1)
		if n := testing.AllocsPerRun(20_000, func() { s.Next() }); n > 0 {
			t.Errorf("%s: %v allocations for each request", arrivals, n)
		}
	}
}

func BenchmarkNext(b *testing.B) {
	for _, arrivals := range []trial.Arrivals{trial.Poisson, trial.Constant} {
		for _, name := range []string{"steady", "ramp"} {
			b.Run(fmt.Sprintf("arrivals=%s/profile=%s", arrivals, name), func(b *testing.B) {
				l := trial.Load{Loop: trial.Open, Rate: 20_000, Arrivals: arrivals}
				if name == "ramp" {
					l.Profile = trial.Ramp(1, 2, 1000*time.Hour)
				}
				s := New(l, time.Second, 1)
				b.ReportAllocs()
				for b.Loop() {
					s.Next()
				}
			})
		}
	}
}
