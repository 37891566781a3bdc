package stat

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// noisy makes blocks whose ratio is known. They share a drift; every third is without one trial of the other.
func noisy(rng *rand.Rand, n int, ratio, noise float64, mixed bool) []block {
	blocks := make([]block, n)
	for i := range blocks {
		drift := math.Exp(0.2 * rng.NormFloat64())
		one := func() float64 { return 1000 * drift * math.Exp(noise*rng.NormFloat64()) }
		blocks[i] = block{own: ratio * one(), against: [2]float64{one(), one()}, n: 2}
		if mixed && i%3 == 2 {
			blocks[i].n = 1
		}
	}
	return blocks
}

// enumerated goes through all ways to choose one value of each block, by ranks that are made in the plainest way.
func enumerated(blocks []block, shift float64) (low, high float64) {
	type value struct {
		v          float64
		block, pos int
	}
	var all []value
	for i, b := range blocks {
		logs := []float64{math.Log(b.own) - shift}
		for _, v := range b.against[:b.n] {
			logs = append(logs, math.Log(v))
		}
		mean := 0.0
		for _, v := range logs {
			mean += v / float64(len(logs))
		}
		for j, v := range logs {
			all = append(all, value{math.Round((v-mean)*1e9) / 1e9, i, j})
		}
	}
	rank := func(v float64) float64 {
		under, equal := 0.0, 0.0
		for _, o := range all {
			switch cmp.Compare(o.v, v) {
			case -1:
				under++
			case 0:
				equal++
			}
		}
		return under + (equal+1)/2
	}
	ranks := make([][]float64, len(blocks))
	seen := 0.0
	for _, v := range all {
		ranks[v.block] = append(ranks[v.block], rank(v.v))
		if v.pos == 0 {
			seen += rank(v.v)
		}
	}
	total := 0.0
	var choose func(i int, sum float64)
	choose = func(i int, sum float64) {
		if i < len(blocks) {
			for _, r := range ranks[i] {
				choose(i+1, sum+r)
			}
			return
		}
		total++
		if sum <= seen+1e-9 {
			low++
		}
		if sum >= seen-1e-9 {
			high++
		}
	}
	choose(0, 0)
	return low / total, high / total
}

func TestPIsWhatEnumerationGives(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	for n := 1; n <= 8; n++ {
		for range 12 {
			blocks := noisy(rng, n, 1+0.1*rng.NormFloat64(), 0.05, rng.IntN(2) == 0)
			if rng.IntN(3) == 0 { // coarse figures, so that there are ties within blocks and between them
				for i := range blocks {
					b := &blocks[i]
					b.own, b.against = math.Ceil(b.own/400), [2]float64{math.Ceil(b.against[0] / 400), math.Ceil(b.against[1] / 400)}
				}
			}
			shift := 0.1 * rng.NormFloat64()
			if rng.IntN(2) == 0 {
				shift = 0
			}
			low, high := align(blocks).tails(shift)
			wantLow, wantHigh := enumerated(blocks, shift)
			if math.Abs(low-wantLow) > 1e-12 || math.Abs(high-wantHigh) > 1e-12 {
				t.Fatalf("%+v, shift %v: %v and %v, want %v and %v", blocks, shift, low, high, wantLow, wantHigh)
			}
			if p, want := align(blocks).p(shift), min(1, 2*min(wantLow, wantHigh)); math.Abs(p-want) > 1e-12 {
				t.Fatalf("p is %v, want %v", p, want)
			}
		}
	}
}

func TestTheLeastP(t *testing.T) {
	for _, n := range []int{1, 2, 3, 8, 20, 40, 41, 100, 900} { // from 43 on scores are coarse, from 420 on counts are scaled
		var three, two []block
		for i := range n {
			base := 100 + float64(i)
			three = append(three, block{own: 2 * base, against: [2]float64{base, base * 1.01}, n: 2})
			two = append(two, block{own: base / 2, against: [2]float64{base}, n: 1})
		}
		for _, c := range []struct {
			blocks []block
			trials float64
		}{{three, 3}, {two, 2}} {
			want := min(1, 2*math.Pow(c.trials, -float64(n)))
			if p := align(c.blocks).p(0); math.Abs(p-want) > 1e-9*want {
				t.Errorf("%d blocks of %v: p is %v, want %v", n, c.trials, p, want)
			}
		}
	}
	many := align(noisy(rand.New(rand.NewPCG(33, 34)), 700, 1.05, 0.05, false)) // 3⁷⁰⁰ is beyond what a float holds
	if p := many.p(many.shift()); !(p > 0.9) {
		t.Errorf("700 blocks, at the estimate: p is %v", p)
	}
	if p := align(nil).p(0); p != 1 {
		t.Errorf("no block: p is %v", p)
	}
}

