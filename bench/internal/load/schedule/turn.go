package schedule

import "time"

// A Turn is the part of all time that one of several loads has to itself: time is cut into slices of length Every, which are
// numbered from Opens on and backwards before it, and those whose number is Index modulo Of are the load's own. Own time is
// time that passes in own slices alone. The zero Turn has all time for its own.
//
// Times are counted from the load's start, and lie within a hundred years of it. A slice belongs to its beginning and not to
// its end.
type Turn struct {
	Opens, Every time.Duration
	Index, Of    int
}

// whole says that all time is the load's own.
func (t Turn) whole() bool { return t.Of == 0 }

// cycle is how long it takes until it is the same load's turn again.
func (t Turn) cycle() time.Duration { return t.Every * time.Duration(t.Of) }

// Own is how much of its own time the load has had at a time, counted from Opens: it is negative before it. Only
// differences mean the same for all Turns.
func (t Turn) Own(at time.Duration) time.Duration {
	if t.whole() {
		return at
	}
	n, rest := divide(at-t.Opens, t.cycle())
	return n*t.Every + min(max(rest-time.Duration(t.Index)*t.Every, 0), t.Every)
}

// at is when the load has had so much of its own time: in an own slice, and where one has just ended, at the beginning of the
// next. What would be later than any time is Never.
func (t Turn) at(own time.Duration) time.Duration {
	if t.whole() {
		return own
	}
	n, rest := divide(own, t.Every)
	if n >= (Never-max(0, t.Opens))/t.cycle()-1 {
		return Never
	}
	return t.Opens + n*t.cycle() + time.Duration(t.Index)*t.Every + rest
}

// Due is when what is ready at a time may be due: then, or where that is in a slice of another load, when the next own slice
// begins.
func (t Turn) Due(at time.Duration) time.Duration { return t.After(at, 0) }

// After is when so much own time has passed since a time, in an own slice. A client that thinks in own time does not wake in
// another's slice, and does not find all others waiting at the beginning of the next.
func (t Turn) After(at, pause time.Duration) time.Duration {
	return t.at(t.Own(at) + pause)
}

// Slice is the number of the own slice that a time lies in, of own slices alone; for the zero Turn they are one.
func (t Turn) Slice(at time.Duration) time.Duration {
	if t.whole() {
		return 0
	}
	n, _ := divide(t.Own(at), t.Every)
	return n
}

// Apply runs s in own time: a request that s makes due at u is due when the load has had u of its own time since its start.
// The rate in own slices is that of s, and 0 in the others'.
func (t Turn) Apply(s Schedule) Schedule {
	if t.whole() {
		return s
	}
	return &inTurn{of: s, turn: t, start: t.Own(0)}
}

type inTurn struct {
	of    Schedule
	turn  Turn
	start time.Duration // own time at the load's start
}

func (s *inTurn) Next() time.Duration {
	u := s.of.Next()
	if u >= Never-max(0, s.start) {
		return Never
	}
	return s.turn.at(s.start + u)
}

// divide is the division whose rest is never negative.
func divide(a, by time.Duration) (quotient, rest time.Duration) {
	quotient, rest = a/by, a%by
	if rest < 0 {
		return quotient - 1, rest + by
	}
	return quotient, rest
}
