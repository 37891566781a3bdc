package compare

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/aclements/go-moremath/stats"
)

// bruteForce goes through all ways to deal the values to the two sides, and compares means of ranks.
func bruteForce(a, b []float64) float64 {
	all := slices.Concat(a, b)
	rank := func(v float64) float64 {
		below, same := 0, 0
		for _, other := range all {
			if other < v {
				below++
			}
			if other == v {
				same++
			}
		}
		return float64(below) + float64(same+1)/2
	}
	expected := float64(len(a)*(len(all)+1)) / 2
	sum := func(mask int) (s float64, n int) {
		for i, v := range all {
			if mask>>i&1 == 1 {
				s += rank(v)
				n++
			}
		}
		return s, n
	}
	seen, _ := sum(1<<len(a) - 1)
	as, ways := 0, 0
	for mask := range 1 << len(all) {
		s, n := sum(mask)
		if n != len(a) {
			continue
		}
		ways++
		if math.Abs(s-expected) >= math.Abs(seen-expected) {
			as++
		}
	}
	return float64(as) / float64(ways)
}

func draw(rng *rand.Rand, n, kinds int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = float64(rng.IntN(kinds))
	}
	return values
}

// Catches: a p that is wrong with ties and sizes that differ, as go-moremath's is, or ranks that are.
func TestTheRankSumTestIsExactWithTies(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		a, b := draw(rng, 1+rng.IntN(5), 1+rng.IntN(9)), draw(rng, 1+rng.IntN(5), 1+rng.IntN(9))
		if got, want := rankSum(a, b), bruteForce(a, b); math.Abs(got-want) > 1e-12 {
			t.Fatalf("p of %v and %v is %v, want %v", a, b, got, want)
		}
	}
	if p := rankSum([]float64{3, 3}, []float64{2}); math.Abs(p-1.0/3) > 1e-12 {
		t.Errorf("two against one: p is %v, want 1/3", p)
	}
}

// Catches: a distribution that is right for few values only, and a jump where the approximation takes over.
func TestTheRankSumTestIsTheLibrarysWithoutTies(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, sizes := range [][2]int{{8, 8}, {12, 9}, {20, 20}, {25, 25}, {10, 40}, {40, 40}} {
		var a, b []float64
		for range sizes[0] {
			a = append(a, rng.NormFloat64())
		}
		for range sizes[1] {
			b = append(b, 0.6+rng.NormFloat64())
		}
		before := slices.Clone(a)
		want, err := stats.MannWhitneyUTest(a, b, stats.LocationDiffers)
		if err != nil {
			t.Fatal(err)
		}
		got := rankSum(a, b)
		if math.Abs(got-want.P) > 1e-9 || math.Abs(got-rankSum(b, a)) > 1e-9 {
			t.Errorf("%v: p is %v (%v the other way), want %v", sizes, got, rankSum(b, a), want.P)
		}
		if !slices.Equal(a, before) {
			t.Errorf("%v: the caller's values were moved", sizes)
		}
	}
	same := slices.Repeat([]float64{1}, 30)
	if p := rankSum(same, same); p != 1 {
		t.Errorf("60 equal values: p is %v", p)
	}
	// With ties, and behind the limit, against so many random ways to deal.
	a, b := slices.Repeat([]float64{1, 2, 3}, 8), slices.Repeat([]float64{1, 2, 3, 4}, 7)
	all := slices.Concat(a, b)
	_, seen := doubledRanks(a, b)
	as, expected := 0, len(a)*(len(all)+1)
	const ways = 4000
	for range ways {
		rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		if _, sum := doubledRanks(all[:len(a)], all[len(a):]); abs(sum-expected) >= abs(seen-expected) {
			as++
		}
	}
	if got, want := rankSum(a, b), float64(as)/ways; math.Abs(got-want) > 0.03 {
		t.Errorf("with ties behind the limit: p is %v, and %v of random ways to deal are as far off", got, want)
	}
}