// P is at most a level as often as the level says, for noise that is skewed and heavy-tailed, with many blocks as with few,
// and with figures of 0.
func TestPIsSmallAsSeldomAsItSays(t *testing.T) {
	rng := rand.New(rand.NewPCG(23, 24))
	for name, draw := range map[string]func() float64{
		"normal":              func() float64 { return 1 + 0.1*rng.NormFloat64() },
		"exponential":         rng.ExpFloat64,
		"one in five is slow": func() float64 { return 1 + 4*float64(rng.IntN(5)/4) + 0.01*rng.Float64() },
		"cauchy":              func() float64 { return math.Exp(math.Tan(math.Pi * (rng.Float64() - 0.5) * 0.99)) },
		"one in four is 0":    func() float64 { return float64(min(1, rng.IntN(4))) * (1 + rng.Float64()) },
		"whole numbers":       func() float64 { return float64(1 + rng.IntN(3)) },
	} {
		for n, runs := range map[int]int{5: 400, 12: 400, 45: 60} {
			small := 0
			for range runs {
				var blocks []block
				for range n {
					blocks = append(blocks, block{draw(), [2]float64{draw(), draw()}, 1 + rng.IntN(2)})
				}
				if align(blocks).p(0) <= 0.05 {
					small++
				}
			}
			if bound := 0.05*float64(runs) + 3.5*math.Sqrt(0.0475*float64(runs)); float64(small) > bound {
				t.Errorf("%s, %d blocks: p is at most 0.05 in %d of %d", name, n, small, runs)
			}
		}
	}
}

func TestTheIntervalIsWhatTheTestDoesNotReject(t *testing.T) {
	rng := rand.New(rand.NewPCG(25, 26))
	for range 60 {
		const level = 0.0125
		n := 5 + rng.IntN(10)
		a := align(noisy(rng, n, 0.9, 0.08, rng.IntN(2) == 0))
		e := a.ratio(level, 0)
		if e.Confidence == 0 {
			continue // too many blocks of two
		}
		if !(e.Lo < e.Value && e.Value < e.Hi) || e.N != n || e.Confidence != 1-level {
			t.Fatalf("%+v", e)
		}
		inside, outside := 0, 0
		for shift := -0.8; shift < 0.8; shift += 0.011 {
			accepted := a.p(shift) > level
			within := math.Exp(shift) > e.Lo && math.Exp(shift) < e.Hi
			if within && !accepted {
				inside++
			}
			if !within && accepted {
				outside++
			}
		}
		if inside+outside > 0 {
			t.Errorf("%d blocks, %+v: %d shifts inside are rejected, %d outside are not", n, e, inside, outside)
		}
		if excludes := e.Lo > 1 || e.Hi < 1; excludes != (a.p(0) <= level) {
			t.Errorf("%+v, and p is %v", e, a.p(0))
		}
	}
}

func TestWithinIsRejectedAtBothEnds(t *testing.T) {
	rng := rand.New(rand.NewPCG(35, 36))
	seen := map[bool]int{}
	for range 300 {
		blocks := noisy(rng, 9, math.Exp(0.03*rng.NormFloat64()), 0.03, false)
		if rng.IntN(2) == 0 { // one trial far off, so that the first impression of the side is wrong
			blocks[0].against[1] *= math.Exp(rng.NormFloat64())
		}
		a := align(blocks)
		low, _ := a.tails(0.05)
		_, high := a.tails(-0.05)
		want := 2*low <= 0.05 && 2*high <= 0.05
		seen[want]++
		if got := a.within(0.05, 0.05); got != want {
			t.Fatalf("%+v: within is %v, and the tails are %v and %v", blocks, got, low, high)
		}
	}
	if seen[true] < 30 || seen[false] < 30 {
		t.Errorf("%v", seen)
	}
}

func TestTheIntervalCoversTheTruth(t *testing.T) {
	rng := rand.New(rand.NewPCG(27, 28))
	for _, n := range []int{6, 12} {
		const runs = 200
		missed, off := 0, 0.0
		for range runs {
			e := align(noisy(rng, n, 1.07, 0.05, false)).ratio(0.05)
			if e.Lo > 1.07 || e.Hi < 1.07 {
				missed++
			}
			off += math.Log(e.Value/1.07) / runs
		}
		if exceeds(missed, runs, 0.05) || missed < 2 { // 10, and a little less because p has steps
			t.Errorf("%d blocks: the interval misses in %d of %d", n, missed, runs)
		}
		if math.Abs(off) > 0.006 { // the standard error is 0.0018 for six
			t.Errorf("%d blocks: the estimate is off by %v", n, off)
		}
	}
}

