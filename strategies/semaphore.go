package strategies

import "errors"

// Semaphore is the kind that takes a place before it accepts: of the connections beyond its workers it holds none, where
// others at the same limit hold one in their hands, accepted and not served, while they wait for room. All that wait do
// so in the kernel's backlog, where they cost no descriptor and nobody counts them. It is [Goroutine] with
// Limits.MaxConns, under the name that the technique goes by.
func Semaphore() Kind {
	return Kind{
		Name: "semaphore",
		About: "a new goroutine for each connection, and a place taken before it is accepted: one connection fewer is held than if it " +
			"were taken after; whoever has to wait does so in the kernel's backlog, unseen",
		Default:  Limits{Workers: DefaultWorkers},
		Units:    []Unit{ConnUnit},
		Complete: semaphorePlaces,
		Check:    semaphoreLimits,
		New:      Goroutine().New,

		Constructor: ownConstructor("Semaphore().New"),
	}
}

func semaphorePlaces(l Limits) Limits {
	if l.MaxConns == 0 {
		l.MaxConns = l.Workers
	}
	return l
}

func semaphoreLimits(l Limits) error {
	switch {
	case l.Workers == Unbounded:
		return limitError("workers", l.Workers, "a semaphore has a number of places; allowed: a whole number from 1")
	case l.WhenFull == Reject:
		return errors.New("full=reject: it accepts nobody whom it has no place for, so there is nobody to refuse; allowed: wait")
	case l.MaxConns != l.Workers:
		return limitError("maxconns", l.MaxConns, "its places are taken before connections are accepted, so this is the same as workers; leave it out")
	}
	return noQueue(l)
}
