package compare

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/poolbench/poolbench/bench/internal/figures"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// A result in words: what a terminal prints and what a page shows are the same, because they are made here.

// Describe says which run it is, in one line.
func Describe(run trial.Run) string {
	e := run.Env
	commit := e.Commit[:min(len(e.Commit), 7)]
	if e.Dirty {
		commit += " with changes"
	}
	return fmt.Sprintf("%s: %s, commit %s, %s, %s", run.Dir, e.Started.UTC().Format("2006-01-02 15:04 MST"), commit, cmp.Or(e.Suite, "no suite"), figures.Counted(len(run.Trials), "trial"))
}

// NotTheSame is what has to be said first where absolute figures mean nothing.
const NotTheSame = "NOT THE SAME MACHINE OR SETTINGS: absolute figures do not carry over, so only ratios to each run's own baseline are compared."

// Caution is NotTheSame with what is not, in one line; empty where figures carry over.
func (r Result) Caution() string {
	if r.Basis == Absolute {
		return ""
	}
	return NotTheSame + " " + List(r.Machine)
}

// List writes changes in one line.
func List(changes []Change) string {
	texts := make([]string, len(changes))
	for i, c := range changes {
		texts[i] = fmt.Sprintf("%s: %s → %s", c.What, c.Old, c.New)
	}
	return strings.Join(texts, "; ")
}

// Differences are the pairs that have become worse or better: what has become worse first, and within it what decides.
func (r Result) Differences() []Pair {
	var differ []Pair
	for _, outcome := range []Outcome{Regressed, Improved} {
		for _, decides := range []bool{true, false} {
			for _, p := range r.Pairs {
				if p.Outcome == outcome && p.Decides == decides {
					differ = append(differ, p)
				}
			}
		}
	}
	return differ
}

// Alike counts the pairs of one metric in which no difference was found.
type Alike struct {
	Metric    string // its name
	Same      int
	Undecided int
	Unranked  int
	More      string // about how many repetitions more would decide; empty if nothing is undecided
}

// Alike has an entry for each metric with such pairs, in the order in which they come.
func (r Result) Alike() []Alike {
	var all []Alike
	at := map[string]int{}
	more := map[string][]int{}
	for _, p := range r.Pairs {
		if p.Outcome == Regressed || p.Outcome == Improved {
			continue
		}
		i, seen := at[p.Metric.Name]
		if !seen {
			i = len(all)
			at[p.Metric.Name] = i
			all = append(all, Alike{Metric: p.Metric.Name})
		}
		switch p.Outcome {
		case Same:
			all[i].Same++
		case Unranked:
			all[i].Unranked++
		case Undecided:
			all[i].Undecided++
			more[p.Metric.Name] = append(more[p.Metric.Name], p.More)
		}
	}
	for i, a := range all {
		all[i].More = moreText(more[a.Metric])
	}
	return all
}

// moreText says how many repetitions more it would take; 0 is one of which nobody can tell.
func moreText(more []int) string {
	known := slices.DeleteFunc(slices.Clone(more), func(n int) bool { return n == 0 })
	text := ""
	if len(known) > 0 {
		least, most := slices.Min(known), slices.Max(known)
		text = fmt.Sprintf("about %s to %s", figures.Count(least), figures.Count(most))
		if least == most {
			text = "about " + figures.Count(least)
		}
	}
	switch {
	case len(known) == len(more):
		return text
	case text != "":
		return text + ", or nobody can tell"
	default:
		return "nobody can tell"
	}
}

// A LeftOut is what was not compared for one reason, which mostly holds for all of a scenario.
type LeftOut struct {
	Why string
	Of  []string // strategies, some by one metric alone
}

