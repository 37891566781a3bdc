package verdict

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/strategies"
)

// A Code is the kind of a reason; the package's comment says what each means. They stand in records, and do not change.
type Code string

const (
	Dies      Code = "dies"
	Starves   Code = "starves"
	Loses     Code = "loses"
	Collapses Code = "collapses"
	Fails     Code = "fails"
	Sheds     Code = "sheds"
	Objective Code = "objective"
	Memory    Code = "memory"
)

const (
	// starvedShare of the clients in one trial is more than a client that came too late to be answered. Fewer count if it
	// happens again.
	starvedShare = 0.01

	// What happens in two trials, and in more than one of twenty, happens again: a verdict does not hang on one trial's bad
	// luck, nor on how many trials there are.
	againTrials = 2
	againShare  = 0.05

	// notOK is what stat.Capacities and the objectives of most services leave for accidents: one in a thousand.
	notOK = stat.MostNotOK

	// accident is the chance, at most, with which a strategy that leaves just so many undone is taken for one that leaves more:
	// one request of a few hundred is not a share of one in a thousand.
	accident = 0.01

	// half: a server that does less than half of what it just did has lost control of its load, and is not merely slower.
	half = 0.5

	// held: what is lost between here and half is the price of being asked too much, and no reason to be out.
	held = 0.9

	// spare: nearer to the capacity than this its own noise, and that of the arrivals, makes requests late.
	spare = 0.9

	// threefold the resident memory is about twice what a connection costs a machine, with the few KiB that its kernel holds for
	// each: half as many have room.
	threefold = 3.0

	// rounding of fractions that were multiplied.
	rounding = 1e-9
)

// A rule is one question to what is known of a strategy: whether it is a reason not to choose it.
type rule func(evidence) (Reason, bool)

// rules has the gravest first; the first that applies is the one that tables show.
var rules = []rule{dies, starves, loses, collapses, fails, sheds, objective}

// reasons are why a strategy cannot be chosen; none: it can.
func reasons(e evidence) []Reason {
	var all []Reason
	for _, r := range rules {
		if reason, is := r(e); is {
			all = append(all, reason)
		}
	}
	return all
}

// again says whether what happened in so many trials would be seen again.
func again(n, of int) bool { return n >= againTrials && float64(n) > againShare*float64(of) }

func dies(e evidence) (Reason, bool) {
	trials := len(e.ended)
	for _, l := range e.levels {
		trials += len(l.trials)
	}
	if !again(len(e.ended), trials) {
		return Reason{}, false
	}
	return Reason{Code: Dies, Value: float64(len(e.ended)) / float64(trials), Threshold: againShare,
		Text: fmt.Sprintf("ended by itself in %s of %s; the record of trial %d has what it left behind", count(len(e.ended)), counted(trials, "trial"), e.ended[0].Seq)}, true
}

func starves(e evidence) (Reason, bool) {
	var worst trial.Clients
	starving, trials := 0, 0
	share := 0.0
	for _, l := range e.levels {
		if l.load.Loop == trial.Sessions { // a client is a place for sessions there, and an arrival finds another one
			continue
		}
		for _, t := range l.trials {
			trials++
			if t.Clients.Nothing == 0 {
				continue
			}
			starving++
			if s := float64(t.Clients.Nothing) / float64(t.Clients.Total); s > share {
				share, worst = s, t.Clients
			}
		}
	}
	if !again(starving, trials) && share < starvedShare {
		return Reason{}, false
	}
	text := fmt.Sprintf("left %s of %s without an answer and without being told, in %s of %s",
		count(worst.Nothing), counted(worst.Total, "client"), count(starving), counted(trials, "trial"))
	why, change := e.blocked()
	if why != "" {
		text += ": " + why
	}
	return Reason{Code: Starves, Value: share, Threshold: starvedShare, Text: text, Change: change}, true
}

// places is how many connections a strategy works on at once: those beyond get nothing before one of these ends. One that
// works on requests holds each connection at no more than the price of reading it.
func (e evidence) places() int {
	n := strategies.Unbounded
	if !e.named {
		return n
	}
	if m := e.spec.Limits.MaxConns; m > 0 {
		n = m
	}
	if e.spec.Unit == strategies.ConnUnit {
		n = min(n, e.spec.Limits.Workers)
	}
	return n
}

// clients is how many connections were wanted, those that are not measured among them.
func (e evidence) clients() int {
	n := e.scenario.Load.Clients
	for _, l := range e.levels {
		n = max(n, l.load.Clients)
	}
	return n
}

