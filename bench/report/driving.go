package report

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// driving is the part of the method that is about the driver: which it was, what it can do, and what follows from that for
// the comparisons.
func (v view) driving(d *document) {
	if text := v.drivers(); text != "" {
		d.f("- **Driver:** %s.\n", prose(text))
	}
	for _, c := range v.ceiling {
		d.f("- **%s:** %s in closed loop against a server that does next to nothing, the median of %s before the first comparison. A figure near it is the driver's own, so equality of strategies is judged in open loops that offer at most half of it, %s. %s\n",
			capital(prose(c.Scenario)), rate(c.Goodput.Value), counted(c.Trials, "trial"), rate(c.Goodput.Value/2), v.calibrationLines(c.Scenario))
	}
	if text := v.shares(); text != "" {
		d.f("- **Offered over the driver's ceiling:** %s.\n", prose(text))
	}
	if bound, of := v.closedBound(); bound > 0 {
		d.f("- **Closed loop:** each client asks again as soon as it has its answer, so whoever is slower sets the pace. In %s of %s trials that was the driver (it had no time left): their goodput is a lower bound of what the server can do, and is not ranked. The server's CPU time for each answer is its own account and stays comparable.\n",
			count(int64(bound)), count(int64(of)))
	}
	if n, longest := v.portWaits(); n > 0 {
		d.f("- **Ports:** %s began only after sockets in TIME\\_WAIT had become fewer, or the wait for that had been long enough; the longest took %s.\n", counted(n, "trial"), duration(longest))
	}
}

// drivers says which ones drove, the most used first.
func (v view) drivers() string {
	type driver struct {
		name   string
		shards int
	}
	trials, spins := map[driver]int{}, map[driver]bool{}
	var all []driver
	for _, t := range v.run.Trials {
		d := driver{t.Driver.Name, t.Driving.Shards}
		if t.Invalid != "" || d.name == "" { // one that failed may not know yet who would have driven
			continue
		}
		if trials[d]++; trials[d] == 1 {
			all = append(all, d)
		}
		spins[d] = spins[d] || t.Driving.Spun > 0 // a driver that never has to wait does not spin either
	}
	slices.SortStableFunc(all, func(a, b driver) int {
		return cmp.Or(trials[b]-trials[a], cmp.Compare(a.name, b.name), a.shards-b.shards)
	})
	var parts []string
	for _, d := range all {
		text := d.name
		switch {
		case d.shards > 0 && spins[d]:
			text += ", " + counted(d.shards, "event loop") + " with nobody else on its CPU, awake (spinning) for the last stretch of a wait"
		case d.shards > 0:
			text += ", " + counted(d.shards, "event loop") + ", asleep while there is nothing to do"
		default:
			text += ", without event loops of its own: Go's scheduler decides when a client gets to run"
		}
		if len(all) > 1 {
			text += " (" + counted(trials[d], "trial") + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

// shares lists what each open loop offered, over what the driver can do.
func (v view) shares() string {
	var parts []string
	for _, s := range v.scenarios {
		var loads []string
		for _, l := range s.levels {
			if share := l.ofCeiling(); share > 0 {
				loads = append(loads, percent(share))
			}
		}
		if len(loads) > 0 {
			parts = append(parts, s.name+" "+list(loads, 12, "load"))
		}
	}
	return strings.Join(parts, "; ")
}

// ofCeiling is the offered load over what the driver can do; 0 where that was not measured.
func (l level) ofCeiling() float64 {
	for _, c := range l.cells {
		if c.Trials > 0 && c.Load.Ceiling > 0 {
			return c.Load.Ceiling
		}
	}
	return 0
}

// closedBound counts the usable trials in closed loop, and those of them in which the driver was the bottleneck.
func (v view) closedBound() (bound, of int) {
	for _, s := range v.scenarios {
		if s.open() {
			continue
		}
		for _, l := range s.levels {
			for _, c := range l.cells {
				bound, of = bound+c.DriverBound, of+c.Trials
			}
		}
	}
	return bound, of
}

// portWaits counts the trials that waited for ports, and says how long at most.
func (v view) portWaits() (n int, longest time.Duration) {
	for _, t := range v.run.Trials {
		if w := t.System.TimeWaitWait; w > 0 {
			n, longest = n+1, max(longest, w)
		}
	}
	return n, longest
}
