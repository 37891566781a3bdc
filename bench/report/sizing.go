package report

import (
	"fmt"
	"math"
	"slices"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/strategies"
)

// memories are those of kernels, of Go's tools and of package verdict.
var memories = []unit{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// sizes is the section of a scenario that looks for the smallest limit that is enough.
func (v view) sizes(d *document, s scenario, sc trial.Scenario) {
	z, err := stat.Sizes(v.run.Trials, sc, v.run.Env.Design)
	if err != nil {
		d.f("It cannot be said which limit is enough: %s.\n\n", prose(err.Error()))
		return
	}
	if len(z.Limits) == 0 {
		d.f("No limit was asked for.\n\n")
		return
	}
	words := sizing(z)
	d.f("**Asked:** how many %s %s needs.\n\n", settingNoun(z.Setting), prose(trial.Kind(sc.Strategies[0])))
	d.f("- **Measured:** %s\n", prose(words.measuredText()))
	if text := words.starvedText(); text != "" {
		d.f("- **Starved:** %s\n", prose(text))
	}
	if z.Setting == "workers" {
		d.f("- **Little's law:** %s\n", prose(words.littleText()))
		d.f("- **Universal Scalability Law:** %s\n", prose(words.lawText()))
	}
	d.f("\n")
	words.table(d)
}

// sizing puts one into words.
type sizing stat.Sizing

// settingNoun is what a limit counts, for more than one.
func settingNoun(setting string) string {
	if setting == "queue" {
		return "places in its queue"
	}
	return "workers"
}

// size is a limit with its noun: "64 workers", "a queue of 16".
func (z sizing) size(i int) string {
	n := z.number(i)
	switch {
	case z.Setting == "queue":
		return "a queue of " + n
	case n == "1":
		return "1 worker"
	default:
		return n + " workers"
	}
}

func (z sizing) number(i int) string {
	if n := z.Limits[i].N; n != strategies.Unbounded {
		return count(int64(n))
	}
	return "unbounded"
}

// is is the verb for size.
func (z sizing) is(i int) string {
	if z.Setting == "queue" || z.Limits[i].N == 1 {
		return "is"
	}
	return "are"
}

func (z sizing) measuredText() string {
	if z.Smallest < 0 {
		return "no limit can be named: none was measured that answers, and leaves no client without an answer."
	}
	within := percent(z.Threshold)
	text := ""
	switch {
	case !z.Sure:
		text = fmt.Sprintf("undecided: %s is the smallest limit that is not shown to be worse than the best (%s) by more than %s, and too much noise hides whether it is as good", z.size(z.Smallest), z.size(z.Best), within)
	case z.Smallest == z.Best:
		text = fmt.Sprintf("%s %s enough, and %s best; every smaller limit is worse by more than %s", z.size(z.Smallest), z.is(z.Smallest), z.is(z.Smallest), within)
		if z.Smallest == 0 {
			text = fmt.Sprintf("%s %s enough, and best of all that were measured; smaller ones were not", z.size(z.Smallest), z.is(z.Smallest))
		}
	default:
		text = fmt.Sprintf("%s %s enough: within %s of the best limit (%s)", z.size(z.Smallest), z.is(z.Smallest), within, z.size(z.Best))
	}
	if z.Sure && z.Possible < z.Smallest {
		text += fmt.Sprintf(", and %s may be too, which noise hides", z.size(z.Possible))
	}
	return sentence(text) + " " + sentence(z.safeText())
}

func (z sizing) safeText() string {
	text := fmt.Sprintf("safe is only %s", z.size(z.From))
	if z.To > z.From {
		text = fmt.Sprintf("safe is anything from %s to %s", z.number(z.From), z.size(z.To))
	}
	if z.Open {
		text += ", the most that was measured"
	} else {
		text += "; beyond, it is worse or not sure"
	}
	from, to := z.Limits[z.From], z.Limits[z.To]
	if z.To > z.From && from.Memory > 0 && to.Memory > 0 {
		text += fmt.Sprintf(", and the server's memory goes from %s to %s", memory(from.Memory), memory(to.Memory))
	}
	return text
}

func memory(bytes float64) string {
	u := unitFor(memories, bytes)
	return short(bytes/u.size) + " " + u.name
}

func (z sizing) starvedText() string {
	var who []string
	for i, l := range z.Limits {
		if l.Starves() {
			who = append(who, fmt.Sprintf("%s served %s of %s clients", z.size(i), count(int64(l.Clients.Fewest)), count(int64(l.Clients.Total))))
		}
	}
	if len(who) == 0 {
		return ""
	}
	return sentence(list(who, 12, "limit")) + " The rest got nothing, so that these limits cannot be chosen, whatever their figures."
}

func (z sizing) littleText() string {
	l := z.Little
	text := "it cannot say how many: " + l.Why
	if l.Why == "" {
		text = fmt.Sprintf("with %s, which never had a pause, an answer held a worker for %s; %s times %s are %s busy on average: fewer cannot be enough, and chance takes some more",
			z.size(l.From), duration(l.Held), rate(l.Rate), duration(l.Held), counted(l.Workers, "worker"))
	}
	text = sentence(text)
	if z.Keeps {
		text += " Besides, a worker keeps its connection to the end here: to serve everybody takes as many workers as connections, however few are busy."
	}
	return text
}

func (z sizing) lawText() string {
	u, p := z.Law.USL, z.Law.Plateau
	switch {
	case z.Law.Why != "":
		return sentence("not fitted: " + z.Law.Why)
	case !z.Law.Fits && p.Off < u.Off && finite(p.Ceiling):
		return sentence(fmt.Sprintf("it does not describe this load and is not used: it misses a figure by %s (R² %s). A straight line up to a ceiling does better, by %s at most: %s for each worker, up to %s",
			percent(u.Off), rsquared(u.R2), atMost(p.Off), rate(1/p.Held), rate(p.Ceiling)))
	case !z.Law.Fits:
		return sentence(fmt.Sprintf("it does not describe this load and is not used: it misses a figure by %s (R² %s)", percent(u.Off), rsquared(u.R2)))
	}
	text := fmt.Sprintf("it fits (R² %s, no figure is missed by more than %s) with λ = %s for one worker, contention σ = %s and coherency κ = %s", rsquared(u.R2), atMost(u.Off), rate(u.Lambda), short(u.Sigma), small(u.Kappa))
	largest := 0
	for _, l := range z.Limits {
		if l.N != strategies.Unbounded {
			largest = max(largest, l.N)
		}
	}
	peak, ok := u.Peak()
	switch {
	case !ok:
		text += "; more workers never make it slower"
	case peak > float64(largest):
		text += fmt.Sprintf("; the throughput would be highest beyond the %s that were measured, too far to say where", counted(largest, "worker"))
	default:
		text += fmt.Sprintf("; the throughput is highest at about %s", counted(int(math.Round(peak)), "worker"))
	}
	return sentence(text)
}

// rsquared has the digits that a correlation is read by, and is not rounded up to a whole.
func rsquared(r2 float64) string { return fmt.Sprintf("%.3f", math.Floor(r2*1000)/1000) }

// small writes what may be far below one.
func small(v float64) string {
	if v == 0 || v >= 0.001 {
		return short(v)
	}
	return fmt.Sprintf("%.2g", v)
}

func (z sizing) table(d *document) {
	byGoodput := z.Metric.Key == stat.Goodput.Key
	var goodputs []float64
	for _, l := range z.Limits {
		goodputs = append(goodputs, l.Goodput.Value)
	}
	goodput := columnUnit(rates, goodputs)
	head := []string{z.Setting, "goodput, " + goodput.name}
	if !byGoodput {
		head = append(head, z.Metric.Name)
	}
	head = append(head, "to the best", "enough", "served", "response p99", "memory per connection")
	t := table{head: head}
	for i, l := range z.Limits {
		if l.Trials == 0 {
			row := slices.Repeat([]string{absent}, len(head))
			row[0], row[1] = z.number(i), absent+d.note(unusable)
			t.add(row...)
			continue
		}
		row := []string{z.number(i), withInterval(d, l.Goodput, goodput.of)}
		if !byGoodput {
			row = append(row, withInterval(d, l.Figure, seconds))
		}
		p99 := absent + d.note(fewSamples)
		if r, ok := l.Response(0.99); ok {
			p99 = duration(r)
		}
		held := absent
		if l.PerConn > 0 {
			held = memory(l.PerConn) + d.note("The server process's peak, less what it had before its strategy began, over the connections that it held.")
		}
		t.add(append(row, z.ratio(d, i), z.enough(d, i), count(int64(l.Clients.Fewest))+" of "+count(int64(l.Clients.Total)), p99, held)...)
	}
	t.write(&d.Builder)
}

func (z sizing) ratio(d *document, i int) string {
	if i == z.Best {
		return "best"
	}
	return withInterval(d, z.Limits[i].Ratio, sig)
}

func (z sizing) enough(d *document, i int) string {
	l := z.Limits[i]
	switch {
	case l.Starves():
		return "no, it starves"
	case l.Ratio.N == 0:
		return absent
	case l.Outcome == stat.Tied:
		return "yes"
	case l.Outcome == stat.Different:
		return "no"
	case l.Outcome == stat.Unranked:
		return "unknown" + d.note("The driver was the bottleneck, which hides whether this limit is as good as the best.")
	default:
		return "undecided"
	}
}
