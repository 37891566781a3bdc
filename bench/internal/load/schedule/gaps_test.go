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

const (
	us = time.Microsecond
	ms = time.Millisecond
)

// gapsOf records gaps.
func gapsOf(gaps ...time.Duration) *Gaps {
	var g Gaps
	for _, gap := range gaps {
		g.Record(gap)
	}
	return &g
}

// gapsBetween records the gaps between times.
func gapsBetween(times []time.Duration) *Gaps {
	var g Gaps
	for i, at := range times[1:] {
		g.Record(at - times[i])
	}
	return &g
}

// distance is the same for two lists of equal length, without buckets: the mean of what the n-th shortest gaps differ by.
func distance(scheduled, dealt []time.Duration) float64 {
	a, b := slices.Sorted(slices.Values(scheduled)), slices.Sorted(slices.Values(dealt))
	var sum, mean float64
	for i := range a {
		sum += math.Abs(float64(a[i] - b[i]))
		mean += float64(a[i])
	}
	return sum / mean
}

func near(t *testing.T, what string, got, want, off float64) {
	t.Helper()
	if !(math.Abs(got-want) <= off) {
		t.Errorf("%s: gap error is %.6f, want %.6f ± %.6f", what, got, want, off)
	}
}

func TestWhatIsDealtAsScheduledHasNoError(t *testing.T) {
	for _, arrivals := range []trial.Arrivals{trial.Poisson, trial.Constant} {
		times := before(New(trial.Load{Rate: 5000, Arrivals: arrivals}, 0, 1), time.Second)
		var late []time.Duration
		for _, at := range times {
			late = append(late, at+3*ms)
		}
		if got := GapError(gapsBetween(times), gapsBetween(late)); got != 0 {
			t.Errorf("%s, all late by the same: gap error is %v, want 0", arrivals, got)
		}
		thrice := gapsBetween(times)
		thrice.Merge(gapsBetween(times))
		thrice.Merge(gapsBetween(times))
		if got := GapError(gapsBetween(times), thrice); got != 0 {
			t.Errorf("%s, three drivers of the same: gap error is %v, want 0", arrivals, got)
		}
	}
}

// A driver that wakes once a millisecond deals what is due in bunches. Of n gaps of length g it makes n−1 of 0 and one of
// n·g, which is 2(n−1)/n mean gaps of earth to move.
func TestAConstantRateInBunchesHasTheErrorThatTheoryGives(t *testing.T) {
	for _, n := range []int{1, 2, 5, 10, 100} {
		scheduled := before(New(trial.Load{Rate: float64(n) * 1000, Arrivals: trial.Constant}, 0, 0), 10*time.Second+1)
		var dealt []time.Duration
		for _, at := range scheduled {
			dealt = append(dealt, at.Truncate(ms))
		}
		want := 2 * float64(n-1) / float64(n)
		near(t, fmt.Sprintf("bunches of %d", n), GapError(gapsBetween(scheduled), gapsBetween(dealt)), want, 1e-3)
	}
}

// Poisson arrivals in bunches of n: n−1 of n gaps are 0 and one is the sum of n exponential ones.
func TestPoissonArrivalsInBunchesHaveTheErrorThatTheoryGives(t *testing.T) {
	for _, n := range []int{2, 5, 10} {
		scheduled := before(New(trial.Load{Rate: 5000, Arrivals: trial.Poisson}, 0, 8), 40*time.Second)
		scheduled = scheduled[:len(scheduled)/n*n]
		var dealt []time.Duration
		for i := range scheduled {
			dealt = append(dealt, scheduled[i/n*n+n-1])
		}
		// ∫ |F − G|, in mean gaps, as a sum of rectangles.
		const dx = 1e-4
		want := 0.0
		for x := dx / 2; x < 100; x += dx {
			erlang, term := 1.0, math.Exp(-x) // of n: 1 − Σ e⁻ˣ·xᵏ/k!, k < n
			for k := range n {
				erlang -= term
				term *= x / float64(k+1)
			}
			want += dx * math.Abs(1-math.Exp(-x)-(float64(n-1)+erlang)/float64(n))
		}
		// With 200,000 gaps in n-th parts, a sample's own deviation is under 1 %.
		near(t, fmt.Sprintf("bunches of %d", n), GapError(gapsBetween(scheduled), gapsBetween(dealt)), want, 0.02)
	}
}

