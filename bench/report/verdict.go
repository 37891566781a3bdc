package report

import (
	"cmp"
	"slices"
	"strings"

	choice "github.com/poolbench/poolbench/bench/verdict"
)

// verdict is what a reader came for: what to take, in one look where it is good, and why.
func (v view) verdict(d *document, said choice.Verdict, show func(...string)) {
	d.f("## Verdict\n\n")
	for _, s := range said.Overall.Sentences {
		d.f("%s\n\n", prose(s))
	}
	for _, c := range said.Capacities {
		d.f("- **%s:** %s\n", prose(c.Scenario), prose(c.Sentence))
	}
	for _, s := range said.Sizes {
		d.f("- **%s:** %s\n", prose(s.Scenario), prose(s.Sentence))
	}
	if len(said.Capacities)+len(said.Sizes) > 0 {
		d.f("\n")
	}
	if len(said.Scenarios) == 0 {
		return
	}
	show("matrix")
	standings(said).write(&d.Builder)
	d.f("%s The same for programs: [verdict.json](verdict.json).\n\n", key(said))
}

// situation is what a scenario's sentence says before it says what it decides.
func situation(about string) string {
	if i := strings.IndexAny(about, ":."); i >= 0 {
		return about[:i]
	}
	return about
}

// standings has a line for each scenario: what it is, who is best, who is not and why, and of whom it is not known.
func standings(said choice.Verdict) *table {
	told := slices.ContainsFunc(said.Scenarios, func(sc choice.Scenario) bool { return situation(sc.About) != "" })
	t := &table{head: []string{"scenario"}, text: true}
	if told {
		t.head = append(t.head, "what it is")
	}
	t.head = append(t.head, "best", "behind, or out", "not decided")
	for _, sc := range said.Scenarios {
		labels := func(names []string) string {
			var out []string
			for _, name := range names {
				out = append(out, said.Labels[name])
			}
			return cmp.Or(strings.Join(out, ", "), absent)
		}
		var not, open groups
		for _, b := range sc.Behind {
			not.add(sc.Word(b.Strategy), said.Labels[b.Strategy])
		}
		for _, o := range sc.Out {
			not.add(sc.Word(o.Strategy), said.Labels[o.Strategy])
		}
		for _, o := range sc.Undecided {
			open.add(strings.TrimPrefix(sc.Word(o.Strategy), undecided), said.Labels[o.Strategy])
		}
		for _, name := range sc.Unranked {
			open.add(sc.Word(name), said.Labels[name])
		}
		row := []string{sc.Name}
		if told {
			row = append(row, situation(sc.About))
		}
		t.add(append(row, labels(sc.Best), not.byRemark(), open.byRemark())...)
	}
	return t
}

// undecided is the word that the column of those says for all that have no other.
const undecided = "undecided"

// byRemark has the labels of a remark before it: "thread, pond: behind ×2.6".
func (g groups) byRemark() string {
	var parts []string
	for _, remark := range g.labels {
		text := strings.Join(g.remarks[remark], ", ")
		if remark != "" {
			text += ": " + remark
		}
		parts = append(parts, text)
	}
	return cmp.Or(strings.Join(parts, "; "), absent)
}

// meanings are the words of the matrix in plain language; those of rules come behind "out:".
var meanings = []struct{ word, meaning string }{
	{"best", "as good as any other that can be chosen"},
	{"behind", "could be chosen, and is so many times worse than the best in what decides the scenario (×2 is twice the cost, or half the goodput)"},
	{undecided, "more repetitions are needed"},
	{"not measured", "not one of its trials can be used, for the reason that stands with it: what helps is a quieter machine, or a server that starts"},
	{"not ranked", "the driver was at its own limit or near it, so the figures are not the server's alone"},
	{"out: " + string(choice.Dies), "its process ended by itself, again and again"},
	{"out: " + string(choice.Starves), "clients got nothing and were never told"},
	{"out: " + string(choice.Loses), "requests in progress were lost at a stop"},
	{"out: " + string(choice.Collapses), "with too much load it does less than half of what it can"},
	{"out: " + string(choice.Fails), "requests had no answer although there was room"},
	{"out: " + string(choice.Sheds), "requests were refused although there was room"},
	{"out: " + string(choice.Objective), "the objective was missed"},
	{"out: " + string(choice.Memory), "more than three times the least memory for each connection"},
}

// key explains those words that occur.
func key(said choice.Verdict) string {
	used := func(word string) bool {
		for _, sc := range said.Scenarios {
			for _, s := range said.Overall.Strategies {
				if strings.HasPrefix(sc.Word(s.Name), word) {
					return true
				}
			}
		}
		return false
	}
	var parts []string
	for _, m := range meanings {
		if used(m.word) {
			parts = append(parts, "*"+m.word+"*: "+m.meaning)
		}
	}
	return strings.Join(parts, "; ") + "."
}

// changes says each condition once, with all strategies that it holds for.
func changes(said choice.Verdict, s choice.Scenario) string {
	var by groups
	for _, c := range s.Changes {
		by.add(c.Text, said.Labels[c.Strategy])
	}
	var parts []string
	for _, text := range by.labels {
		parts = append(parts, "for "+list(by.remarks[text], 12, "strategy")+" "+text)
	}
	return strings.Join(parts, "; ")
}
