package bench

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// A Moment is one at which a run has told how long it goes on.
type Moment struct {
	At, Expected, Really time.Duration // since its beginning; until its end
	Done, Left           int           // steps
}

// Replay goes through a recorded run again, with its own durations and decisions and nothing else of it, and returns what it would
// have told. A recording is a line for each trial: when it began in ms, the numbers of scenario and strategy (-1: it calibrates),
// repetition, attempt, fraction, and of c(alibrates), t(win), i(nvalid: measured again), h(eld) and b(roke) what is true. Its last
// line is when the run ended.
func Replay(t *testing.T, s Suite, seed uint64, recording string) (told []Moment, end time.Duration) {
	t.Helper()
	type key struct {
		scenario, strategy, repetition, attempt int
		fraction                                float64
		calibrates, twin                        bool
	}
	type record struct {
		took  time.Duration
		flags string
	}
	recorded := map[key][]record{} // calibrations of different capacities have the same
	open := map[int]map[string][]string{}
	lines := strings.Split(strings.TrimSpace(recording), "\n")
	start := make([]time.Duration, len(lines))
	keys := make([]key, len(lines))
	flags := make([]string, len(lines))
	for i, line := range lines {
		var ms int64
		k := &keys[i]
		if n, _ := fmt.Sscan(line, &ms, &k.scenario, &k.strategy, &k.repetition, &k.attempt, &k.fraction, &flags[i]); n != 7 && i < len(lines)-1 {
			t.Fatalf("line %d: %q", i+1, line)
		}
		start[i] = time.Duration(ms) * time.Millisecond
		k.calibrates, k.twin = strings.Contains(flags[i], "c"), strings.Contains(flags[i], "t")
	}
	for i, k := range keys[:len(keys)-1] {
		recorded[k] = append(recorded[k], record{start[i+1] - start[i], flags[i]})
		if k.calibrates {
			continue
		}
		if open[k.repetition] == nil {
			open[k.repetition] = map[string][]string{}
		}
		sc := s.Scenarios[k.scenario]
		open[k.repetition][sc.Name] = append(open[k.repetition][sc.Name], s.fullName(sc.Strategies[k.strategy]))
	}

	origin := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
	now := origin
	tries := map[key]int{}
	r := newRunner(s, Sides{}, RunOptions{Seed: seed, Upcoming: func(p Progress) {
		told = append(told, Moment{At: now.Sub(origin), Expected: p.TimeLeft, Done: p.Done, Left: p.Left})
	}}, func(trial.Trial) error { return nil })
	r.clock = func() time.Time { return now }
	r.settled = func(rep int, _ map[string][]string) map[string][]string {
		still := map[string][]string{}
		for name, strategies := range open[rep] {
			still[name] = strategies
			for _, sc := range s.Scenarios {
				if sc.Name == name && sc.question() == trial.Capacity { // each has several trials
					still[name] = s.everything()[name]
				}
			}
		}
		return still
	}
	r.measure = func(_ context.Context, steps []Step) ([]trial.Trial, error) {
		var out []trial.Trial
		for _, step := range steps {
			k := key{-1, -1, step.Repetition, 0, step.Load.Fraction, step.Calibrates, step.Twin}
			for i, sc := range s.Scenarios {
				if sc.Name != step.Scenario.Name {
					continue
				}
				k.scenario = i
				for n, name := range sc.Strategies {
					if s.fullName(name) == step.Strategy {
						k.strategy = n
					}
				}
			}
			if !k.calibrates {
				k.attempt = tries[k]
				tries[key{k.scenario, k.strategy, k.repetition, 0, k.fraction, false, k.twin}]++
			}
			rs := recorded[k]
			if len(rs) == 0 {
				return nil, fmt.Errorf("%s, %s: %+v is not in the recording", step.Scenario.Name, step.Strategy, k)
			}
			rec := rs[0]
			recorded[k] = rs[1:]
			now = now.Add(rec.took)
			out = append(out, replayed(step, rec.flags))
		}
		return out, nil
	}
	if err := r.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	end = now.Sub(origin)
	for i := range told {
		told[i].Really = end - told[i].At
	}
	for k, rs := range recorded {
		if len(rs) > 0 {
			t.Fatalf("%+v was not measured again", k)
		}
	}
	return told, end
}

// replayed is a trial of which the runner learns what it did from the one that was recorded.
func replayed(step Step, flags string) trial.Trial {
	t := trial.Trial{
		Scenario: step.Scenario.Name, Strategy: step.Strategy, Twin: step.Twin, Repetition: step.Repetition, Calibrates: step.Calibrates,
		Load: step.Load, Window: time.Second, TimeOut: time.Second, Counts: trial.Counts{Intended: 10_000, Sent: 10_000, OK: 10_000, Good: 10_000},
	}
	response := time.Microsecond
	switch {
	case strings.Contains(flags, "b"):
		response = time.Minute
	case !strings.Contains(flags, "h") && step.Scenario.question() == trial.Capacity && !step.Calibrates:
		t.Invalid = "untold"
	}
	t.Latency.Response.RecordN(response, t.Counts.OK)
	t.Latency.Lag.RecordN(0, t.Counts.OK)
	if strings.Contains(flags, "i") {
		t.Invalid, t.Findings = "disturbed", []trial.Finding{{Code: "disturbed", Text: "disturbed", Invalid: true}}
	}
	return t
}
