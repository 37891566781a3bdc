package trial

import (
	"encoding/json"
	"fmt"
	"slices"
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
