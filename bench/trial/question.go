package trial

import (
	"fmt"
	"strings"
	"time"

	"github.com/poolbench/poolbench/strategies/spelling"
)

// A Question is what a scenario asks of its strategies.
type Question string

const (
	Compare  Question = "compare"  // which of them are best, by one metric at one level of load
	Size     Question = "size"     // one strategy with rising limits: the smallest that is enough
	Capacity Question = "capacity" // the highest offered rate at which each keeps the objective
)

// An Objective is what a service promises: so large a share of the requests is answered within a time. The zero value
// promises nothing.
type Objective struct {
	Quantile float64       `json:"quantile"` // 0 to 1: 0.99 is p99
	Response time.Duration `json:"response_ns"`
}

// ParseObjective reads what String writes, such as "p99=10ms"; empty text is no objective.
func ParseObjective(text string) (Objective, error) {
	if text == "" {
		return Objective{}, nil
	}
	percentile, bound, _ := strings.Cut(text, "=")
	digits, isQuantile := strings.CutPrefix(percentile, "p")
	quantile, err := ParsePercent(digits)
	if !isQuantile || err != nil || !(quantile > 0 && quantile < 1) {
		return Objective{}, fmt.Errorf("objective %q: %q is no percentile; write for example p99=10ms", text, percentile)
	}
	response, err := time.ParseDuration(bound)
	if spelling.LacksUnit(bound) {
		return Objective{}, fmt.Errorf("objective %q: %q has no unit; write %s=%sms, or %s=%ss", text, bound, percentile, bound, percentile, bound)
	}
	if err != nil || response <= 0 {
		return Objective{}, fmt.Errorf("objective %q: %q is no time above 0; write for example p99=10ms", text, bound)
	}
	return Objective{Quantile: quantile, Response: response}, nil
}

// String writes the objective as the command line and suite files have it: "p99=10ms"; "" for none.
func (o Objective) String() string {
	if o == (Objective{}) {
		return ""
	}
	return o.Percentile() + "=" + o.Response.String()
}

// Percentile is the quantile's usual name, such as p99.9.
func (o Objective) Percentile() string { return "p" + FormatPercent(o.Quantile) }

// A Design is how a run decides, settled before anything is measured. Package stat explains the rules.
type Design struct {
	Alpha     float64 `json:"alpha"`     // the most that a run calls any difference at all where there is none, as a probability
	Threshold float64 `json:"threshold"` // the smallest difference that matters, as a ratio: 0.05 is 5 %
	Family    int     `json:"family"`    // comparisons that can be made: all pairs of strategies of all scenarios that compare, often enough to tell anything
	Looks     []int   `json:"looks"`     // after so many repetitions decisions are taken; the last is all that there are
}
