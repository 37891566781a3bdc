package workload

import "time"

// pause stands for a query to another service in the same data centre. W workers can answer W/pause requests per
// second and no more, which is what makes this workload show whether a limit was sized for waiting.
const pause = 5 * time.Millisecond

// wait is echo behind a pause. It does not listen to the context: a request in progress at stop is still owed its
// answer.
func wait() Workload {
	return Workload{
		Name:   "wait",
		About:  "5 ms of waiting for something else before each answer: a handler that asks a database.",
		Blocks: true,
		Handler: lines(func(dst, line []byte) []byte {
			// Not a timer: the runtime keeps one for each goroutine that sleeps, so there is none to allocate.
			time.Sleep(pause)
			return appendEcho(dst, line)
		}).handler,
		Busy:   busyLine(),
		Client: lineClient(appendLine, checkEcho),
	}
}
