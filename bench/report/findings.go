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
	same      []cell  // tied
	timedOut  bool    // the baseline is at the client's time-out, so that ratios to it are bounds
	capped    []cell  // not compared: they are at the client's time-out, as the baseline is, or all but there as well
	uncapped  []cell  // not compared: the baseline alone is at the client's time-out, and they are all but there as well
	seen      float64 // how far the ratios of same are from 1, at most
	bound     float64 // the largest difference that is left possible for any of same
	differs   []cell
	undecided []cell        // neither different nor tied
	anything  []cell        // the same, and differences beyond 100 % are possible
	possible  float64       // the largest difference that is left possible for any of undecided
	more      int           // about so many repetitions more would decide those of undecided of which that can be told
	open      bool          // for undecided: of some it cannot
	unsettled []cell        // too few pairs for an interval
	nothing   []cell        // not one trial has the figure, because nothing was answered
	unranked  []cell        // the driver decided the figures, or its time is in them
	bounded   bool          // for unranked: it decided
	aa        stat.Estimate // the baseline against itself
}

// judge is ok if there is anything to compare. The metric is looked up by its name.
func (s scenario) judge(l level, m stat.Metric) (v verdict, ok bool) {
	v = verdict{metric: m, baseline: s.baseline, timedOut: l.timedOut(s.baseline, m)}
	for _, c := range l.cells {
		d, found := c.against[m.Name]
		if !found || c.Trials == 0 || c.Twin || c.label == s.baseline {
			continue
		}
		v.aa = d.AA
		if v.timedOut && c.capped(m) {
			v.capped = append(v.capped, c)
			continue
		}
		switch d.Outcome {
		case stat.Different:
			v.differs = append(v.differs, c)
		case stat.Unranked:
			v.unranked = append(v.unranked, c)
			v.bounded = v.bounded || c.Bounded() || l.bounded(s.baseline)
		case stat.Undecided:
			if len(c.values(m)) == 0 && c.Counts.Good == 0 {
				v.nothing = append(v.nothing, c)
				continue
			}
			if !settled(d.Ratio) || !finite(d.Bound) {
				v.unsettled = append(v.unsettled, c)
				continue
			}
			if v.endless(c) {
				continue
			}
			if d.Bound > 1 { // twice as much is left possible, and with that anything
				v.anything = append(v.anything, c)
				continue
			}
			v.more = max(v.more, d.More)
			v.open = v.open || d.More == 0
			v.undecided = append(v.undecided, c)
			v.possible = max(v.possible, d.Bound)
		case stat.Tied:
			if v.endless(c) {
				continue
			}
			v.same = append(v.same, c)
			v.bound = max(v.bound, d.Bound)
			v.seen = max(v.seen, math.Abs(d.Ratio.Value-1))
		}
	}
	return v, len(v.same)+len(v.capped)+len(v.uncapped)+len(v.differs)+len(v.undecided)+len(v.anything)+len(v.unsettled)+len(v.nothing)+len(v.unranked) > 0
}

// endless notes a cell of which no more is known than that it is near to the baseline, where one of the two is at the client's
// time-out: how long that would have taken nobody knows, so it leaves no difference that could be called the largest.
func (v *verdict) endless(c cell) bool {
	switch {
	case c.capped(v.metric):
		v.capped = append(v.capped, c)
	case v.timedOut:
		v.uncapped = append(v.uncapped, c)
	default:
		return false
	}
	return true
}

func finite(f float64) bool { return !math.IsInf(f, 0) && !math.IsNaN(f) }

// settled says whether an estimate has an interval at all.
func settled(e stat.Estimate) bool {
	return e.N > 0 && finite(e.Value) && finite(e.Lo) && finite(e.Hi)
}

func (v verdict) aaText() string {
	if !settled(v.aa) {
		return v.baseline + " against itself: too few pairs of trials"
	}
	return v.baseline + " against itself: " + atMost(bound(v.aa))
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
	return fmt.Sprintf("their ratios are at most %s from 1, %s than %s against itself shows", atMost(v.seen), than, v.baseline)
}

// cappedText says of whom there is no time that could be compared.
func (v verdict) cappedText(most int) string {
	var parts []string
	if len(v.capped) > 0 {
		relation := "but not with"
		if v.timedOut {
			relation = "as with"
		}
		parts = append(parts, fmt.Sprintf("it is the client's time-out with %s, %s %s", list(marks(v.capped), most, "other"), relation, v.baseline))
	}
	if len(v.uncapped) > 0 {
		parts = append(parts, fmt.Sprintf("it is the client's time-out with %s, but not with %s", v.baseline, list(marks(v.uncapped), most, "other")))
	}
	if len(parts) == 0 {
		return ""
	}
	return "no time to compare: " + strings.Join(parts, "; ")
}

