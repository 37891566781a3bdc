package verdict

import (
	"fmt"

	"github.com/poolbench/poolbench/bench/trial"
)

func loses(e evidence) (Reason, bool) {
	var all trial.Stop
	for _, l := range e.levels {
		all = all.Plus(l.stop)
	}
	if !tooMany(all.Lost, all.InProgress) {
		return Reason{}, false
	}
	share := float64(all.Lost) / float64(all.InProgress)
	why, change := e.blocked()
	r := Reason{Code: Loses, Value: share, Threshold: notOK, Change: change,
		Text: fmt.Sprintf("lost %s of the %s in progress when it was told to stop", percent(share), counted(all.InProgress, "request"))}
	if why != "" {
		r.Text += ": " + why
	}
	return r, true
}
