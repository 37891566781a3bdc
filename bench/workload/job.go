package workload

import (
	"fmt"
	"time"
)

// jobIterations is five times cpu's: about 1 ms, so that one CPU does a thousand jobs a second, and what connecting costs is a
// twentieth of it.
const (
	jobIterations   = 5 * iterations
	jobIterationsIn = 5 * iterationsIn // for texts alone
)

// job is what overload and bursts are for: every arrival is a connection of its own, so that they go on whatever the server
// does, and nobody who waits keeps another from coming.
func job(times int) Workload {
	t := tasks(func(x uint64) uint64 { return work(x, times*jobIterations) })
	return Workload{
		Name:     "job",
		About:    fmt.Sprintf("One piece of computing, about %s, on a connection of its own: a job that a client hands in and waits for.", spaced(time.Duration(times)*jobIterationsIn)),
		Settings: workSetting(jobIterationsIn),
		With:     withWork(job),
		Handler:  t.handler,
		Busy:     busyLine(),
		Client:   t.client(),
	}
}
