package claims

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/poolbench/poolbench/bench/stat"
)

func count(n int) string { return strconv.Itoa(n) }

// digits writes v with at most three.
func digits(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }

func percent(share float64) string {
	return strconv.FormatFloat(math.Round(1000*share)/10, 'g', 3, 64) + " %"
}

// span is a time per session with its interval, in microseconds: what sessions and answers take.
func span(f Figure) string {
	text := digits(f.Value*1e6) + " µs"
	if f.Confidence > 0 {
		text += fmt.Sprintf(" (%s to %s)", digits(f.Lo*1e6), digits(f.Hi*1e6))
	}
	return text
}

// increase is a ratio above 1 as what is added, with its interval.
func increase(e stat.Estimate) string {
	text := percent(e.Value - 1)
	if e.Confidence > 0 && !math.IsInf(e.Hi, 0) {
		text += fmt.Sprintf(" (%s to %s)", percent(e.Lo-1), percent(e.Hi-1))
	}
	return text
}

// times is the ratio of a decision with its interval.
func times(d stat.Decision) string {
	e := d.Ratio
	if math.IsInf(e.Value, 0) {
		return "which does nothing"
	}
	text := sense(string(d.Sense)) + digits(e.Value) + " times"
	if e.Confidence > 0 && !math.IsInf(e.Hi, 0) {
		text += fmt.Sprintf(" (%s to %s)", digits(e.Lo), digits(e.Hi))
	}
	return text
}

// wanting says what would decide those of the decisions that are not decided.
func wanting(ds ...stat.Decision) string {
	ds = slices.DeleteFunc(slices.Clone(ds), func(d stat.Decision) bool { return d.Outcome == stat.Different || d.Outcome == stat.Tied })
	more := 0
	for _, d := range ds {
		if d.Repetitions == 0 {
			return "it has no valid trials in common repetitions"
		}
		if d.Outcome == stat.Unranked {
			return "the figures are the driver's and not the server's"
		}
		if d.More == 0 {
			return "nobody can tell how many more repetitions it would take"
		}
		more = max(more, d.More)
	}
	if more == 1 {
		return "about one more repetition would decide"
	}
	return fmt.Sprintf("about %d more repetitions would decide", more)
}

// Text writes the figure in its unit, with its interval.
func (f Figure) Text() string {
	unit, size := "", 1.0
	switch f.Unit {
	case "s":
		unit, size = " µs", 1e6
	case "1/s":
		unit = "/s"
	}
	write := func(v float64) string {
		if f.Unit == "1/s" {
			return strconv.FormatFloat(v, 'f', 0, 64)
		}
		return digits(v * size)
	}
	text := sense(f.Sense) + write(f.Value) + unit
	if f.Confidence > 0 {
		text += fmt.Sprintf(" (%s to %s)", write(f.Lo), write(f.Hi))
	}
	return text
}

// Word begins a sentence with the verdict.
func (v Verdict) Word() string { return strings.ToUpper(string(v[:1])) + string(v[1:]) }

// sense begins a figure that is a bound.
func sense(s string) string {
	if s == "" {
		return ""
	}
	return s + " "
}
