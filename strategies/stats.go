package strategies

import "sync"

// Stats counts what became of connections. It may be read at any time, also while serving; several calls of Serve
// may share one, which then counts for all of them. The zero value is ready to use. It must not be copied; [Counts] is
// the copy.
type Stats struct {
	mu sync.Mutex // one lock and no atomics: the classes have to add up in every copy
	c  Counts
}

// Counts is one consistent copy of the counters. Each accepted connection is in exactly one class:
//
//	Accepted = Active + Queued + Served + Shed + Aborted + Forced
//
// Active and Queued go up and down. All others only grow, and start from zero with the [Stats], not with Serve.
type Counts struct {
	Accepted int64
	Queued   int64 // accepted, and nobody serves it yet
	Active   int64 // being served, or ended by the server and read on for unread input: no worker is held then
	Served   int64 // ended in order
	Shed     int64 // refused at the limit
	Aborted  int64 // ended by an error, a panic, or a stop that left a request unread
	Forced   int64 // closed because the drain time-out had passed

	Panics       int64 // handlers that panicked or ended their goroutine; each connection counts as aborted, or as shed, as well
	RequestsShed int64 // requests refused at the limit where the unit is the request; their connections go on
}

// Counts returns a copy of the counters, all taken at the same moment. It is cheap enough for every scrape or log line, but
// shares a lock with the accept loop.
func (s *Stats) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.c
}

// Update changes the counters in one step. It is for a Strategy that does not come from PerConn, PerRequest or PerEvent, which
// call it themselves. change must keep the sum, be quick, and call no method of s.
func (s *Stats) Update(change func(c *Counts)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.c)
}
