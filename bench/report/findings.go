package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/poolbench/poolbench/bench/stat"
)

// A verdict is what the comparisons of one level say by one metric.
type verdict struct {
	metric    stat.Metric
	baseline  string
	same      []cell  // no difference seen
	seen      float64 // how far the medians of same are from 1, at most
	bound     float64 // the largest difference that is left possible for any of same
	differs   []cell
	undecided []cell        // intervals so wide that their bound says nothing
	possible  float64       // the largest difference that is left possible for any of undecided
	unsettled []cell        // too few pairs for an interval
	aa        stat.Estimate // the baseline against itself
}

// judge is ok if there is anything to compare. The metric is looked up by its name.
func (s scenario) judge(l level, m stat.Metric) (v verdict, ok bool) {
	v = verdict{metric: m, baseline: s.baseline}
	for _, c := range l.cells {
		d, found := c.against[m.Name]
		if !found || c.Trials == 0 || c.Twin || c.label == s.baseline {
			continue
		}
		v.aa = d.AA
		switch {
		case d.Differs:
			v.differs = append(v.differs, c)
		case d.Ratio.N == 0 || !settled(d.Ratio) || !finite(d.Bound):
			v.unsettled = append(v.unsettled, c)
		case d.Bound > worthSaying:
			v.undecided = append(v.undecided, c)
			v.possible = max(v.possible, d.Bound)
		default:
			v.same = append(v.same, c)
			v.bound = max(v.bound, d.Bound)
			v.seen = max(v.seen, math.Abs(d.Ratio.Value-1))
		}
	}
	return v, len(v.same)+len(v.differs)+len(v.undecided)+len(v.unsettled) > 0
}

// worthSaying is the widest bound with which "no difference larger than" tells a reader anything: five times the
// smallest difference that matters.
const worthSaying = 5 * stat.Threshold

func finite(f float64) bool { return !math.IsInf(f, 0) && !math.IsNaN(f) }

// settled says whether an estimate has an interval at all.
func settled(e stat.Estimate) bool {
	return e.N > 0 && finite(e.Value) && finite(e.Lo) && finite(e.Hi)
}

func (v verdict) aaText() string {
	if !settled(v.aa) {
		return "A/A pair: too few pairs"
	}
	return "A/A pair: " + atMost(bound(v.aa))
}

// sameText is empty if there is nothing of the kind to say.
func (v verdict) sameText(most int) string {
	if len(v.same) == 0 {
		return ""
	}
	return fmt.Sprintf("no difference larger than %s seen between %s and %s (%s)",
		atMost(v.bound), v.baseline, list(marks(v.same), most, "other"), v.aaText())
}

// mediansText sets what was seen of same beside what nothing looks like.
func (v verdict) mediansText() string {
	if len(v.same) == 0 || !settled(v.aa) {
		return ""
	}
	than := "more"
	if v.seen <= bound(v.aa) {
		than = "no more"
	}
	return fmt.Sprintf("their median ratios are at most %s from 1, %s than the A/A pair shows", atMost(v.seen), than)
}

