package report

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// tookTurns says whether the trial's server was asked in a part of its window only.
func tookTurns(t trial.Trial) bool { return t.Turns != nil && t.Turns.Of > 1 }

// turnsText says for how much of its window a server was asked, where it was not all of it.
func (s scenario) turnsText() string {
	var slots, asked []time.Duration
	alone := 0
	for _, l := range s.levels {
		for _, c := range l.cells {
			for _, t := range c.trials {
				if !tookTurns(t) {
					alone++
					continue
				}
				slots, asked = append(slots, t.Turns.Every), append(asked, t.Active())
			}
		}
	}
	if len(slots) == 0 {
		return ""
	}
	text := fmt.Sprintf(" Servers were loaded in turns, with slices of %s, so that each was asked for %s of its window", between(slots), between(asked))
	if alone > 0 {
		text += fmt.Sprintf("; in %s for all of it", counted(alone, "trial"))
	}
	return text + "."
}

// inTurns are the usable trials of the run that took turns.
func (v view) inTurns() []trial.Trial {
	in, _ := split(v.run.Trials, func(t trial.Trial) bool { return t.Invalid == "" && tookTurns(t) })
	return in
}

// procsInTurns is what the driver's GOMAXPROCS was in turns, where that is not what the run says of it.
func (v view) procsInTurns() string {
	var procs []int
	for _, t := range v.inTurns() {
		if n := t.Driver.GOMAXPROCS; n > 0 && n != v.run.Env.Driver.GOMAXPROCS {
			procs = append(procs, n)
		}
	}
	if len(procs) == 0 {
		return ""
	}
	text := count(int64(slices.Min(procs)))
	if hi := slices.Max(procs); hi > slices.Min(procs) {
		text += " to " + count(int64(hi))
	}
	return "; where servers took turns, driver GOMAXPROCS " + text
}

// turns is the part of the method that is about servers that run at the same time.
func (v view) turns(d *document) {
	in := v.inTurns()
	if len(in) == 0 {
		return
	}
	var names []string
	together := map[int]int{} // driver's GOMAXPROCS by number of servers
	for _, t := range in {
		addTo(&names, t.Scenario)
		if n := t.Driver.GOMAXPROCS; n > 0 && n != v.run.Env.Driver.GOMAXPROCS {
			together[t.Turns.Of] = n
		}
	}
	d.f("- **Turns:** in %s the servers of one repetition run at the same time and are loaded in turns, slice by slice, so that noise of the machine hits all alike. "+
		"A line's rates are of the time in which its server was asked: the window divided by `turns.of`, and to be exact those slices of `turns.every_ns` whose number, from 0 at the window's start, leaves `turns.index` when divided by `turns.of`.",
		prose(list(names, 12, "scenario")))
	if len(together) > 0 {
		d.f(" One driver process loads them all, and has Go processors for each of them (GOMAXPROCS %s).", procsText(together))
	}
	d.f("\n")
}

func procsText(together map[int]int) string {
	var parts []string
	for _, of := range slices.Sorted(maps.Keys(together)) {
		parts = append(parts, fmt.Sprintf("%d with %d servers", together[of], of))
	}
	return list(parts, len(parts), "number")
}

// computing is how a reader gets from the lines of trials.jsonl to the figures.
func (v view) computing(d *document) {
	asked := "`window_ns`"
	if len(v.inTurns()) > 0 {
		asked += ", in turns its own slices of it"
	}
	d.f("- **From a line to a figure:** goodput is `counts.good` over the time in which the server was asked (%s; in closed loop both without the beginning that the finding not-steady leaves out), "+
		"and server CPU per good answer is `server_usage.cpu_ns` over `counts.good`; the report has the median over the valid lines. "+
		"For a percentile of the response time add up the histograms `latency.response_ns` (HdrHistogram's V2 encoding, base64) of all valid lines, and read it off the sum.\n", asked)
}
