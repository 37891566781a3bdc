package verdict

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/strategies"
)

// acts is what a reason's code says a strategy does, with the strategy as the subject: of one, and of several.
var acts = map[Code][2]string{
	Dies:      {"dies", "die"},
	Starves:   {"starves clients", "starve clients"},
	Loses:     {"loses requests when it is stopped", "lose requests when they are stopped"},
	Collapses: {"collapses under more load than it can take", "collapse under more load than they can take"},
	Fails:     {"leaves requests without an answer", "leave requests without an answer"},
	Sheds:     {"refuses what could be served", "refuse what could be served"},
	Objective: {"misses the objective", "miss the objective"},
	Memory:    {"takes too much memory", "take too much memory"},
}

// Act says what strategies that are out for this reason do, with n of them as the subject: "starves clients".
func (c Code) Act(n int) string { return were(n, acts[c][0], acts[c][1]) }

// sentence says what to do in one scenario, for a reader who knows no statistics; tied is the largest difference that is
// left possible between the leader and the other best.
func (j *judge) sentence(q question, s Scenario, tied float64) string {
	parts := []string{j.choice(q, s, tied)}
	parts = append(parts, j.behindText(s)...)
	for _, name := range q.Strategies {
		if text := q.evidence[name].lapse(); text != "" && !s.isOut(name) {
			parts = append(parts, j.labels[name]+" "+text)
		}
	}
	parts = append(parts, j.outText(s)...)
	if names := s.Holds; len(names) > 0 && slices.ContainsFunc(s.Out, func(o Out) bool { return o.Reasons[0].Code == Collapses }) {
		parts = append(parts, fmt.Sprintf("%s %s beyond the capacity", and(j.short(names)), were(len(names), "holds its goodput", "hold their goodput")))
	}
	if len(s.Best) > 0 {
		parts = append(parts, j.openText(s)...)
	}
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), "; ") + "."
}

// short are the labels of full names.
func (j *judge) short(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = j.labels[name]
	}
	return out
}

// choice is the sentence's beginning: what can be taken.
func (j *judge) choice(q question, s Scenario, tied float64) string {
	best := j.short(s.Best)
	others := len(q.Strategies) - len(best)
	switch {
	case len(q.trials)+len(q.spoilt) == 0:
		return "Not one trial was measured, so nothing can be said"
	case len(q.trials) == 0:
		return "Not one trial can be used, so nothing can be said"
	case len(best) > 1:
		text := fmt.Sprintf("Take %s: %s do the same", or(best), were(len(best)-1, "both", "they"))
		if others == 0 {
			text = fmt.Sprintf("It makes no difference: %s do the same", and(best))
		}
		if !math.IsInf(tied, 1) {
			text += fmt.Sprintf(" (no difference in %s from %s larger than %s is left possible)", called(q.metric.Key), best[0], bound(tied))
		}
		return text
	case len(best) == 1 && len(s.Behind) > 0:
		return fmt.Sprintf("Take %s: no other does as well", best[0])
	case len(best) == 1 && len(s.Out) > 0 && len(s.Out) == others:
		return fmt.Sprintf("Take %s: it is the only one left that can be chosen", best[0])
	case len(best) == 1 && others == 0:
		return fmt.Sprintf("%s is alone here, so there is nothing to compare it with, and no rule speaks against it", best[0])
	case len(best) == 1:
		return fmt.Sprintf("%s is the only one that can be chosen and has trials that can be used", best[0])
	case len(s.Unranked)+len(s.Undecided) > 0:
		return strings.Join(j.openText(s), "; ")
	default:
		return "None of them can be chosen"
	}
}

