package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/report/draw"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// Catches: limits in the order of their digits, numbers too long for a machine word, and an order that is none.
func TestLabelsAreInTheOrderOfTheirNumbers(t *testing.T) {
	want := []string{
		"ants", "ants workers=8", "ants workers=64", "ants workers=64 full=reject", "ants workers=256 unit=request",
		"channel queue=9 workers=16", "channel queue=16 workers=2", "channel workers=99999999999999999999", "channel workers=100000000000000000000", "pond", "pond-v1",
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, byNumber)
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for _, a := range want {
		for _, b := range want {
			if byNumber(a, b) != -byNumber(b, a) || (byNumber(a, b) == 0) != (a == b) {
				t.Errorf("%q and %q compare as %d and %d", a, b, byNumber(a, b), byNumber(b, a))
			}
		}
	}
	// A search offers each rate to some only, and the legend is in order all the same.
	run := capacityRun(trial.Open, 3, map[string]float64{"ants:workers=8": 0.9, "ants:workers=16": 0.5, "ants:workers=128": 0.7}, "ants:workers=128", "ants:workers=16", "ants:workers=8")
	var legend []string
	for _, item := range servedLegend(newView(run).scenarios[0]) {
		legend = append(legend, item.Strategy)
	}
	if want := []string{"ants workers=8", "ants workers=16", "ants workers=128"}; !slices.Equal(legend, want) {
		t.Errorf("the legend is %q, want %q", legend, want)
	}
}

// Catches: a strategy without one good answer that is missing from figures as if it had not been measured, and one of two that
// served as few that is named as the one that did.
func TestWhoAnswersNothingIsShown(t *testing.T) {
	sc := trial.Scenario{Name: "slow", Strategies: []string{"alpha", "beta", "delta", "gamma"}, Question: trial.Compare, DecidedBy: stat.ServerCPU.Key, Load: trial.Load{Loop: trial.Closed, Clients: 64}}
	run := trial.Run{Env: trial.Env{Scenarios: []trial.Scenario{sc}}}
	for _, name := range sc.Strategies {
		for rep := range 3 {
			tr := one(sc, name, rep, 500, 0, 5*time.Millisecond)
			switch name {
			case "beta", "gamma":
				tr = one(sc, name, rep, 0, 64, time.Second)
				tr.Counts = trial.Counts{Intended: 64, Sent: 64, Unanswered: 64}
				tr.Clients.Served, tr.Clients.Nothing = 0, tr.Clients.Total
			case "delta":
				tr.Clients.Served, tr.Clients.Nothing = 10, tr.Clients.Total-10
			}
			run.Trials = append(run.Trials, tr)
		}
	}
	set := draw.NewTypesetter()
	for _, f := range newView(run).figures(set) {
		kind, _, _ := strings.Cut(f.Name, "-")
		svg, err := f.SVG(set)
		if err != nil {
			t.Fatal(err)
		}
		boxes, _, _ := textBoxes(t, svg)
		written := func(text string) (n int) {
			for _, b := range boxes {
				if b.text == text {
					n++
				}
			}
			return n
		}
		switch kind {
		case "repetitions":
			if written("beta") != 1 || written("gamma") != 1 || written(absent) != 2 || !strings.Contains(f.Subtitle, absent+": no trial") {
				t.Errorf("repetitions: %d and %d rows of those without an answer, %d times %q; %q", written("beta"), written("gamma"), written(absent), absent, f.Subtitle)
			}
			if strings.Contains(f.Subtitle, "Again") {
				t.Errorf("nothing was measured twice: %q", f.Subtitle)
			}
		case "cost":
			if written("none") != 2 || written("out") != 3 {
				t.Errorf("cost: %d cells say that there was no answer, %d that it is out", written("none"), written("out"))
			}
		}
	}
	if title := servedTitle(newView(run).scenarios); !strings.Contains(title, "beta and gamma served 0 of 64") {
		t.Errorf("%q names not both that served nobody", title)
	}
}
