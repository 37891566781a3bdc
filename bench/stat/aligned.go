package stat

import (
	"cmp"
	"math"
	"slices"
)

// A block is what one repetition says of two strategies: the one's figure, and the other's, which has two where it is
// measured twice. Figures are 0 or above.
type block struct {
	own     float64
	against [2]float64
	n       int // how many of against there are: 1 or 2
}

// An aligned is the aligned rank test of some blocks, for any shift between the two strategies (Hodges and Lehmann, Rank
// methods for combination of independent experiments in analysis of variance, Ann. Math. Stat. 33, 1962, 482-497). From
// the logarithms of each block it takes their mean, ranks what is left of all blocks together, and adds up the ranks of
// own. If own and against do not differ but by the shift, each of a block's ranks is own's as probably as any other, so
// that the sum's distribution is that of one rank drawn from each block: found by convolution, exact whatever the noise.
//
// It is our own because go-moremath and gonum have no test for blocks: Mann-Whitney's ranks samples that share nothing,
// and would take the drift of the machine for noise.
//
// It keeps room for its calculations and is not safe for concurrent use.
type aligned struct {
	logs [][3]float64 // own's first
	size []int        // of each block: 2 or 3

	// A shift beyond reach is beyond all that can be seen. One beyond finite has figures of 0 on one side, so that the ratio
	// is 0 or infinite.
	reach, finite float64

	lean float64 // its sign says to which side the figures lean, roughly

	keys   []key
	scores [][3]int
	counts []float64
}

// A key is one aligned value.
type key struct {
	value int64
	at    int32 // three times the block, and the place in it
}

// step is the resolution of aligned values, far below any that is measured: values that differ by rounding alone are tied.
const step = 1e-9

// apart is how many times further a figure of 0 lies under the others than those lie apart. It has to be so far that ranks
// cannot tell it from infinity, which would leave nothing to take a mean of.
const apart = 100

// align takes the logarithms of the figures. A figure of 0 counts as less than all others, by far and by the same in all
// blocks; a block of nothing but zeros tells nothing and is left out. Both are the same whichever of a block's figures
// is own's, so that the test stays exact. The estimate is that of the other blocks until about three in ten have a 0, which is
// as much as any estimate of this kind withstands, and 0 from then on.
func align(blocks []block) *aligned {
	t := aligned{logs: make([][3]float64, 0, len(blocks)), size: make([]int, 0, len(blocks))}
	wide := 0.0
	zeros := false
	for _, b := range blocks {
		figures := [3]float64{b.own, b.against[0], b.against[1]}
		lo, hi := math.Inf(1), math.Inf(-1)
		var logs [3]float64
		for i, v := range figures[:1+b.n] {
			logs[i] = math.Log(v) // -Inf for 0
			if v > 0 {
				lo, hi = min(lo, logs[i]), max(hi, logs[i])
			} else {
				zeros = true
			}
		}
		if lo <= hi {
			wide = max(wide, hi-lo)
			t.logs, t.size = append(t.logs, logs), append(t.size, 1+b.n)
			t.lean += logs[0] - logs[b.n]
		}
	}
	if zeros {
		for i, logs := range t.logs {
			lo := math.Inf(1)
			for _, v := range logs[:t.size[i]] {
				if !math.IsInf(v, -1) {
					lo = min(lo, v)
				}
			}
			for j, v := range logs[:t.size[i]] {
				t.logs[i][j] = max(v, lo-apart*(wide+1))
			}
		}
	}
	// Ranks change where own's value in one block meets another's in a block: at most 4/3 of the widest block from 0.
	t.finite = 2*wide + 0.01
	if t.reach = t.finite; zeros {
		t.reach = 2*(wide+apart*(wide+1)) + 1
	}
	t.scores = make([][3]int, len(t.logs))
	t.keys = make([]key, 0, 3*len(t.logs))
	return &t
}

