package report

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/poolbench/poolbench/bench/internal/figures"
	"github.com/poolbench/poolbench/bench/stat"
)

// absent is printed where there is no number, or none that is worth showing.
const absent = "–"

// sig writes v with three significant digits and no exponent; what is no number is absent.
func sig(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return absent
	}
	if v == 0 {
		return "0" // also for negative zero
	}
	// Rounding first decides the magnitude: 9.996 is 10.0, not 10.00.
	magnitude := int(math.Floor(math.Log10(math.Abs(v))))
	step := math.Pow(10, float64(magnitude-2))
	if rounded := math.Round(v/step) * step; math.Abs(rounded) >= math.Pow(10, float64(magnitude+1)) {
		magnitude++
	}
	if magnitude > 2 {
		return strconv.FormatFloat(math.Round(v/step)*step, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'f', 2-magnitude, 64)
}

// short is sig without trailing zeros, for axes and prose.
func short(v float64) string {
	s := sig(v)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// A unit is what a column or an axis is counted in: how many base units (seconds, or one per second) make one.
type unit struct {
	name string
	size float64
}

// prefix is the name of a rate's unit without "/s", for where the axis or the column says that.
func (u unit) prefix() string { return strings.TrimSuffix(u.name, "/s") }

func (u unit) of(v float64) string { return sig(v / u.size) }

var (
	times = []unit{{"s", 1}, {"ms", 1e-3}, {"µs", 1e-6}, {"ns", 1e-9}}
	rates = []unit{{"M/s", 1e6}, {"k/s", 1e3}, {"/s", 1}}
)

// unitsOf are those of a metric's figures.
func unitsOf(m stat.Metric) []unit {
	switch m.Unit {
	case "1/s":
		return rates
	case "B":
		return memories
	default:
		return times
	}
}

// unitFor is the largest of us in which v is at least one, or the smallest there is.
func unitFor(us []unit, v float64) unit {
	for _, u := range us {
		// Half a unit in the third digit: 999.6 µs prints as 1 ms.
		if math.Abs(v) >= u.size*0.9995 {
			return u
		}
	}
	return us[len(us)-1]
}

// columnUnit is the one unit for a column, chosen for its middle value: a single time-out must not turn all the rest
// into thousandths.
func columnUnit(us []unit, vs []float64) unit {
	var seen []float64
	for _, v := range vs {
		if v > 0 && !math.IsInf(v, 0) {
			seen = append(seen, v)
		}
	}
	if len(seen) == 0 {
		return us[len(us)-1]
	}
	return unitFor(us, middle(seen))
}

// seconds writes a time given in seconds with its own unit.
func seconds(s float64) string {
	if s == 0 {
		return "0 s"
	}
	u := unitFor(times, s)
	return short(s/u.size) + " " + u.name
}

func duration(d time.Duration) string { return seconds(d.Seconds()) }

// rate writes a rate per second with its own unit: 12.3k/s.
func rate(perSecond float64) string {
	u := unitFor(rates, perSecond)
	return short(perSecond/u.size) + u.name
}

// rateTick is a rate without "/s", which the panel's title says.
func rateTick(v float64) string {
	u := unitFor(rates, v)
	return short(v/u.size) + u.prefix()
}

// percent writes a ratio from 0 to 1.
func percent(ratio float64) string {
	if math.IsNaN(ratio) || math.IsInf(ratio, 0) {
		return absent
	}
	p := ratio * 100
	decimals := 0
	if math.Abs(p) < 9.95 {
		decimals = 1
	}
	if s := strconv.FormatFloat(p, 'f', decimals, 64); p == 0 || s != "0.0" {
		return strings.TrimSuffix(s, ".0") + " %"
	}
	return "under 0.1 %"
}

// atMost writes a ratio as a bound, which must not be rounded down: a difference that the bound does not exclude could
// be larger than it.
func atMost(ratio float64) string {
	if math.IsNaN(ratio) || math.IsInf(ratio, 0) {
		return absent
	}
	tenths := max(math.Ceil(ratio*1000-1e-9), 1)
	if tenths > 99 {
		tenths = math.Ceil(tenths/10) * 10
	}
	return short(tenths/10) + " %"
}

// count writes a whole number with separators.
func count(n int64) string { return figures.Count(n) }

// counted is a number and its noun.
func counted(n int, singular string) string { return figures.Counted(n, singular) }

// noun is the right form of a regular noun for n.
func noun(singular string, n int) string { return figures.Noun(n, singular) }

// sentence joins those parts that are not empty, with a capital letter and a stop.
func sentence(parts ...string) string {
	var some []string
	for _, p := range parts {
		if p != "" {
			some = append(some, p)
		}
	}
	if len(some) == 0 {
		return ""
	}
	text := strings.Join(some, "; ")
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:] + "."
}

// anyOf joins names of which not each one need apply.
func anyOf(names []string, most int) string {
	n := len(names)
	if n < 2 || n > most {
		return list(names, most, "strategy")
	}
	return strings.Join(names[:n-1], ", ") + " or " + names[n-1]
}

// list joins names as prose, and only counts them where there would be more than most of them.
func list(names []string, most int, noun string) string {
	switch n := len(names); {
	case n == 0:
		return "none"
	case n == 1:
		return names[0]
	case n > most:
		return counted(n, noun)
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}
