package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/internal/figures"
	"github.com/poolbench/poolbench/bench/trial"
)

// A spoiler is a reason why trials cannot be used.
type spoiler struct{ code, do string }

// spoilers counts the trials of each.
type spoilers map[spoiler]int

func (s spoilers) add(t trial.Trial) {
	if code, do, invalid := finding.Reason(t); invalid {
		s[spoiler{code, oneLine(do)}]++
	}
}

// mostSpoilers are named: with what to do about each they take two lines, and the report has all.
const mostSpoilers = 2

// String says what made trials invalid, how often, and what to do: "driver-paused in 9 (leave the machine alone), machine-disturbed
// in 3 (...)"; empty for none.
func (s spoilers) String() string {
	order, byCode := s.codes()
	var parts []string
	for _, code := range order[:min(len(order), mostSpoilers)] {
		if do := s.usual(code); code == "" {
			parts = append(parts, fmt.Sprintf("%s, in %d", do, byCode[code]))
		} else {
			parts = append(parts, fmt.Sprintf("%s in %d (%s)", code, byCode[code], do))
		}
	}
	if more := len(order) - len(parts); more > 0 {
		left := 0
		for _, code := range order[len(parts):] {
			left += byCode[code]
		}
		parts = append(parts, fmt.Sprintf("%s in %d", figures.Counted(more, "other reason"), left))
	}
	return strings.Join(parts, ", ")
}

// codes are those of the reasons, the most frequent first, with how often each was one.
func (s spoilers) codes() (order []string, trials map[string]int) {
	trials = map[string]int{}
	for reason, n := range s {
		trials[reason.code] += n
	}
	return slices.SortedFunc(maps.Keys(trials), func(a, b string) int {
		return cmp.Or(trials[b]-trials[a], strings.Compare(a, b))
	}), trials
}

// usual is what most often has to be done about a code: a finding may have different causes.
func (s spoilers) usual(code string) string {
	best := spoiler{}
	for reason, n := range s {
		if m := s[best]; reason.code == code && (n > m || n == m && reason.do < best.do) {
			best = reason
		}
	}
	return best.do
}

// disturbed says that a finding is among the reasons, and not only what a server did.
func (s spoilers) disturbed() bool {
	for reason := range s {
		if reason.code != "" {
			return true
		}
	}
	return false
}

// lookDoctor is what to do where the machine may be why.
const lookDoctor = "`poolbench doctor` says what disturbs this machine"