// n is the number of blocks that tell something.
func (t *aligned) n() int { return len(t.logs) }

// coarse is the largest score that is used as it is: with more blocks, scores are divided until they are smaller, which leaves
// the test exact, costs next to no power, and keeps the convolution short.
const coarse = 128

// rank gives each value its score, if own was shifted back by so much: twice its midrank, less the mean of all. They are
// integers, and symmetric about 0.
func (t *aligned) rank(shift float64) {
	t.keys = t.keys[:0]
	for i, logs := range t.logs {
		logs[0] -= shift
		mean := 0.0
		for _, v := range logs[:t.size[i]] {
			mean += v
		}
		mean /= float64(t.size[i])
		for j, v := range logs[:t.size[i]] {
			t.keys = append(t.keys, key{int64(math.Round((v - mean) / step)), int32(3*i + j)})
		}
	}
	slices.SortFunc(t.keys, func(a, b key) int { return cmp.Compare(a.value, b.value) })
	all := len(t.keys)
	divide := 1 + (all-1)/coarse
	for i := 0; i < all; {
		j := i + 1
		for j < all && t.keys[j].value == t.keys[i].value {
			j++
		}
		for _, k := range t.keys[i:j] {
			t.scores[k.at/3][k.at%3] = (i + j - all) / divide
		}
		i = j
	}
}

// balance is above 0 if own's ranks are higher than chance would have them, and below if they are lower: six times the
// difference, an integer.
func (t *aligned) balance(shift float64) int {
	t.rank(shift)
	sum := 0
	for i, s := range t.scores {
		sum += 6 * s[0]
		for _, v := range s[:t.size[i]] {
			sum -= 6 / t.size[i] * v
		}
	}
	return sum
}

// tails are the probabilities of a sum of ranks as low as this or lower, and as high or higher, if shift is the truth.
func (t *aligned) tails(shift float64) (low, high float64) {
	// Counted from the nearer end, so that what is small is exact, and half of the sums need not be looked at.
	flipped := t.balance(shift) > 0
	odd := 0
	for i := range t.scores {
		s := t.scores[i][:t.size[i]]
		least := slices.Min(s)
		if flipped {
			least = slices.Max(s)
		}
		for j, v := range s {
			s[j] = max(v-least, least-v)
			odd |= s[j]
		}
	}
	half := odd&1 ^ 1 // without ties all scores are even or all are odd
	sum := 0
	for i := range t.scores {
		for j := range t.scores[i] {
			t.scores[i][j] >>= half
		}
		sum += t.scores[i][0]
	}
	if cap(t.counts) <= sum {
		t.counts = make([]float64, sum+1, 2*sum+1)
	}
	counts := t.counts[:sum+1]
	clear(counts)
	counts[0] = 1
	total := 1.0
	top := 0
	for i, s := range t.scores {
		d := s[:t.size[i]]
		slices.Sort(d) // the first is 0
		top = min(sum, top+d[len(d)-1])
		if len(d) == 2 {
			for at := top; at >= d[1]; at-- {
				counts[at] += counts[at-d[1]]
			}
		} else {
			at := top
			for ; at >= d[2]; at-- {
				counts[at] += counts[at-d[1]] + counts[at-d[2]]
			}
			for ; at >= d[1]; at-- {
				counts[at] += counts[at-d[1]]
			}
		}
		if total *= float64(len(d)); total > 1e200 { // hundreds of blocks
			for at := range counts[:top+1] {
				counts[at] /= total
			}
			total = 1
		}
	}
	for _, c := range counts {
		low += c
	}
	low /= total
	high = min(1, 1-low+counts[sum]/total)
	if flipped {
		low, high = high, low
	}
	return low, high
}

// p is two-sided: that own and against do not differ but by shift. With n blocks of three it is at least 2/3ⁿ, of two 2/2ⁿ.
func (t *aligned) p(shift float64) float64 {
	if t.n() == 0 {
		return 1
	}
	low, high := t.tails(shift)
	return min(1, 2*min(low, high))
}

