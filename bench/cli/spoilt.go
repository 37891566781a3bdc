package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/poolbench/poolbench/bench/finding"
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
// in 3 (...)"; empty for none. Findings come first, because a trial without one may be invalid because of another's: there is
// no rate to offer where the capacity could not be measured.
func (s spoilers) String() string {
	byCode := map[string]int{}
	for reason, n := range s {
		byCode[reason.code] += n
	}
	order := slices.SortedFunc(maps.Keys(byCode), func(a, b string) int {
		if (a == "") != (b == "") {
			return strings.Compare(b, a)
		}
		return cmp.Or(byCode[b]-byCode[a], strings.Compare(a, b))
	})
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
		parts = append(parts, fmt.Sprintf("%s in %d", counted(more, "other reason", "other reasons"), left))
	}
	return strings.Join(parts, ", ")
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
