package trial

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/poolbench/poolbench/bench/internal/figures"
)

// Clients says who was served. A client is a connection that stays, or, where the session is measured, the slot
// that runs one session after the other.
//
//	Total = Served + Refused + Nothing
type Clients struct {
	Total   int       `json:"total"`
	Served  int       `json:"served"`        // at least one OK answer, inside the window or to a request of it
	Refused int       `json:"refused"`       // none, and told so: busy answer or connection refused
	Nothing int       `json:"nothing"`       // none, and never told: starved
	Good    PerClient `json:"good"`          // OK answers inside the window, by client, the fewest first
	Jain    float64   `json:"jain_fairness"` // Jain's index of Good, 1/Total to 1; 0 if there was none at all
}

// A Reach says who got an answer, and of how many: clients that stay, or sessions, each of which is a client that comes once.
//
//	Total = Served + Refused + Nothing
type Reach struct {
	Sessions bool
	Total    int64
	Served   int64 // an OK answer
	Refused  int64 // none, and told so
	Nothing  int64 // none
}

// Reach is of t's clients, or of its sessions where it is a load of those: a slot is no client, and every session that finds
// one may be served while most find none. Sessions that the driver never got to wanted nothing of the server.
func (t Trial) Reach() Reach {
	if t.Load.Loop != Sessions {
		c := t.Clients
		return Reach{Total: int64(c.Total), Served: int64(c.Served), Refused: int64(c.Refused), Nothing: int64(c.Nothing)}
	}
	n := t.Counts
	asked := n.Intended - min(t.Driving.Missed, n.Unsent)
	return Reach{Sessions: true, Total: asked, Served: n.OK, Refused: n.Rejected, Nothing: asked - n.OK - n.Rejected}
}

// Plus adds up sessions. Clients are the same ones in each trial, and do not add up.
func (r Reach) Plus(o Reach) Reach {
	return Reach{r.Sessions || o.Sessions, r.Total + o.Total, r.Served + o.Served, r.Refused + o.Refused, r.Nothing + o.Nothing}
}

// Who is one of them: client or session.
func (r Reach) Who() string {
	if r.Sessions {
		return "session"
	}
	return "client"
}

// String is the mark that stands beside every latency: served 64 of 1,000, which are clients; served 3,810 of 9,586 sessions.
func (r Reach) String() string {
	text := "served " + figures.Count(r.Served) + " of " + figures.Count(r.Total)
	if r.Sessions {
		text += " sessions"
	}
	return text
}

// PerClient has one number for each client, ascending; nil and empty are one. In JSON it is a list of pairs, [number,
// how many clients have it], because thousands of clients differ little.
type PerClient []int64

// mostClients is above all clients that one machine can hold open, and keeps a damaged file from asking for more memory
// than there is.
const mostClients = 1 << 24

// MarshalJSON refuses what UnmarshalJSON would.
func (p PerClient) MarshalJSON() ([]byte, error) {
	if !slices.IsSorted(p) {
		return nil, fmt.Errorf("encode numbers of clients: they are not in ascending order")
	}
	pairs := [][2]int64{}
	for _, n := range p {
		if last := len(pairs) - 1; last >= 0 && pairs[last][0] == n {
			pairs[last][1]++
		} else {
			pairs = append(pairs, [2]int64{n, 1})
		}
	}
	return json.Marshal(pairs)
}

// UnmarshalJSON reads what MarshalJSON wrote. It refuses pairs that are out of order or of no clients.
func (p *PerClient) UnmarshalJSON(b []byte) error {
	var pairs [][]int64
	if err := json.Unmarshal(b, &pairs); err != nil {
		return fmt.Errorf("decode numbers of clients: %w", err)
	}
	*p = nil
	var read PerClient
	for i, pair := range pairs {
		switch {
		case len(pair) != 2:
			return fmt.Errorf("decode numbers of clients: %v is no pair of a number and how many clients have it", pair)
		case i > 0 && pair[0] <= pairs[i-1][0]:
			return fmt.Errorf("decode numbers of clients: %d stands behind %d", pair[0], pairs[i-1][0])
		case pair[1] < 1 || pair[1] > int64(mostClients-len(read)):
			return fmt.Errorf("decode numbers of clients: %d clients have %d, not 1 to %d", pair[1], pair[0], mostClients-len(read))
		}
		read = append(read, slices.Repeat(PerClient{pair[0]}, int(pair[1]))...)
	}
	*p = read
	return nil
}
