package verdict

import (
	"fmt"

	"github.com/poolbench/poolbench/bench/trial"
)

// inProgress is how many requests were in progress when the server was told to stop, and how many of them got no answer;
// known is false for a trial that did not stop it under load.
//
// SEAM: trial.Stop is to come; then this is t.Stop.InProgress, t.Stop.Lost, t.Stop != nil.
var inProgress = func(trial.Trial) (all, lost int64, known bool) { return 0, 0, false }

func loses(e evidence) (Reason, bool) {
	var all, lost int64
	for _, l := range e.levels {
		for _, t := range l.trials {
			if a, n, known := inProgress(t); known {
				all, lost = all+a, lost+n
			}
		}
	}
	if all == 0 || float64(lost) <= notOK*float64(all) {
		return Reason{}, false
	}
	share := float64(lost) / float64(all)
	why, change := e.blocked()
	r := Reason{Code: Loses, Value: share, Threshold: notOK, Change: change,
		Text: fmt.Sprintf("lost %s of the %s in progress when it was told to stop", percent(share), counted(all, "request"))}
	if why != "" {
		r.Text += ": " + why
	}
	return r, true
}