// Catches: bounds that are one rank off, and an interval that contradicts its test.
func TestTheIntervalLeavesOutWhatTheTestRejects(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var r ranks
	for range 400 {
		old, new := make([]float64, 2+rng.IntN(10)), make([]float64, 2+rng.IntN(10))
		for i := range old {
			old[i] = math.Exp(0.1 * rng.NormFloat64())
		}
		for i := range new {
			new[i] = math.Exp(0.1 + 0.1*rng.NormFloat64())
		}
		e := r.ratio(old, new)
		if p, excludes := rankSum(old, new), e.Lo > 1 || e.Hi < 1; (p <= 1-confidence) != excludes {
			t.Fatalf("%d and %d trials: p is %v and the interval %v to %v", len(old), len(new), p, e.Lo, e.Hi)
		}
		if e.Confidence != 0 && e.Confidence < confidence {
			t.Fatalf("%d and %d trials: it covers %v", len(old), len(new), e.Confidence)
		}
		back := r.ratio(new, old)
		if math.Abs(e.Value*back.Value-1) > 1e-9 || e.Confidence > 0 && (math.Abs(e.Lo*back.Hi-1) > 1e-9 || math.Abs(e.Hi*back.Lo-1) > 1e-9) {
			t.Fatalf("%+v one way and %+v the other", e, back)
		}
	}
}

// Catches: the normal approximation's ranks, which take over at 50, on the wrong side.
func TestIntervalsCoverTheTruth(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, n := range []int{8, 52} {
		var r ranks
		covered := 0
		const tries = 1000
		for range tries {
			old, new := make([]float64, n), make([]float64, n)
			for i := range n {
				old[i], new[i] = 1+rng.ExpFloat64(), 1.3*(1+rng.ExpFloat64())
			}
			if e := r.ratio(old, new); e.Lo <= 1.3 && 1.3 <= e.Hi {
				covered++
			}
		}
		if share := float64(covered) / tries; share < 0.935 || share > 0.985 { // 95 % and a little, and three standard errors
			t.Errorf("%d trials: %v of intervals hold the true ratio", n, share)
		}
	}
}

// Catches: the same by less than simulation shows. From 50 to 51 trials k grows by n − 1.96 × (what √(n²(2n+1)/12) grows by).
func TestTheIntervalsRanksGoOnWhereTheApproximationBegins(t *testing.T) {
	var r ranks
	if grows := r.bounds(51, 51).k - r.bounds(50, 50).k; grows < 40 || grows > 44 {
		t.Errorf("by %d, want 42", grows)
	}
}

func TestRatiosOfNothing(t *testing.T) {
	var r ranks
	zeros, ones := make([]float64, 8), slices.Repeat([]float64{1}, 8)
	if e := r.ratio(zeros, zeros); e.Value != 1 || e.Lo != 1 || e.Hi != 1 {
		t.Errorf("nothing to nothing: %+v", e)
	}
	if e := r.ratio(ones, zeros); e.Value != 0 || e.Hi != 0 {
		t.Errorf("something to nothing: %+v", e)
	}
	if e := r.ratio(zeros, ones); !math.IsInf(e.Value, 1) || !math.IsInf(e.Lo, 1) {
		t.Errorf("nothing to something: %+v", e)
	}
	if e := r.ratio([]float64{0, 1}, []float64{0, 1}); e.Value != 1 {
		t.Errorf("as much to either side: %+v", e)
	}
}

func TestHolmByHand(t *testing.T) {
	got := holm([]float64{0.04, 0.001, 0.03, 0.5, 0.011})
	for i, want := range []float64{0.09, 0.005, 0.09, 0.5, 0.044} { // 0.04 × 2 is under 0.03 × 3, and rises to it
		if math.Abs(got[i]-want) > 1e-12 {
			t.Errorf("at %d: %v, want %v", i, got[i], want)
		}
	}
}

func TestFewestIsWhatTheTestNeeds(t *testing.T) {
	for _, level := range []float64{0.05, 0.025, 1e-3, 1e-4, 1e-6} {
		apart := func(n int) float64 { // the least p that n against n can have
			a, b := make([]float64, n), make([]float64, n)
			for i := range n {
				a[i], b[i] = float64(i), float64(n+i)
			}
			return rankSum(a, b)
		}
		n := fewest(level)
		if apart(n) > level || apart(n-1) <= level {
			t.Errorf("under %v with %d, which has %v, and %d has %v", level, n, apart(n), n-1, apart(n-1))
		}
	}
}