// blocked explains a client without an answer by the limits in the strategy's name, where they do: why it has none, and
// with which limits it would. A queue changes nothing, because connections in it wait for one that ends.
func (e evidence) blocked() (why, change string) {
	places, clients := e.places(), e.clients()
	if places >= clients {
		return "", ""
	}
	change = fmt.Sprintf("a limit of at least %s", count(clients))
	wanting := counted(clients, "connection") + " want"
	if e.scenario.Load.Loop == trial.Sessions {
		wanting = "up to " + counted(clients, "connection") + " at once want"
	}
	switch {
	case places == e.spec.Limits.MaxConns:
		return fmt.Sprintf("it holds at most %s, and %s to be held", counted(places, "connection"), wanting), change
	case places == 1:
		why = fmt.Sprintf("its one worker belongs to one connection until that ends, and %s it", wanting)
	default:
		why = fmt.Sprintf("its %s each belong to one connection until that ends, and %s one", counted(places, "worker"), wanting)
	}
	return why, change + ", or unit=request"
}

func collapses(e evidence) (Reason, bool) {
	b, known := e.beyond()
	if !known || b.ratio >= half {
		return Reason{}, false
	}
	change := "a limit with full=reject, which refuses in time what cannot be answered in time"
	if e.named && e.spec.Limits.WhenFull == strategies.Reject {
		change = "a smaller limit or queue, so that it refuses earlier"
	}
	return Reason{Code: Collapses, Value: b.ratio, Threshold: half, Change: change, Text: fmt.Sprintf(
		"answers %s per second in time when %s of the capacity is offered, %s of the %s that it answers at %s",
		figure(b.there), percent(b.at), percent(b.ratio), figure(b.here), percent(b.from))}, true
}

// holds says that a strategy beyond the capacity does nearly as much as up to it.
func holds(e evidence) bool {
	b, known := e.beyond()
	return known && b.ratio >= held
}

// overloaded is what a strategy does beyond the capacity, at the level where that is least, over what it does itself at its
// highest level up to the capacity: medians over trials.
type overloaded struct {
	ratio       float64
	here, from  float64 // goodput per second, and at which fraction of the capacity
	there, at   float64
	measuredAny bool
}

func (e evidence) beyond() (overloaded, bool) {
	o := overloaded{ratio: math.Inf(1)}
	for _, l := range e.levels { // rising
		f := l.load.Fraction
		v, ok := middle(stat.Goodput, l.trials)
		if !ok || f == 0 || !l.steady() {
			continue
		}
		switch {
		case f <= 1+rounding:
			o.here, o.from = v, f
		case o.here > 0 && v/o.here < o.ratio:
			o.ratio, o.there, o.at, o.measuredAny = v/o.here, v, f, true
		}
	}
	return o, o.measuredAny
}

// tooOften is in how many trials of a level more requests than are left to accidents had no answer, each taken for itself.
func tooOften(l level) int {
	return l.often(func(l level) bool { return float64(notAnswered(l)) > notOK*float64(l.counts.Intended) })
}

func notAnswered(l level) int64 { return l.failures().all() }

func fails(e evidence) (Reason, bool) {
	// What happens in one trial tells of that moment of the machine, and would not be seen again.
	worst, share := e.worst(spare, notAnswered, func(l level) bool { return 2*tooOften(l) > len(l.trials) })
	if share == 0 {
		return Reason{}, false
	}
	f := worst.failures()
	told := fmt.Sprintf("did not answer %s of %s", percent(share), counted(worst.counts.Intended, worst.trials[0].Measured))
	if f.all() == worst.counts.Intended {
		told = fmt.Sprintf("answered not one of %s", counted(worst.counts.Intended, worst.trials[0].Measured))
	}
	r := Reason{Code: Fails, Value: share, Threshold: notOK, Text: fmt.Sprintf("%s%s (%s)", told, worst.where(), f)}
	why, change := e.blocked()
	switch {
	case why != "":
		r.Text, r.Change = r.Text+": "+why, change
	case f.failed > f.all()/2 && worst.has(finding.ListenOverflows):
		r.Change = "a longer backlog: connections were lost because it was full"
	case f.failed <= f.all()/2:
		r.Change = "less load, or clients that wait longer than " + duration(worst.trials[0].TimeOut)
	}
	return r, true
}

// lapse is what a strategy does that fails in some of its trials, and in too few for the rule: a reader may not put up with it. Empty:
// it does not. One trial alone may be an accident of the machine's.
func (e evidence) lapse() string {
	if _, out := fails(e); out {
		return ""
	}
	worst, share := e.worst(spare, notAnswered, func(l level) bool { return tooOften(l) >= 2 })
	if share == 0 {
		return ""
	}
	return fmt.Sprintf("did not answer %s of %s%s (%s), and more than %s in %s of %s", percent(share),
		counted(worst.counts.Intended, worst.trials[0].Measured), worst.where(), worst.failures(), percent(notOK), count(tooOften(worst)), counted(len(worst.trials), "trial"))
}

// worst is the level up to such a part of the capacity where the greatest share of requests was bad, of those where more were
// than is left to accidents, and where that is so indeed; a share of 0: none. Each level is asked for itself: a bad moment at
// one of them excuses nothing at another.
func (e evidence) worst(upTo float64, bad func(level) int64, indeed func(level) bool) (worst level, share float64) {
	for _, l := range e.levels {
		if l.peak() > upTo+rounding || !tooMany(bad(l), l.counts.Intended) || !indeed(l) {
			continue
		}
		if s := float64(bad(l)) / float64(l.counts.Intended); s > share {
			worst, share = l, s
		}
	}
	return worst, share
}

