package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// trialsText says how many of the planned trials there are, and what became of all that were recorded: each is in one of the
// numbers that follow, so that these add up.
func (v view) trialsText() string {
	a := tried(v.run.Trials)
	text := counted(a.recorded, "trial") + " recorded"
	if n, planned := v.run.Steps(), v.run.Env.Planned; planned > 0 {
		text = fmt.Sprintf("%s of %s planned trials: %s recorded", count(int64(n)), count(int64(planned)), count(int64(a.recorded)))
		if planned == n && !v.run.Env.Interrupted {
			text = fmt.Sprintf("all of %s: %s recorded", counted(n, "planned trial"), count(int64(a.recorded)))
		}
	}
	if a.calibrations > 0 {
		text += fmt.Sprintf(" (%s of them to calibrate)", count(int64(a.calibrations)))
	}
	if a.valid == a.recorded {
		return text + ", all valid"
	}
	text += fmt.Sprintf(", of which %s %s valid", count(int64(a.valid)), was(a.valid))
	for _, of := range []struct {
		by   map[string]int
		fate string
	}{{a.again, "measured again"}, {a.lost, "left out for good"}} {
		if n := total(of.by); n > 0 {
			text += fmt.Sprintf(", %s invalid and %s (%s)", count(int64(n)), of.fate, strings.Join(why(of.by), ", "))
		}
	}
	return text
}

// attempts is what became of recorded trials. Each is valid, or in one of again and lost.
type attempts struct {
	recorded     int
	calibrations int // of recorded
	valid        int
	again        map[string]int // invalid and followed by another attempt, by code
	lost         map[string]int // invalid and the last attempt, by code
}

// A step is a planned trial: what all attempts at it have in common.
type step struct {
	stat.Cell
	repetition int
}

func stepOf(t trial.Trial) step {
	return step{stat.Cell{Scenario: t.Scenario, Fraction: t.Load.Fraction, Strategy: t.Strategy, Twin: t.Twin}, t.Repetition}
}

// lastAttempts has the number of the last attempt at each planned trial.
func lastAttempts(trials []trial.Trial) map[step]int {
	last := map[step]int{}
	for _, t := range trials {
		last[stepOf(t)] = max(last[stepOf(t)], t.Attempt)
	}
	return last
}

func tried(trials []trial.Trial) attempts {
	last := lastAttempts(trials)
	a := attempts{recorded: len(trials), again: map[string]int{}, lost: map[string]int{}}
	for _, t := range trials {
		if t.Calibrates {
			a.calibrations++
		}
		switch {
		case t.Invalid == "":
			a.valid++
		case t.Attempt < last[stepOf(t)]:
			a.again[invalidBy(t)]++
		default:
			a.lost[invalidBy(t)]++
		}
	}
	return a
}

func total(by map[string]int) int {
	n := 0
	for _, m := range by {
		n += m
	}
	return n
}

// why lists reasons, the most frequent first.
func why(by map[string]int) []string {
	codes := slices.SortedFunc(maps.Keys(by), func(x, y string) int { return cmp.Or(by[y]-by[x], strings.Compare(x, y)) })
	for i, code := range codes {
		codes[i] = fmt.Sprintf("%s %s ×", code, count(int64(by[code])))
	}
	return codes
}

// manyLeftOut is the share of a scenario's trials above which a reader of its findings has to know that they were left out.
const manyLeftOut = 0.2

// leftOutText says of a scenario of which many trials are invalid how many of how many, and why; empty for any other.
func (v view) leftOutText(name string) string {
	of, _ := split(v.run.Trials, func(t trial.Trial) bool { return t.Scenario == name && !t.Calibrates })
	a := tried(of)
	n := a.recorded - a.valid
	if float64(n) <= manyLeftOut*float64(a.recorded) {
		return ""
	}
	text := fmt.Sprintf("%s of its %s recorded %s %s left out, as invalid", count(int64(n)), count(int64(a.recorded)), noun("trial", a.recorded), was(n))
	if again := total(a.again); again > 0 {
		text += fmt.Sprintf(" (%s of them %s measured again)", count(int64(again)), was(again))
	}
	return text + "; the most frequent reason: " + strings.TrimSuffix(finding.Usual(of), ".") + "."
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
	again   int // of count, where it is of all that are invalid: those that were measured again
	where   []string
}

func (f footnote) String() string {
	text := fmt.Sprintf("%s, in %s", f.code, counted(f.count, "trial"))
	if f.invalid > 0 {
		text += fmt.Sprintf(", of which %d %s invalid for it", f.invalid, was(f.invalid))
	}
	if f.again > 0 {
		text += fmt.Sprintf(", of which %s %s measured again", count(int64(f.again)), was(f.again))
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
	add := func(t trial.Trial, f trial.Finding) *footnote {
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
		return n
	}
	last := lastAttempts(v.run.Trials)
	for _, t := range v.run.Trials {
		if t.Invalid != "" {
			reason := invalidBy(t) // whose own footnote has the text
			if reason == noFinding {
				reason, _, _ = strings.Cut(t.Invalid, "\n") // what a server printed before it died is in trials.jsonl
			}
			if n := add(t, trial.Finding{Code: "invalid", Text: reason}); t.Attempt < last[stepOf(t)] {
				n.again++
			}
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