// differsText gives each ratio with its interval.
func (v verdict) differsText() string {
	var parts []string
	for _, c := range v.differs {
		if c.capped(v.metric) {
			parts = append(parts, c.mark()+" is at the client's time-out")
			continue
		}
		d := c.against[v.metric.Name]
		if v.timedOut {
			d.Sense = stat.AtMost // the baseline would have taken longer, and nobody knows how much
		}
		parts = append(parts, c.mark()+" "+sense(d)+ratioText(d.Ratio))
	}
	if len(parts) == 0 {
		return ""
	}
	who := v.baseline
	if v.timedOut {
		who += ", which is at the client's time-out"
	}
	return fmt.Sprintf("differs from %s: %s", who, strings.Join(parts, ", "))
}

func (v verdict) undecidedText(most int) string {
	if len(v.undecided) == 0 {
		return ""
	}
	more := "nobody can tell how many more repetitions would decide"
	switch {
	case v.more > 0 && v.open:
		more = "for some about " + counted(v.more, "more repetition") + " would decide"
	case v.more > 0:
		more = "about " + counted(v.more, "more repetition") + " would decide"
	}
	return fmt.Sprintf("undecided between %s and %s: differences up to %s are possible (%s); %s",
		v.baseline, list(marks(v.undecided), most, "other"), atMost(v.possible), v.aaText(), more)
}

// anythingText is of whom no figure would help: a bound of 2,000 % is none.
func (v verdict) anythingText(most int) string {
	if len(v.anything) == 0 {
		return ""
	}
	return fmt.Sprintf("nothing can be said yet of %s against %s: differences of more than 100 %% are possible", list(marks(v.anything), most, "strategy"), v.baseline)
}

// nothingText is of whom there is no figure and never will be.
func (v verdict) nothingText(most int) string {
	if len(v.nothing) == 0 {
		return ""
	}
	return "nothing to compare of " + list(marks(v.nothing), most, "strategy") + ", without a good answer"
}

func (v verdict) unsettledText(most int) string {
	if len(v.unsettled) == 0 {
		return ""
	}
	return "too few repetitions to tell " + list(marks(v.unsettled), most, "strategy") + " from " + v.baseline
}

// unrankedText says why, and where the question is answered instead.
func (v verdict) unrankedText(most int, elsewhere []string) string {
	if len(v.unranked) == 0 {
		return ""
	}
	who := v.baseline + " and " + list(marks(v.unranked), most, "other")
	if !v.bounded {
		return fmt.Sprintf("not ranked: more than half of the driver's ceiling was offered, so its own time may hide a difference between %s; a lower load tells", who)
	}
	return fmt.Sprintf("not ranked: the driver was the bottleneck between %s, so goodput is a lower bound; %s", who, sameInOpenLoop(elsewhere))
}

// sameInOpenLoop leads from a closed loop to the open loops of its workload.
func sameInOpenLoop(elsewhere []string) string {
	if len(elsewhere) == 0 {
		return "an open loop of this workload, at half of the driver's ceiling or less, would tell"
	}
	return list(elsewhere, 3, "scenario") + " asked the same in an open loop"
}

// sense is what stands before a ratio: nothing if it is as seen.
func sense(c stat.Comparison) string {
	if c.Sense == stat.AsSeen {
		return ""
	}
	return string(c.Sense) + " "
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

// starving are the strategies that left clients or sessions without an answer, each at the level where it served the fewest.
func (s scenario) starving() []cell {
	var out []cell
	for _, c := range s.worstCells() {
		if c.starved() {
			out = append(out, c)
		}
	}
	return out
}

// worstCells has each strategy once, at the level where it left the most clients or sessions without an answer. Not every level has all of them, so
// they are put in order.
func (s scenario) worstCells() []cell {
	var out []cell
	for _, c := range s.cells() {
		i := slices.IndexFunc(out, func(o cell) bool { return o.label == c.label })
		switch {
		case i < 0:
			out = append(out, c)
		case out[i].reach.Total-out[i].reach.Served < c.reach.Total-c.reach.Served:
			out[i] = c
		}
	}
	slices.SortStableFunc(out, s.order)
	return out
}

// starvedText says who left how many clients or sessions without an answer.
func starvedText(c cell) string {
	who := c.reach.Who()
	text := fmt.Sprintf("%s served %s %s", c.label, c.served(), noun(who, 2))
	var rest []string
	if n := int(c.reach.Refused); n > 0 {
		rest = append(rest, counted(n, who)+" refused")
	}
	switch n := int(c.reach.Nothing); {
	case n > 0 && c.reach.Sessions:
		rest = append(rest, counted(n, who)+" had no answer")
	case n > 0:
		rest = append(rest, counted(n, who)+" got nothing and "+was(n)+" never told")
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
