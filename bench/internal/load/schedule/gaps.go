package schedule

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"time"
)

const (
	// fineness is the number of buckets for each doubling, 2^bitsFine: a bucket is at most 1/32 as wide as what is in it.
	bitsFine = 5
	fineness = 1 << bitsFine

	// longestGap is the longest time-out that a trial can have. Longer gaps count as this one, so that sums cannot overflow.
	longestGap = time.Hour

	// The buckets for what has at most bitsFine+1 significant bits, each of a nanosecond, and those for each bit more.
	bitsLongest = 42 // of longestGap
	buckets     = 2*fineness + (bitsLongest-bitsFine-1)*fineness
)

// Gaps is a distribution of the gaps between arrivals. Recording allocates nothing and takes a few nanoseconds. The zero
// value is empty and ready to use; it is about 20 kB, and a copy is independent. It is not safe for concurrent use: one
// for each writer, merged afterwards.
type Gaps struct{ buckets [buckets]bucket }

// A bucket knows the sum of what is in it, so that nothing is lost by it where all that is in it is equal.
type bucket struct{ n, sum int64 } // sum in ns

// bucketOf counts through: [0, 1), [1, 2) and so on as far as 2·fineness ns, from where on each doubling has fineness
// buckets of the same width.
func bucketOf(gap time.Duration) int {
	ns := uint64(gap)
	doublings := max(bits.Len64(ns)-bitsFine-1, 0)
	return doublings*fineness + int(ns>>doublings)
}

// Record adds one gap; those under zero count as zero, those over an hour as an hour.
func (g *Gaps) Record(gap time.Duration) {
	gap = min(max(gap, 0), longestGap)
	b := &g.buckets[bucketOf(gap)]
	b.n++
	b.sum += int64(gap)
}

// Merge adds other's gaps; other stays as it is.
func (g *Gaps) Merge(other *Gaps) {
	for i, b := range other.buckets {
		g.buckets[i].n += b.n
		g.buckets[i].sum += b.sum
	}
}

// total is all gaps in one bucket.
func (g *Gaps) total() bucket {
	var t bucket
	for _, b := range g.buckets {
		t.n += b.n
		t.sum += b.sum
	}
	return t
}

// GapError says how far the gaps between the arrivals that were dealt are from those that were scheduled: the earth
// mover's distance between the two distributions F and G, over the mean of the scheduled gaps,
//
//	∫ |F(x) − G(x)| dx / mean
//
// which is the least by which the gaps would have to be changed, on average, to turn one into the other. 0 is as
// scheduled. A driver that deals a constant rate in bunches of n has 2(n−1)/n, so 1.8 with bunches of ten; the same mean
// gap never gives more than 2. Being late by always the same changes nothing. The result is 0 too where one of the two
// is empty, or where all that was scheduled is due at once: there is nothing to compare.
//
// A bucket stands for what is in it by its mean, so that the result is exact where the gaps in each bucket are equal, and
// otherwise off by at most half of a bucket's width for each of the two distributions: together 1/32 if their means are
// the same, and in practice less than a hundredth.
func GapError(scheduled, dealt *Gaps) float64 {
	all, got := scheduled.total(), dealt.total()
	if got.n == 0 || all.sum == 0 {
		return 0
	}
	masses := append(scheduled.masses(all.n), dealt.masses(-got.n)...)
	slices.SortFunc(masses, func(a, b mass) int { return cmp.Compare(a.at, b.at) })
	var area, difference, at float64
	for _, m := range masses {
		area += math.Abs(difference) * (m.at - at)
		difference += m.share
		at = m.at
	}
	return area * float64(all.n) / float64(all.sum)
}

// A mass is a part of a distribution at one point.
type mass struct {
	at    float64 // ns
	share float64
}

// masses are the distribution if all gaps are n in number.
func (g *Gaps) masses(n int64) []mass {
	var all []mass
	for _, b := range g.buckets {
		if b.n > 0 {
			all = append(all, mass{at: float64(b.sum) / float64(b.n), share: float64(b.n) / float64(n)})
		}
	}
	return all
}
