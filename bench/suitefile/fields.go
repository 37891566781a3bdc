package suitefile

import (
	"strings"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// SuiteFields are what a file says of the suite itself, in the order in which it is written.
func SuiteFields() []Field[bench.Suite] {
	type field = Field[bench.Suite]
	type suite = bench.Suite
	return []field{
		one(field{Key: "name", Flag: "suite-name", Value: "NAME", About: "The suite's name in records and reports."},
			func(s *suite) *string { return &s.Name }, word[string]()),
		one(field{Key: "about", Flag: "suite-about", Value: "TEXT", About: "One sentence: what the suite is for, and how long it takes."},
			func(s *suite) *string { return &s.About }, word[string]()),
		one(field{Key: "repetitions", Flag: "repetitions", Value: "N",
			About: "How often each trial is done, each time in a fresh process, at most: what is decided earlier ends earlier. How many a first decision takes depends on how much is compared; 10 for a hundred pairs."},
			func(s *suite) *int { return &s.Repetitions }, whole),
		one(field{Key: "threshold", Flag: "threshold", Value: "PERCENT", example: ratio.write(stat.Threshold), Unset: ratio.write(stat.Threshold),
			About: "The smallest difference that matters."},
			func(s *suite) *float64 { return &s.Threshold }, ratio),
		one(field{Key: "budget", Flag: "budget", Value: "TIME", example: "10m", Unset: "no limit but repetitions",
			About: "No repetition begins after so long, or after a tenth more if the first look is reached so."},
			func(s *suite) *time.Duration { return &s.Budget }, span),
	}
}

// ScenarioFields are what a file says of each scenario, in the order in which it is written.
func ScenarioFields() []Field[bench.Scenario] {
	type field = Field[bench.Scenario]
	type scenario = bench.Scenario
	return []field{
		one(field{Key: "name", Flag: "scenario-name", Value: "NAME", About: "The scenario's name in records and reports: one that no other has."},
			func(s *scenario) *string { return &s.Name }, word[string]()),
		one(field{Key: "about", Flag: "scenario-about", Value: "TEXT", About: "One sentence: what the scenario decides."},
			func(s *scenario) *string { return &s.About }, word[string]()),
		one(field{Key: "question", Flag: "question", Value: "QUESTION", example: "compare", Unset: "compare",
			About: "What is asked: compare (who is best), size (the smallest limit that is enough, of one strategy) or capacity (the highest rate at which each keeps the objective)."},
			func(s *scenario) *trial.Question { return &s.Question }, word[trial.Question]()),
		one(field{Key: "workload", Flag: "workload", Value: "NAME", example: "echo", Unset: "none, it has to be said",
			About: "What is served and asked; `poolbench list` lists them."},
			func(s *scenario) *string { return &s.Workload }, word[string]()),
		many(field{Key: "strategies", Flag: "strategy", Value: "NAME", example: `[goroutine, "channel:workers=16"]`, Unset: "none, they have to be said",
			About: "The strategies to measure, by full or short name; the first is the baseline, which is measured twice. `poolbench list` lists them."},
			func(s *scenario) *[]string { return &s.Strategies }, word[string]()),
		one(field{Key: "loop", Flag: "loop", Value: "LOOP",
			About: "Who sets the pace: closed (the server, each client asks again when it has its answer), open (a schedule, connections stay) or sessions (a schedule, each arrival is a new connection)."},
			func(s *scenario) *trial.Loop { return &s.Load.Loop }, word[trial.Loop]()),
		one(field{Key: "clients", Flag: "clients", Value: "N", About: "Connections that are held at once."},
			func(s *scenario) *int { return &s.Load.Clients }, whole),
		one(field{Key: "think", Flag: "think", Value: "TIME", About: "Closed loop: the pause between an answer and the next request."},
			func(s *scenario) *time.Duration { return &s.Load.Think }, span),
		one(field{Key: "arrivals", Flag: "arrivals", Value: "SHAPE", example: "poisson", Unset: "poisson",
			About: "Open loop and sessions: poisson (at random) or constant (at equal distances)."},
			func(s *scenario) *trial.Arrivals { return &s.Load.Arrivals }, word[trial.Arrivals]()),
		many(field{Key: "offered", Flag: "offered", Value: "PERCENT,PERCENT", Comma: true, example: "[50%, 90%]", Unset: "none; open loops and sessions need at least one",
			About: "Open loop and sessions: the loads to offer, of the capacity that is measured first in the same run. Question capacity searches between two."},
			func(s *scenario) *[]float64 { return &s.Fractions }, ratio),
		one(field{Key: "decide-at", Flag: "decide-at", Value: "PERCENT", example: "90%", Unset: "the last of offered",
			About: "Open loop and sessions: the one of the offered loads at which it is decided."},
			func(s *scenario) *float64 { return &s.DecideAt }, ratio),
		one(field{Key: "decided-by", Flag: "decided-by", Value: "METRIC", example: "response-p99", Unset: "goodput in closed loop, otherwise response-p50",
			About: "The metric that decides: " + metrics() + "."},
			func(s *scenario) *string { return &s.DecidedBy }, word[string]()),
		one(field{Key: "objective", Flag: "objective", Value: "pNN=TIME", example: "p99=10ms", Unset: "none; question capacity needs one",
			About: "What is promised: so large a share of the requests is answered within so long. Who does not keep it is not chosen."},
			func(s *scenario) *trial.Objective { return &s.Objective }, objective),
		one(field{Key: "rate-profile", Flag: "rate-profile", Value: "PROFILE", example: `"burst:factor=5,at=1s,for=1s"`, Unset: "the rate stays",
			About: "Open loop and sessions: how the rate changes over the window: " + trial.ProfileForms + "."},
			func(s *scenario) *[]trial.Segment { return &s.Load.Profile }, profile),
		many(field{Key: "others", Flag: "others", Value: "SHARE", example: `["slow:share=0.1,every=50ms"]`, Unset: "none",
			About: "Shares of the clients that behave otherwise and are not measured: slow, idle, never-reads or resets, like " + trial.ShareForm + "."},
			func(s *scenario) *[]trial.Share { return &s.Load.Others }, share),
		one(field{Key: "warm-up", Flag: "warm-up", Value: "TIME", About: "Load before each window, not counted."},
			func(s *scenario) *time.Duration { return &s.Timing.WarmUp }, span),
		one(field{Key: "window", Flag: "window", Value: "TIME", About: "How long each trial measures."},
			func(s *scenario) *time.Duration { return &s.Timing.Window }, span),
		one(field{Key: "tail", Flag: "tail", Value: "TIME", About: "How long, at most, the load goes on after the window, for its answers to come."},
			func(s *scenario) *time.Duration { return &s.Timing.Tail }, span),
		one(field{Key: "time-out", Flag: "time-out", Value: "TIME", About: "A client's patience with one request."},
			func(s *scenario) *time.Duration { return &s.Timing.TimeOut }, span),
		one(field{Key: "back-off", Flag: "back-off", Value: "TIME", About: "How long a refused client waits before it comes back."},
			func(s *scenario) *time.Duration { return &s.Timing.BackOff }, span),
		one(field{Key: "repeat", Flag: "repeat", Value: "N", Unset: "as often as the suite's repetitions allow; questions size and capacity need fewer",
			About: "How often this scenario is repeated at most."},
			func(s *scenario) *int { return &s.Repetitions }, whole),
		one(field{Key: "sketch", Flag: "sketch", Value: "N", Unset: "0, as often as at decide-at",
			About: "Open loop and sessions: how often the offered loads other than decide-at are measured, which only draw a curve."},
			func(s *scenario) *int { return &s.Sketch }, whole),
		one(field{Key: "interleaved", Flag: "interleaved", Value: "TIME", example: "25ms", Unset: "0s, one strategy after the other",
			About: "Measure all strategies of a repetition at the same time, in alternating slices of so long: less noise, more memory and connections."},
			func(s *scenario) *time.Duration { return &s.Interleaved }, span),
		one(field{Key: "drain", Flag: "drain", About: "Stop the server at the window's end while the load goes on, and measure that."},
			func(s *scenario) *bool { return &s.Drain }, yesNo),
	}
}

func metrics() string {
	var keys []string
	for _, m := range stat.Metrics() {
		keys = append(keys, m.Key)
	}
	return strings.Join(keys, ", ")
}

// defaultRepetitions is twice what the first decision takes, because it is the most that there are and not how many
// it takes: what is clear ends long before.
const defaultRepetitions = 20

// Default is what a suite and each of its scenarios are where a file says nothing: 64 clients in a closed loop and
// windows of a second, because the noise of a quarter of a second is twice as large. A workload and strategies have to be
// said.
func Default() (bench.Suite, bench.Scenario) {
	return bench.Suite{Repetitions: defaultRepetitions}, bench.Scenario{
		Load: trial.Load{Loop: trial.Closed, Clients: 64},
		Timing: bench.Timing{
			WarmUp: 200 * time.Millisecond, Window: time.Second, Tail: 200 * time.Millisecond,
			TimeOut: time.Second, BackOff: 20 * time.Millisecond,
		},
	}
}
