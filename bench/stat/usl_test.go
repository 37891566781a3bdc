package stat

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

var doublings = []float64{1, 2, 4, 8, 16, 32, 64, 128, 256}

func TestAScalabilityLawIsRecovered(t *testing.T) {
	rng := rand.New(rand.NewPCG(61, 62))
	for _, truth := range []USL{
		{Lambda: 1000, Sigma: 0.02, Kappa: 0.0005}, // peaks at 44
		{Lambda: 5, Sigma: 0.2},
		{Lambda: 300, Kappa: 0.001},
		{Lambda: 70},
	} {
		for _, noise := range []float64{0, 0.02} {
			var x []float64
			for _, n := range doublings {
				x = append(x, truth.At(n)*math.Exp(noise*rng.NormFloat64()))
			}
			u, err := FitUSL(doublings, x)
			if err != nil {
				t.Fatal(err)
			}
			far := func(got, want float64) bool { return math.Abs(got-want) > 1e-9*want+1e-12+8*noise*want+0.05*noise }
			if far(u.Lambda, truth.Lambda) || far(u.Sigma, truth.Sigma) || far(u.Kappa, truth.Kappa) {
				t.Errorf("noise %v: %+v, want %+v", noise, u, truth)
			}
			if u.Sigma < 0 || u.Kappa < 0 || u.R2 < 0.98 || u.Off > 4*noise+1e-9 || u.Points != len(doublings) {
				t.Errorf("noise %v: %+v", noise, u)
			}
			peak, ok := u.Peak()
			if want := math.Sqrt((1 - truth.Sigma) / truth.Kappa); truth.Kappa > 0 && (!ok || math.Abs(peak/want-1) > 1e-6+5*noise) {
				t.Errorf("noise %v: peak at %v (%v), want %v", noise, peak, ok, want)
			}
		}
	}
}

// Catches: squares that are not the least under the condition that no parameter is negative: superlinear figures, whose
// free fit would be.
func TestNoOtherParametersFitBetter(t *testing.T) {
	rng := rand.New(rand.NewPCG(63, 64))
	for range 50 {
		var x []float64
		for _, n := range doublings {
			x = append(x, math.Pow(n, 1.3*rng.Float64())*(0.7+0.6*rng.Float64()))
		}
		u, err := FitUSL(doublings, x)
		if err != nil {
			t.Fatal(err)
		}
		if u.Sigma < 0 || u.Kappa < 0 || !(u.Lambda > 0) {
			t.Fatalf("%+v has a negative parameter", u)
		}
		// The fit minimises the error relative to the law, which is convex in 1/λ, σ/λ and κ/λ: no small step may be better.
		least := u.squares(doublings, x)
		for range 200 {
			a, b, c := 1/u.Lambda, u.Sigma/u.Lambda, u.Kappa/u.Lambda
			scale := math.Pow(10, -1-4*rng.Float64())
			a, b, c = a*(1+scale*rng.NormFloat64()), max(0, b+scale*rng.NormFloat64()), max(0, c+scale*0.01*rng.NormFloat64())
			if other := (USL{Lambda: 1 / a, Sigma: b / a, Kappa: c / a}); a > 0 && other.squares(doublings, x) < least*(1-1e-9) {
				t.Fatalf("%+v has %v, and %+v has %v", u, least, other, other.squares(doublings, x))
			}
		}
	}
}

func TestALawIsNotFittedToWhatCannotBear(t *testing.T) {
	five := []float64{1, 2, 3, 4, 5}
	for name, c := range map[string]struct {
		n, x []float64
		say  string
	}{
		"nothing":             {nil, nil, "0 different"},
		"four points":         {five[:4], five[:4], "4 different"},
		"five at four places": {[]float64{1, 2, 3, 4, 4}, five, "4 different"},
		"all zero":            {five, make([]float64, 5), "throughput 0"},
		"no number":           {five, []float64{1, 2, math.NaN(), 4, 5}, "NaN"},
		"under one":           {[]float64{0, 1, 2, 3, 4}, five, "concurrency 0"},
		"one missing":         {five, five[:4], "4 throughputs"},
	} {
		if _, err := FitUSL(c.n, c.x); err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: error is %v, want one with %q", name, err, c.say)
		}
	}
	// No more work however many there are: no variance to explain, and no nonsense in its place.
	u, err := FitUSL(five, []float64{9, 9, 9, 9, 9})
	if err != nil || u.R2 != 0 || u.Off > 1e-9 || u.Sigma < 0.999 || u.Sigma > 1.001 {
		t.Errorf("a flat line: %+v, %v", u, err)
	}
	if _, ok := u.Peak(); ok {
		t.Errorf("a flat line has a peak")
	}
}

func TestAPlateauIsRecoveredWhereTheLawMissesIt(t *testing.T) {
	rng := rand.New(rand.NewPCG(65, 66))
	for range 20 {
		var x []float64
		for _, n := range doublings {
			x = append(x, min(n/0.005, 12_000)*math.Exp(0.02*rng.NormFloat64()))
		}
		p := FitPlateau(doublings, x)
		if math.Abs(p.Held/0.005-1) > 0.04 || math.Abs(p.Ceiling/12_000-1) > 0.04 || p.Off > 0.1 || p.R2 < 0.99 {
			t.Errorf("%+v", p)
		}
		u, err := FitUSL(doublings, x)
		if err != nil || u.Off <= Poor {
			t.Errorf("the law is said to fit a bend: %+v, %v", u, err)
		}
	}
	if p := FitPlateau([]float64{8, 2, 4}, []float64{80, 20, 40}); !math.IsInf(p.Ceiling, 1) || math.Abs(p.Held-0.1) > 1e-12 || p.Off > 1e-12 {
		t.Errorf("a straight line: %+v", p)
	}
}
