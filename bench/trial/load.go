package trial

import "time"

// A Segment is a part of the window in which the offered rate changes in a straight line, from Rate × Begin at From to
// Rate × End at To; outside of all segments it is Rate. Segments follow each other in time and do not overlap.
//
//	rate(t) = Rate × (Begin + (End − Begin) × (t − From) / (To − From))    From ≤ t < To
type Segment struct {
	From  time.Duration `json:"from_ns"` // since the window's start
	To    time.Duration `json:"to_ns"`
	Begin float64       `json:"begin"`
	End   float64       `json:"end"`
}

// Burst is a profile of factor times the rate for a time, and the plain rate before and after it.
//
//	rate(t) = Rate × factor    at ≤ t < at + length
func Burst(factor float64, at, length time.Duration) []Segment {
	return []Segment{{From: at, To: at + length, Begin: factor, End: factor}}
}

// Ramp is a profile that goes from one factor to another in a straight line, from the window's start on; behind length
// the rate is the plain one.
//
//	rate(t) = Rate × (from + (to − from) × t / length)    0 ≤ t < length
func Ramp(from, to float64, length time.Duration) []Segment {
	return []Segment{{From: 0, To: length, Begin: from, End: to}}
}

// Steps is a profile that holds each factor for a time, from the window's start on; behind the last one the rate is the
// plain one.
//
//	rate(t) = Rate × factors[floor(t / each)]
func Steps(each time.Duration, factors ...float64) []Segment {
	var all []Segment
	for i, f := range factors {
		from := time.Duration(i) * each
		all = append(all, Segment{From: from, To: from + each, Begin: f, End: f})
	}
	return all
}

// Behaviour is what a client does that is not the workload's own. Such clients are there for what they do to the others:
// they are not measured, and stand in no count but their own, [Other].
type Behaviour string

const (
	Slow       Behaviour = "slow"        // sends its requests byte by byte, one every Every; reads the answers
	Idle       Behaviour = "idle"        // connects, and asks nothing
	NeverReads Behaviour = "never-reads" // sends a request every Every, until nothing more fits, and reads nothing
	Resets     Behaviour = "resets"      // every Every: connects, sends half a request, and resets the connection
)

// A Share is the part of the clients, rounded and at least one, that behaves in a way.
type Share struct {
	Behaviour Behaviour     `json:"behaviour"`
	Share     float64       `json:"share"` // of Load.Clients: above 0, and all together below 1
	Every     time.Duration `json:"every_ns,omitempty"`
}

// Other is what became of the clients of one behaviour, from the first connect to the end.
type Other struct {
	Behaviour Behaviour `json:"behaviour"`
	Clients   int       `json:"clients"`
	Connected int64     `json:"connected"` // connections that were made
	Answered  int64     `json:"answered"`  // right answers, or whole sessions
	Ended     int64     `json:"ended"`     // connections that the server ended
}