// often is in how many of the trials something holds, each taken for itself.
func (l level) often(holds func(level) bool) int {
	n := 0
	for _, t := range l.trials {
		one := level{load: l.load, trials: []trial.Trial{t}, counts: t.Counts}
		if t.Stop != nil {
			one.stop = *t.Stop
		}
		if holds(one) {
			n++
		}
	}
	return n
}

// failures are the requests of a level that had no right answer and no refusal.
type failures struct{ timedOut, failed, unanswered, unsent int64 }

// failures leaves out those that the driver never got to, and those that a stop has lost, which are a reason of their own.
func (l level) failures() failures {
	f := failures{l.counts.TimedOut, l.counts.Failed, l.counts.Unanswered, l.counts.Unsent}
	for _, t := range l.trials {
		f.unsent -= min(t.Driving.Missed, t.Counts.Unsent)
	}
	left := l.stop.Lost
	for _, n := range []*int64{&f.failed, &f.unanswered, &f.timedOut} {
		lost := min(left, *n)
		*n -= lost
		left -= lost
	}
	return f
}

func (f failures) all() int64 { return f.timedOut + f.failed + f.unanswered + f.unsent }

func (f failures) String() string {
	var parts []string
	for _, p := range []struct {
		n    int64
		what string
	}{{f.failed, "failed"}, {f.timedOut, "timed out"}, {f.unanswered, "unanswered at the end"}, {f.unsent, "never sent, because their connection was not free"}} {
		if p.n > 0 {
			parts = append(parts, count(p.n)+" "+p.what)
		}
	}
	return strings.Join(parts, ", ")
}

func (l level) has(code string) bool {
	return slices.ContainsFunc(l.trials, func(t trial.Trial) bool { return t.Has(code) })
}

// where says at which load, in an open loop.
func (l level) where() string {
	if l.load.Fraction == 0 {
		return ""
	}
	return " at " + percent(l.load.Fraction) + " of the capacity"
}

func sheds(e evidence) (Reason, bool) {
	// Whom a server refuses because it was told to stop, it does not refuse for want of room.
	worst, share := e.worst(1, func(l level) int64 { return l.counts.Rejected - l.stop.Rejected }, func(level) bool { return true })
	if share == 0 {
		return Reason{}, false
	}
	r := Reason{Code: Sheds, Value: share, Threshold: notOK, Text: fmt.Sprintf("refused %s of %s%s",
		percent(share), counted(worst.counts.Intended, worst.trials[0].Measured), worst.where())}
	if !e.named {
		return r, true
	}
	switch l := e.spec.Limits; {
	case l.MaxConns > 0 && l.MaxConns < e.clients():
		r.Change = fmt.Sprintf("maxconns of at least %s", count(e.clients()))
	case l.Workers < e.clients():
		r.Change = fmt.Sprintf("more than %s, a queue longer than %s, or full=wait", counted(l.Workers, "worker"), count(l.Queue))
	}
	return r, true
}

// tooMany says whether bad ones of so many requests are more than notOK, beyond chance (exact binomial test, one-sided).
func tooMany(bad, of int64) bool {
	if of <= 0 || float64(bad) <= notOK*float64(of) {
		return false
	}
	return 1-distuv.Binomial{N: float64(of), P: notOK}.CDF(float64(bad-1)) < accident
}

func objective(e evidence) (Reason, bool) {
	o := e.scenario.Objective
	if o == (trial.Objective{}) || slices.ContainsFunc(e.levels, func(l level) bool { return l.load.Fraction == e.scenario.DecideAt && l.peak() > 1+rounding }) {
		return Reason{}, false
	}
	var all trial.Histogram
	for _, t := range e.deciding() {
		all.Merge(t.Latency.Response)
	}
	got, supported := all.Quantile(o.Quantile)
	if !supported || got <= o.Response {
		return Reason{}, false
	}
	return Reason{Code: Objective, Value: float64(got) / float64(o.Response), Threshold: 1,
		Text:   fmt.Sprintf("needs %s for %s of its answers, where %s is the objective", duration(got), percent(o.Quantile), o),
		Change: fmt.Sprintf("an objective of at least %s=%s, or less load", o.Percentile(), duration(got))}, true
}

// memory is why a strategy that is behind by memory is out.
func memory(own, least float64, unit, lightest string) (Reason, bool) {
	if least <= 0 || own/least <= threefold {
		return Reason{}, false
	}
	return Reason{Code: Memory, Value: own / least, Threshold: threefold,
		Text:   fmt.Sprintf("takes %s of memory for each connection, %s times as much as %s", quantity(own, unit), times(own/least), lightest),
		Change: "fewer connections: this is what each of them costs"}, true
}
