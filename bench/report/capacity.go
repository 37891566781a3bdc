package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// answer writes what a scenario found out that asks another question than which strategy is best; false if it asks that
// one. Such a scenario has more levels, or more strategies, than a reader wants to see compared pair by pair.
func (v view) answer(d *document, s scenario, asked trial.Scenario) bool {
	switch asked.Question {
	case trial.Capacity:
		v.capacities(d, s, asked)
	case trial.Size:
		v.sizes(d, s, asked)
	default:
		return false
	}
	d.f("The driver's own lag, part of every response time: %s.\n\n", s.lagText())
	return true
}

// capacities is the section of a scenario that searches for the highest rate.
func (v view) capacities(d *document, s scenario, sc trial.Scenario) {
	d.f("**Asked:** up to which offered rate %s.\n\n", prose(promise(sc)))
	all := stat.Capacities(v.run.Trials, sc)
	searched := slices.DeleteFunc(slices.Clone(all), func(r stat.CapacityResult) bool { return r.Replicates == 0 })
	if len(searched) == 0 {
		d.f("No search came to an end, so there is no answer.\n\n")
		return
	}
	d.f("**Found:** %s\n\n", prose(v.capacityText(searched)))
	var values []float64
	for _, r := range searched {
		values = append(values, r.Rate.Value)
	}
	rateUnit := columnUnit(rates, values)
	t := table{head: []string{"strategy", "capacity, " + rateUnit.name, "of the baseline's throughput", "to the best", "what broke first", "searches"}}
	for _, r := range all {
		if r.Replicates == 0 {
			t.add(v.label(r.Strategy), absent+d.note(notSearched), absent, absent, absent, count(0))
			continue
		}
		searches := count(int64(r.Replicates))
		if r.Unfinished > 0 {
			searches += d.note(counted(r.Unfinished, "search") + " more that did not come to an end, or showed nothing because of the driver or the machine, " + was(r.Unfinished) + " left out.")
		}
		broke := breachText[r.Limit]
		if r.Thin > 0 {
			broke += d.note(fmt.Sprintf("Too few requests in a window to tell %s, in some of the trials that decide: there the objective counts as broken only if slow answers are too many to be chance.", sc.Objective.Percentile()))
		}
		t.add(v.label(r.Strategy), boundText(d, r, r.Rate, rateUnit.of), boundText(d, r, r.Fraction, short), againstText(d, all, r), broke, searches)
	}
	t.write(&d.Builder)
	d.f("How to read it: each search is one repetition by itself. It offers rates that lie up to %s apart until one holds and the next one breaks; capacity is the highest that held, in the median of the searches. The brackets reach from what held to what broke, and contain the true capacity with at least 95 %% confidence. Differences of less than a step cannot be told.\n\n",
		percent(searchStep(sc)))
}

const notSearched = "No search of it came to an end."

// promise is what has to hold, in words.
func promise(sc trial.Scenario) string {
	var parts []string
	if sc.Objective.Response > 0 {
		parts = append(parts, fmt.Sprintf("%s of the response time stays at %s or less", sc.Objective.Percentile(), duration(sc.Objective.Response)))
	}
	parts = append(parts, fmt.Sprintf("all but %s of the requests are answered well", percent(stat.MostNotOK)))
	if sc.Load.Loop != trial.Sessions {
		parts = append(parts, "every connection is served")
	}
	return list(parts, len(parts), "part")
}

var breachText = map[stat.Breach]string{
	"":            "nothing did",
	stat.Unserved: "connections not served",
	stat.NotOK:    "requests not answered well",
	stat.TooSlow:  "response time",
}

// searchStep is how far neighbouring rates of a search are apart, as a ratio.
func searchStep(sc trial.Scenario) float64 {
	grid := stat.Grid(sc.Levels[0], sc.Levels[len(sc.Levels)-1])
	if len(grid) < 2 {
		return 0
	}
	return math.Pow(grid[len(grid)-1]/grid[0], 1/float64(len(grid)-1)) - 1
}

