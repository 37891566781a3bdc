package trial

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"
)

// sample makes a trial whose counts add up, with a different one for each seed.
func sample(seed uint64) Trial {
	rng := rand.New(rand.NewPCG(seed, 1))
	n := func() int64 { return rng.Int64N(20) }
	t := Trial{
		Schema:     Schema,
		Seq:        int(seed),
		Started:    time.Date(2026, 11, 22, 23, 5, 11, int(seed), time.UTC),
		Scenario:   "echo",
		Workload:   "echo",
		Measured:   "request",
		Strategy:   "ants:workers=64,queue=0,full=wait,unit=conn",
		Repetition: int(seed) / 3,
		Others:     []Other{{Behaviour: Slow, Clients: 1, Connected: n(), Answered: n(), Ended: n()}},
		Load: Load{Loop: Open, Clients: 4, Rate: 1000, Fraction: 0.5, Ceiling: 0.25, Arrivals: Poisson,
			Profile: Burst(5, time.Second, time.Second), Others: []Share{{Behaviour: Slow, Share: 0.1, Every: time.Millisecond}}},
		Server:   Process{Name: "ants", PID: 12, GoVersion: "go1.26.8", GOMAXPROCS: 1, CPUs: []int{1}},
		Window:   time.Second,
		TimeOut:  time.Second,
		Counts:   Counts{Unsent: n(), OK: n() + 2, Rejected: n(), Failed: n(), TimedOut: n(), Unanswered: n()},
		Accepted: Connections{Active: n(), Queued: n(), Served: n(), Shed: n(), Aborted: n(), Forced: n(), Panics: n()},
		Driving:  Driving{Shards: 1, Idle: time.Duration(n()), InFlight: float64(n()) / 8},
		Findings: []Finding{{Code: "x", Text: "y"}},
		Turns:    &Turns{Every: 25 * time.Millisecond, Index: 1, Of: 2, Neighbours: Neighbours{CPU: 3, UserCPU: 2}},
		Stop:     &Stop{Took: 1, Answered: n(), Rejected: n(), Lost: n(), Forced: n()},
	}
	t.Stop.InProgress = t.Stop.Answered + t.Stop.Rejected + t.Stop.Lost
	c := &t.Counts
	c.Sent = c.OK + c.Rejected + c.Failed + c.TimedOut + c.Unanswered
	c.Intended = c.Sent + c.Unsent
	c.Good = c.OK
	t.Clients = Clients{Total: 4, Served: 2, Refused: 1, Nothing: 1, Good: []int64{0, 0, 1, c.Good - 1}, Jain: 0.4}
	a := &t.Accepted
	a.Accepted = a.Active + a.Queued + a.Served + a.Shed + a.Aborted + a.Forced

	draw := func() time.Duration { return time.Duration(rng.ExpFloat64() * float64(time.Millisecond)) }
	for range c.Sent {
		t.Latency.Wait.Record(draw())
		t.Latency.Lag.Record(draw())
	}
	// The first answer is to a request that was due before the window, the others go anywhere.
	slice, slices := Slicing(t.Window)
	total := make([]time.Duration, slices)
	t.Series = Series{Slice: slice, Due: make([]int64, slices), OK: make([]int64, slices), Good: make([]int64, slices),
		Timed: make([]int64, slices), Response: make([]time.Duration, slices)}
	s := &t.Series
	spread := make([][Buckets]int64, slices)
	stand := func(i int, d time.Duration) {
		t.Latency.Response.Record(d)
		s.Due[i]++
		s.Timed[i]++
		total[i] += d
		s.Response[i] = total[i] / time.Duration(s.Timed[i])
		spread[i][Bucket(d)]++
	}
	for n := range c.OK {
		t.Latency.Service.Record(draw())
		s.Good[rng.IntN(slices)]++
		if d := draw(); n == 0 {
			t.Latency.Response.Record(d)
			s.Early = Early{Due: 1, OK: 1, Timed: 1, Response: d}
		} else {
			i := rng.IntN(slices)
			stand(i, d)
			s.OK[i]++
		}
	}
	for range c.TimedOut + c.Unanswered + c.Unsent {
		stand(rng.IntN(slices), t.TimeOut)
	}
	for range c.Rejected + c.Failed {
		s.Due[rng.IntN(slices)]++
	}
	for _, counts := range spread {
		s.Spread = append(s.Spread, Pack(counts[:]))
	}
	return t
}

// text is a record as it stands in the file: how tests compare records, because a histogram that was read has
// another form in memory than one that was recorded.
func text(t testing.TB, record any) string {
	t.Helper()
	b, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
