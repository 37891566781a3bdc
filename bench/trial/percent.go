package trial

import (
	"fmt"
	"strconv"
	"strings"
)

// ParsePercent reads a number of percent, such as "99.9", as a ratio: 0.999, and not the 0.9990000000000001 that a
// division by 100 makes of it. It takes digits and a point, and no sign, exponent or infinity.
func ParsePercent(text string) (float64, error) {
	if strings.Trim(text, "0123456789.") != "" {
		return 0, fmt.Errorf("%q is no number of percent; write for example 99.9", text)
	}
	ratio, err := strconv.ParseFloat(text+"e-2", 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no number of percent; write for example 99.9", text)
	}
	return ratio, nil
}

// FormatPercent writes a ratio, finite and not negative, as the shortest number of percent that [ParsePercent] reads as the
// same ratio.
func FormatPercent(ratio float64) string {
	whole, decimals, _ := strings.Cut(strconv.FormatFloat(ratio, 'f', -1, 64), ".")
	decimals += strings.Repeat("0", max(0, 2-len(decimals)))
	whole = strings.TrimLeft(whole+decimals[:2], "0")
	if whole == "" {
		whole = "0"
	}
	if rest := strings.TrimRight(decimals[2:], "0"); rest != "" {
		return whole + "." + rest
	}
	return whole
}
