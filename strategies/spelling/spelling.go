// Package spelling finds what a misspelt name was meant to be. It decides nothing: an error that lists what is allowed asks
// with it whether one of these was meant. It imports nothing but the standard library, as package strategies needs it.
package spelling

import (
	"strings"
)

// mostSlips is how many letters may be wrong. With three, names as short as ours become one another.
const mostSlips = 2

// Meant asks whether one of the names was meant by a name that is none of them: "; did you mean goroutine?", to stand before
// the list of all. It is empty where none is like it: none begins with it, and each has more than two slips (a letter that is
// wrong, missing or too much, or two that are exchanged), or as many as half of the name has letters. Case does not count.
func Meant(name string, names []string) string {
	said := []rune(strings.ToLower(name))
	var like []string
	for _, n := range names {
		lower := strings.ToLower(n)
		begun := name != "" && strings.HasPrefix(lower, string(said))
		if begun || slips(said, []rune(lower)) <= min(mostSlips, len(said)/2) && name != "" {
			like = append(like, n)
		}
	}
	if len(like) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(like, " or ") + "?"
}

// slips is the restricted Damerau-Levenshtein distance (optimal string alignment), and mostSlips+1 where the lengths alone say
// that it is larger: what a user wrote may be of any length.
func slips(a, b []rune) int {
	if len(a) > len(b)+mostSlips || len(b) > len(a)+mostSlips {
		return mostSlips + 1
	}
	var before []int // the row above last
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range b {
			changed := last[j]
			if a[i] != b[j] {
				changed++
			}
			row[j+1] = min(changed, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