// Each arrival is off by up to 5 µs, so that gaps are off by a triangle of ±10 µs around 200: its mean distance from 200
// is a third of 10.
func TestALittleJitterIsALittleError(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	scheduled := before(New(trial.Load{Rate: 5000, Arrivals: trial.Constant}, 0, 0), 20*time.Second)
	var dealt []time.Duration
	for _, at := range scheduled {
		dealt = append(dealt, at+10*us+time.Duration((2*random.Float64()-1)*float64(5*us)))
	}
	near(t, "jitter of 5 µs on 200", GapError(gapsBetween(scheduled), gapsBetween(dealt)), 10.0/3/200, 3e-3)

	scheduled = before(New(trial.Load{Rate: 5000, Arrivals: trial.Poisson}, 0, 1), 20*time.Second)
	dealt = dealt[:0]
	for _, at := range scheduled {
		dealt = append(dealt, at+time.Duration(random.Float64()*float64(5*us)))
	}
	slices.Sort(dealt)
	if got := GapError(gapsBetween(scheduled), gapsBetween(dealt)); got > 0.01 {
		t.Errorf("jitter of up to 5 µs on Poisson arrivals: gap error is %.4f, want at most 0.01", got)
	}
}

func TestKnownErrors(t *testing.T) {
	hundred := func(gap time.Duration) *Gaps { return gapsOf(slices.Repeat([]time.Duration{gap}, 100)...) }
	for name, c := range map[string]struct {
		scheduled, dealt *Gaps
		want             float64
	}{
		"a tenth slower":                   {hundred(200 * us), hundred(220 * us), 0.1},
		"a tenth faster":                   {hundred(200 * us), hundred(180 * us), 0.1},
		"half of the rate":                 {hundred(200 * us), hundred(400 * us), 1},
		"within one bucket, more":          {hundred(200 * us), hundred(201 * us), 0.005},
		"within one bucket, less":          {hundred(201 * us), hundred(200 * us), 1.0 / 201},
		"one of a hundred is twice as big": {hundred(ms), gapsOf(append(slices.Repeat([]time.Duration{ms}, 99), 2*ms)...), 0.01},
		"two values against their mean":    {hundred(200 * us), gapsOf(100*us, 300*us), 0.5},
		"the other way round":              {gapsOf(100*us, 300*us), hundred(200 * us), 0.5},
		"shifted by the space between":     {gapsOf(1*ms, 2*ms, 3*ms), gapsOf(2*ms, 3*ms, 4*ms), 0.5},
		"the order does not matter":        {gapsOf(1*ms, 2*ms, 3*ms), gapsOf(3*ms, 1*ms, 2*ms), 0},
		"all dealt at once":                {hundred(200 * us), hundred(0), 1},
		"negative gaps count as none":      {hundred(200 * us), hundred(-time.Hour), 1},
		"longer than an hour is an hour":   {hundred(30 * time.Minute), hundred(Never), 1},
		"nothing was scheduled":            {&Gaps{}, hundred(us), 0},
		"nothing was dealt":                {gapsOf(us, 2*us), &Gaps{}, 0},
		"half a nanosecond":                {gapsOf(1000, 1001), hundred(1000), 0.5 / 1000.5},
		"all scheduled at once":            {hundred(0), hundred(us), 0},
	} {
		near(t, name, GapError(c.scheduled, c.dealt), c.want, 1e-12)
	}
}

// What a bucket loses is at most half its width for each of the two distributions.
func TestBucketsCostNoMoreThanTheyClaim(t *testing.T) {
	gap := rapid.OneOf(rapid.Int64Range(0, 100), rapid.Int64Range(0, 1e6), rapid.Int64Range(1e6, 1_100_000), rapid.Int64Range(0, 1e12))
	worst := 0.0
	rapid.Check(t, func(t *rapid.T) {
		var lists [2][]time.Duration
		var means [2]float64
		n := rapid.IntRange(1, 50).Draw(t, "gaps")
		for i, name := range []string{"scheduled", "dealt"} {
			for _, ns := range rapid.SliceOfN(gap, n, n).Draw(t, name) {
				lists[i] = append(lists[i], time.Duration(ns))
				means[i] += float64(ns)
			}
		}
		if means[0] == 0 {
			t.Skip("all at once: nothing to compare")
		}
		got, want := GapError(gapsOf(lists[0]...), gapsOf(lists[1]...)), distance(lists[0], lists[1])
		claim := (means[0] + means[1]) / means[0] / 64
		if math.Abs(got-want) > claim*(1+1e-9) {
			t.Fatalf("gap error is %v, without buckets %v: off by more than %v", got, want, claim)
		}
		worst = max(worst, math.Abs(got-want)/claim)
	})
	if worst == 0 {
		t.Error("the buckets have never lost anything: these lists test nothing")
	}
}

