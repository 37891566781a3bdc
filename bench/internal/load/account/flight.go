package account

import (
	"sync/atomic"
	"time"
)

// A Flight counts requests as they come and go, so that the average number in flight is known from something else than
// the requests' times, and the two can be compared (Little's law). It may be used concurrently. Its window must be known
// from the start.
//
// The integral of the number over the window is the sum of all ends minus the sum of all begins, each moved into the
// window; what is still in flight counts up to its end.
type Flight struct {
	window Window
	n      atomic.Int64
	area   atomic.Int64 // ns, what is in flight counted up to 0
}

// NewFlight counts in w.
func NewFlight(w Window) *Flight { return &Flight{window: w} }

// Begin says that a request was sent at t.
func (f *Flight) Begin(t time.Duration) {
	f.n.Add(1)
	f.area.Add(-int64(f.window.Clip(t)))
}

// Again says that the request that had begun at was only begins now, at t: what came between was its connect.
func (f *Flight) Again(was, t time.Duration) {
	f.area.Add(int64(f.window.Clip(was) - f.window.Clip(t)))
}

// End says that a request has its outcome at t.
func (f *Flight) End(t time.Duration) {
	f.n.Add(-1)
	f.area.Add(int64(f.window.Clip(t)))
}

// Merge adds what other, of the same window, has counted.
func (f *Flight) Merge(other *Flight) {
	f.n.Add(other.n.Load())
	f.area.Add(other.area.Load())
}

// Average is the average number in flight over the window, once it has closed; 0 for a window that was not known.
func (f *Flight) Average() float64 {
	length := f.window.Close - f.window.Open
	if length <= 0 {
		return 0
	}
	return float64(f.area.Load()+f.n.Load()*int64(f.window.Close)) / float64(length)
}
