package view

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/poolbench/poolbench/bench/compare"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/verdict"
)

func TestTwoRunsSideBySide(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "old", nil, nil)
	write(t, folder, "new", slower, nil)
	h := New(folder)
	status, page, _ := get(h, "/compare?old=old&new=new")
	if status != 200 {
		t.Fatalf("%d %s", status, page)
	}
	top, rest, _ := strings.Cut(page, "What differs")
	contains(t, top, "1 of 16 comparisons has become worse, and 0 better; ", "!NOT THE SAME", "!same run")
	first, _, _ := strings.Cut(rest, "</tr>\n</tbody>")
	contains(t, page, "<title>old → new · poolbench</title>")
	contains(t, first, "!>Note<") // no row of it has one
	contains(t, rest, ">Note<")
	contains(t, first, `<tr role="row" class="worse"><td role="cell"><span class="outcome">worse</span></td><th role="rowheader" scope="row">echo</th><td role="cell" class="name">small</td><td role="cell" class="whole">goodput *</td>`, "1k/s", "502/s", "0.500")
	contains(t, rest, "All 16 comparisons", `<tr role="row" class="same">`, "Both verdicts", "Standings have changed in 1 of 1 scenarios", "<b>small</b>: best <span aria-hidden=\"true\">→</span><span class=\"hidden\">, now</span> <b>behind</b>", `<article class="changed">`)
	if n := strings.Count(rest, `<span class="outcome">`); n != 1+16 {
		t.Errorf("%d rows", n)
	}

	_, page, _ = get(h, "/compare?old=new&new=old")
	contains(t, page, "0 of 16 comparisons have become worse, and 1 better; ", `<tr role="row" class="better">`, `href="/compare?new=new&amp;old=old"`)
	_, page, _ = get(h, "/compare?old=old&new=old")
	contains(t, page, "Old and new are the same run.", "No difference was found in 18 comparisons; 18 are the same", "Every strategy stands where it stood", "!What differs", "!changed</span>")
	for path, want := range map[string]string{
		"/compare": "no old run is chosen", "/compare?old=old": "no new run is chosen", "/compare?old=old&new=none": "there is no run",
	} {
		status, page, _ := get(h, path)
		if status != 400 && status != 404 || !strings.Contains(page, want) {
			t.Errorf("%s: %d %s", path, status, page)
		}
	}
}

// Catches: figures of a page that are others than those of the command.
func TestThePageSaysWhatPackageCompareSays(t *testing.T) {
	folder := t.TempDir()
	var runs [2]trial.Run
	for i, change := range []func(*trial.Trial){nil, slower} {
		var err error
		runs[i], err = trial.Read(write(t, folder, fmt.Sprint("run-", i), change, nil))
		must(t, err)
	}
	r := compare.Runs(runs[0], runs[1], 0)
	_, page, _ := get(New(folder), "/compare?old=run-0&new=run-1")
	_, rows, _ := strings.Cut(page, fmt.Sprintf("All %d comparisons", len(r.Pairs)))
	for _, p := range r.Pairs {
		row := fmt.Sprintf(`%s</td><td role="cell" class="figure" data-what="old">%s</td><td role="cell" class="figure" data-what="new">%s</td><td role="cell" class="figure" data-what="new/old">%s</td><td role="cell" class="figure" data-what="p">%s</td>`,
			p.By(), p.Old.Text(p.Metric.Unit), p.New.Text(p.Metric.Unit), p.RatioText(), compare.Digits(p.Adjusted))
		contains(t, rows, row)
	}
	contains(t, html.UnescapeString(page), r.Method())
}

func TestAnotherMachineIsSaidFirst(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "old", nil, nil)
	write(t, folder, "new", func(x *trial.Trial) { x.Counts.Good *= 3 }, func(e *trial.Env) { e.Platform.CPUModel, e.Seed = "<i>two</i>", 7 })
	_, page, _ := get(New(folder), "/compare?old=old&new=new")
	loud, rest, _ := strings.Cut(page, `<p class="lead">`)
	contains(t, html.UnescapeString(loud), `<div class="alarm" role="note"><p><strong>`+compare.NotTheSame, "CPU model: one → <i>two</i>", "!seed")
	contains(t, loud, "!<i>two")
	contains(t, rest, "No difference was found in 12 comparisons", "seed: 0 → 7")
}

