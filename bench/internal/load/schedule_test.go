package load

import (
	"math"
	"testing"
	"time"
)

func TestPoissonGapsAreExponential(t *testing.T) {
	const n, rate = 200_000, 5000.0
	s := NewPoisson(rate, 7)
	var sum, squares, last float64
	for range n {
		at := s.Next()
		gap := at.Seconds() - last
		if gap < 0 {
			t.Fatalf("time went back by %v s", -gap)
		}
		last = at.Seconds()
		sum += gap
		squares += gap * gap
	}
	// Mean and standard deviation of an exponential distribution are both 1/rate; their standard errors over n gaps are
	// 1/√n and √2/√n of that, 0.22 % and 0.32 %. Five of them never happen by chance, and the seed is fixed.
	mean := sum / n
	deviation := math.Sqrt(squares/n - mean*mean)
	if math.Abs(mean*rate-1) > 5/math.Sqrt(n) {
		t.Errorf("mean gap is %v s, want %v", mean, 1/rate)
	}
	if math.Abs(deviation*rate-1) > 5*math.Sqrt2/math.Sqrt(n) {
		t.Errorf("standard deviation of the gaps is %v s, want %v", deviation, 1/rate)
	}
}

func TestPoissonIsItsSeed(t *testing.T) {
	a, b, other := NewPoisson(100, 1), NewPoisson(100, 1), NewPoisson(100, 2)
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

func TestConstantIsExactOverAMillion(t *testing.T) {
	for _, rate := range []float64{0.5, 3, 7000, 99_991} {
		s := NewConstant(rate)
		for n := range 1_000_001 {
			got, want := s.Next(), float64(n)*1e9/rate
			if math.Abs(float64(got)-want) > 0.5+want*1e-15 {
				t.Fatalf("rate %v: request %d is due at %d ns, want %.1f", rate, n, got, want)
			}
		}
	}
}

func TestATinyRateIsDueNeverAndNotInThePast(t *testing.T) {
	for _, s := range []Schedule{NewPoisson(1e-12, 1), NewConstant(1e-12)} {
		last := time.Duration(0)
		for range 5 {
			at := s.Next()
			if at < last {
				t.Fatalf("%T: %v after %v", s, at, last)
			}
			last = at
		}
		if last != never {
			t.Errorf("%T: due at %v, want never", s, last)
		}
	}
}
