package stat

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// A USL is the Universal Scalability Law, throughput X at a concurrency of N (N. J. Gunther, Guerrilla Capacity Planning,
// Springer 2007, chapter 4):
//
//	X(N) = Lambda · N / (1 + Sigma·(N−1) + Kappa·N·(N−1))
type USL struct {
	Lambda float64 // throughput at N = 1, per second
	Sigma  float64 // contention: the share that is done by one at a time; 0 or more
	Kappa  float64 // coherency: what each pair costs; 0 or more

	Points int
	R2     float64 // share of the variance of the logarithms of throughput that the law explains; at most 1; 0 if there is no variance
	Off    float64 // how far it is from the figure that it fits worst, as a ratio of that figure
}

// USLPoints is the fewest that a law is fitted to: three parameters run through any three points, and nearly through four.
const USLPoints = 5

// FitUSL fits the law to throughputs x at concurrencies n, of which at least USLPoints have to differ. Relative errors
// count, because a small figure is as well known as a large one. Divided by X the law is linear in 1/λ, σ/λ and κ/λ, all of
// which have to be 0 or more; among so few unknowns the least squares under that condition are found by trying which of
// the last two are 0 (the Karush-Kuhn-Tucker conditions leave no other candidates).
func FitUSL(n, x []float64) (USL, error) {
	if len(n) != len(x) {
		return USL{}, fmt.Errorf("fit scalability law: %d concurrencies and %d throughputs", len(n), len(x))
	}
	distinct := slices.Compact(slices.Sorted(slices.Values(n)))
	if len(distinct) < USLPoints {
		return USL{}, fmt.Errorf("fit scalability law: %d different concurrencies, and it takes %d", len(distinct), USLPoints)
	}
	for i := range n {
		if !(n[i] >= 1) || !(x[i] > 0) || math.IsInf(n[i], 0) || math.IsInf(x[i], 0) {
			return USL{}, fmt.Errorf("fit scalability law: throughput %v at concurrency %v; allowed: above 0, at 1 or more", x[i], n[i])
		}
	}
	var found USL
	least := math.Inf(1)
	for _, kept := range [][]int{{0}, {0, 1}, {0, 2}, {0, 1, 2}} {
		u, ok := fitTerms(n, x, kept)
		if sum := u.squares(n, x); ok && sum < least {
			found, least = u, sum
		}
	}
	if math.IsInf(least, 1) {
		return USL{}, fmt.Errorf("fit scalability law: no law is anywhere near the %d throughputs", len(x))
	}
	found.Points = len(n)
	found.R2, found.Off = quality(n, x, found.At)
	return found, nil
}

// fitTerms solves the linear form with those terms alone; not ok if it comes out with a negative one.
func fitTerms(n, x []float64, kept []int) (USL, bool) {
	a, b := mat.NewDense(len(n), len(kept), nil), mat.NewVecDense(len(n), nil)
	for i := range n {
		terms := [3]float64{1, n[i] - 1, n[i] * (n[i] - 1)}
		for j, k := range kept {
			a.Set(i, j, terms[k]*x[i]/n[i]) // λ's own equation times X/N: residuals are relative errors
		}
		b.SetVec(i, 1)
	}
	var solved mat.VecDense
	if err := solved.SolveVec(a, b); err != nil {
		return USL{}, false
	}
	var c [3]float64
	for j, k := range kept {
		if c[k] = solved.AtVec(j); !(c[k] > 0) {
			return USL{}, false
		}
	}
	return USL{Lambda: 1 / c[0], Sigma: c[1] / c[0], Kappa: c[2] / c[0]}, true
}

// squares is what the fit makes least: the sum of the squared errors of X over the law, relative to the law.
func (u USL) squares(n, x []float64) float64 {
	sum := 0.0
	for i := range n {
		e := x[i]/u.At(n[i]) - 1
		sum += e * e
	}
	return sum
}

// At is the throughput at a concurrency of n.
func (u USL) At(n float64) float64 { return u.Lambda * n / (1 + u.Sigma*(n-1) + u.Kappa*n*(n-1)) }

// Peak is the concurrency with the highest throughput, √((1−σ)/κ); false if there is none at 1 or more: without coherency
// cost throughput only levels off.
func (u USL) Peak() (n float64, ok bool) {
	if u.Kappa <= 0 || u.Sigma >= 1 {
		return 0, false
	}
	n = math.Sqrt((1 - u.Sigma) / u.Kappa)
	return n, n >= 1
}

// A Plateau is what a limit does to work that waits: throughput in proportion to the limit, up to a ceiling of the machine's
// or the clients' own.
//
//	X(N) = min(N / Held, Ceiling)
type Plateau struct {
	Held    float64 // seconds that one worker is held by one answer
	Ceiling float64 // per second
	R2, Off float64 // as in USL
}

// FitPlateau fits it to throughputs x at concurrencies n, on the scale of logarithms: for each place of the bend, the slope
// and the ceiling are geometric means, and the bend with the least squares is taken. There has to be a point.
func FitPlateau(n, x []float64) Plateau {
	order := make([]int, len(n))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case n[a] < n[b]:
			return -1
		case n[a] > n[b]:
			return 1
		}
		return 0
	})
	var found Plateau
	least := math.Inf(1)
	for bend := 1; bend <= len(order); bend++ {
		slope, ceiling := 0.0, 0.0
		for i, at := range order {
			if i < bend {
				slope += math.Log(n[at]/x[at]) / float64(bend)
			} else {
				ceiling += math.Log(x[at]) / float64(len(order)-bend)
			}
		}
		p := Plateau{Held: math.Exp(slope), Ceiling: math.Inf(1)}
		if bend < len(order) {
			p.Ceiling = math.Exp(ceiling)
		}
		sum := 0.0
		for i := range n {
			e := math.Log(x[i] / p.At(n[i]))
			sum += e * e
		}
		if sum < least {
			found, least = p, sum
		}
	}
	found.R2, found.Off = quality(n, x, found.At)
	return found
}

// At is the throughput at a limit of n.
func (p Plateau) At(n float64) float64 { return min(n/p.Held, p.Ceiling) }

// quality is R² of the logarithms and the largest relative error of a model.
func quality(n, x []float64, model func(float64) float64) (r2, off float64) {
	mean := 0.0
	for _, v := range x {
		mean += math.Log(v) / float64(len(x))
	}
	var total, left float64
	for i, v := range x {
		total += math.Pow(math.Log(v)-mean, 2)
		left += math.Pow(math.Log(v/model(n[i])), 2)
		off = max(off, math.Abs(model(n[i])/v-1))
	}
	if total == 0 {
		return 0, off
	}
	return 1 - left/total, off
}
