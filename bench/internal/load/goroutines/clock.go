package goroutines

import "time"

// A clock counts from the load's start; it is monotonic.
type clock struct{ origin time.Time }

func (c clock) now() time.Duration { return time.Since(c.origin) }

// at is the moment d as the time package knows it, for deadlines.
func (c clock) at(d time.Duration) time.Time { return c.origin.Add(d) }
