package strategytest

import (
	"strings"

	"github.com/poolbench/poolbench/strategies"
)

// endsLongRequests has one request that is a little too long, and one that never ends. The second would fill the memory of a
// server that has no bound.
func endsLongRequests(e *env) {
	s := e.serve()
	k := s.enter()
	s.isCutOff(k, "echo "+strings.Repeat("a", strategies.MaxRequest))

	k = s.enter()
	const plenty = 1 << 8 // of pieces: more than systems keep for both ends of a socket
	piece := strings.Repeat("a", strategies.MaxRequest)
	sent := 0
	for sent < plenty && k.send(piece) == nil {
		sent++
	}
	if sent == plenty {
		s.Errorf("the server has read %d bytes of a request without an end", sent*len(piece))
	}
	k.Close()
	s.becomes(func(c strategies.Counts) bool { return c.Aborted == 2 }, "both are counted as aborted")
	if n := s.longest.Load(); n > strategies.MaxRequest {
		s.Errorf("Split was given %d bytes, more than the longest request has", n)
	}
	s.fullCapacity()
	s.end()
}

// endsGarbage has sessions whose Split finds no request in the input, or returns what it must not.
func endsGarbage(e *env) {
	s := e.serve()
	faults := []string{"!error", "!beyond", "!behind", "!nothing"}
	for _, f := range faults {
		if !s.isCutOff(s.enter(), f) {
			return // the next one would take as long
		}
	}
	s.becomes(func(c strategies.Counts) bool { return c.Aborted == int64(len(faults)) }, "all are counted as aborted")
	s.fullCapacity()
	if counts := s.end(); counts.Panics != 0 {
		s.Errorf("input that is no request is no panic, but the counts are %+v", counts)
	}
}
