// Package stat turns trials into summaries and comparisons. It is pure: trials in, values out, nothing kept and
// nothing of the caller's changed. It knows no strategy by name. Package report puts what it says into words and
// pictures.
//
// The replicate is the trial, a fresh process, never the request: requests of one trial share a process, its memory
// layout and its moment, and a million of them tell nothing about the next process. Comparisons are made within a
// repetition, because the machine drifts from one repetition to the next and strategies of one repetition share it.
//
// # The test
//
// A repetition is a block: the figure of a strategy X, and the two of the baseline, which is measured twice. If X is no
// different, the three are exchangeable: any of them is X's as probably as any other. From the logarithms of each block
// its mean is taken, what is left of all blocks is ranked together, and X's ranks are added up: the aligned rank test of
// Hodges and Lehmann (Rank methods for combination of independent experiments in analysis of variance, Ann. Math. Stat. 33,
// 1962, 482-497). The distribution of that sum, given the ranks, follows from going through all ways in which the three
// could be assigned, so that p is exact for noise of any shape. The least p, if all n blocks agree, is 2/3ⁿ. Against a
// strategy that is measured once blocks have two figures, the least p is 2/2ⁿ, and the test is a near relative of Wilcoxon's. So
// it is for a block of which one of the baseline's trials is missing.
//
// The estimate of a ratio is the one at which the ranks are neither high nor low, and its interval has all those that
// the test does not reject (Hodges and Lehmann, Estimates of location based on rank tests, Ann. Math. Stat. 34, 1963, 598-611).
//
// # Many comparisons, many looks
//
// A run decides while it measures, and ends early what is clear. That gives chance more than one chance: each
// comparison is one, and so is each look at it. A [trial.Design] settles both before anything is measured. The looks,
// at most four, share alpha, 5 %, equally (Bonferroni, which holds whatever one look tells of the next). Within a look the family
// of all comparisons that can be made shares the look's part step by step (Holm, A simple sequentially rejective multiple test
// procedure, Scand. J. Stat. 6, 1979, 65-70): from the least p up, each has to be at most the part over the number of hypotheses that
// are not rejected yet, those of earlier looks taken off (Maurer and Bretz, Multiple testing in group sequential trials using
// graphical approaches, Stat. Biopharm. Res. 5, 2013, 311-320). Up to the first false rejection only false hypotheses were
// rejected, so that the divisor is at least the number of true ones, and a false rejection has at most probability alpha: at
// most one run in twenty names any difference where there is none. Comparisons that have ended as tied are never tested again, which costs
// nothing.
//
// A family is all pairs of strategies of all scenarios that compare, each by the metric and at the level that decide there. Made are the
// comparisons with the baseline and, once another strategy is found better than it, those with that leader. The leader
// is chosen by the data; counting all pairs has paid for that.
//
// # What is concluded
//
// [Different]: the test rejects, and the ratio is further from 1 than the threshold T, under 1/(1+T) or over 1+T. [Tied]: the interval
// lies between these two. Its confidence is 1 less the look's part of alpha, so that the intervals of all looks together cover the
// truth with 95 %, and it does not matter at which look a comparison ends (Jennison and Turnbull, Interim analyses: the
// repeated confidence interval approach, J. R. Stat. Soc. B 51, 1989, 305-361). This is for each comparison: of a hundred ties some may
// be none. [Undecided]: neither, yet. What is significant and small goes on until it is one of them or the budget is spent.
//
// An early look needs all repetitions to agree, and an estimate at which one stops leans a little away from 1. Both are the
// price for ending early. The intervals hold all the same.
//
// # Whose figure
//
// Some figures are the driver's and not the server's, and package finding says of which trials. Where the driver was the
// bottleneck, its figure is a bound: the server may be better, and is not worse. Two bounds that are equal say nothing
// about what they bound, so no equality is concluded from them, however narrow the interval; a difference is, where
// the worse of the two is no bound. Above half of the driver's ceiling its own time is a good part of every answer's,
// which hides small differences and makes none: equality is not concluded there, differences are. It counts in how many of
// the repetitions that a comparison rests on this is so of either side: from half of them on, the middle of the ratios may be
// one of these. What the server itself accounts for, its CPU time for each answer, is comparable throughout.
//
// # Single cells
//
// A [Summary] gives medians of single cells with intervals from order statistics, which assume nothing about the distribution
// either. Whether two strategies differ cannot be read from two such intervals.
package stat

