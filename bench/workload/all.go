package workload

import (
	"fmt"
	"strings"
)

// All returns the built-in workloads, the tutorial's own first: the one list of them. The slice is the caller's, to
// append workloads of its own.
func All() []Workload {
	return []Workload{exchange(), echo(), wait(), cpu(), hypertext()}
}

// Find returns the workload of that name. The error for an unknown one names it and lists those of ws.
func Find(ws []Workload, name string) (Workload, error) {
	names := make([]string, len(ws))
	for i, w := range ws {
		if w.Name == name {
			return w, nil
		}
		names[i] = w.Name
	}
	return Workload{}, fmt.Errorf("unknown workload %q; allowed: %s", name, strings.Join(names, ", "))
}