func TestWhatWasNotMeasuredAlikeIsListed(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "old", nil, nil)
	write(t, folder, "new", nil, func(e *trial.Env) { e.Scenarios[0].Name = "<wait>" })
	_, page, _ := get(New(folder), "/compare?old=old&new=new")
	contains(t, page, "Nothing could be compared.", "Only in the old run: 1", "Only in the new run: 1", "<b>&lt;wait&gt;</b>: free, free (twin), small", "!<wait>",
		"Standings have changed in 2 of 2 scenarios", "Not measured in this run.", "<b>not measured</b>")
}

func TestStandingsAreComparedAndFiguresAreNot(t *testing.T) {
	scenario := func(best, behind []string, ratio float64) verdict.Verdict {
		sc := verdict.Scenario{Name: "echo", Best: best, Sentence: fmt.Sprint(ratio)}
		for _, name := range behind {
			sc.Behind = append(sc.Behind, verdict.Behind{Strategy: name, Ratio: verdict.Ratio{Value: ratio}})
		}
		return verdict.Verdict{Labels: map[string]string{free: "free", small: "small"}, Scenarios: []verdict.Scenario{sc}}
	}
	capacity := func(h ...verdict.Highest) verdict.Verdict {
		return verdict.Verdict{Capacities: []verdict.Capacity{{Scenario: "wait", Found: h}}}
	}
	size := func(n int, sure bool) verdict.Verdict {
		return verdict.Verdict{Sizes: []verdict.Size{{Scenario: "size", Setting: "workers", Smallest: n, Sure: sure}}}
	}
	for name, c := range map[string]struct {
		old, new verdict.Verdict
		want     []move
	}{
		"by another figure":      {scenario([]string{free}, []string{small}, 0.5), scenario([]string{free}, []string{small}, 0.7), nil},
		"in another order":       {scenario([]string{free, small}, nil, 1), scenario([]string{small, free}, nil, 1), nil},
		"fallen behind":          {scenario([]string{free, small}, nil, 1), scenario([]string{free}, []string{small}, 0.5), []move{{"small", "best", "behind"}}},
		"new in the run":         {scenario([]string{free}, nil, 1), scenario([]string{free, small}, nil, 1), []move{{"small", notAsked, "best"}}},
		"no longer in the run":   {scenario([]string{free, small}, nil, 1), scenario([]string{free}, nil, 1), []move{{"small", "best", notAsked}}},
		"a capacity of its own":  {capacity(verdict.Highest{Strategy: "a", PerS: 5, Best: true}), capacity(verdict.Highest{Strategy: "a", PerS: 9, Best: true}), nil},
		"a capacity that is not": {capacity(verdict.Highest{Strategy: "a", Best: true}), capacity(verdict.Highest{Strategy: "a", Best: true, AtMost: true}), []move{{"a", "among the highest", "kept at no rate"}}},
		"the same size":          {size(64, true), size(64, true), nil},
		"another size":           {size(64, true), size(256, false), []move{{"the smallest workers that is enough", "64", "256, not shown to be"}}},
	} {
		_, pairs := pair(c.old, c.new)
		if len(pairs) != 1 {
			t.Errorf("%s: %+v", name, pairs)
			continue
		}
		if d := cmp.Diff(c.want, pairs[0].Moves); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	overall, _ := pair(verdict.Verdict{}, verdict.Verdict{Overall: verdict.Overall{Take: "free"}})
	if d := cmp.Diff([]move{{"what to take", "nothing that can be named", "free"}}, overall.Moves); d != "" {
		t.Error(d)
	}
}

func TestNumbersAgreeWithTheirNouns(t *testing.T) {
	one := sentence(compare.Result{Threshold: 0.05, Pairs: []compare.Pair{{Outcome: compare.Same}}})
	worse := sentence(compare.Result{Threshold: 0.05, Pairs: []compare.Pair{{Outcome: compare.Regressed}, {Outcome: compare.Improved}, {Outcome: compare.Undecided}}})
	for got, want := range map[string]string{
		one:                               "No difference was found in 1 comparison; 1 is the same within 5 %, 0 are undecided.",
		worse:                             "1 of 3 comparisons has become worse, and 1 better; 0 are the same within 5 %, 1 is undecided.",
		partial(trial.Env{Planned: 1}, 1): "goes on, or was killed: 1 of at most 1 trial",
		partial(trial.Env{Planned: 1200, Interrupted: true}, 30): "interrupted after 30 of at most 1,200 trials",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Catches: a name that is parted within a limit where a line ends.
func TestALineEndsBehindALimit(t *testing.T) {
	if got := (row{Strategy: "ants:workers=256,queue=0,unit=request"}).Parts(); !slices.Equal(got, []string{"ants:workers=256,", "queue=0,", "unit=request"}) {
		t.Errorf("parts are %q", got)
	}
}