// The claim for what real drivers do: arrivals that are all off by something, at any rate.
func TestBucketsCostLessThanAHundredthInPractice(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, rate := range []float64{137, 5000, 20_000, 400_000} {
		for _, share := range []float64{0.01, 0.1, 0.5, 2} { // of the mean gap
			for _, arrivals := range []trial.Arrivals{trial.Poisson, trial.Constant} {
				times := New(trial.Load{Rate: rate, Arrivals: arrivals}, 0, 1)
				var scheduled, dealt []time.Duration
				var was, wasDealt time.Duration
				for range 20_000 {
					at := times.Next()
					late := max(wasDealt, at+time.Duration(share*random.ExpFloat64()*1e9/rate))
					scheduled, dealt = append(scheduled, at-was), append(dealt, late-wasDealt)
					was, wasDealt = at, late
				}
				near(t, fmt.Sprintf("%v/s, %s, late by %v gaps", rate, arrivals, share),
					GapError(gapsOf(scheduled...), gapsOf(dealt...)), distance(scheduled, dealt), 0.003)
			}
		}
	}
}

func TestTheUnitOfTimeDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Int64Range(32, 1e6), 1, 50)
		var gaps, longer [2]Gaps
		for i, name := range []string{"scheduled", "dealt"} {
			for _, ns := range list.Draw(t, name) {
				gaps[i].Record(time.Duration(ns))
				longer[i].Record(time.Duration(ns) << 12) // a power of 2: the buckets move along
			}
		}
		if got, want := GapError(&longer[0], &longer[1]), GapError(&gaps[0], &gaps[1]); math.Abs(got-want) > 1e-9*want {
			t.Fatalf("gap error of gaps 4096 times as long is %v, was %v", got, want)
		}
	})
}

func TestMergedIsAsRecordedInOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var one Gaps
		var shards [3]Gaps
		for _, ns := range rapid.SliceOf(rapid.Int64Range(-1, int64(2*time.Hour))).Draw(t, "gaps") {
			one.Record(time.Duration(ns))
			shards[rapid.IntRange(0, 2).Draw(t, "shard")].Record(time.Duration(ns))
		}
		var merged Gaps
		for i := range shards {
			kept := shards[i]
			merged.Merge(&shards[i])
			if shards[i] != kept {
				t.Fatal("what was merged has changed")
			}
		}
		if merged != one {
			t.Fatal("merged, the gaps are others than recorded in one")
		}
	})
}

func TestEveryGapHasABucketAndNoneIsWiderThanItShouldBe(t *testing.T) {
	if got := bucketOf(longestGap); got >= buckets {
		t.Fatalf("an hour is in bucket %d of %d", got, buckets)
	}
	begin, last := time.Duration(0), 0
	for begin < longestGap {
		if got := bucketOf(begin); got != last {
			t.Fatalf("%d ns is in bucket %d, want %d", begin, got, last)
		}
		// A bucket ends where the next one begins: found by halving.
		end, beyond := begin, 2*begin+2
		for beyond-end > 1 {
			if middle := (end + beyond) / 2; bucketOf(middle) == last {
				end = middle
			} else {
				beyond = middle
			}
		}
		if width := beyond - begin; width > 1 && width > begin/32 {
			t.Fatalf("bucket %d is [%d, %d) ns: too wide", last, begin, beyond)
		}
		begin, last = beyond, last+1
	}
}

func TestRecordDoesNotAllocate(t *testing.T) {
	var g Gaps
	if n := testing.AllocsPerRun(1000, func() { g.Record(200 * us) }); n > 0 {
		t.Errorf("%v allocations for each gap", n)
	}
}

func BenchmarkRecord(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	var gaps [1 << 12]time.Duration
	for i := range gaps {
		gaps[i] = time.Duration(random.ExpFloat64() * float64(50*us))
	}
	var g Gaps
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		g.Record(gaps[i%len(gaps)])
	}
}
