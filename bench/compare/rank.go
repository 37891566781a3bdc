package compare

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"sort"

	"github.com/aclements/go-moremath/stats"
	"github.com/poolbench/poolbench/bench/stat"
)

// exactLimit is the number of trials on both sides together up to which the test is exact with ties. Its work grows with
// the fifth power: at 50, 3 ms for each of several hundred comparisons. Behind it at least one side has more than 25 trials.
const exactLimit = 50

// rankSum is the two-sided p of the rank-sum test, that two samples are drawn from one distribution. Up to [exactLimit] it
// is exact, given the ties: the probability, over all ways to deal the values to the two sides, of a rank sum at least as
// far from its expectation.
//
// go-moremath's test (and so benchmath's) doubles one tail, which is the same where the distribution is symmetric. With
// ties and samples of different sizes it is not: for {3, 3} and {2} it says p = 0. Percentiles from histograms do tie, and
// an invalid trial makes sizes differ. Behind the limit that test's normal approximation does well.
func rankSum(a, b []float64) float64 {
	if len(a)+len(b) > exactLimit {
		r, err := stats.MannWhitneyUTest(a, b, stats.LocationDiffers)
		if errors.Is(err, stats.ErrSamplesEqual) {
			return 1
		}
		return min(r.P, 1)
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	ranks, sum := doubledRanks(a, b)
	most := 0
	for _, rank := range ranks {
		most += rank
	}
	// ways[k][s] is the number of ways to choose k of the ranks so far with the sum s. They are at most 50 over 25, which a
	// float64 holds exactly.
	ways := make([][]float64, len(a)+1)
	for k := range ways {
		ways[k] = make([]float64, most+1)
	}
	ways[0][0] = 1
	reached := 0
	for _, rank := range ranks {
		reached += rank
		for k := len(a); k > 0; k-- {
			for s := reached; s >= rank; s-- {
				ways[k][s] += ways[k-1][s-rank]
			}
		}
	}
	expected := len(a) * (len(ranks) + 1)
	as, all := 0.0, 0.0
	for s, n := range ways[len(a)] {
		all += n
		if abs(s-expected) >= abs(sum-expected) {
			as += n
		}
	}
	return as / all
}

// doubledRanks returns the ranks of all values together, twice as large so that those of ties are whole, and the sum of a's.
func doubledRanks(a, b []float64) (ranks []int, sum int) {
	type value struct {
		v   float64
		ofA bool
	}
	var all []value
	for _, v := range a {
		all = append(all, value{v, true})
	}
	for _, v := range b {
		all = append(all, value{v, false})
	}
	slices.SortFunc(all, func(x, y value) int { return cmp.Compare(x.v, y.v) })
	for from := 0; from < len(all); {
		to := from
		for to < len(all) && all[to].v == all[from].v {
			to++
		}
		for _, one := range all[from:to] {
			rank := from + 1 + to // twice the mean of from+1 to to
			ranks = append(ranks, rank)
			if one.ofA {
				sum += rank
			}
		}
		from = to
	}
	return ranks, sum
}

func abs(n int) int { return max(n, -n) }

// ranks keeps which of the sorted ratios bound the interval, by the sizes of the two samples.
type ranks map[[2]int]bounds

// bounds: the interval reaches from the k-th smallest ratio to the k-th largest; k is 0 if even the outermost are not sure enough.
type bounds struct {
	k      int
	covers float64
}

// ratio estimates new over old. Two zeros have the ratio 1, for neither is more than the other.
func (r *ranks) ratio(old, new []float64) stat.Estimate {
	all := make([]float64, 0, len(old)*len(new))
	for _, a := range old {
		for _, b := range new {
			if a == b {
				all = append(all, 1)
			} else {
				all = append(all, b/a)
			}
		}
	}
	slices.Sort(all)
	n := len(all)
	e := stat.Estimate{Value: middle(all[(n-1)/2], all[n/2]), Hi: math.Inf(1), N: min(len(old), len(new))}
	if at := r.bounds(len(old), len(new)); at.k > 0 {
		e.Lo, e.Hi, e.Confidence = all[at.k-1], all[n-at.k], at.covers
	}
	return e
}

// middle is the median's value between two ratios, by which swapping old and new gives the inverse.
func middle(a, b float64) float64 {
	if a == b {
		return a
	}
	if a == 0 && math.IsInf(b, 1) {
		return 1 // as many to one side as to the other
	}
	return math.Sqrt(a) * math.Sqrt(b)
}

// approximate is the size of a sample from which the interval's ranks come from the normal approximation, as in go-moremath's test.
const approximate = 50

func (r *ranks) bounds(a, b int) bounds {
	size := [2]int{min(a, b), max(a, b)}
	if at, known := (*r)[size]; known {
		return at
	}
	misses := func(k int) float64 { return 2 * stats.UDist{N1: a, N2: b}.CDF(float64(k-1)) }
	if size[1] > approximate {
		u := stats.NormalDist{Mu: float64(a*b) / 2, Sigma: math.Sqrt(float64(a*b*(a+b+1)) / 12)}
		misses = func(k int) float64 { return 2 * u.CDF(float64(k)-0.5) }
	}
	k := sort.Search(a*b/2, func(k int) bool { return misses(k+1) > 1-confidence }) // one more would miss too often
	at := bounds{k: k}
	if k > 0 {
		at.covers = 1 - misses(k)
	}
	if *r == nil {
		*r = ranks{}
	}
	(*r)[size] = at
	return at
}

// median of at least one value, which stay as they are.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// holm adjusts the p-values of a family, each at its place: those at most alpha are rejected by Holm's step-down test, which
// errs anywhere in the family with probability alpha at most, however they depend on each other.
func holm(ps []float64) []float64 {
	order := make([]int, len(ps))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(ps[i], ps[j]) })
	adjusted := make([]float64, len(ps))
	least := 0.0
	for step, i := range order {
		least = max(least, min(1, ps[i]*float64(len(ps)-step)))
		adjusted[i] = least
	}
	return adjusted
}
