package view

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/poolbench/poolbench/bench/compare"
	"github.com/poolbench/poolbench/bench/internal/figures"
)

// compare shows two runs side by side: what package compare says of them, and both verdicts.
func (s *server) compare(w http.ResponseWriter, r *http.Request, root *os.Root) error {
	names := [2]string{r.URL.Query().Get("old"), r.URL.Query().Get("new")}
	for i, which := range []string{"old", "new"} {
		if names[i] == "" {
			return problem{http.StatusBadRequest, fmt.Errorf("no %s run is chosen: choose two in the list", which)}
		}
	}
	end, err := s.store.begin(r.Context())
	if err != nil {
		return err
	}
	defer end()
	var both [2]*loaded
	for i, name := range names {
		f, err := s.run(root, name)
		if err != nil {
			return err
		}
		if both[i], err = s.load(f); err != nil {
			return err
		}
	}
	s.show(w, http.StatusOK, "compare.html", newComparison(both[0], both[1]))
	return nil
}

// A comparison is what the page shows.
type comparison struct {
	Old, New  side
	SameRun   bool
	Swapped   string // address of the same with old and new in each other's place
	Caution   string // loud, and first
	Machine   []compare.Change
	Changed   []compare.Change
	Sentence  string
	Differ    rows // worse first
	All       rows
	Alike     []compare.Alike
	Threshold string
	LeftOut   []leftOut
	Method    string
	Overall   paired
	Scenarios []paired
	Changes   int // of Scenarios
}

// A side is one of the two runs.
type side struct{ Name, Text string }

// A row is a pair in words.
type row struct {
	Outcome                                                  string // one word, which is a class of the style sheet too
	Place, Strategy, Metric, OldText, NewText, Ratio, P, Why string
}

// rows are those of one table.
type rows []row

// Notes says whether any of them has one: a column that is empty takes the place of what is not.
func (rs rows) Notes() bool {
	return slices.ContainsFunc(rs, func(r row) bool { return r.Why != "" })
}

// Parts are the strategy's name in pieces between which a line may end.
func (r row) Parts() []string { return strings.SplitAfter(r.Strategy, ",") }

// A leftOut is a list of what was not compared.
type leftOut struct {
	Title string
	Of    []compare.LeftOut
}

// outcomes are the words for readers, who compare two runs to see whether something has become worse.
var outcomes = map[compare.Outcome]string{
	compare.Regressed: "worse", compare.Improved: "better", compare.Same: "same", compare.Undecided: "undecided", compare.Unranked: "unranked",
}

func newComparison(old, new *loaded) comparison {
	r := compare.Runs(old.run, new.run, 0)
	c := comparison{
		Old: side{old.name, compare.Describe(old.run)}, New: side{new.name, compare.Describe(new.run)},
		SameRun:   old.name == new.name,
		Swapped:   "/compare?" + url.Values{"old": {new.name}, "new": {old.name}}.Encode(),
		Machine:   r.Machine,
		Changed:   r.Changed,
		Sentence:  sentence(r),
		Alike:     r.Alike(),
		Threshold: compare.Percent(r.Threshold),
		Method:    r.Method(),
	}
	if r.Basis != compare.Absolute {
		c.Caution = compare.NotTheSame
	}
	names := r.Names()
	for _, p := range r.Differences() {
		c.Differ = append(c.Differ, newRow(p, names))
	}
	for _, p := range r.Pairs {
		c.All = append(c.All, newRow(p, names))
	}
	skipped, onlyOld, onlyNew := r.LeftOut()
	for _, l := range []leftOut{{"Not compared", skipped}, {"Only in the old run", onlyOld}, {"Only in the new run", onlyNew}} {
		if len(l.Of) > 0 {
			c.LeftOut = append(c.LeftOut, l)
		}
	}
	c.Overall, c.Scenarios = pair(old.verdict, new.verdict)
	for _, s := range c.Scenarios {
		if len(s.Moves) > 0 {
			c.Changes++
		}
	}
	return c
}

// sentence says what has come of all comparisons.
func sentence(r compare.Result) string {
	if len(r.Pairs) == 0 {
		return "Nothing could be compared."
	}
	worse, better := r.Count(compare.Regressed), r.Count(compare.Improved)
	text := fmt.Sprintf("No difference was found in %s", figures.Counted(len(r.Pairs), "comparison"))
	if worse+better > 0 {
		text = fmt.Sprintf("%d of %s %s become worse, and %d better", worse, figures.Counted(len(r.Pairs), "comparison"), has(worse), better)
	}
	text += fmt.Sprintf("; %d %s the same within %s, %d %s undecided",
		r.Count(compare.Same), is(r.Count(compare.Same)), compare.Percent(r.Threshold), r.Count(compare.Undecided), is(r.Count(compare.Undecided)))
	if n := r.Count(compare.Unranked); n > 0 {
		text += fmt.Sprintf(", in %d the driver was the limit", n)
	}
	return text + "."
}

func is(n int) string { return either(n, "is", "are") }

func has(n int) string { return either(n, "has", "have") }

// either is the verb for so many.
func either(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func newRow(p compare.Pair, names compare.Names) row {
	r := row{
		Outcome: outcomes[p.Outcome], Place: compare.Place(p.Cell), Strategy: names.Of(p.Cell), Metric: p.By(),
		OldText: p.Old.Text(p.Metric.Unit), NewText: p.New.Text(p.Metric.Unit), Ratio: p.RatioText(), P: compare.Digits(p.Adjusted),
	}
	switch {
	case p.Outcome == compare.Same:
		r.Why = "no difference larger than " + compare.Percent(p.Bound)
	case p.Outcome == compare.Undecided && p.More > 0:
		r.Why = fmt.Sprintf("about %s more", figures.Counted(p.More, "repetition"))
	case p.Outcome == compare.Undecided:
		r.Why = "nobody can tell how many repetitions more"
	case p.Outcome == compare.Unranked:
		r.Why = "the driver was the limit"
	}
	return r
}