func TestTheTestDoesNotDependOn(t *testing.T) {
	rng := rand.New(rand.NewPCG(29, 30))
	for range 40 {
		blocks := noisy(rng, 6+rng.IntN(6), 0.9, 0.05, false)
		want := align(blocks).ratio(0.05)
		p := align(blocks).p(0)
		same := func(what string, got Estimate, gotP float64) {
			t.Helper()
			for _, v := range [][2]float64{{got.Value, want.Value}, {got.Lo, want.Lo}, {got.Hi, want.Hi}} {
				if math.Abs(math.Log(v[0]/v[1])) > 2*fine {
					t.Errorf("%s: %+v, want %+v", what, got, want)
				}
			}
			if math.Abs(gotP-p) > 1e-12 {
				t.Errorf("%s: p is %v, want %v", what, gotP, p)
			}
		}
		order := slices.Clone(blocks)
		rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		same("the order of blocks", align(order).ratio(0.05), align(order).p(0))

		scaled := slices.Clone(blocks)
		for i := range scaled {
			by := math.Exp(rng.NormFloat64())
			scaled[i].own, scaled[i].against = scaled[i].own*by, [2]float64{scaled[i].against[1] * by, scaled[i].against[0] * by}
		}
		same("the scale of a block, and which trial is the twin", align(scaled).ratio(0.05), align(scaled).p(0))

		times := slices.Clone(blocks)
		for i := range times {
			times[i].own, times[i].against = 1/times[i].own, [2]float64{1 / times[i].against[0], 1 / times[i].against[1]}
		}
		same("whether more is better", align(times).ratio(0.05).inverse(), align(times).p(0))

		var there, back []block
		for _, b := range blocks {
			there = append(there, block{b.own, b.against, 1})
			back = append(back, block{b.against[0], [2]float64{b.own}, 1})
		}
		want, p = align(there).ratio(0.05), align(there).p(0)
		same("who is compared with whom", align(back).ratio(0.05).inverse(), align(back).p(0))
	}
}

func TestFiguresOfZeroAreLessThanAllOthers(t *testing.T) {
	repeat := func(b block) []block { return slices.Repeat([]block{b}, 8) }
	some := func(n int) []block {
		blocks := repeat(block{90, [2]float64{100, 101}, 2})
		for i := range n {
			blocks[i].own = 0
		}
		return blocks
	}
	for _, c := range []struct {
		name      string
		blocks    []block
		value, lo float64
		n         int
	}{
		{"own always", repeat(block{0, [2]float64{100, 101}, 2}), 0, 0, 8},
		{"the other always", repeat(block{100, [2]float64{0, 0}, 2}), math.Inf(1), math.Inf(1), 8},
		{"all, in one block", append(repeat(block{100, [2]float64{100, 100}, 2}), block{0, [2]float64{0, 0}, 2}), 1, 1, 8},
		{"own in two of eight", some(2), 0.9, 0, 8},
		{"own in three of eight", some(3), 0, 0, 8},
		{"all", repeat(block{0, [2]float64{0, 0}, 2}), 0, 0, 0},
	} {
		a := align(c.blocks)
		e := a.ratio(0.05)
		if !near(e.Value, c.value, 0.01) || !near(e.Lo, c.lo, 1e-4) || e.N != c.n {
			t.Errorf("%s: %+v, want %v from %v with n %d", c.name, e, c.value, c.lo, c.n)
		}
	}
	if p := align(some(3)).p(0); p > 2/math.Pow(3, 7) {
		t.Errorf("always less, and p is %v", p)
	}
}

func near(got, want, by float64) bool { return got == want || math.Abs(got-want) <= by }

// A budget for what a run's report does: 300 comparisons of 20 repetitions in well under a second.
func BenchmarkComparisonOf20(b *testing.B) {
	a := align(noisy(rand.New(rand.NewPCG(31, 32)), 20, 1.02, 0.05, false))
	for b.Loop() {
		a.p(0)
		a.ratio(0.0125, 0, -0.05, 0.05)
	}
}

func BenchmarkPOf20(b *testing.B) {
	a := align(noisy(rand.New(rand.NewPCG(31, 32)), 20, 1.02, 0.05, false))
	for b.Loop() {
		a.p(0)
	}
}