// label is how the report calls the strategy with that full name, whether or not it was measured.
func (v view) label(name string) string { return cmp.Or(v.labels[name], name) }

// boundText is a figure of a capacity, which may be a bound, with its interval, which may have no end.
func boundText(d *document, r stat.CapacityResult, e stat.Estimate, format func(float64) string) string {
	text := format(e.Value)
	switch {
	case r.AtLeast:
		text = "≥ " + text + d.note("It held the highest rate that could be offered, or that the driver could judge: it can do as much or more.")
	case r.AtMost:
		text = "≤ " + text + d.note("It broke at the lowest rate that was offered: it can do less than that.")
	}
	switch {
	case e.Confidence == 0:
		return text + d.note("No interval: too few searches for one.")
	case !finite(e.Hi) && e.Lo == 0:
		return text + " (anything)"
	case !finite(e.Hi):
		return fmt.Sprintf("%s (%s or more)", text, format(e.Lo))
	case e.Lo == 0:
		return fmt.Sprintf("%s (up to %s)", text, format(e.Hi))
	default:
		return fmt.Sprintf("%s (%s–%s)", text, format(e.Lo), format(e.Hi))
	}
}

func againstText(d *document, all []stat.CapacityResult, r stat.CapacityResult) string {
	switch {
	case r.Best:
		return "best"
	case r.Outcome == stat.Tied:
		return "the same" + d.note("No difference that steps of this size can show.")
	case r.Outcome == stat.Different:
		return lowerText(all, r)
	default:
		return "undecided" + d.note("The searches leave both possible: a difference, and none.")
	}
}

// lowerText is the ratio to the best. Where the best is a lower bound, the true ratio may be smaller.
func lowerText(all []stat.CapacityResult, r stat.CapacityResult) string {
	if slices.ContainsFunc(all, func(o stat.CapacityResult) bool { return o.Best && o.AtLeast }) {
		return "at most × " + sig(r.Ratio.Hi)
	}
	return ratioText(r.Ratio)
}

// capacityText says in a sentence or three who can do how much.
func (v view) capacityText(all []stat.CapacityResult) string {
	var best stat.CapacityResult
	var same, lower, open []string
	for _, r := range all {
		name := v.label(r.Strategy)
		switch {
		case r.Best:
			best = r
		case r.Outcome == stat.Tied:
			same = append(same, name)
		case r.Outcome == stat.Different:
			lower = append(lower, name+" "+lowerText(all, r))
		default:
			open = append(open, name)
		}
	}
	if best.AtMost {
		return sentence(fmt.Sprintf("nobody keeps it, not even at the lowest rate that was offered, %s", rate(best.Rate.Value)))
	}
	head := fmt.Sprintf("up to %s with %s, which beyond that %s", rate(best.Rate.Value), v.label(best.Strategy), breaks(best.Limit))
	if best.AtLeast {
		head = fmt.Sprintf("at least %s with %s, the highest rate that could be told", rate(best.Rate.Value), v.label(best.Strategy))
	}
	if len(lower) > 0 && len(lower) == len(all)-1 {
		head += "; no other does as much"
	}
	out := []string{sentence(head)}
	if len(same) > 0 {
		out = append(out, sentence("the same, as far as can be told: "+list(same, 12, "other")))
	}
	if len(lower) > 0 {
		out = append(out, sentence("lower: "+strings.Join(lower, ", ")))
	}
	if len(open) > 0 {
		out = append(out, sentence("undecided against it: "+list(open, 12, "other")))
	}
	return strings.Join(out, " ")
}

func breaks(by stat.Breach) string {
	switch by {
	case stat.Unserved:
		return "leaves connections without an answer"
	case stat.NotOK:
		return "refuses or loses requests"
	case stat.TooSlow:
		return "answers too slowly"
	default:
		return "could not be judged"
	}
}
