package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/poolbench/poolbench/bench/stat"
)

// An overview is what can be said of the whole run in a paragraph and in a title.
type overview struct {
	strategies []string // labels, in order of first appearance
	unusable   groups   // by scenario: the strategies that have not one valid trial there
	starved    groups   // by strategy: "echo (2 of 64)"
	goodput    tally    // in closed loop
	median     tally    // of the response time, in open loop
	short      groups   // by scenario and rate: "goroutine (81 % of it)"
	threshold  float64  // the smallest difference that matters, as a ratio
}

// A tally is what the comparisons of several scenarios say together, by one metric.
type tally struct {
	baselines []string
	differing []string // labels that differ anywhere
	ratios    groups   // by strategy: "echo × 0.42"
	same      []string // labels that differ nowhere, and were settled wherever they are ranked
	seen      float64  // for same: how far a ratio is from 1, at most
	bound     float64  // for same: what is left possible
	aa        float64  // the largest of the A/A pairs beside them; NaN if one has no interval
	undecided []string // labels that are undecided anywhere, with the scenario
	unsettled []string
	unranked  groups              // by scenario: the labels that are not ranked
	elsewhere map[string][]string // by scenario of unranked: the open loops that asked the same
}

func (v view) overview() overview {
	o := overview{threshold: v.threshold()}
	for _, s := range v.scenarios {
		for _, c := range s.cells() {
			addTo(&o.strategies, c.label)
		}
		for _, label := range s.unusable() {
			o.unusable.add(s.name, label)
		}
		for _, c := range s.starving() {
			o.starved.add(c.label, fmt.Sprintf("%s (%s)", s.name, c.served()))
		}
		for _, c := range s.shortfalls() {
			o.short.add(s.name+" at "+rate(c.Load.Rate), fmt.Sprintf("%s (%s of it)", c.label, percent(c.kept())))
		}
	}
	o.goodput = v.tally(stat.Goodput, func(s scenario) bool { return !s.open() })
	o.median = v.tally(stat.ResponseP50, scenario.open)
	return o
}

// threshold is the smallest difference that matters to the run.
func (v view) threshold() float64 {
	if t := v.run.Env.Design.Threshold; t > 0 {
		return t
	}
	return stat.Threshold
}

func addTo(set *[]string, s string) {
	if !slices.Contains(*set, s) {
		*set = append(*set, s)
	}
}

// tally goes through the scenarios that are wanted.
func (v view) tally(m stat.Metric, wanted func(scenario) bool) tally {
	t := tally{elsewhere: map[string][]string{}}
	var same, skip []string
	bounds, seen := map[string]float64{}, map[string]float64{}
	for _, s := range v.scenarios {
		if !wanted(s) {
			continue
		}
		for _, l := range s.levels {
			j, ok := s.judge(l, m)
			if !ok {
				continue
			}
			addTo(&t.baselines, s.baseline)
			for _, c := range j.differs {
				addTo(&t.differing, c.label)
				d := c.against[m.Name]
				t.ratios.add(c.label, fmt.Sprintf("%s %s× %s", s.name, sense(d), sig(d.Ratio.Value)))
			}
			for _, c := range j.unranked {
				t.unranked.add(s.name, c.label)
				t.elsewhere[s.name] = s.elsewhere
			}
			for _, c := range j.undecided {
				addTo(&t.undecided, fmt.Sprintf("%s on %s", c.label, s.name))
				addTo(&skip, c.label)
			}
			for _, c := range j.unsettled {
				addTo(&t.unsettled, c.label)
				addTo(&skip, c.label)
			}
			for _, c := range j.same {
				// As much for fewer clients is not the same, nor are two that both ran into the client's time-out.
				if c.starved() || c.capped(m) {
					addTo(&skip, c.label)
					continue
				}
				addTo(&same, c.label)
				bounds[c.label] = max(bounds[c.label], c.against[m.Name].Bound)
				seen[c.label] = max(seen[c.label], math.Abs(c.against[m.Name].Ratio.Value-1))
			}
			if len(j.same) > 0 {
				if settled(j.aa) {
					t.aa = max(t.aa, bound(j.aa))
				} else {
					t.aa = math.NaN()
				}
			}
		}
	}
	for _, label := range same {
		if !slices.Contains(t.differing, label) && !slices.Contains(skip, label) {
			t.same = append(t.same, label)
			t.bound = max(t.bound, bounds[label])
			t.seen = max(t.seen, seen[label])
		}
	}
	return t
}

