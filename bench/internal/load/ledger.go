package load

import (
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// A ledger counts the requests of a window. It is pure: what it says depends on what was added and not on the order.
// It is not safe for concurrent use; [recorder] guards it.
type ledger struct {
	timeOut time.Duration // where requests without an answer stand in the response times
	backOff time.Duration // for so long a refusal keeps its client away
	counts  trial.Counts
	latency trial.Latency
	clients []tally
}

// A tally is one client's part.
type tally struct {
	good  int64
	asked bool // the window owns a request of it
	heard bool // and one of those was answered, inside the window or behind it
	told  bool // it was refused, and that is why it asked nothing of the server in some part of the window
}

func newLedger(clients int, timeOut, backOff time.Duration) *ledger {
	return &ledger{timeOut: timeOut, backOff: backOff, clients: make([]tally, clients)}
}

// add attributes r to w, or to nothing. Both edges that r's times lie behind must be known; later ones may be never.
func (l *ledger) add(w window, r request) {
	client := &l.clients[r.client]
	if r.outcome != unsent && r.answered >= w.end {
		r.outcome = unanswered
	}
	switch r.outcome {
	case ok:
		if w.holds(r.answered) {
			l.counts.Good++
			client.good++
		}
	case rejected, refused:
		if r.answered < w.close && r.answered >= w.open-l.backOff {
			client.told = true
		}
	}
	if !w.owns(r) {
		return
	}
	client.asked = true
	l.counts.Intended++
	if r.outcome == unsent {
		l.counts.Unsent++
		l.latency.Response.Record(l.timeOut)
		return
	}
	l.counts.Sent++
	l.latency.Wait.Record(r.wait())
	l.latency.Lag.Record(r.lag())
	switch r.outcome {
	case ok:
		client.heard = true
		l.counts.OK++
		l.latency.Service.Record(r.answered - r.sent)
		l.latency.Response.Record(r.answered - r.intended)
	case rejected:
		l.counts.Rejected++
	case refused, failed:
		l.counts.Failed++
	case timedOut:
		l.counts.TimedOut++
		l.latency.Response.Record(l.timeOut)
	case unanswered:
		l.counts.Unanswered++
		l.latency.Response.Record(l.timeOut)
	}
}

// served says who was served, of those that wanted anything.
func (l *ledger) served() trial.Clients {
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
