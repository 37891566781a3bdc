package trial

import (
	"fmt"
	"slices"
)

// Check says whether everything in the record adds up: the outcomes, the clients, the server's connections, the
// times in the histograms, and the slices of the window. A record that does not is the harness's own fault, never a property of the server, and
// none of its figures can be believed.
func (t Trial) Check() error {
	if err := t.Counts.Check(); err != nil {
		return fmt.Errorf("counts: %w", err)
	}
	if err := t.Clients.Check(); err != nil {
		return fmt.Errorf("clients: %w", err)
	}
	if got := sum(t.Clients.Good...); got != t.Counts.Good {
		return fmt.Errorf("clients: they got %d good answers and counts say %d", got, t.Counts.Good)
	}
	if err := t.Accepted.Check(); err != nil {
		return fmt.Errorf("connections: %w", err)
	}
	if t.Stop != nil {
		if err := t.Stop.Check(); err != nil {
			return fmt.Errorf("stop: %w", err)
		}
	}
	if err := t.Latency.check(t.Counts); err != nil {
		return fmt.Errorf("latency: %w", err)
	}
	if err := t.Series.check(t); err != nil {
		return fmt.Errorf("series: %w", err)
	}
	return nil
}

// Check says whether every request has one outcome.
func (c Counts) Check() error {
	if err := notNegative(c.Intended, c.Sent, c.Unsent, c.OK, c.Rejected, c.Failed, c.TimedOut, c.Unanswered, c.Good); err != nil {
		return err
	}
	if got := sum(c.Sent, c.Unsent); got != c.Intended {
		return fmt.Errorf("intended is %d, but sent + unsent is %d", c.Intended, got)
	}
	if got := sum(c.OK, c.Rejected, c.Failed, c.TimedOut, c.Unanswered); got != c.Sent {
		return fmt.Errorf("sent is %d, but ok + rejected + failed + timed out + unanswered is %d", c.Sent, got)
	}
	return nil
}

// Plus is both counts together.
func (c Counts) Plus(other Counts) Counts {
	return Counts{
		Intended:   c.Intended + other.Intended,
		Sent:       c.Sent + other.Sent,
		Unsent:     c.Unsent + other.Unsent,
		OK:         c.OK + other.OK,
		Rejected:   c.Rejected + other.Rejected,
		Failed:     c.Failed + other.Failed,
		TimedOut:   c.TimedOut + other.TimedOut,
		Unanswered: c.Unanswered + other.Unanswered,
		Good:       c.Good + other.Good,
	}
}

// Check says whether each client is in one class, and in the one that its good answers put it in.
func (c Clients) Check() error {
	if err := notNegative(append([]int64{int64(c.Total), int64(c.Served), int64(c.Refused), int64(c.Nothing)}, c.Good...)...); err != nil {
		return err
	}
	if got := c.Served + c.Refused + c.Nothing; got != c.Total {
		return fmt.Errorf("total is %d, but served + refused + nothing is %d", c.Total, got)
	}
	if len(c.Good) != c.Total {
		return fmt.Errorf("total is %d, but %d are listed", c.Total, len(c.Good))
	}
	served := 0
	for _, good := range c.Good {
		if good > 0 {
			served++
		}
	}
	if served > c.Served { // an answer that came behind the window serves a client, and is no goodput
		return fmt.Errorf("served is %d, but %d have good answers", c.Served, served)
	}
	if !(c.Jain >= 0 && c.Jain <= 1+1e-9) { // a sum of squares rounds
		return fmt.Errorf("jain fairness is %v, not 0 to 1", c.Jain)
	}
	return nil
}

// Check says whether each accepted connection is in one class.
func (c Connections) Check() error {
	if err := notNegative(c.Accepted, c.Active, c.Queued, c.Served, c.Shed, c.Aborted, c.Forced, c.Panics, c.RequestsShed); err != nil {
		return err
	}
	if got := sum(c.Active, c.Queued, c.Served, c.Shed, c.Aborted, c.Forced); got != c.Accepted {
		return fmt.Errorf("accepted is %d, but active + queued + served + shed + aborted + forced is %d", c.Accepted, got)
	}
	return nil
}

// Check says whether each request in progress has one outcome.
func (s Stop) Check() error {
	if err := notNegative(int64(s.Took), s.InProgress, s.Answered, s.Rejected, s.Lost, s.Forced); err != nil {
		return err
	}
	if got := sum(s.Answered, s.Rejected, s.Lost); got != s.InProgress {
		return fmt.Errorf("in progress were %d, but answered + rejected + lost is %d", s.InProgress, got)
	}
	return nil
}

// notNegative also guards the sums: a negative count could hide another's surplus.
func notNegative(counts ...int64) error {
	if least := slices.Min(counts); least < 0 {
		return fmt.Errorf("a count is negative: %d", least)
	}
	return nil
}

func sum(counts ...int64) int64 {
	var total int64
	for _, n := range counts {
		total += n
	}
	return total
}
