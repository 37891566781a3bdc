package spelling

import (
	"math"
	"strconv"
	"time"
)

// LacksUnit says whether a text would be a time above 0 if it had a unit: 5, say.
func LacksUnit(text string) bool {
	n, err := strconv.ParseFloat(text, 64)
	_, none := time.ParseDuration(text)
	return err == nil && none != nil && n > 0 && !math.IsInf(n, 0)
}
