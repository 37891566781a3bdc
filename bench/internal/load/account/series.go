package account

import (
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// A series is a ledger's part in [trial.Series], with sums in place of means so that it can be merged. Its lists have one
// place more than the window has slices, the last, for what was due before the window. All room is made at the start.
type series struct {
	window         Window
	slice          time.Duration
	due, ok, timed []int64
	good           []int64
	response       []time.Duration
	spread         []int64 // trial.Buckets for each place; nil: not kept
}

func newSeries(w Window, spread bool) *series {
	slice, n := trial.Slicing(w.Close - w.Open)
	if n == 0 {
		return nil
	}
	counts := func() []int64 { return make([]int64, n+1) }
	s := &series{window: w, slice: slice, due: counts(), ok: counts(), timed: counts(), good: counts(), response: make([]time.Duration, n+1)}
	if spread {
		s.spread = make([]int64, (n+1)*trial.Buckets)
	}
	return s
}

// at is the place of what was intended at t, by a request that the window owns.
func (s *series) at(t time.Duration) int {
	if !s.window.Holds(t) {
		return len(s.due) - 1
	}
	return int((t - s.window.Open) / s.slice)
}

// intended, answeredOK, cameGood and stoodAt do nothing without a series.

func (s *series) intended(t time.Duration) {
	if s != nil {
		s.due[s.at(t)]++
	}
}

func (s *series) answeredOK(intended time.Duration) {
	if s != nil {
		s.ok[s.at(intended)]++
	}
}

// cameGood counts an answer inside the window.
func (s *series) cameGood(answered time.Duration) {
	if s != nil {
		s.good[s.at(answered)]++
	}
}

func (s *series) stoodAt(intended, response time.Duration) {
	if s == nil {
		return
	}
	i := s.at(intended)
	s.timed[i]++
	s.response[i] += response
	if s.spread != nil {
		s.spread[i*trial.Buckets+trial.Bucket(response)]++
	}
}

// merge adds other, which was made alike.
func (s *series) merge(other *series) {
	if s == nil {
		return
	}
	for _, pair := range [][2][]int64{{s.due, other.due}, {s.ok, other.ok}, {s.timed, other.timed}, {s.good, other.good}, {s.spread, other.spread}} {
		for i, n := range pair[1] {
			pair[0][i] += n
		}
	}
	for i, d := range other.response {
		s.response[i] += d
	}
}

// record is what stands in the trial.
func (s *series) record() trial.Series {
	if s == nil {
		return trial.Series{}
	}
	n := len(s.due) - 1
	mean := make([]time.Duration, n+1)
	for i, of := range s.timed {
		if of > 0 {
			mean[i] = s.response[i] / time.Duration(of)
		}
	}
	r := trial.Series{
		Slice: s.slice, Due: s.due[:n], OK: s.ok[:n], Good: s.good[:n], Timed: s.timed[:n], Response: mean[:n],
		Early: trial.Early{Due: s.due[n], OK: s.ok[n], Timed: s.timed[n], Response: mean[n]},
	}
	if s.spread != nil {
		for i := range n {
			r.Spread = append(r.Spread, trial.Pack(s.spread[i*trial.Buckets:(i+1)*trial.Buckets]))
		}
	}
	return r
}