// openText says what is not decided, and what would decide it.
func (j *judge) openText(s Scenario) []string {
	var out []string
	if n := len(s.Unranked); n > 0 {
		text := fmt.Sprintf("%s cannot be told apart, because the driver was at its own limit or near it", and(j.short(s.Unranked)))
		if n == 1 {
			text = fmt.Sprintf("%s cannot be ranked, because the driver was at its own limit or near it", j.labels[s.Unranked[0]])
		}
		if len(s.Elsewhere) > 0 {
			text += ": see " + or(s.Elsewhere) + ", where the same is asked at fixed rates"
		}
		out = append(out, text)
	}
	var names, missing []string
	more, why := 0, ""
	for _, o := range s.Undecided {
		if o.NotMeasured {
			missing = append(missing, j.labels[o.Strategy])
			continue
		}
		names = append(names, j.labels[o.Strategy])
		more, why = max(more, o.More), o.Text
	}
	if len(names) > 0 {
		text := "not decided: " + and(names)
		if more > 0 {
			text += fmt.Sprintf(" (about %s would tell)", counted(more, "more repetition"))
		} else {
			text += " (" + why + ")"
		}
		out = append(out, text)
	}
	if len(missing) > 0 {
		out = append(out, fmt.Sprintf("not measured: %s (not one of %s trials can be used)", and(missing), were(len(missing), "its", "their")))
	}
	if len(s.Best)+len(s.Unranked) == 0 && len(out) > 0 {
		out[0] = upper(out[0])
	}
	return out
}

// behindText says by how much others are behind, those behind the same strategy together.
func (j *judge) behindText(s Scenario) []string {
	var out []string
	var against []string
	for _, b := range s.Behind {
		if !slices.Contains(against, b.Against) {
			against = append(against, b.Against)
		}
	}
	for _, base := range against {
		var names, factors []string
		metric := ""
		for _, b := range s.Behind {
			if b.Against != base {
				continue
			}
			names = append(names, j.labels[b.Strategy])
			factors = append(factors, strings.TrimSpace(string(b.Sense)+" "+times(b.Ratio.Value)))
			metric = called(b.Metric)
		}
		with := "with"
		if first := factors[0]; len(factors) > 1 && !slices.ContainsFunc(factors, func(f string) bool { return f != first }) {
			with, factors = "each with", factors[:1]
		}
		out = append(out, fmt.Sprintf("%s %s behind, %s %s times the %s of %s",
			and(names), were(len(names), "is", "are"), with, and(factors), metric, j.labels[base]))
	}
	return out
}

// called is what prose calls a metric, by its key.
func called(key string) string {
	m, err := stat.MetricOf(key)
	if err != nil {
		return key
	}
	for _, of := range []string{"response", "service"} {
		switch quantile, is := strings.CutPrefix(m.Name, of+" p"); {
		case is && quantile == "50":
			return "median " + of + " time"
		case is:
			return of + " time p" + quantile
		}
	}
	return m.Name
}

// outText says who cannot be chosen: those with the same gravest reason together, with the figures of the worst.
func (j *judge) outText(s Scenario) []string {
	var codes []Code
	for _, o := range s.Out {
		if c := o.Reasons[0].Code; !slices.Contains(codes, c) {
			codes = append(codes, c)
		}
	}
	var out []string
	for _, code := range codes {
		var names []string
		var worst Out
		for _, o := range s.Out {
			if o.Reasons[0].Code != code {
				continue
			}
			names = append(names, j.labels[o.Strategy])
			if worst.Strategy == "" || o.Reasons[0].graver(worst.Reasons[0]) {
				worst = o
			}
		}
		if len(names) == 1 {
			out = append(out, fmt.Sprintf("%s cannot be chosen: it %s", names[0], worst.Reasons[0].Text))
			continue
		}
		out = append(out, fmt.Sprintf("%s cannot be chosen, because they %s: %s %s", and(names), code.Act(len(names)), j.labels[worst.Strategy], worst.Reasons[0].Text))
	}
	return out
}

// graver compares reasons of the same code: a collapse is graver the less is left, all else the more there is.
func (r Reason) graver(than Reason) bool {
	if r.Code == Collapses {
		return r.Value < than.Value
	}
	return r.Value > than.Value
}

// changes are the conditions under which a strategy that is not among the best of s would stand otherwise.
func (j *judge) changes(q question, s Scenario) []Change {
	var out []Change
	for _, o := range s.Out {
		for _, r := range o.Reasons {
			if r.Change != "" {
				out = append(out, Change{o.Strategy, r.Change})
				break
			}
		}
	}
	for _, b := range s.Behind {
		if text := q.catchUp(b, j.design.Threshold, j.labels[b.Against]); text != "" {
			out = append(out, Change{b.Strategy, text})
		}
	}
	for _, o := range s.Undecided {
		if o.More > 0 {
			out = append(out, Change{o.Strategy, fmt.Sprintf("about %s would decide", counted(o.More, "more repetition"))})
		}
	}
	return out
}