// differsText gives each ratio with its interval.
func (v verdict) differsText() string {
	var parts []string
	for _, c := range v.differs {
		if c.capped(v.metric) {
			parts = append(parts, c.mark()+" is at the client's time-out")
			continue
		}
		parts = append(parts, c.mark()+" "+ratioText(c.against[v.metric.Name].Ratio))
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("differs from %s: %s", v.baseline, strings.Join(parts, ", "))
}

func (v verdict) undecidedText(most int) string {
	if len(v.undecided) == 0 {
		return ""
	}
	return fmt.Sprintf("undecided between %s and %s: too much noise, differences up to %s are possible (%s)",
		v.baseline, list(marks(v.undecided), most, "other"), atMost(v.possible), v.aaText())
}

func (v verdict) unsettledText(most int) string {
	if len(v.unsettled) == 0 {
		return ""
	}
	return "too few pairs of trials to tell " + list(marks(v.unsettled), most, "strategy") + " from " + v.baseline
}

// bound is the largest difference from 1 that an interval leaves possible.
func bound(e stat.Estimate) float64 { return max(math.Abs(e.Lo-1), math.Abs(e.Hi-1)) }

// ratioText is a ratio to the baseline: "× 0.42 (0.40 to 0.44)".
func ratioText(e stat.Estimate) string {
	if e.N == 0 || !finite(e.Value) {
		return absent
	}
	if !settled(e) {
		return "× " + sig(e.Value)
	}
	return fmt.Sprintf("× %s (%s to %s)", sig(e.Value), sig(e.Lo), sig(e.Hi))
}

func marks(cells []cell) []string {
	var out []string
	for _, c := range cells {
		out = append(out, c.mark())
	}
	return out
}

// starving are the strategies that left clients without an answer, each at the level where it served the fewest.
func (s scenario) starving() []cell {
	var out []cell
	for _, c := range s.worstCells() {
		if c.starved() {
			out = append(out, c)
		}
	}
	return out
}

// worstCells has each strategy once, at the level where it served the fewest clients.
func (s scenario) worstCells() []cell {
	var out []cell
	for _, c := range s.cells() {
		i := slices.IndexFunc(out, func(o cell) bool { return o.label == c.label })
		switch {
		case i < 0:
			out = append(out, c)
		case out[i].worst.Total-out[i].worst.Served < c.worst.Total-c.worst.Served:
			out[i] = c
		}
	}
	return out
}

// starvedText says who left how many clients without an answer.
func starvedText(c cell) string {
	text := fmt.Sprintf("%s served %s clients", c.label, c.served())
	var rest []string
	if n := c.worst.Refused; n > 0 {
		rest = append(rest, counted(n, "client")+" refused")
	}
	if n := c.worst.Nothing; n > 0 {
		rest = append(rest, counted(n, "client")+" got nothing and "+was(n)+" never told")
	}
	if len(rest) > 0 {
		text += " (" + strings.Join(rest, ", ") + ")"
	}
	return text
}

func was(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// shortfalls has each strategy whose goodput was less than keptUp of the offered load, at the lowest such load.
func (s scenario) shortfalls() []cell {
	var out []cell
	if !s.open() {
		return nil
	}
	for _, l := range s.levels {
		for _, c := range l.cells {
			if c.Trials == 0 || c.Twin || !(c.kept() < keptUp) {
				continue
			}
			if !slices.ContainsFunc(out, func(o cell) bool { return o.label == c.label }) {
				out = append(out, c)
			}
		}
	}
	return out
}

// An overview is what can be said of the whole run in a paragraph and in a title.
type overview struct {
	strategies []string // labels, in order of first appearance
	baselines  []string
	starved    groups   // by strategy: "echo (2 of 64)"
	differing  []string // labels whose goodput differs anywhere
	ratios     groups   // by strategy: "echo × 0.42"
	same       []string // labels whose goodput differs nowhere and was settled everywhere
	seen       float64  // for same: how far a median is from 1, at most
	bound      float64  // for same: what is left possible
	aa         float64  // the largest of the A/A pairs beside them; NaN if one has no interval
	undecided  []string // labels with a goodput that is undecided anywhere
	unsettled  []string
	short      groups // by scenario and rate: "goroutine (81 % of it)"
}

func (v view) overview() overview {
	var o overview
	o.aa = 0
	addTo := func(set *[]string, s string) {
		if !slices.Contains(*set, s) {
			*set = append(*set, s)
		}
	}
	var same, skip []string
	bounds, seen := map[string]float64{}, map[string]float64{}
	for _, s := range v.scenarios {
		for _, c := range s.cells() {
			addTo(&o.strategies, c.label)
		}
		for _, c := range s.starving() {
			o.starved.add(c.label, fmt.Sprintf("%s (%s)", s.name, c.served()))
		}
		for _, c := range s.shortfalls() {
			o.short.add(s.name+" at "+rate(c.Load.Rate), fmt.Sprintf("%s (%s of it)", c.label, percent(c.kept())))
		}
		if s.open() {
			continue
		}
		for _, l := range s.levels {
			j, ok := s.judge(l, stat.Goodput)
			if !ok {
				continue
			}
			addTo(&o.baselines, s.baseline)
			for _, c := range j.differs {
				addTo(&o.differing, c.label)
				o.ratios.add(c.label, fmt.Sprintf("%s × %s", s.name, sig(c.against[j.metric.Name].Ratio.Value)))
			}
			for _, c := range j.undecided {
				addTo(&o.undecided, fmt.Sprintf("%s on %s", c.label, s.name))
				addTo(&skip, c.label)
			}
			for _, c := range j.unsettled {
				addTo(&o.unsettled, c.label)
				addTo(&skip, c.label)
			}
			for _, c := range j.same {
				if c.starved() { // as much for fewer clients is not the same
					addTo(&skip, c.label)
					continue
				}
				addTo(&same, c.label)
				bounds[c.label] = max(bounds[c.label], c.against[j.metric.Name].Bound)
				seen[c.label] = max(seen[c.label], math.Abs(c.against[j.metric.Name].Ratio.Value-1))
			}
			if len(j.same) > 0 {
				if settled(j.aa) {
					o.aa = max(o.aa, bound(j.aa))
				} else {
					o.aa = math.NaN()
				}
			}
		}
	}
	for _, label := range same {
		if !slices.Contains(o.differing, label) && !slices.Contains(skip, label) {
			o.same = append(o.same, label)
			o.bound = max(o.bound, bounds[label])
			o.seen = max(o.seen, seen[label])
		}
	}
	return o
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
func (o overview) baseline() string {
	if len(o.baselines) == 1 {
		return o.baselines[0]
	}
	return "the baseline"
}

// sentences is the summary of the whole run.
func (o overview) sentences() []string {
	var out []string
	if len(o.starved.labels) > 0 {
		out = append(out, "Not every client was served, in the trial that served the fewest, by "+o.starved.text()+".")
	} else if len(o.strategies) > 0 {
		out = append(out, "Every strategy served every client.")
	}
	if len(o.same) > 0 {
		aa := "A/A pair: too few pairs"
		if finite(o.aa) {
			aa = "A/A pair: up to " + atMost(o.aa)
		}
		out = append(out, fmt.Sprintf("In closed loop no difference in goodput larger than %s was seen between %s and %s in any scenario (%s); their median ratios are at most %s from 1.",
			atMost(o.bound), o.baseline(), list(o.same, 12, "other"), aa, atMost(o.seen)))
	}
	if len(o.ratios.labels) > 0 {
		out = append(out, fmt.Sprintf("Goodput differs from %s: %s.", possessive(o.baseline()), o.ratios.text()))
	}
	if len(o.undecided) > 0 {
		out = append(out, "Undecided, because noise leaves more than "+percent(worthSaying)+" possible: the goodput of "+list(o.undecided, 12, "other")+" against "+possessive(o.baseline())+".")
	}
	if len(o.unsettled) > 0 {
		out = append(out, "Too few pairs of trials to compare the goodput of "+list(o.unsettled, 12, "other")+" with "+possessive(o.baseline())+".")
	}
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