import (
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// A Cell is what is summarised and compared: one strategy in one scenario at one level of offered load. All trials
// of a cell are replicates of each other: a suite gives loads that differ in anything but the level different scenarios.
type Cell struct {
	Scenario string
	Fraction float64 // offered load over the measured capacity; 0 in closed loop
	Strategy string  // full name
	Twin     bool    // the second half of the A/A pair
}

// An Estimate is a median over trials, or of a ratio within repetitions what the test of the package comment gives, with a
// distribution-free interval.
type Estimate struct {
	Value      float64
	Lo, Hi     float64 // 0 and +Inf where N is too small for any interval
	N          int
	Confidence float64 // that the interval covers the truth, at least; 0 where there is none
}

// A Summary is all valid trials of one cell.
type Summary struct {
	Cell
	Workload string
	Measured string // "request" or "session"
	Load     trial.Load
	Window   time.Duration // median
	TimeOut  time.Duration

	Trials  int // valid ones, which everything below is about
	Invalid int // kept and left out

	DriverBound int // of Trials: the driver decided the figures, so that goodput is a lower bound
	AboveHalf   int // of Trials: an open loop that offered more than half of what the driver can do

	Goodput   Estimate // OK answers inside the window, per second
	ServerCPU Estimate // server CPU seconds for each of them; N 0 where the platform does not tell

	Latency trial.Latency // merged over trials; never averaged
	Counts  trial.Counts  // added up
	Clients Served
}

// Served says who was served, over the trials of a cell.
type Served struct {
	Total   int     // clients of one trial
	Fewest  int     // served, in the trial with the fewest
	Median  int     // served, in the median trial (the lower one of two)
	Refused int     // in the trial with the most
	Nothing int     // starved, in the trial with the most
	Jain    float64 // median fairness index
}

// A Metric is one figure of one trial.
type Metric struct {
	Key    string // in suites and records, such as response-p99
	Name   string
	Unit   string
	Higher bool // higher is better
	Own    bool // the server's own account, whatever the driver did; false: the driver's observation
	Of     func(trial.Trial) (value float64, ok bool)
}

// A Comparison is one strategy against the baseline of its scenario, the strategy that was measured twice in each
// repetition, by one metric, with the A/A pair beside it.
type Comparison struct {
	Cell
	Baseline string // full name
	Metric   Metric
	Ratio    Estimate // this cell over the baseline, paired within repetitions
	AA       Estimate // the baseline's twin over the baseline, at the same confidence: what nothing looks like
	Family   int      // comparisons that P was held to together with this one
	P, Held  float64  // as in Decision
	Outcome  Outcome
	Sense    Sense   // how Ratio is to be read
	More     int     // as in Decision
	Bound    float64 // the largest difference that Ratio's interval leaves possible: 0.04 is 4 %; +Inf: no interval, Unranked, or a bound itself
}

// A Sense says how a ratio stands to the servers' own, without the driver.
type Sense string

// The senses. All but AsSeen come with Differs.
const (
	AsSeen  Sense = ""
	AtMost  Sense = "at most"  // the true ratio is further below 1, or as seen
	AtLeast Sense = "at least" // the true ratio is further above 1, or as seen
)

// Threshold is the smallest difference that is worth acting on, unless told otherwise: below 5 % a change of compiler,
// kernel or neighbour matters more.
const Threshold = 0.05
