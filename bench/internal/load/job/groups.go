package job

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// A Group is the clients of one behaviour.
type Group struct {
	Behaviour trial.Behaviour
	Every     time.Duration
	Clients   int
}

// The pace of clients who were not given one. A slow client's is that of a bad mobile line; the others' is low enough
// that they disturb by what they do and not by how much of it.
var defaultEvery = map[trial.Behaviour]time.Duration{
	trial.Slow:       50 * time.Millisecond,
	trial.NeverReads: 10 * time.Millisecond,
	trial.Resets:     100 * time.Millisecond,
	trial.Idle:       0,
}

// Groups divides l's clients: so many are normal, the first of them by number, and the others follow in groups.
func Groups(l trial.Load) (normal int, others []Group) {
	normal = l.Clients
	for _, s := range l.Others {
		g := Group{Behaviour: s.Behaviour, Every: s.Every, Clients: max(1, int(math.Round(s.Share*float64(l.Clients))))}
		if g.Every == 0 {
			g.Every = defaultEvery[s.Behaviour]
		}
		normal -= g.Clients
		others = append(others, g)
	}
	return normal, others
}

// CheckGroups says what is wrong with l's shares, in the words of someone who set them.
func CheckGroups(l trial.Load) error {
	var seen []trial.Behaviour
	for _, s := range l.Others {
		if _, known := defaultEvery[s.Behaviour]; !known {
			return fmt.Errorf("behaviour %q: must be %s, %s, %s or %s", s.Behaviour, trial.Slow, trial.Idle, trial.NeverReads, trial.Resets)
		}
		switch {
		case slices.Contains(seen, s.Behaviour):
			return fmt.Errorf("behaviour %s is there twice", s.Behaviour)
		case !(s.Share > 0 && s.Share < 1):
			return fmt.Errorf("behaviour %s: share %v: must be above 0 and below 1", s.Behaviour, s.Share)
		case s.Every < 0:
			return fmt.Errorf("behaviour %s: every %v: must be more than 0", s.Behaviour, s.Every)
		case s.Every > 0 && s.Behaviour == trial.Idle:
			return fmt.Errorf("behaviour %s: every %v: an idle client does nothing, leave it out", s.Behaviour, s.Every)
		}
		seen = append(seen, s.Behaviour)
	}
	if normal, _ := Groups(l); normal < 1 {
		return fmt.Errorf("%d clients with these behaviours leave none that is measured: lower the shares, or take more clients", l.Clients)
	}
	return nil
}
