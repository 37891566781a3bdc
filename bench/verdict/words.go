package verdict

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/poolbench/poolbench/bench/internal/figures"
)

// count writes a whole number with separators.
func count[T int | int64](n T) string { return figures.Count(n) }

// counted is a number and its noun, which is regular.
func counted[T int | int64](n T, noun string) string { return figures.Counted(n, noun) }

// figure writes a number with as many digits as anybody acts on: 0.031, 0.52, 4.2, 13, 4,120.
func figure(v float64) string {
	switch a := math.Abs(v); {
	case a >= 1000:
		magnitude := math.Pow(10, math.Floor(math.Log10(a))-2)
		return count(int64(math.Round(v/magnitude) * magnitude))
	case a >= 10:
		return strconv.FormatFloat(v, 'f', 0, 64)
	default:
		return strconv.FormatFloat(v, 'g', 2, 64)
	}
}

// times writes a ratio, with two digits even where the second is a zero: 0.40, 2.0.
func times(v float64) string {
	switch {
	case v > 0 && v < 0.001:
		return "under 0.001"
	case v == 0 || v >= 10:
		return figure(v)
	case v < 0.1:
		return fmt.Sprintf("%#.2g", v)
	default: // 1.06 and 1.14 are not the same
		return fmt.Sprintf("%.2f", v)
	}
}

// percent writes a share; a small one is not rounded to nothing.
func percent(share float64) string {
	p := 100 * share
	if p > 0 && p < 0.01 {
		return "under 0.01 %"
	}
	if p > 99.5 && p < 100 { // nor a large one to all
		return strconv.FormatFloat(math.Floor(10*p)/10, 'f', 1, 64) + " %"
	}
	return figure(p) + " %"
}

// bound writes a share that something is at most, and never less than it is.
func bound(share float64) string {
	tenths := max(math.Ceil(1000*share-1e-9), 1)
	if tenths >= 100 {
		tenths = 10 * math.Ceil(tenths/10)
	}
	return strconv.FormatFloat(tenths/10, 'f', -1, 64) + " %"
}

// duration writes one with three digits in its own unit: 1 s, 12.3 ms.
func duration(d time.Duration) string {
	for _, unit := range []struct {
		name string
		size time.Duration
	}{{"s", time.Second}, {"ms", time.Millisecond}, {"µs", time.Microsecond}} {
		if d >= unit.size {
			v := float64(d) / float64(unit.size)
			step := math.Pow(10, math.Floor(math.Log10(v))-2)
			return strconv.FormatFloat(math.Round(v/step)*step, 'g', 10, 64) + " " + unit.name
		}
	}
	return strconv.FormatInt(int64(d), 10) + " ns"
}

// quantity writes a metric's figure in its unit.
func quantity(v float64, unit string) string {
	switch unit {
	case "s":
		return duration(time.Duration(v * float64(time.Second)))
	case "1/s":
		return figure(v) + " per second"
	case "B":
		return byteCount(v)
	default:
		return strings.TrimSpace(figure(v) + " " + unit)
	}
}

// byteCount writes a size in powers of 1024.
func byteCount(v float64) string {
	for _, unit := range []struct {
		name string
		size float64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if v >= unit.size {
			return figure(v/unit.size) + " " + unit.name
		}
	}
	return figure(v) + " B"
}

// and joins names as prose.
func and(names []string) string { return joined(names, " and ") }

func or(names []string) string { return joined(names, " or ") }

func joined(names []string, last string) string {
	n := len(names)
	if n < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:n-1], ", ") + last + names[n-1]
}

// upper begins a sentence. Labels keep their spelling where they begin one, so it is for prose alone.
func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// were is the verb for so many.
func were(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
