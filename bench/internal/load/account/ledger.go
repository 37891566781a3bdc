package account

import (
	"slices"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/schedule"
	"github.com/poolbench/poolbench/bench/trial"
)

// A Ledger counts the requests of a window. It is pure: what it says depends on what was added and not on the order.
// It is not safe for concurrent use; give each writer one of its own, and merge them.
type Ledger struct {
	timeOut time.Duration // where requests without an answer stand in the response times, at least
	backOff time.Duration // for so long a refusal keeps its client away
	Counts  trial.Counts
	Latency trial.Latency

	// Whole is the number of requests that were sent and answered OK inside the window, Partial the time inside the window,
	// summed, of all others that were in flight.
	Whole   int64
	Partial time.Duration

	// Interrupted counts the requests that were in progress when the server was told to stop.
	Interrupted Interrupted

	// Turn is the load's own time, in which a refusal keeps its client away.
	Turn schedule.Turn

	clients []tally
	series  *series // nil: not kept
}

// Interrupted says what became of them; those that are neither OK nor Rejected were lost.
type Interrupted struct{ Requests, OK, Rejected int64 }

// A tally is one client's part.
type tally struct {
	good  int64
	asked bool // the window owns a request of it
	heard bool // and one of those was answered, inside the window or behind it
	told  bool // it was refused: a request of the window, or before, so that it asked nothing of the server in some part of the window
}

// NewLedger returns an empty one for so many clients.
func NewLedger(clients int, timeOut, backOff time.Duration) *Ledger {
	l := &Ledger{timeOut: timeOut, backOff: backOff, clients: make([]tally, clients)}
	for _, h := range []*trial.Histogram{&l.Latency.Wait, &l.Latency.Lag, &l.Latency.Service, &l.Latency.Response} {
		h.Reserve()
	}
	return l
}

// Slice has l keep a series of w from here on, where w has a length; spread says whether with the response times' spread.
// Ledgers that are to be merged must be sliced alike.
func (l *Ledger) Slice(w Window, spread bool) { l.series = newSeries(w, spread) }

// Series is what happened when. It shares memory with l.
func (l *Ledger) Series() trial.Series { return l.series.record() }

// Add attributes r to w, or to nothing. Both edges that r's times lie behind must be known; later ones may be never.
func (l *Ledger) Add(w Window, r Request) {
	client := &l.clients[r.Client]
	if r.Outcome != Unsent && r.Answered >= w.End {
		r.Outcome = Unanswered
	}
	switch r.Outcome {
	case OK:
		if w.Holds(r.Answered) {
			l.Counts.Good++
			client.good++
			l.series.cameGood(r.Answered)
		}
	case Rejected, Refused:
		if r.Answered < w.Close && l.Turn.After(r.Answered, l.backOff) >= w.Open {
			client.told = true
		}
	}
	if w.interrupted(r) {
		l.Interrupted.add(r.Outcome)
	}
	if w.whole(r) {
		l.Whole++
	} else {
		l.Partial += w.inside(r)
	}
	if !w.Owns(r) {
		return
	}
	client.asked = true
	l.Counts.Intended++
	l.series.intended(r.Intended)
	if r.Outcome == Unsent {
		l.Counts.Unsent++
		l.stand(r, l.without(w, r))
		return
	}
	l.Counts.Sent++
	l.Latency.Wait.Record(r.wait())
	l.Latency.Lag.Record(r.lag())
	switch r.Outcome {
	case OK:
		client.heard = true
		l.Counts.OK++
		l.series.answeredOK(r.Intended)
		l.Latency.Service.Record(r.Answered - r.Sent)
		l.stand(r, r.Answered-r.Intended)
	case Rejected:
		client.told = true // also behind the window, as an answer there is heard
		l.Counts.Rejected++
	case Refused:
		client.told = true
		l.Counts.Failed++
	case Failed:
		l.Counts.Failed++
	case TimedOut:
		l.Counts.TimedOut++
		l.stand(r, l.without(w, r))
	case Unanswered:
		l.Counts.Unanswered++
		l.stand(r, l.without(w, r))
	}
}

// stand records the response time that r stands at.
func (l *Ledger) stand(r Request, response time.Duration) {
	l.Latency.Response.Record(response)
	l.series.stoodAt(r.Intended, response)
}

func (i *Interrupted) add(o Outcome) {
	i.Requests++
	switch o {
	case OK:
		i.OK++
	case Rejected:
		i.Rejected++
	}
}

// without is where a request without an answer stands in the response times: at the time-out, or at how long it had waited
// when it was given up or the load ended, if that is more. Less than was really waited would make a server the faster, the
// more it leaves undone.
func (l *Ledger) without(w Window, r Request) time.Duration {
	given := w.End
	if r.Outcome == TimedOut {
		given = min(given, r.Answered)
	}
	if given == Never {
		return l.timeOut
	}
	return max(l.timeOut, given-r.Intended)
}

// Merge adds what other has counted, for clients of the same numbers; other must not be used any more.
func (l *Ledger) Merge(other *Ledger) {
	l.Counts = l.Counts.Plus(other.Counts)
	l.Latency.Merge(other.Latency)
	l.Whole += other.Whole
	l.Partial += other.Partial
	l.series.merge(other.series)
	l.Interrupted.Requests += other.Interrupted.Requests
	l.Interrupted.OK += other.Interrupted.OK
	l.Interrupted.Rejected += other.Interrupted.Rejected
	for i, t := range other.clients {
		mine := &l.clients[i]
		mine.good += t.good
		mine.asked = mine.asked || t.asked
		mine.heard = mine.heard || t.heard
		mine.told = mine.told || t.told
	}
}

// Served says who was served, of those that wanted anything.
func (l *Ledger) Served() trial.Clients {
	var c trial.Clients
	for _, t := range l.clients {
		if !t.asked && !t.told && t.good == 0 {
			continue
		}
		c.Total++
		c.Good = append(c.Good, t.good)
		switch {
		case t.good > 0 || t.heard:
			c.Served++
		case t.told:
			c.Refused++
		default:
			c.Nothing++
		}
	}
	slices.Sort(c.Good)
	c.Jain = jain(c.Good)
	return c
}

// jain is Jain's fairness index, (Σx)² / (n·Σx²): 1 where all have the same, 1/n where one has everything, and 0 where
// nobody has anything (R. Jain, D. Chiu, W. Hawe: A Quantitative Measure of Fairness, DEC-TR-301, 1984).
func jain(shares []int64) float64 {
	var sum, squares float64
	for _, x := range shares {
		sum += float64(x)
		squares += float64(x) * float64(x)
	}
	if squares == 0 {
		return 0
	}
	return sum * sum / (float64(len(shares)) * squares)
}
