package workload

import (
	"fmt"
	"strings"

	"github.com/poolbench/poolbench/strategies/spelling"
)

// All returns the built-in workloads, the tutorial's own first: the one list of them. The slice is the caller's, to
// append workloads of its own.
func All() []Workload {
	return []Workload{exchange(), echo(), wait(pause), cpu(1), alloc(), deep(), job(1), hypertext()}
}

// Find returns the workload of that name, which may have settings behind a colon: wait:hold=20ms. What it returns then goes
// by that full name, so that any process that has the same list finds the same under it. The error for a name that is not
// there lists those of ws; one for a setting says what is allowed.
func Find(ws []Workload, name string) (Workload, error) {
	if w, ok := named(ws, name); ok { // before it is taken apart: a user's own may have a colon in its name
		return w, nil
	}
	plain, settings, err := splitName(name)
	if err != nil {
		return Workload{}, fmt.Errorf("workload %q: %w; write for example wait:hold=20ms", name, err)
	}
	w, ok := named(ws, plain)
	if !ok {
		names := make([]string, len(ws))
		for i, w := range ws {
			names[i] = w.Name
		}
		return Workload{}, fmt.Errorf("unknown workload %q%s; allowed: %s", plain, spelling.Meant(plain, names), strings.Join(names, ", "))
	}
	if w, err = w.under(settings); err != nil {
		return Workload{}, fmt.Errorf("workload %q: %w", name, err)
	}
	w.Name = name
	return w, nil
}

func named(ws []Workload, name string) (Workload, bool) {
	for _, w := range ws {
		if w.Name == name {
			return w, true
		}
	}
	return Workload{}, false
}
