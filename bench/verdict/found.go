package verdict

import (
	"fmt"
	"math"
	"slices"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// A Capacity is what a scenario that searches for capacities has found, in values that package stat decides.
type Capacity struct {
	Scenario  string    `json:"scenario"`
	Objective string    `json:"objective"` // as [trial.Objective] writes it: p99=10ms
	Found     []Highest `json:"found"`
	Sentence  string    `json:"sentence"` // set by this package
}

// A Highest is the highest rate at which one strategy keeps the objective.
type Highest struct {
	Strategy string  `json:"strategy"` // full name
	PerS     float64 `json:"per_s"`
	Lo       float64 `json:"low_per_s"`  // of its interval; 0 and 0: there is none
	Hi       float64 `json:"high_per_s"` // 0: no bound is known
	AtLeast  bool    `json:"at_least"`   // PerS is a lower bound: nothing broke
	AtMost   bool    `json:"at_most"`    // PerS is an upper bound: nothing held
	Best     bool    `json:"best"`       // the highest, or the same as far as can be told

	// Outcome is how it stands to the highest: tied, different (lower), or undecided.
	Outcome stat.Outcome `json:"outcome"`
	Breach  string       `json:"breach"` // what broke first, as the object of "the first to break is"; empty: nothing did
}

// A Size is what a scenario that sweeps a limit has found, in values that package stat decides.
type Size struct {
	Scenario string `json:"scenario"`
	Kind     string `json:"kind"`      // of the strategies
	Setting  string `json:"setting"`   // workers or queue
	TooSmall int    `json:"too_small"` // the largest that is shown to be too small; 0: none is
	Smallest int    `json:"smallest"`  // the smallest that is enough
	Sure     bool   `json:"sure"`      // Smallest is shown to be enough; false: it is only not shown to be too small
	From     int    `json:"from"`      // the range in which it makes no difference
	To       int    `json:"to"`
	Sentence string `json:"sentence"` // set by this package
}

// capacitiesOf is what each scenario of the run that searches has found.
func capacitiesOf(run trial.Run) []Capacity {
	var all []Capacity
	for _, sc := range run.Env.Scenarios {
		if sc.Question != trial.Capacity {
			continue
		}
		c := Capacity{Scenario: sc.Name, Objective: sc.Objective.String(), Found: []Highest{}}
		for _, r := range stat.Capacities(run.Trials, sc) {
			if r.Replicates == 0 {
				continue
			}
			h := Highest{
				Strategy: r.Strategy, PerS: r.Rate.Value, AtLeast: r.AtLeast, AtMost: r.AtMost,
				Best: r.Outcome == stat.Tied, Outcome: r.Outcome, Breach: breaches[r.Limit],
			}
			if r.Rate.Confidence > 0 {
				h.Lo, h.Hi = r.Rate.Lo, r.Rate.Hi
			}
			if math.IsInf(h.Hi, 1) {
				h.Hi = 0
			}
			c.Found = append(c.Found, h)
		}
		all = append(all, c)
	}
	return all
}

var breaches = map[stat.Breach]string{
	stat.Unserved: "that everyone is served",
	stat.NotOK:    "that requests are answered at all",
	stat.TooSlow:  "the response time",
}

// sizesOf is what each scenario of the run that sweeps a limit has found, where it has.
func sizesOf(run trial.Run, d trial.Design) []Size {
	var all []Size
	for _, sc := range run.Env.Scenarios {
		if sc.Question != trial.Size {
			continue
		}
		z, err := stat.Sizes(run.Trials, sc, d)
		if err != nil || z.Smallest < 0 {
			continue // report.md says why
		}
		tooSmall := 0
		if z.Smallest > 0 {
			tooSmall = z.Limits[z.Smallest-1].N
		}
		all = append(all, Size{
			TooSmall: tooSmall, Scenario: sc.Name, Kind: trial.Kind(sc.Strategies[0]), Setting: z.Setting,
			Smallest: z.Limits[z.Smallest].N, Sure: z.Sure, From: z.Limits[z.From].N, To: z.Limits[z.To].N,
		})
	}
	return all
}

// with is v with what capacity and size scenarios have found, and a sentence for each. v and the caller's slices stay as
// they are.
func (v Verdict) with(capacities []Capacity, sizes []Size) Verdict {
	v.Capacities, v.Sizes = slices.Clone(v.Capacities), slices.Clone(v.Sizes)
	for _, c := range capacities {
		c.Found = append([]Highest{}, c.Found...)
		slices.SortStableFunc(c.Found, func(a, b Highest) int {
			switch {
			case a.PerS > b.PerS:
				return -1
			case a.PerS < b.PerS:
				return 1
			}
			return 0
		})
		c.Sentence = v.capacityText(c)
		v.Capacities = append(v.Capacities, c)
	}
	for _, s := range sizes {
		s.Sentence = sizeText(s)
		v.Sizes = append(v.Sizes, s)
	}
	return v
}

func (v Verdict) label(name string) string {
	if l, found := v.Labels[name]; found {
		return l
	}
	return name
}

func (v Verdict) capacityText(c Capacity) string {
	var best []string
	var first Highest
	for _, h := range c.Found {
		if !h.Best {
			continue
		}
		if len(best) == 0 {
			first = h
		}
		best = append(best, v.label(h.Strategy))
	}
	if len(best) == 0 {
		return c.Objective + ": no search came to an end, so that no capacity is known."
	}
	if first.AtMost {
		return fmt.Sprintf("%s: kept by none, not even at %s per second, the lowest rate that was offered.", c.Objective, figure(first.PerS))
	}
	bound := ""
	if first.AtLeast {
		bound = "at least "
	}
	text := fmt.Sprintf("%s: %s %s %s%s per second", c.Objective, and(best), were(len(best), "keeps it up to", "keep it up to"), bound, figure(first.PerS))
	switch {
	case first.Lo > 0 && first.Hi > 0:
		text += fmt.Sprintf(" (%s to %s)", figure(first.Lo), figure(first.Hi))
	case first.Lo > 0 && !first.AtLeast:
		text += fmt.Sprintf(" (%s or more)", figure(first.Lo))
	}
	var open []string
	var last *Highest
	for i, h := range c.Found {
		switch h.Outcome {
		case stat.Different:
			last = &c.Found[i]
		case stat.Undecided:
			open = append(open, v.label(h.Strategy))
		}
	}
	switch {
	case last != nil && last.AtMost:
		text += fmt.Sprintf("; %s keeps it at no rate that was offered", v.label(last.Strategy))
	case last != nil && first.PerS > 0:
		text += fmt.Sprintf("; %s only up to %s of it", v.label(last.Strategy), percent(last.PerS/first.PerS))
	}
	if len(open) > 0 {
		text += "; not decided: " + and(open)
	}
	if first.Breach != "" && !first.AtLeast {
		text += "; the first to break is " + first.Breach
	}
	return text + "."
}

func sizeText(s Size) string {
	n := func(n int) string {
		if n == math.MaxInt { // strategies.Unbounded
			return "no limit"
		}
		return count(n)
	}
	text := fmt.Sprintf("%s: %s=%s is enough", s.Kind, s.Setting, n(s.Smallest))
	switch {
	case !s.Sure && s.TooSmall > 0:
		text = fmt.Sprintf("%s: %s=%s is too small; whether %s is enough is not decided", s.Kind, s.Setting, n(s.TooSmall), n(s.Smallest))
	case !s.Sure:
		text = fmt.Sprintf("%s: whether %s=%s is enough, the smallest that was tried, is not decided", s.Kind, s.Setting, n(s.Smallest))
	}
	if s.From < s.To {
		text += fmt.Sprintf(", and from %s to %s it makes no difference", n(s.From), n(s.To))
	}
	return text + "."
}
