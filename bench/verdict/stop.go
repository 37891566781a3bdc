package verdict

import (
	"fmt"

	"github.com/poolbench/poolbench/bench/trial"
)

// A stop is what became of requests when the server was told to stop under load: of those in progress, how many got no
// answer, and how many were refused, which their clients know.
type stop struct{ inProgress, lost, rejected int64 }

func (s stop) plus(o stop) stop {
	return stop{s.inProgress + o.inProgress, s.lost + o.lost, s.rejected + o.rejected}
}

// stopOf is what t tells of its stop; false for a trial that did not stop its server under load.
func stopOf(t trial.Trial) (stop, bool) {
	if t.Stop == nil {
		return stop{}, false
	}
	return stop{t.Stop.InProgress, t.Stop.Lost, t.Stop.Rejected}, true
}

func loses(e evidence) (Reason, bool) {
	var all stop
	for _, l := range e.levels {
		all = all.plus(l.stop)
	}
	if !tooMany(all.lost, all.inProgress) {
		return Reason{}, false
	}
	share := float64(all.lost) / float64(all.inProgress)
	why, change := e.blocked()
	r := Reason{Code: Loses, Value: share, Threshold: notOK, Change: change,
		Text: fmt.Sprintf("lost %s of the %s in progress when it was told to stop", percent(share), counted(all.inProgress, "request"))}
	if why != "" {
		r.Text += ": " + why
	}
	return r, true
}
