package compare

import (
	"math"

	"gonum.org/v1/gonum/stat/combin"
	"gonum.org/v1/gonum/stat/distuv"
)

// mostMore is where "about so many more" ends to be of use: nobody repeats a suite a thousand times.
const mostMore = 1000

// estimateMore says of each undecided comparison how many repetitions more would probably decide it.
func (r *Result) estimateMore() {
	rejected := map[bool]int{}
	for _, p := range r.Pairs {
		if p.Adjusted <= r.Alpha/families {
			rejected[p.Decides]++
		}
	}
	for _, f := range r.Families {
		for i := range r.Pairs {
			if p := &r.Pairs[i]; p.Decides == f.Decides && p.Outcome == Undecided {
				p.More = p.more(f.Alpha/float64(max(f.Size-rejected[f.Decides], 1)), r.Threshold)
			}
		}
	}
}

// more is how many repetitions it would take beside those that are there, if the estimate is right and the interval's width,
// in logarithms, goes with the square root of their number. Level is what p has to come under.
func (p *Pair) more(level, threshold float64) int {
	n := float64(p.Ratio.N)
	margin := math.Log1p(threshold)
	away := math.Abs(math.Log(p.Ratio.Value))
	needed := float64(fewest(1 - confidence))
	if p.Ratio.Confidence > 0 {
		half := math.Log(p.Ratio.Hi/p.Ratio.Lo) / 2
		if away > margin {
			z := distuv.UnitNormal.Quantile(1-level/2) / distuv.UnitNormal.Quantile((1+p.Ratio.Confidence)/2)
			needed = max(n*math.Pow(half*z/away, 2), float64(fewest(level)))
		} else {
			needed = n * math.Pow(half/(margin-away), 2)
		}
	}
	if !(needed-n < mostMore) { // not a number either: an interval that begins at 0
		return 0
	}
	return max(int(math.Ceil(needed-n)), 1)
}

// fewest repetitions with which the rank-sum test can come under a level at all: its least p is that of two samples which do
// not overlap, twice one of all ways to deal them.
func fewest(level float64) int {
	n := 1
	for math.Ln2-combin.LogGeneralizedBinomial(float64(2*n), float64(n)) > math.Log(level) {
		n++
	}
	return n
}
