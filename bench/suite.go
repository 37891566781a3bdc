// Package bench measures strategies under load: a [Suite] says what, [Suite.Plan] in which order, and [Suite.Run] does
// it, one server process for each strategy and repetition, and hands over each trial as it ends.
//
// It starts processes, opens connections and reads clocks; what the trials mean is decided in bench/stat, and put into
// words and pictures in bench/report. A program that runs suites calls [Suite.ServeIfChild] first thing in its main
// (bench/cli does it), because the harness runs that very program again as the server.
package bench

import (
	"cmp"
	"time"

	"github.com/poolbench/poolbench/bench/internal/server"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies"
)

// A Suite is what to measure, and the strategies and workloads that its scenarios name.
type Suite struct {
	Name        string
	About       string // one sentence: what it is for, and how long it takes
	Kinds       strategies.Kinds
	Workloads   []workload.Workload
	Scenarios   []Scenario
	Repetitions int           // of every cell at most, each in a fresh process; what is decided earlier ends earlier
	Threshold   float64       // the smallest difference that matters, as a ratio; 0: stat.Threshold
	Budget      time.Duration // no repetition but the first begins after so long, or a tenth longer to reach the first look; 0: no limit but Repetitions
}

// A Scenario is one question: a workload under a shape of load, asked of several strategies.
type Scenario struct {
	Name       string
	About      string // one sentence: what it decides
	Workload   string
	Strategies []string   // names as Kinds parses them; the first is the baseline, measured twice in each repetition
	Load       trial.Load // in open loops without a rate: that comes from Fractions
	Fractions  []float64  // open loops: offered load over the baseline's closed-loop throughput, measured first in the same run
	Timing     Timing

	Question  trial.Question  // empty: Compare
	DecidedBy string          // key of the metric that decides (stat.Metrics); empty: goodput in closed loop, otherwise response-p50
	DecideAt  float64         // open loops: the one of Fractions at which it is decided; 0: the last
	Objective trial.Objective // what Capacity searches for; elsewhere what a strategy has to keep to be chosen, if there is one

	// Repetitions bounds those of this scenario; 0: the suite's, and for Size and Capacity as many as telling the strategies
	// apart takes.
	Repetitions int

	// Sketch is how often the levels other than DecideAt are measured, which only draw a curve; 0: like all others.
	Sketch int

	// Interleaved measures all strategies of a repetition at the same time, in alternating slices of so long: less noise, and
	// more memory and connections. 0: one after the other.
	Interleaved time.Duration

	// Drain stops the server at the window's end while the load goes on, and measures that.
	Drain bool
}

// spare is for a repetition that cannot be used: with just as many as a decision takes, one that is lost leaves all undecided.
const spare = 1

// Repeats is how often a scenario of the suite is repeated at most. Scenarios that ask for a size or a capacity compare each strategy with the
// best, once, and need no more than that takes.
func (s Suite) Repeats(sc Scenario) int {
	switch {
	case sc.Repetitions > 0:
		return min(sc.Repetitions, s.Repetitions)
	case sc.question() != trial.Compare:
		return min(stat.PairRepetitions(len(sc.Strategies)-1)+spare, s.Repetitions)
	default:
		return s.Repetitions
	}
}

func (sc Scenario) question() trial.Question { return cmp.Or(sc.Question, trial.Compare) }

// decideAt is the level that decides; 0 in closed loop.
func (sc Scenario) decideAt() float64 {
	if sc.DecideAt == 0 && len(sc.Fractions) > 0 {
		return sc.Fractions[len(sc.Fractions)-1]
	}
	return sc.DecideAt
}

// decidedBy is the key of the metric that decides.
func (sc Scenario) decidedBy() string {
	return cmp.Or(sc.DecidedBy, stat.DefaultMetric(sc.Load.Loop).Key)
}

// threshold is the smallest difference that matters.
func (s Suite) threshold() float64 { return cmp.Or(s.Threshold, stat.Threshold) }

// records are the scenarios as a run's record has them.
func (s Suite) records() []trial.Scenario {
	var out []trial.Scenario
	for _, sc := range s.Scenarios {
		r := trial.Scenario{
			Name: sc.Name, About: sc.About, Question: sc.question(), Workload: sc.Workload, Load: sc.Load,
			Levels: sc.Fractions, DecideAt: sc.decideAt(), DecidedBy: sc.decidedBy(), Objective: sc.Objective,
		}
		for _, name := range sc.Strategies {
			r.Strategies = append(r.Strategies, s.fullName(name))
		}
		out = append(out, r)
	}
	return out
}

// ServeIfChild turns this process into a server if the harness started it as one, and does not return then. Call it
// first thing in main, and in TestMain where tests measure.
func (s Suite) ServeIfChild() { server.RunIfChild(s.Kinds, s.Workloads) }
