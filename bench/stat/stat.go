// Package stat turns trials into summaries and comparisons. It is pure: trials in, values out, nothing kept and
// nothing of the caller's changed. It knows no strategy by name. Package report puts what it says into words and
// pictures.
//
// The replicate is the trial, a fresh process, never the request: requests of one trial share a process, its memory
// layout and its moment, and a million of them tell nothing about the next process. Comparisons are paired within a
// repetition, because the machine drifts from one repetition to the next and strategies of one repetition share it.
//
// # How sure
//
// Intervals are order statistics, which assume nothing about the distribution but that the pairs are independent.
// With n pairs the widest, from the least to the greatest, misses the true median with probability 2/2ⁿ: for n = 8,
// 0.8 %. Several strategies against one baseline are several chances to be wrong, so [Comparisons] asks for more of
// each, after Bonferroni: with m others, an interval that misses with at most 5 %/m. Then at most 5 % of families name
// any false difference: 6 comparisons at n = 8 add up to 6 * 0.8 % = 4.7 %. A family is the strategies of one scenario
// at one level by one metric; it says nothing for a reader who goes through many scenarios in search of one difference.
// [Repetitions] turns the sum round: one comparison needs 6 repetitions, 4 to 6 need 8, 25 need 10. With fewer the
// interval is infinite and the comparison undecided, however far apart the figures lie.
//
// # Whose figure
//
// Some figures are the driver's and not the server's, and package finding says of which trials. Where the driver was the
// bottleneck, its figure is a bound: the server may be better, and is not worse. Two bounds that are equal say nothing
// about what they bound, so no equality is concluded from them, however narrow the interval; a difference is, where
// the worse of the two is no bound. Above half of the driver's ceiling its own time is a good part of every answer's,
// which hides small differences and makes none: equality is not concluded there, differences are. What the server itself
// accounts for, its CPU time for each answer, is comparable throughout.
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

// An Estimate is a median over trials (or over repetitions, for a ratio) with a distribution-free interval.
type Estimate struct {
	Value      float64
	Lo, Hi     float64 // 0 and +Inf where N is too small for any interval
	N          int
	Confidence float64 // what the interval really covers: at least what was asked for; 0 where there is none
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
