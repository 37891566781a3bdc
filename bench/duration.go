package bench

import (
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// around is what a trial takes beside its warm-up and its window: to start a server process, to connect, to wait for the
// last answers, and to stop. It was 110 ms on two CPUs, over the 941 trials of a run, with 64 clients.
const around = 110 * time.Millisecond

// perClient is what each client adds to that: its connect, one of 32 that are on their way at a time.
const perClient = 60 * time.Microsecond

// takes is how long so many trials of the scenario take: one after the other, or, if they are interleaved, at the same time,
// but for the starting and stopping.
func (sc Scenario) takes(trials int) time.Duration {
	window := sc.Timing.WarmUp + sc.Timing.Window
	start := around + time.Duration(sc.Load.Clients)*perClient
	if sc.Interleaved > 0 {
		return window + around + time.Duration(trials)*start/2 // processes start while others do; the connects do not
	}
	return time.Duration(trials) * (window + start)
}

// Round is how many trials one repetition of the scenario has at the level that decides, the baseline's twin among them, and
// how long they take together. A search has as many as it needs, at most.
func (s Suite) Round(sc Scenario) (trials int, all time.Duration) {
	trials = len(sc.Strategies)
	switch sc.question() {
	case trial.Capacity:
		trials *= sc.probes()
	case trial.Compare:
		trials++
	}
	return trials, sc.takes(trials)
}

// Duration is about how long the suite takes: least if everything is decided at the first look, and most if nothing ever
// is, which is no more than its Budget.
func (s Suite) Duration() (least, most time.Duration) {
	for _, step := range s.calibration() {
		least += step.Scenario.takes(1)
	}
	most = least
	first := s.design(s.records()).Looks[0]
	for _, sc := range s.Scenarios {
		_, round := s.Round(sc)
		repetitions := s.Repeats(sc)
		atFirst := repetitions
		if sc.question() == trial.Compare {
			atFirst = min(first, repetitions)
			// The levels that do not decide.
			if others := len(sc.levels(0)) - 1; others > 0 {
				sketch := time.Duration(others) * round
				if sc.Sketch == 0 {
					least, most = least+sketch*time.Duration(atFirst), most+sketch*time.Duration(repetitions)
				} else {
					least, most = least+sketch*time.Duration(min(sc.Sketch, atFirst)), most+sketch*time.Duration(min(sc.Sketch, repetitions))
				}
			}
		}
		least += round * time.Duration(atFirst)
		most += round * time.Duration(repetitions)
	}
	if s.Budget > 0 {
		least, most = min(least, s.Budget), min(most, s.Budget)
	}
	return least, most
}