// busy is how much of its CPUs a server uses that has no time left to do more.
const busy = 0.9

// heldOrLate are figures that neither the number of workers nor the price of an answer explains.
var heldOrLate = []string{stat.Memory.Key, stat.StopTime.Key, stat.RecoveryTime.Key}

// catchUp is what would bring a strategy that is behind forward; empty if the record does not tell.
func (q question) catchUp(b Behind, threshold float64, than string) string {
	e, better := q.evidence[b.Strategy], q.evidence[b.Against]
	if q.DecideAt > 1+rounding {
		// Beyond the capacity an answer costs more because others were begun in vain.
		if e.named && better.named && better.spec.Limits.WhenFull == strategies.Reject && e.spec.Limits.WhenFull == strategies.Wait {
			return "full=reject, as " + than + " has it"
		}
		return ""
	}
	switch {
	case b.Metric == stat.ServerCPU.Key:
		return "nothing in its limits: this is what an answer costs it"
	case slices.Contains(heldOrLate, b.Metric):
		return ""
	}
	if used, known := e.cpu(); known && used < busy && e.named && e.spec.Limits.Workers < e.clients() {
		return fmt.Sprintf("more than %s: %s wanted one, while the server used %s of its CPU time",
			counted(e.spec.Limits.Workers, "worker"), counted(e.clients(), "client"), percent(used))
	}
	// By pairs: medians of repetitions that are not the same would tell of the machine's drift.
	if r := stat.Ratio(e.deciding(), better.deciding(), stat.ServerCPU); r.N > 0 && r.Value > 1+threshold {
		return fmt.Sprintf("nothing in its limits, because each answer costs it %s times the CPU time of %s", times(r.Value), than)
	}
	return ""
}

// cpu is the median share of its CPUs that the server used at the level that decides.
func (e evidence) cpu() (float64, bool) {
	var all []float64
	for _, t := range e.deciding() {
		if t.ServerUsage.CPU > 0 && t.Active() > 0 && t.Server.GOMAXPROCS > 0 {
			all = append(all, t.ServerUsage.CPU.Seconds()/t.Active().Seconds()/float64(t.Server.GOMAXPROCS))
		}
	}
	if len(all) == 0 {
		return 0, false
	}
	slices.Sort(all)
	return all[(len(all)-1)/2], true
}

// Word is what a table says of a strategy, by its full name: best, behind ×1.92, out: starves, undecided, not ranked,
// not measured: machine-disturbed, or – where it was not asked for.
func (s Scenario) Word(strategy string) string {
	if slices.Contains(s.Best, strategy) {
		return "best"
	}
	if slices.Contains(s.Unranked, strategy) {
		return "not ranked"
	}
	for _, b := range s.Behind {
		if b.Strategy == strategy {
			return "behind " + b.worse()
		}
	}
	for _, o := range s.Out {
		if o.Strategy == strategy {
			return "out: " + string(o.Reasons[0].Code)
		}
	}
	for _, o := range s.Undecided {
		if o.Strategy == strategy {
			return o.word()
		}
	}
	return "–"
}

// word tells what takes more repetitions from what takes a quieter machine.
func (o Open) word() string {
	switch {
	case !o.NotMeasured:
		return "undecided"
	case o.Spoilt == "":
		return "not measured"
	default:
		return "not measured: " + o.Spoilt
	}
}

// worse is how many times worse than the other's its figure is, whether more of it is better or less: one way to read all.
func (b Behind) worse() string {
	factor, sign := b.Ratio.Value, map[stat.Sense]string{stat.AtMost: "≤ ", stat.AtLeast: "≥ "}
	if factor < 1 { // more is better
		factor, sign = 1/factor, map[stat.Sense]string{stat.AtMost: "≥ ", stat.AtLeast: "≤ "}
	}
	if math.IsInf(factor, 0) {
		return "beyond measure"
	}
	return sign[b.Sense] + "×" + times(factor)
}

// limit says how a strategy's limit stands to the number of clients.
type limit int

const (
	noLimit limit = iota
	enough
	below
)

func (e evidence) limit() limit {
	n := e.spec.Limits.Workers
	if m := e.spec.Limits.MaxConns; m > 0 {
		n = min(n, m)
	}
	switch {
	case n == strategies.Unbounded:
		return noLimit
	case n >= e.clients():
		return enough
	default:
		return below
	}
}
