// Package account keeps the books of a load: what became of each request, which of them belong to the window, and what
// is counted for each. It is pure, or nearly: no clock, no socket; its times are those that a driver gives it, all
// counted from the load's start. The drivers of package load share it, so that they cannot differ in what they count.
package account

import (
	"sync/atomic"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/schedule"
)

// Never is later than every time that occurs; a schedule that has ended says it too.
const Never = schedule.Never

// An Outcome is what became of a request. Each has exactly one.
type Outcome uint8

const (
	Unsent     Outcome = iota // due, and its connection never became free
	Unanswered                // sent, and still open at the end
	OK
	Rejected // the server's busy answer
	Refused  // no connection: counts as failed, and its client was told
	Failed   // a wrong answer, or the connection ended
	TimedOut
)

// TurnedAway says whether o sends its client away for the back-off.
func (o Outcome) TurnedAway() bool { return o == Rejected || o == Refused || o == Failed }

// A Request is one request, or one session where that is measured, once its outcome is known. Fields that an outcome
// leaves without meaning are 0: with Unsent all times but the first two.
type Request struct {
	Intended time.Duration // by the schedule; in the closed loop when its client was ready to ask
	Noticed  time.Duration // when the driver took it from there
	Free     time.Duration // when its connection's previous answer had come, or the connection was usable again
	Connect  time.Duration // when a connection for it was begun; 0: there was one
	Sent     time.Duration
	Answered time.Duration // or given up
	Client   int32
	Outcome  Outcome
}

// wait is the time for which the connection was still busy: the server's.
func (r Request) wait() time.Duration { return max(0, r.Free-r.Noticed) }

// lag is what the driver was late by: ours.
func (r Request) lag() time.Duration { return r.Sent - r.Intended - r.wait() }

// begun is when the driver first did something for r.
func (r Request) begun() time.Duration {
	if r.Connect > 0 {
		return r.Connect
	}
	return r.Sent
}

// A Window is the part of a load that counts, from Open to before Close. The load goes on behind it until End: an answer
// that comes later came because other clients had left, and is none. Told is when the server was told to stop; 0: it was
// not, or not yet.
type Window struct{ Open, Close, End, Told time.Duration }

// Holds says whether t is in the part that counts.
func (w Window) Holds(t time.Duration) bool { return w.Open <= t && t < w.Close }

// Clip moves t into the part that counts.
func (w Window) Clip(t time.Duration) time.Duration { return min(max(t, w.Open), w.Close) }

// Owns says whether r belongs to w: its intended time does, or it was open through all of it. Without the second rule
// a starved client of the closed loop, whose one request was begun before the window and answered after it, would be
// missing from every count.
func (w Window) Owns(r Request) bool {
	if w.Holds(r.Intended) {
		return true
	}
	switch r.Outcome {
	case Unsent:
		return false
	case Unanswered:
		return r.begun() < w.Open
	}
	return r.begun() < w.Open && r.Answered >= w.Close
}

// whole says whether all of r lies in the window: it was sent and answered OK there.
func (w Window) whole(r Request) bool {
	return r.Outcome == OK && w.Holds(r.Sent) && w.Holds(r.Answered)
}

// interrupted says whether the server was told to stop while r was in progress.
func (w Window) interrupted(r Request) bool {
	if w.Told <= 0 || r.Outcome == Unsent || r.begun() >= w.Told {
		return false
	}
	return r.Outcome == Unanswered || r.Answered >= w.Told
}

// inside is the time for which r was in flight in the window.
func (w Window) inside(r Request) time.Duration {
	if r.Outcome == Unsent {
		return 0
	}
	return w.Clip(r.Answered) - w.Clip(r.Sent)
}

// Edges are a window whose ends become known while the load runs. An end that is not known yet is Never: whatever has
// happened so far was before it. They may be used concurrently.
type Edges struct{ open, close, end, told atomic.Int64 }

// NewEdges returns the edges of w.
func NewEdges(w Window) *Edges {
	var e Edges
	e.open.Store(int64(w.Open))
	e.close.Store(int64(w.Close))
	e.end.Store(int64(w.End))
	e.told.Store(int64(w.Told))
	return &e
}

// Window is what is known now.
func (e *Edges) Window() Window {
	return Window{
		Open: time.Duration(e.open.Load()), Close: time.Duration(e.close.Load()), End: time.Duration(e.end.Load()),
		Told: time.Duration(e.told.Load()),
	}
}

// Open sets where the window begins.
func (e *Edges) Open(at time.Duration) { e.open.Store(int64(at)) }

// Close sets where the window ends.
func (e *Edges) Close(at time.Duration) { e.close.Store(int64(at)) }

// End sets where the load ends, if it has not.
func (e *Edges) End(at time.Duration) { e.end.CompareAndSwap(int64(Never), int64(at)) }

// Tell sets when the server is told to stop.
func (e *Edges) Tell(at time.Duration) { e.told.Store(int64(at)) }
