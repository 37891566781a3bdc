package stat

import (
	"cmp"
	"math"
	"slices"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/trial"
)

const (
	// outlying is the modified z-score above which a value is an outlier (B. Iglewicz, D. Hoaglin: How to Detect and Handle
	// Outliers, ASQC, 1993, section 3.3).
	outlying = 3.5

	// perMAD makes the median absolute deviation of a normal distribution its standard deviation: 1/Φ⁻¹(3/4).
	perMAD = 1.4826

	// fewestTrials for a median absolute deviation that means something: of three, one is always far off beside two that happen
	// to be close.
	fewestTrials = 5

	// standsOut is the factor by which a figure of the record has to be above its median to explain anything.
	standsOut = 2

	// noticed is the least share of a window, or of its requests, that explains an outlier: p99 is made by one request in a hundred.
	noticed = 0.01

	// switchesPerSecond is the least number that explains one: at some 10 µs each they are a thousandth of the time.
	switchesPerSecond = 100
)

// A Cause is what a trial's record has to say about its being an outlier: the code of a finding, or one of these.
type Cause string

const (
	Steal          Cause = "steal"                              // System.Steal
	CPUPressure    Cause = "CPU pressure"                       // System.CPUPressure
	DriverGap      Cause = "gap of the driver"                  // Driving.LongestGap
	DriverSwitches Cause = "involuntary switches of the driver" // DriverUsage.InvoluntarySwitches
	ServerSwitches Cause = "involuntary switches of the server"
	DriverGC       Cause = "garbage collection of the driver" // DriverUsage.GCPause
	ServerGC       Cause = "garbage collection of the server"
	Overflows      Cause = "listen overflows" // System.ListenOverflows: each may cost a client a second
	Unexplained    Cause = "unexplained"
)

// An Outlier is a valid trial that is far from the others of its cell. It stays in every figure: medians bear it.
type Outlier struct {
	Cell
	Repetition int
	Seq        int
	Metric     Metric
	Value      float64
	Median     float64 // of the cell's valid trials, this one included
	Score      float64 // scaled median absolute deviations from the median, with its sign; ±Inf where all others are the same
	Cause      Cause
}

// Ratio is how many times the median it is.
func (o Outlier) Ratio() float64 { return o.Value / o.Median }

// Outliers returns the valid trials whose figure is both more than 3.5 scaled median absolute deviations from their cell's
// median (the modified z-score) and further from it than [Threshold], cells in order of their first trials and trials as
// they ended. Cells with fewer than five trials have none, nor have those that only calibrate.
//
// Its cause is the first that applies: a finding of the trial that at most half of its cell's trials have; if it is worse
// than the median, a figure of the record, see [Cause], that stands out in the same way among the cell's, is twice the
// median or more, and is large enough to be felt; or [Unexplained]. A cause is a witness, not a proof.
func Outliers(trials []trial.Trial, m Metric) []Outlier {
	var all []Outlier
	keys, of := cells(trials)
	for _, key := range keys {
		var group []trial.Trial
		for _, t := range valid(of[key]) {
			if _, ok := m.Of(t); ok && !t.Calibrates {
				group = append(group, t)
			}
		}
		if len(group) < fewestTrials {
			continue
		}
		figures := values(m, group)
		middle, deviation := scale(figures)
		for i, v := range figures {
			off := v - middle
			if !(math.Abs(off) > outlying*deviation && math.Abs(off) > Threshold*math.Abs(middle)) {
				continue
			}
			t := group[i]
			all = append(all, Outlier{
				Cell: key, Repetition: t.Repetition, Seq: t.Seq, Metric: m,
				Value: v, Median: middle, Score: off / deviation,
				Cause: cause(t, group, off > 0 == m.Higher),
			})
		}
	}
	return all
}

// scale returns the median and the scaled median absolute deviation.
func scale(values []float64) (middle, deviation float64) {
	middle = midpoint(values)
	var off []float64
	for _, v := range values {
		off = append(off, math.Abs(v-middle))
	}
	return middle, perMAD * midpoint(off)
}

// midpoint is the median, between the two in the middle of an even number: the definition's, not a value that was seen.
func midpoint(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func cause(t trial.Trial, group []trial.Trial, better bool) Cause {
	for _, f := range t.Findings {
		having := 0
		for _, other := range group {
			if other.Has(f.Code) {
				having++
			}
		}
		if 2*having <= len(group) && !finding.AsWanted(t, f) {
			return Cause(f.Code)
		}
	}
	if better {
		return Unexplained // what takes time away makes nothing better
	}
	type witness struct {
		cause Cause
		score float64
	}
	var seen []witness
	for _, figure := range recorded {
		var all []float64
		for _, other := range group {
			all = append(all, figure.of(other))
		}
		v := figure.of(t)
		middle, deviation := scale(all)
		if v >= figure.least(t) && v >= standsOut*middle && v-middle > outlying*deviation {
			seen = append(seen, witness{figure.cause, v / figure.least(t)})
		}
	}
	if len(seen) == 0 {
		return Unexplained
	}
	return slices.MaxFunc(seen, func(a, b witness) int { return cmp.Compare(a.score, b.score) }).cause
}

// recorded are the figures that can explain an outlier, and how much of each can be felt in a window. Of several the one that
// is the most times that is named.
var recorded = []struct {
	cause Cause
	of    func(trial.Trial) float64
	least func(trial.Trial) float64
}{
	{Steal, func(t trial.Trial) float64 { return float64(t.System.Steal) }, shareOf},
	{CPUPressure, func(t trial.Trial) float64 { return float64(t.System.CPUPressure) }, shareOf},
	{DriverGap, func(t trial.Trial) float64 { return float64(t.Driving.LongestGap) }, shareOf},
	{DriverSwitches, func(t trial.Trial) float64 { return float64(t.DriverUsage.InvoluntarySwitches) }, perSecond},
	{ServerSwitches, func(t trial.Trial) float64 { return float64(t.ServerUsage.InvoluntarySwitches) }, perSecond},
	{DriverGC, func(t trial.Trial) float64 { return float64(t.DriverUsage.GCPause) }, shareOf},
	{ServerGC, func(t trial.Trial) float64 { return float64(t.ServerUsage.GCPause) }, shareOf},
	{Overflows, func(t trial.Trial) float64 { return float64(t.System.ListenOverflows) }, shareOfRequests},
}

func shareOf(t trial.Trial) float64         { return max(1, noticed*float64(t.Window)) }
func shareOfRequests(t trial.Trial) float64 { return max(1, noticed*float64(t.Counts.Intended)) }
func perSecond(t trial.Trial) float64       { return max(1, switchesPerSecond*t.Window.Seconds()) }
