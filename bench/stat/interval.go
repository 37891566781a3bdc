package stat

import (
	"math"
	"slices"
)

// confidence of every interval that stands alone.
const confidence = 1 - alpha

// Median estimates the median of what the values were drawn from, with an interval that covers it with at least 95 %; see
// there for its method. It leaves values as they are.
func Median(values []float64) Estimate { return median(values, confidence) }

// median estimates the median of what the values were drawn from, with an interval that covers it with at least the
// given confidence. It leaves values as they are.
//
// The interval reaches from the k-th smallest value to the k-th largest. The number of values under the true median is
// binomial(n, 1/2), so it misses with probability 2 * P(fewer than k under it). This is exact for independent values of
// any continuous distribution, and errs to the safe side for ties (David and Nagaraja, Order Statistics, 3rd ed.,
// section 7.1). It takes the largest k that is confident enough. An interval that reaches further to one side could be
// a little narrower, but would favour one of the two strategies.
func median(values []float64, confidence float64) Estimate {
	n := len(values)
	e := Estimate{Hi: math.Inf(1), N: n}
	if n == 0 {
		return e
	}
	sorted := slices.Sorted(slices.Values(values))
	e.Value = (sorted[(n-1)/2] + sorted[n/2]) / 2
	if k, covers := rank(n, confidence); k > 0 {
		e.Lo, e.Hi, e.Confidence = sorted[k-1], sorted[n-k], covers
	}
	return e
}

// rank returns the largest k for which the k-th smallest and the k-th largest of n values enclose the median with at
// least the given confidence, and with how much they do; k is 0 if even the outermost do not.
func rank(n int, confidence float64) (k int, covers float64) {
	term := math.Pow(0.5, float64(n)) // P(exactly k values under the median)
	missed := 0.0
	for k < n/2 {
		missed += 2 * term
		if 1-missed < confidence {
			return k, covers
		}
		covers = 1 - missed
		term *= float64(n-k) / float64(k+1)
		k++
	}
	return k, covers
}
