package stat

// An Observation is one valid trial of a comparison, with the one figure that decides and nothing else, so that a run can
// keep all of them in memory.
type Observation struct {
	Cell
	Repetition int
	Value      float64

	Bounded bool // the driver decided the figure (finding driver-bound), so that it is a bound
	Blurred bool // the driver's time is in it (finding above-half-ceiling), so that small differences do not show
}

// An Outcome is what a comparison has come to.
type Outcome string

const (
	Undecided Outcome = "undecided" // the budget is spent, or not yet
	Different Outcome = "different" // significantly, and by more than the threshold
	Tied      Outcome = "tied"      // no difference larger than the threshold, with confidence
	Unranked  Outcome = "unranked"  // the figures are the driver's and not the servers'
)

// A Decision is what is known of two strategies in one scenario at the level that decides.
type Decision struct {
	Scenario string
	Fraction float64
	Strategy string // full name
	Against  string // full name: the baseline, or the leader where that is another one
	Metric   Metric

	Ratio       Estimate // Strategy's figure over Against's, paired within repetitions
	P           float64  // exact, two-sided, of this comparison alone
	Held        float64  // what P had to be at most to be significant, after Holm and the looks; 0: never looked at
	Outcome     Outcome
	Sense       Sense
	Repetitions int // that it rests on
	More        int // Undecided: about so many repetitions more would decide; 0: nobody can tell
}
