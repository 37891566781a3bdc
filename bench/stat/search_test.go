package stat

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestAGridIsGeometricAndKeepsItsEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Float64Range(0.01, 3).Draw(t, "lo")
		hi := lo * rapid.Float64Range(1, 40).Draw(t, "span")
		grid := Grid(lo, hi)
		if grid[0] != lo || grid[len(grid)-1] != hi {
			t.Fatalf("from %v to %v, want the ends %v and %v", grid[0], grid[len(grid)-1], lo, hi)
		}
		for i := 1; i < len(grid); i++ {
			if ratio := grid[i] / grid[i-1]; ratio > gridStep*1.001 || ratio <= 1 {
				t.Fatalf("%v follows %v, a ratio of %v", grid[i], grid[i-1], ratio)
			}
			// The step is no finer than it has to be, or searches would take longer.
			if want := math.Pow(hi/lo, 1/float64(len(grid)-1)); math.Abs(grid[i]/grid[i-1]/want-1) > 0.002 {
				t.Fatalf("ratio %v, want %v throughout", grid[i]/grid[i-1], want)
			}
		}
		if n := float64(len(grid) - 2); n > 0 && math.Pow(hi/lo, 1/n) <= gridStep {
			t.Fatalf("%d points between %v and %v, and fewer would do", len(grid), lo, hi)
		}
	})
	for _, ends := range [][2]float64{{0, 1}, {2, 1}, {-1, 1}, {math.NaN(), 1}, {1, math.Inf(1)}} {
		if grid := Grid(ends[0], ends[1]); grid != nil {
			t.Errorf("from %v to %v there are %d points", ends[0], ends[1], len(grid))
		}
		if _, done := (Search{Lo: ends[0], Hi: ends[1]}).Next(nil); !done {
			t.Errorf("a search from %v to %v goes on", ends[0], ends[1])
		}
	}
}

// searched runs a search to its end with what a server says at each fraction.
func searched(t interface{ Fatalf(string, ...any) }, s Search, says func(fraction float64) Response) []Probe {
	var probes []Probe
	for {
		f, done := s.Next(probes)
		if done {
			return probes
		}
		if slices.ContainsFunc(probes, func(p Probe) bool { return p.Fraction == f }) {
			t.Fatalf("%v asks %v again after %v", s, f, probes)
		}
		probes = append(probes, Probe{Fraction: f, Rate: 1000 * f, Response: says(f)})
	}
}

func until(edge float64) func(float64) Response {
	return func(f float64) Response {
		if f <= edge {
			return Held
		}
		return Broke
	}
}

// Catches: an edge that is missed by one, at either end as well; a search that starts near something and cannot leave it;
// one that takes more trials than there is to ask.
func TestASearchFindsTheEdgeWhereverItBegins(t *testing.T) {
	for _, ends := range [][2]float64{{0.3, 1.2}, {0.5, 0.5}, {0.5, 0.52}, {0.5, 0.55}, {0.05, 2}} {
		grid := Grid(ends[0], ends[1])
		for edge := -1; edge < len(grid); edge++ {
			at, next := 0.0, math.Inf(1)
			if edge >= 0 {
				at = grid[edge]
			}
			if edge+1 < len(grid) {
				next = grid[edge+1]
			}
			for near := -1; near < len(grid)+2; near++ {
				s := Search{Lo: ends[0], Hi: ends[1]}
				switch {
				case near >= len(grid):
					s.Near = []float64{ends[0] / 9, ends[1] * 9}[near-len(grid)] // an older run's
				case near >= 0:
					s.Near = grid[near] * 1.01 // of a grid that was a little different
				}
				probes := searched(t, s, until(at))
				if b := Bracketed(probes); b.Held.Fraction != at || b.Broke.Fraction != next {
					t.Fatalf("%v: between %v and %v, want %v and %v", s, b.Held.Fraction, b.Broke.Fraction, at, next)
				}
				most := bits.Len(uint(len(grid))) // ⌈log2(points + 1)⌉
				switch {
				case near >= 0 && near < len(grid) && (near-edge <= 1 && edge-near <= 1):
					most = 4
				case near >= 0:
					most = 2 * bits.Len(uint(len(grid)))
				}
				if len(probes) > most {
					t.Errorf("%v with the edge at %v took %d trials, want at most %d", s, at, len(probes), most)
				}
			}
		}
	}
}

// Catches: a search that begins at the last answer itself, where chance decides, and not on either side of it.
func TestASearchNearAnAnswerEnclosesItFirst(t *testing.T) {
	grid := Grid(0.3, 1.2)
	s := Search{Lo: 0.3, Hi: 1.2, Near: grid[7]}
	below, _ := s.Next(nil)
	above, _ := s.Next([]Probe{{Fraction: below, Response: Held}})
	if below != grid[6] || above != grid[9] {
		t.Errorf("begins with %v and %v, want %v and %v", below, above, grid[6], grid[9])
	}
}

