// Package figures writes numbers as a reader has them in a sentence. Whatever tells results uses it, so that a terminal, a
// report and an error say the same number in the same way.
package figures

import (
	"strconv"
	"strings"
)

// Count writes a whole number with separators: 4,120.
func Count[N int | int64 | uint64](n N) string {
	digits, negative := strings.CutPrefix(whole(n), "-")
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	if negative {
		return "-" + digits
	}
	return digits
}

func whole[N int | int64 | uint64](n N) string {
	if n < 0 {
		return strconv.FormatInt(int64(n), 10)
	}
	return strconv.FormatUint(uint64(n), 10)
}

// Counted is a number and its noun: 1 trial, 1,000 trials.
func Counted[N int | int64 | uint64](n N, singular string) string {
	return Count(n) + " " + Noun(n, singular)
}

// Noun is the right form of a regular noun for n. A phrase is one if its last word is what there are several of: "more
// repetition".
func Noun[N int | int64 | uint64](n N, singular string) string {
	switch stem, y := strings.CutSuffix(singular, "y"); {
	case n == 1:
		return singular
	case y:
		return stem + "ies"
	default:
		return singular + "s"
	}
}