// LeftOut is what both runs have and could not be compared, and what only one of them has.
func (r Result) LeftOut() (skipped, onlyOld, onlyNew []LeftOut) {
	names := r.Names()
	add := func(to *[]LeftOut, why, what string) {
		i := slices.IndexFunc(*to, func(l LeftOut) bool { return l.Why == why })
		if i < 0 {
			i = len(*to)
			*to = append(*to, LeftOut{Why: why})
		}
		(*to)[i].Of = append((*to)[i].Of, what)
	}
	for _, s := range r.Skipped {
		what := names.Of(s.Cell)
		if s.Metric != "" {
			what += " by " + s.Metric
		}
		add(&skipped, Place(s.Cell)+", "+s.Why, what)
	}
	for _, c := range r.OnlyOld {
		add(&onlyOld, Place(c), names.Of(c))
	}
	for _, c := range r.OnlyNew {
		add(&onlyNew, Place(c), names.Of(c))
	}
	return skipped, onlyOld, onlyNew
}

// Method says how the comparison was made, in lines for a terminal.
func (r Result) Method() string {
	return fmt.Sprintf("The ratio is NEW over OLD: the median over all pairs of trials, and its interval at 95 %% for itself. A difference is named if it is\n"+
		"larger than %s and significant by the exact rank-sum test, after Holm: p ≤ %s among the %s by the metric and at the\n"+
		"level that decide a scenario (*), and the same among the %d others. Runs differ by their moments as well: where all\n"+
		"strategies have changed alike, the machine is the likelier reason.",
		Percent(r.Threshold), Digits(r.Families[0].Alpha), figures.Counted(r.Families[0].Size, "comparison"), r.Families[1].Size)
}

// Names are short names of strategies by their full ones: the kind alone where there is one of that kind.
type Names map[string]string

// Names are those of all strategies in the result.
func (r Result) Names() Names {
	full := map[string]bool{}
	for _, p := range r.Pairs {
		full[p.Strategy] = true
	}
	for _, s := range r.Skipped {
		full[s.Strategy] = true
	}
	for _, c := range append(slices.Clip(r.OnlyOld), r.OnlyNew...) {
		full[c.Strategy] = true
	}
	kinds := map[string]int{}
	for name := range full {
		kinds[trial.Kind(name)]++
	}
	short := Names{}
	for name := range full {
		short[name] = name
		if kinds[trial.Kind(name)] == 1 {
			short[name] = trial.Kind(name)
		}
	}
	return short
}

// Of is the name of a key's strategy.
func (n Names) Of(c stat.Cell) string {
	if c.Twin {
		return n[c.Strategy] + " (twin)"
	}
	return n[c.Strategy]
}

// Place is a key's scenario and level of load.
func Place(c stat.Cell) string {
	if c.Fraction == 0 {
		return c.Scenario
	}
	return c.Scenario + " at " + strconv.FormatFloat(c.Fraction, 'g', 4, 64)
}

// By is the metric's name, marked if it decides the scenario.
func (p Pair) By() string {
	if p.Decides {
		return p.Metric.Name + " *"
	}
	return p.Metric.Name
}

// RatioText is NEW over OLD with its interval.
func (p Pair) RatioText() string {
	text := "from nothing"
	if e := p.Ratio; !math.IsInf(e.Value, 1) {
		text = fmt.Sprintf("%.3f (%.3f to %s)", e.Value, e.Lo, upperText(e.Hi))
	}
	if p.AtLeast {
		text += ", or further"
	}
	return text
}

func upperText(v float64) string {
	if math.IsInf(v, 1) {
		return "∞"
	}
	return fmt.Sprintf("%.3f", v)
}

// Text is the figure with three digits, in the unit of the pair's metric; without a unit it is a ratio.
func (f Figure) Text(unit string) string {
	scaled := func(units []string, size float64) string {
		for _, name := range units[:len(units)-1] {
			if f.Median >= 0.9995*size {
				return Digits(f.Median/size) + name
			}
			size /= 1000
		}
		return Digits(f.Median/size) + units[len(units)-1]
	}
	switch unit {
	case "s":
		return scaled([]string{" s", " ms", " µs", " ns"}, 1)
	case "1/s":
		return scaled([]string{"M/s", "k/s", "/s"}, 1e6)
	default:
		return Digits(f.Median)
	}
}

// Percent writes a ratio as percent, with at most three digits.
func Percent(ratio float64) string { return Digits(100*ratio) + " %" }

// Digits writes v with at most three digits.
func Digits(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }
