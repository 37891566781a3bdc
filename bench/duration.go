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

// takes is how long one trial of the scenario takes.
func (sc Scenario) takes() time.Duration {
	return sc.Timing.WarmUp + sc.Timing.Window + around + time.Duration(sc.Load.Clients)*perClient
}

// Round is how many trials one repetition of the scenario has at the level that decides, the baseline's twin among them, and
// how long each takes. A search has as many as it needs, at most.
func (s Suite) Round(sc Scenario) (trials int, each time.Duration) {
	if sc.question() == trial.Capacity {
		return len(sc.Strategies) * sc.probes(), sc.takes()
	}
	trials = len(sc.Strategies)
	if sc.question() == trial.Compare {
		trials++
	}
	return trials, sc.takes()
}

// Duration is about how long the suite takes: least if everything is decided at the first look, and most if nothing ever
// is, which is no more than its Budget.
func (s Suite) Duration() (least, most time.Duration) {
	for _, step := range s.calibration() {
		least += step.Scenario.takes()
	}
	most = least
	first := s.design(s.records()).Looks[0]
	for _, sc := range s.Scenarios {
		n, each := s.Round(sc)
		round := time.Duration(n) * each
		repetitions := s.most(sc)
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
