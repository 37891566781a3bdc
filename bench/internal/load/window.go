package load

import (
	"math"
	"sync/atomic"
	"time"
)

// All times in this package are counted from the load's start.

// never is later than every time that occurs.
const never = time.Duration(math.MaxInt64)

// An outcome is what became of a request. Each has exactly one.
type outcome uint8

const (
	unsent     outcome = iota // due, and its connection never became free
	unanswered                // sent, and still open at the end
	ok
	rejected // the server's busy answer
	refused  // no connection: counts as failed, and its client was told
	failed   // a wrong answer, or the connection ended
	timedOut
)

// A request is one request, or one session where that is measured, once its outcome is known. Fields that an outcome
// leaves without meaning are 0: answered where there was none, and with unsent all but the first two.
type request struct {
	intended time.Duration // by the schedule; in the closed loop when its client was ready to ask
	noticed  time.Duration // when the driver took it from there
	free     time.Duration // when its connection's previous answer had come, or the connection was usable again
	connect  time.Duration // when a connection for it was begun; 0: there was one
	sent     time.Duration
	answered time.Duration // or given up
	client   int32
	outcome  outcome
}

// wait is the time for which the connection was still busy: the server's.
func (r request) wait() time.Duration { return max(0, r.free-r.noticed) }

// lag is what the driver was late by: ours.
func (r request) lag() time.Duration { return r.sent - r.intended - r.wait() }

// begun is when the driver first did something for r.
func (r request) begun() time.Duration {
	if r.connect > 0 {
		return r.connect
	}
	return r.sent
}

// A window is the part of a load that counts, from open to before close. The load goes on behind it until end: an answer
// that comes later came because other clients had left, and is none.
type window struct{ open, close, end time.Duration }

func (w window) holds(t time.Duration) bool { return w.open <= t && t < w.close }

// owns says whether r belongs to w: its intended time does, or it was open through all of it. Without the second rule
// a starved client of the closed loop, whose one request was begun before the window and answered after it, would be
// missing from every count.
func (w window) owns(r request) bool {
	if w.holds(r.intended) {
		return true
	}
	switch r.outcome {
	case unsent:
		return false
	case unanswered:
		return r.begun() < w.open
	}
	return r.begun() < w.open && r.answered >= w.close
}

// edges are a window whose ends become known while the load runs. An end that is not known yet is never: whatever has
// happened so far was before it.
type edges struct{ open, close, end atomic.Int64 }

func newEdges(w window) *edges {
	var e edges
	e.set(w)
	return &e
}

func (e *edges) set(w window) {
	e.open.Store(int64(w.open))
	e.close.Store(int64(w.close))
	e.end.Store(int64(w.end))
}

func (e *edges) window() window {
	return window{open: time.Duration(e.open.Load()), close: time.Duration(e.close.Load()), end: time.Duration(e.end.Load())}
}