// Catches: a driver's limit that is taken for the server's; a search that goes on above what could not be told.
func TestWhatTheDriverHidesIsNoFailure(t *testing.T) {
	grid := Grid(0.3, 1.2)
	for hidden := range grid {
		for edge := range grid {
			for _, near := range []float64{0, grid[3], grid[20]} {
				b := Bracketed(searched(t, Search{Lo: 0.3, Hi: 1.2, Near: near}, func(f float64) Response {
					if f >= grid[hidden] {
						return Untold
					}
					return until(grid[edge])(f)
				}))
				held, broke := grid[edge], math.Inf(1)
				if hidden <= edge {
					held = 0
					if hidden > 0 {
						held = grid[hidden-1]
					}
				} else if edge+1 < hidden {
					broke = grid[edge+1]
				}
				if b.Held.Fraction != held || b.Broke.Fraction != broke {
					t.Fatalf("told below %v, edge %v: between %v and %v, want %v and %v", grid[hidden], grid[edge], b.Held.Fraction, b.Broke.Fraction, held, broke)
				}
			}
		}
	}
}

// Catches: a search that does not end, asks twice, asks what it knows, or asks off the grid, whatever a noisy server says.
func TestASearchEndsWhateverTheServerSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Search{Lo: 0.3, Hi: rapid.SampledFrom([]float64{0.3, 0.4, 1.2, 9}).Draw(t, "hi"), Near: rapid.SampledFrom([]float64{0, 0.1, 0.4, 1, 20}).Draw(t, "near")}
		grid := Grid(s.Lo, s.Hi)
		held, broke := 0.0, math.Inf(1)
		probes := searched(t, s, func(f float64) Response {
			if !slices.Contains(grid, f) || f <= held || f >= broke {
				t.Fatalf("asks %v, and %v held and %v broke", f, held, broke)
			}
			r := rapid.SampledFrom([]Response{Held, Broke, Untold}).Draw(t, "says")
			switch r {
			case Held:
				held = f
			case Broke:
				broke = f
			}
			return r
		})
		b := Bracketed(probes)
		if b.Held.Fraction != held || b.Broke.Fraction != broke {
			t.Fatalf("between %v and %v, want %v and %v", b.Held.Fraction, b.Broke.Fraction, held, broke)
		}
		slices.Reverse(probes)
		if Bracketed(probes) != b {
			t.Fatal("the answer depends on the order of the probes")
		}
	})
}

func TestPointsOfACurveCountInASearch(t *testing.T) {
	curve := []Probe{{Fraction: 0.5, Response: Held}, {Fraction: 0.55, Response: Broke}, {Fraction: 0.9, Response: Held}}
	f, done := Search{Lo: 0.3, Hi: 1.2}.Next(curve)
	if done || f <= 0.5 || f >= 0.55 {
		t.Errorf("asks %v (done %v), want a point between those that are known", f, done)
	}
	if b := Bracketed(curve); b.Held.Fraction != 0.5 || b.Broke.Fraction != 0.55 {
		t.Errorf("between %v and %v: what holds above what broke is chance", b.Held.Fraction, b.Broke.Fraction)
	}
}

// Catches: intervals that are too narrow, because answers that begin near the last one repeat its chance, or because what
// is known to a step only is taken as exact. A rate near the edge holds by chance: the noise is its logarithm's standard
// deviation, in steps of the grid.
func TestIntervalsCoverACapacityThatNoiseBlurs(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	const suites = 500
	for _, c := range []struct {
		noise       float64
		repetitions int
	}{{0.1, 8}, {1, 8}, {2, 12}, {4, 12}, {2, 20}} {
		for _, near := range []bool{false, true} {
			covered, trials, bias := 0, 0, 0.0
			for range suites {
				edge := 0.45 * math.Pow(2, rng.Float64())
				var answers []Bracket
				var held, broke []float64
				for range c.repetitions {
					s := Search{Lo: 0.3, Hi: 1.2}
					if near {
						s.Near = Likely(answers)
					}
					probes := searched(t, s, func(f float64) Response {
						return until(edge * math.Pow(gridStep, c.noise*rng.NormFloat64()))(f)
					})
					b := Bracketed(probes)
					answers = append(answers, b)
					held, broke = append(held, b.Held.Fraction), append(broke, b.Broke.Fraction)
					trials += len(probes)
				}
				e, _, _ := bracketed(held, broke)
				if e.Lo <= edge && edge <= e.Hi {
					covered++
				}
				bias += math.Log(e.Value/edge) / math.Log(gridStep) / suites
			}
			what := fmt.Sprintf("noise of %v steps, %d repetitions, near %v", c.noise, c.repetitions, near)
			if share := float64(covered) / suites; share < 0.95 {
				t.Errorf("%s: %.3f of intervals cover the capacity, want 0.95", what, share)
			}
			if bias < -1 || bias > 0.1 { // what held is half a step below the edge on average
				t.Errorf("%s: %.2f steps off on average", what, bias)
			}
			if each := float64(trials) / suites / float64(c.repetitions); each > 5 || near && each > 4.5 {
				t.Errorf("%s: %.1f trials for each answer", what, each)
			}
		}
	}
}
