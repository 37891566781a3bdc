package stat

import (
	"math"
	"slices"
	"strconv"
)

// gridStep is the finest that capacities are told apart by: a little above the smallest difference that matters
// (Threshold), and coarse enough that the answer among all rates between a quarter and four times some rate takes six
// trials.
const gridStep = 1.06

// Grid returns the offered rates that a search chooses from, as fractions of a capacity: lo, hi, and between them points
// whose ratio is the same throughout, at most 1.06. It depends on nothing else, so that all repetitions and strategies of a
// scenario meet at the same points, and each of those gathers trials for a curve. It is nil unless 0 < lo <= hi.
func Grid(lo, hi float64) []float64 {
	if !(lo > 0 && lo <= hi) || math.IsInf(hi, 0) {
		return nil
	}
	steps := int(math.Ceil(math.Log(hi/lo) / math.Log(gridStep)))
	grid := []float64{lo}
	for i := 1; i < steps; i++ {
		grid = append(grid, rounded(lo*math.Pow(hi/lo, float64(i)/float64(steps))))
	}
	if hi > lo {
		grid = append(grid, hi)
	}
	return grid
}

// rounded has four digits: a hundredth of a step, and short enough to be read in a record.
func rounded(f float64) float64 {
	short, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', 4, 64), 64)
	if err != nil {
		return f
	}
	return short
}

// A Response is what a strategy did at one offered rate.
type Response string

const (
	Held   Response = "held"   // it kept the objective
	Broke  Response = "broke"  // it did not
	Untold Response = "untold" // the driver or the machine did not let it show
)

// A Probe is one offered rate of a search, and what came of it.
type Probe struct {
	Fraction float64 // of the measured capacity
	Rate     float64 // per second
	Response Response
	Limit    Breach // why it broke
	Thin     bool   // too few requests for the objective's quantile; see Holds
}

// A Bracket is the answer of one search: the capacity is at least Held, and less than Broke.
type Bracket struct {
	Held  Probe // the highest that held, of those below Broke; Fraction 0: none did
	Broke Probe // the lowest that broke; Fraction +Inf: none did, so that Held is a lower bound and no more
}

// Bracketed returns what the probes of one search tell, in whatever order they are.
func Bracketed(probes []Probe) Bracket {
	b := Bracket{Broke: Probe{Fraction: math.Inf(1), Rate: math.Inf(1)}}
	for _, p := range probes {
		if p.Response == Broke && p.Fraction < b.Broke.Fraction {
			b.Broke = p
		}
	}
	for _, p := range probes {
		if p.Response == Held && p.Fraction < b.Broke.Fraction && p.Fraction > b.Held.Fraction {
			b.Held = p
		}
	}
	return b
}

// A Search looks for a capacity between two fractions. It is a value without state: what it asks next follows from the
// probes so far, so that a run that was interrupted goes on where it was.
type Search struct {
	Lo, Hi float64 // ends of the Grid

	// Near is where the capacity is likely to be, for example [Likely] of the repetitions before; 0: nothing is known. The
	// search then begins a step below and two steps above, the ends of what it expects. If the capacity is not between
	// them it leaves in strides that double, as far as the ends of the grid. Near saves trials and is no part of the
	// answer: it does not start at Near itself, because a rate near the edge holds or breaks by chance, and answers that
	// begin where the last one ended would repeat its chance and not be independent of it.
	Near float64
}

// Next returns the fraction to offer next, or that the search is done: no point of the grid is left between the highest
// that held and the lowest that did not. With nothing known it halves the points that are left, which takes
// ⌈log2(points+1)⌉ probes.
//
// A probe that is Untold is no failure. Nothing is offered above it all the same, because what kept it from being told,
// most likely the driver's own limit, is still there: the answer is then "at least", or a wider bracket.
func (s Search) Next(probes []Probe) (fraction float64, done bool) {
	grid := Grid(s.Lo, s.Hi)
	held := Bracketed(probes).Held.Fraction
	stop := math.Inf(1)
	for _, p := range probes {
		if p.Response != Held && p.Fraction > held {
			stop = min(stop, p.Fraction)
		}
	}
	from, to := above(grid, held), below(grid, stop) // the points that are left are grid[from:to]
	if from >= to {
		return 0, true
	}
	near := s.index(grid)
	low := max(near-1, 0) // the first probe
	switch {
	case near < 0 || held > 0 && !math.IsInf(stop, 1):
		return grid[(from+to)/2], false
	case held > 0:
		at := from - 1
		return grid[min(low+max(expected, 2*(at-low)), to-1)], false
	case !math.IsInf(stop, 1):
		at := to
		return grid[max(at-max(expected, 2*(low-at)), 0)], false
	default:
		return grid[low], false
	}
}

// expected is how many steps lie between the first two probes near a likely capacity: its own step, and one on either side.
const expected = 3

// index is that of the grid's point nearest to Near; -1 if nothing is known.
func (s Search) index(grid []float64) int {
	if !(s.Near > 0) {
		return -1
	}
	i, found := slices.BinarySearch(grid, s.Near)
	if !found && i > 0 && (i == len(grid) || grid[i]/s.Near > s.Near/grid[i-1]) {
		i--
	}
	return i
}

// above is the index of the grid's first point above f.
func above(grid []float64, f float64) int {
	i, found := slices.BinarySearch(grid, f)
	if found {
		i++
	}
	return i
}

// below is how many points of the grid are below f.
func below(grid []float64, f float64) int {
	i, _ := slices.BinarySearch(grid, f)
	return i
}

// Likely is where a search should begin after others: the median of what held, 0 if none did. Only answers of other
// repetitions may be in it.
func Likely(answers []Bracket) float64 {
	var held []float64
	for _, b := range answers {
		if b.Held.Fraction > 0 {
			held = append(held, b.Held.Fraction)
		}
	}
	if len(held) == 0 {
		return 0
	}
	slices.Sort(held)
	return held[(len(held)-1)/2]
}
