package report

import (
	"fmt"
	"strings"

	"github.com/poolbench/poolbench/bench/trial"
)

// profileText says how an open loop's rate changes; empty if it does not.
func profileText(p []trial.Segment) string {
	if len(p) == 0 {
		return ""
	}
	if each, ok := steps(p); ok {
		var factors []string
		for _, s := range p {
			factors = append(factors, factor(s.Begin))
		}
		return fmt.Sprintf("The rate goes in steps of %s: %s; behind them it is the offered rate.", duration(each.To-each.From), list(factors, len(factors), "step"))
	}
	var parts []string
	for _, s := range p {
		parts = append(parts, segmentText(s))
	}
	return "The rate changes: " + strings.Join(parts, "; ") + ". Otherwise it is the offered rate."
}

// steps says whether p holds several factors for the same time each, from the window's start on.
func steps(p []trial.Segment) (first trial.Segment, ok bool) {
	first = p[0]
	for i, s := range p {
		if s.Begin != s.End || s.To-s.From != first.To || i > 0 && s.From != p[i-1].To {
			return first, false
		}
	}
	return first, len(p) > 1 && first.From == 0
}

// segmentText is a part of a profile.
func segmentText(s trial.Segment) string {
	when := fmt.Sprintf("for %s, from %s after the window's start on", duration(s.To-s.From), duration(s.From))
	if s.From == 0 {
		when = "for the window's first " + duration(s.To)
	}
	switch {
	case s.Begin != s.End:
		return fmt.Sprintf("a ramp, in a straight line from %s to %s, %s", factor(s.Begin), factor(s.End), when)
	case s.Begin == 1:
		return "the offered rate " + when
	case s.Begin > 1:
		return fmt.Sprintf("a burst of %s %s", factor(s.Begin), when)
	default:
		return fmt.Sprintf("a lull of %s %s", factor(s.Begin), when)
	}
}

// factor is a factor of the rate.
func factor(f float64) string { return short(f) + " ×" }

// othersText says which clients are there for what they do to those that are measured; empty if there are none.
func othersText(shares []trial.Share) string {
	var parts []string
	for _, s := range shares {
		parts = append(parts, percent(s.Share)+" "+behaviourText(s))
	}
	if len(parts) == 0 {
		return ""
	}
	return "Besides, of all clients, " + list(parts, len(parts), "share") + ": what they do to the rest is measured, they are not."
}

func behaviourText(s trial.Share) string {
	every := ""
	if s.Every > 0 {
		every = " every " + duration(s.Every)
	}
	switch s.Behaviour {
	case trial.Slow:
		return "are slow (a byte" + every + ")"
	case trial.Idle:
		return "are idle (they connect, and ask nothing)"
	case trial.NeverReads:
		return "never read (a request" + every + ", and no answer is taken)"
	case trial.Resets:
		return "reset their connections (half a request" + every + ", on a new one each time)"
	default:
		return "behave otherwise (" + strings.TrimSpace(string(s.Behaviour)+every) + ")"
	}
}

// others says what became of the clients that are not measured, by strategy.
func (s scenario) others(d *document) {
	t := table{head: []string{"strategy", "clients", "how many", "connections made", "right answers", "ended by the server"}}
	for _, l := range s.levels {
		for _, c := range l.cells {
			for _, o := range c.others {
				name := c.rowName()
				if len(s.levels) > 1 {
					name += ", " + l.text()
				}
				t.add(name, string(o.Behaviour), count(int64(o.Clients)), count(o.Connected), count(o.Answered), count(o.Ended))
			}
		}
	}
	if len(t.rows) == 0 {
		return
	}
	d.f("What became of the clients that are not measured, over all trials:\n\n")
	t.write(&d.Builder)
}

// addOthers adds one trial's; how many there are is the same in all trials of a cell.
func addOthers(sum []trial.Other, more []trial.Other) []trial.Other {
	for _, o := range more {
		i := 0
		for i < len(sum) && sum[i].Behaviour != o.Behaviour {
			i++
		}
		if i == len(sum) {
			sum = append(sum, trial.Other{Behaviour: o.Behaviour})
		}
		sum[i].Clients = max(sum[i].Clients, o.Clients)
		sum[i].Connected += o.Connected
		sum[i].Answered += o.Answered
		sum[i].Ended += o.Ended
	}
	return sum
}
