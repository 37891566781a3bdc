// Package doctor says what about a machine would spoil a measurement, before any is made, and how to mend it. [Gather]
// reads the facts, [Judge] turns them into findings; nothing is changed on the machine. What a trial says of itself afterwards
// is package finding's business, and whatever both speak of has the same thresholds: bad here is what would make a trial invalid
// there or keep it from being measured, a warning what would be noted.
package doctor

import (
	"cmp"
	"fmt"
	"slices"
)

// A State is how bad a finding is.
type State string

const (
	OK      State = "ok"
	Unknown State = "unknown" // this system, or this process, cannot tell
	Warning State = "warning" // might spoil a measurement
	Bad     State = "bad"     // would spoil one, or prevents it
)

// worstFirst is the order in which findings are told.
var worstFirst = []State{Bad, Warning, Unknown, OK}

// A Finding is one thing that was looked at.
type Finding struct {
	Code    string `json:"code"` // stands in records of programs, and does not change
	Name    string `json:"name"`
	State   State  `json:"state"`
	Found   string `json:"found"`             // what it is
	Why     string `json:"why"`               // why it matters to a measurement
	Advice  string `json:"advice,omitempty"`  // what to do about it, where that is no command
	Command string `json:"command,omitempty"` // mends it, typed into the shell that measures then
}

// A Report is what was found, worst first.
type Report struct {
	Findings []Finding `json:"findings"`
	Sentence string    `json:"sentence"`
}

// A check judges one matter. Its verdicts are findings that need their code, name and reason filled in, where they have none.
type check struct {
	code, name, why string
	judge           func(Facts) []Finding
}

// Judge turns facts into findings. It may be called concurrently.
func Judge(f Facts) Report {
	var r Report
	for _, c := range checks {
		for _, found := range c.judge(f) {
			found.Code, found.Why = c.code, c.why
			found.Name = cmp.Or(found.Name, c.name)
			r.Findings = append(r.Findings, found)
		}
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Compare(slices.Index(worstFirst, a.State), slices.Index(worstFirst, b.State))
	})
	r.Sentence = sentence(r)
	return r
}

// Count is how many findings have that state.
func (r Report) Count(s State) int {
	n := 0
	for _, f := range r.Findings {
		if f.State == s {
			n++
		}
	}
	return n
}

func sentence(r Report) string {
	bad, warnings, unknown := r.Count(Bad), r.Count(Warning), r.Count(Unknown)
	text := "Nothing here would spoil a measurement"
	switch {
	case bad > 0 && warnings > 0:
		text = fmt.Sprintf("%s would spoil a measurement, and %d more might", things(bad), warnings)
	case bad > 0:
		text = things(bad) + " would spoil a measurement"
	case warnings > 0:
		text += fmt.Sprintf(", but %s might", things(warnings))
	}
	switch unknown {
	case 0:
	case 1:
		text += "; 1 is unknown"
	default:
		text += fmt.Sprintf("; %d are unknown", unknown)
	}
	return text + "."
}

func things(n int) string {
	if n == 1 {
		return "1 thing"
	}
	return fmt.Sprint(n, " things")
}

func one(s State, format string, args ...any) []Finding {
	return []Finding{{State: s, Found: fmt.Sprintf(format, args...)}}
}

func ok(format string, args ...any) []Finding { return one(OK, format, args...) }

// untold is for what the system does not tell.
func untold(format string, args ...any) []Finding { return one(Unknown, format, args...) }

// mended has the findings say which command mends them.
func mended(all []Finding, format string, args ...any) []Finding {
	for i := range all {
		all[i].Command = fmt.Sprintf(format, args...)
	}
	return all
}

// advised has the findings say what to do where no command is known.
func advised(all []Finding, format string, args ...any) []Finding {
	for i := range all {
		all[i].Advice = fmt.Sprintf(format, args...)
	}
	return all
}
