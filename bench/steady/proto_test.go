package steady

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func TestProto(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	ar := func(rho, sd float64) func() []float64 {
		return func() []float64 {
			x := make([]float64, 50)
			v := rng.NormFloat64()
			for i := range x {
				x[i] = 1 + sd*v
				v = rho*v + math.Sqrt(1-rho*rho)*rng.NormFloat64()
			}
			return x
		}
	}
	mm1 := func(rho float64, per float64, ns int) func() []float64 { // response means of slices with `per` arrivals each
		return func() []float64 {
			x := make([]float64, ns)
			cnt := make([]float64, ns)
			w, now := 0.0, 0.0
			warm := 2000.0 / rho
			for now < warm+float64(ns)*per {
				s := rng.ExpFloat64() * rho
				if i := int((now - warm) / per); now >= warm {
					x[i] += w + s
					cnt[i]++
				}
				gap := rng.ExpFloat64()
				now += gap
				w = max(0, w+s-gap)
			}
			for i := range x {
				if cnt[i] > 0 {
					x[i] /= cnt[i]
				}
			}
			return x
		}
	}
	exp := func(k int) func() []float64 {
		return func() []float64 {
			x := make([]float64, 50)
			for i := range x {
				for range k {
					x[i] += rng.ExpFloat64() / float64(k)
				}
			}
			return x
		}
	}
	hic := func() []float64 {
		x := ar(0, 0.05)()
		for range 3 {
			x[rng.IntN(50)] *= 0.2
		}
		return x
	}
	for _, c := range []struct {
		name string
		of   func() []float64
	}{{"iid5", ar(0, .05)}, {"iid20", ar(0, .2)}, {"iid40", ar(0, .4)}, {"ar.5", ar(.5, .1)}, {"ar.5/30", ar(.5, .3)}, {"ar.8", ar(.8, .1)}, {"ar.8/30", ar(.8, .3)}, {"ar.95", ar(.95, .1)},
		{"exp1", exp(1)}, {"exp10", exp(10)}, {"hic", hic}, {"mm1 .5 100", mm1(.5, 100, 50)}, {"mm1 .8 100", mm1(.8, 100, 50)}, {"mm1 .9 100", mm1(.9, 100, 50)}, {"mm1 .9 20", mm1(.9, 20, 50)}, {"mm1 .9 1000", mm1(.9, 1000, 50)}, {"ar.5 n40", func() []float64 { return ar(.5, .1)()[:40] }}, {"ar.8/30 n20", func() []float64 { return ar(.8, .3)()[:20] }}} {
		n := 4000
		if c.name[0] == 'm' {
			n = 600
		}
		dn, tn := 0, 0
		for range n {
			v := c.of()
			w := v
			if c.name[0] == 0x6d || c.name[0] == 0x65 {
				w = logs(v)
			}
			d, tr := judge(v, w)
			if d > 0 {
				dn++
			}
			if tr != 0 {
				tn++
			}
		}
		fmt.Printf("%-12s warm %.2f%% trend %.2f%%\n", c.name, 100*float64(dn)/float64(n), 100*float64(tn)/float64(n))
	}
	for _, sd := range []float64{0, .02, .05, .1, .2, .3} {
		for _, rho := range []float64{0, .5} {
			hit, dsum, trs, tr0 := 0, 0, 0, 0
			for range 1000 {
				x := ar(rho, sd)()
				for i := range 10 {
					x[i] *= .5
				}
				d, tr := judge(x, x)
				if d > 0 {
					hit++
					dsum += d
				}
				if tr != 0 {
					trs++
				}
				y := ar(rho, sd)()
				for i := range y {
					y[i] *= 1 + .3*float64(i)/49
				}
				d, tr = judge(y, y)
				if d > 0 || tr != 0 {
					tr0++
				}
			}
			fmt.Printf("warm-up sd %.2f rho %.1f: hit %.1f%% mean d %.1f, trend too %.1f%%; ramp 30%%: %.1f%%\n", sd, rho, float64(hit)/10, float64(dsum)/float64(hit), float64(trs)/10, float64(tr0)/10)
		}
	}
}