// sameText is empty if there is nothing of the kind to say; where is what the claim holds for.
func (t tally) sameText(loop, what, where string) string {
	if len(t.same) == 0 {
		return ""
	}
	aa := "A/A pair: too few pairs"
	if finite(t.aa) {
		aa = "A/A pair: up to " + atMost(t.aa)
	}
	return fmt.Sprintf("In %s no difference in %s larger than %s was seen between %s and %s %s (%s); their ratios are at most %s from 1.",
		loop, what, atMost(t.bound), t.baseline(), list(t.same, 12, "other"), where, aa, atMost(t.seen))
}

// unrankedText says where the driver was in the way, and what to look at instead.
func (t tally) unrankedText() string {
	if len(t.unranked.labels) == 0 {
		return ""
	}
	var parts []string
	for _, name := range t.unranked.labels {
		parts = append(parts, fmt.Sprintf("%s for %s (%s)", name, list(t.unranked.remarks[name], 12, "strategy"), sameInOpenLoop(t.elsewhere[name])))
	}
	return fmt.Sprintf("Goodput is not ranked against %s, because the driver was the bottleneck: on %s.", possessive(t.baseline()), strings.Join(parts, "; on "))
}

// restricted is where's end if not everything is ranked: the claim must not cover what was not judged.
func (t tally) restricted(where, end string) string {
	if len(t.unranked.labels) == 0 {
		return where
	}
	return where + end
}

// groups are remarks by strategy, in the order in which they came.
type groups struct {
	labels  []string
	remarks map[string][]string
}

func (g *groups) add(label, remark string) {
	if g.remarks == nil {
		g.remarks = map[string][]string{}
	}
	if g.remarks[label] == nil {
		g.labels = append(g.labels, label)
	}
	g.remarks[label] = append(g.remarks[label], remark)
}

// text says each label once: "thread on echo × 0.42, wait × 0.43; tutorial on ...".
func (g groups) text() string {
	var parts []string
	for _, label := range g.labels {
		parts = append(parts, label+" on "+strings.Join(g.remarks[label], ", "))
	}
	return strings.Join(parts, "; ")
}

// baseline is what strategies were compared with, as prose.
func (t tally) baseline() string {
	if len(t.baselines) == 1 {
		return t.baselines[0]
	}
	return "the baseline"
}

// sentences is the summary of the whole run.
func (o overview) sentences() []string {
	var out []string
	if len(o.starved.labels) > 0 {
		out = append(out, "Not every client was served, in the trial that served the fewest, by "+o.starved.text()+".")
	} else if len(o.strategies) > 0 && len(o.unusable.labels) > 0 {
		out = append(out, "Every strategy served every client, as far as trials can be used.")
	} else if len(o.strategies) > 0 {
		out = append(out, "Every strategy served every client.")
	}
	if len(o.strategies) > 0 && len(o.unusable.labels) > 0 {
		var parts []string
		for _, name := range o.unusable.labels {
			parts = append(parts, name+" for "+list(o.unusable.remarks[name], 12, "strategy"))
		}
		out = append(out, "Not one trial can be used, so that nothing is said, on "+strings.Join(parts, "; on ")+".")
	}
	add := func(text string) {
		if text != "" {
			out = append(out, text)
		}
	}
	add(o.goodput.sameText("closed loop", "goodput", o.goodput.restricted("in any scenario", " in which they are ranked")))
	add(o.goodput.unrankedText())
	if len(o.goodput.ratios.labels) > 0 {
		out = append(out, fmt.Sprintf("Goodput differs from %s: %s.", possessive(o.goodput.baseline()), o.goodput.ratios.text()))
	}
	if len(o.goodput.undecided) > 0 {
		out = append(out, "Undecided, because a difference above "+percent(o.threshold)+" is neither shown nor excluded: the goodput of "+list(o.goodput.undecided, 12, "other")+" against "+possessive(o.goodput.baseline())+".")
	}
	if len(o.goodput.unsettled) > 0 {
		out = append(out, "Too few pairs of trials to compare the goodput of "+list(o.goodput.unsettled, 12, "other")+" with "+possessive(o.goodput.baseline())+".")
	}
	add(o.median.sameText("open loop", "the median response time", o.median.restricted("at any offered load", " up to half of the driver's ceiling")))
	if len(o.short.labels) > 0 {
		var parts []string
		for _, load := range o.short.labels {
			parts = append(parts, load+" for "+list(o.short.remarks[load], 12, "strategy"))
		}
		out = append(out, fmt.Sprintf("In open loop goodput fell under %s of the offered load first on %s.", percent(keptUp), strings.Join(parts, "; on ")))
	}
	return out
}

func possessive(s string) string { return s + "'s" }
