package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// trialsText says how many of the planned trials there are, how many of them were measured again and why, and how many
// stayed invalid all the same.
func (v view) trialsText() string {
	n := v.run.Steps()
	text := counted(n, "trial")
	if planned := v.run.Env.Planned; planned > 0 {
		text = fmt.Sprintf("%s of %s trials", count(int64(n)), count(int64(planned)))
		if planned == n && !v.run.Env.Interrupted {
			text = "all of " + counted(n, "trial")
		}
	}
	a := tried(v.run.Trials)
	if a.again > 0 {
		text += fmt.Sprintf("; %d of them measured again (%s)", a.again, strings.Join(a.why(), ", "))
	}
	if a.lost > 0 {
		text += fmt.Sprintf("; %d stayed invalid and %s left out", a.lost, was(a.lost))
	}
	return text
}

// attempts is how often trials had to be measured.
type attempts struct {
	again   int            // planned trials that were measured more than once
	lost    int            // planned trials without any valid attempt
	reasons map[string]int // by code: attempts that were followed by another one
}

// A step is a planned trial: what all attempts at it have in common.
type step struct {
	stat.Cell
	repetition int
}

func stepOf(t trial.Trial) step {
	return step{stat.Cell{Scenario: t.Scenario, Fraction: t.Load.Fraction, Strategy: t.Strategy, Twin: t.Twin}, t.Repetition}
}

func tried(trials []trial.Trial) attempts {
	last := map[step]int{}
	usable := map[step]bool{}
	for _, t := range trials {
		last[stepOf(t)] = max(last[stepOf(t)], t.Attempt)
		usable[stepOf(t)] = usable[stepOf(t)] || t.Invalid == ""
	}
	a := attempts{reasons: map[string]int{}}
	for s, valid := range usable {
		if last[s] > 0 {
			a.again++
		}
		if !valid {
			a.lost++
		}
	}
	for _, t := range trials {
		if t.Attempt < last[stepOf(t)] {
			a.reasons[invalidBy(t)]++
		}
	}
	return a
}

// why lists the reasons, the most frequent first.
func (a attempts) why() []string {
	var codes []string
	for code := range a.reasons {
		codes = append(codes, code)
	}
	slices.SortFunc(codes, func(x, y string) int {
		if d := a.reasons[y] - a.reasons[x]; d != 0 {
			return d
		}
		return strings.Compare(x, y)
	})
	for i, code := range codes {
		codes[i] = fmt.Sprintf("%s %d ×", code, a.reasons[code])
	}
	return codes
}

// noFinding stands for what makes a trial invalid that is no finding: it was not measured to its end.
const noFinding = "failed"

// invalidBy is the code of the finding that made the trial invalid.
func invalidBy(t trial.Trial) string {
	for _, f := range t.Findings {
		if f.Invalid {
			return f.Code
		}
	}
	return noFinding
}

// A footnote is one thing that trials say of themselves, each code once.
type footnote struct {
	code    string
	text    string // the first trial's
	count   int
	invalid int // of count: those that must not be used for it
	where   []string
}

func (f footnote) String() string {
	text := fmt.Sprintf("%s, in %s", f.code, counted(f.count, "trial"))
	if f.invalid > 0 {
		text += fmt.Sprintf(", of which %d %s invalid for it", f.invalid, was(f.invalid))
	}
	return fmt.Sprintf("%s (%s); the first: %s", text, list(f.where, 6, "place"), f.text)
}

// warnings are those of the run, then what its trials say, in the order of the codes.
func (v view) warnings() []string {
	var out []string
	for _, w := range slices.Concat(v.run.Warnings, v.run.Env.Warnings) {
		out = append(out, w.Code+": "+w.Text)
	}
	var notes []*footnote
	add := func(t trial.Trial, f trial.Finding) {
		i := slices.IndexFunc(notes, func(n *footnote) bool { return n.code == f.Code })
		if i < 0 {
			i = len(notes)
			notes = append(notes, &footnote{code: f.Code, text: f.Text})
		}
		n := notes[i]
		n.count++
		if f.Invalid {
			n.invalid++
		}
		if place := v.labels[t.Strategy] + " on " + t.Scenario; !slices.Contains(n.where, place) {
			n.where = append(n.where, place)
		}
	}
	for _, t := range v.run.Trials {
		if t.Invalid != "" {
			reason := invalidBy(t) // whose own footnote has the text
			if reason == noFinding {
				reason, _, _ = strings.Cut(t.Invalid, "\n") // what a server printed before it died is in trials.jsonl
			}
			add(t, trial.Finding{Code: "invalid", Text: reason})
		}
		for _, f := range t.Findings {
			if !finding.AsWanted(t, f) {
				add(t, f)
			}
		}
	}
	slices.SortStableFunc(notes, func(a, b *footnote) int { return strings.Compare(a.code, b.code) })
	for _, n := range notes {
		out = append(out, n.String())
	}
	return out
}