// fine is how exactly shifts are found: 0.001 % of a ratio.
const fine = 1e-5

// shift is the estimate of Hodges and Lehmann: where the ranks are neither high nor low, the middle of it if that is a
// range. It needs a block.
func (t *aligned) shift() float64 {
	lo, hi := -t.reach, t.reach
	for hi-lo > fine {
		middle := (lo + hi) / 2
		switch b := t.balance(middle); {
		case b > 0:
			lo = middle
		case b < 0:
			hi = middle
		default:
			lo, _ = bisect(lo, middle, func(at float64) bool { return t.balance(at) > 0 })
			_, hi = bisect(middle, hi, func(at float64) bool { return t.balance(at) >= 0 })
			return (lo + hi) / 2
		}
	}
	return (lo + hi) / 2
}

// bisect narrows lo to hi to where the rule, which holds at lo and not at hi, begins to fail.
func bisect(lo, hi float64, rule func(float64) bool) (float64, float64) {
	for hi-lo > fine {
		if middle := (lo + hi) / 2; rule(middle) {
			lo = middle
		} else {
			hi = middle
		}
	}
	return lo, hi
}

// limits are the least and the greatest shift that the test does not reject at level alpha; infinite where it can reject none.
// At each of the marks they agree with what the test says there, which where p is not quite monotone a search could miss.
func (t *aligned) limits(alpha, middle float64, marks ...float64) (lo, hi float64) {
	tooHigh := func(shift float64) bool { low, _ := t.tails(shift); return 2*low <= alpha }
	tooLow := func(shift float64) bool { _, high := t.tails(shift); return 2*high <= alpha }
	return -outermost(-middle, t.reach, func(at float64) bool { return tooLow(-at) }, marks, -1), outermost(middle, t.reach, tooHigh, marks, 1)
}

// outermost is where, upwards from inner, the rule begins to hold: at outer it does if it does anywhere. Marks are turned by sign.
func outermost(inner, outer float64, rule func(float64) bool, marks []float64, sign float64) float64 {
	if !rule(outer) {
		return math.Inf(1)
	}
	for _, mark := range marks {
		switch at := sign * mark; {
		case at <= inner || at >= outer:
		case rule(at):
			outer = at
		default:
			inner = at
		}
	}
	_, outer = bisect(inner, outer, func(at float64) bool { return !rule(at) })
	return outer
}

// within says whether the test rejects, at level alpha, that the shift is as far as most, to either side.
func (t *aligned) within(alpha, most float64) bool {
	if t.n() == 0 {
		return false
	}
	tooFar := func(side float64) bool {
		low, high := t.tails(side * most)
		if side < 0 {
			low = high
		}
		return 2*low <= alpha
	}
	// The nearer end first: often it is not rejected, and the other need not be looked at.
	side := math.Copysign(1, t.lean)
	return tooFar(side) && tooFar(-side)
}

// ratio is the estimate as a ratio, own over against, with the interval that inverts the test at level alpha: all ratios
// that it does not reject.
func (t *aligned) ratio(alpha float64, marks ...float64) Estimate {
	e := Estimate{Hi: math.Inf(1), N: t.n()}
	if t.n() == 0 {
		return e
	}
	middle := t.shift()
	e.Value = t.toRatio(middle)
	if lo, hi := t.limits(alpha, middle, marks...); !math.IsInf(lo, 0) && !math.IsInf(hi, 0) {
		e.Lo, e.Hi, e.Confidence = t.toRatio(lo), t.toRatio(hi), 1-alpha
	}
	return e
}

func (t *aligned) toRatio(shift float64) float64 {
	switch {
	case shift < -t.finite:
		return 0
	case shift > t.finite:
		return math.Inf(1)
	}
	return math.Exp(shift)
}
