package workload

import (
	"fmt"
	"time"
)

// pause stands for a query to another service in the same data centre. W workers can answer W/pause requests per
// second and no more, which is what makes this workload show whether a limit was sized for waiting.
const pause = 5 * time.Millisecond

// wait is echo behind a pause. It does not listen to the context: a request in progress at stop is still owed its
// answer.
func wait(hold time.Duration) Workload {
	return Workload{
		Name:   "wait",
		About:  fmt.Sprintf("%s of waiting for something else before each answer: a handler that asks a database.", spaced(hold)),
		Blocks: true,
		Settings: []Setting{
			{"hold", fmt.Sprintf("how long it waits, %s; %v if not given", holdRange, pause)},
		},
		With: func(settings map[string]string) (Workload, error) {
			hold, err := parseHold(settings["hold"])
			if err != nil {
				return Workload{}, err
			}
			return wait(hold), nil
		},
		Handler: lines(func(dst, line []byte) []byte {
			// Not a timer: the runtime keeps one for each goroutine that sleeps, so there is none to allocate.
			time.Sleep(hold)
			return appendEcho(dst, line)
		}).handler,
		Busy:   busyLine(),
		Client: lineClient(appendLine, checkEcho),
	}
}
