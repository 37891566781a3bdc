package workload

// A request goes down through frames of half a kilobyte, as encoders of nested data and chains of middleware do: 40 of them, with what
// is above, take more than 16 KiB and less than 32 KiB of stack. A goroutine starts with 2 KiB, and each time that is not enough
// the runtime makes a stack twice as large and copies the old one: four times here, which costs microseconds. A goroutine that
// is used again has its stack already, until a garbage collection finds most of it unused.
const (
	levels     = 40
	frameWords = 64
	wordStep   = 8 // a word of each cache line is used: with all of them, computing would hide what is to be seen
)

// deep is the one case where reusing goroutines pays: a stack to be grown, for one message only, by whoever is new.
func deep() Workload {
	t := tasks(func(x uint64) uint64 { return descend(levels, x) })
	return Workload{
		Name:    "deep",
		About:   "A call stack of more than 16 KiB for the one message of each connection: deeply nested code, which a new goroutine grows its stack for.",
		Handler: t.handler,
		Busy:    busyLine(),
		Client:  t.client(),
	}
}

// descend fills a frame, goes a level deeper, and folds what it has filled into what comes back: each frame is needed on either
// side of the call, so that it is there during it.
//
//go:noinline
func descend(level int, x uint64) uint64 {
	var frame [frameWords]uint64
	for i := 0; i < len(frame); i += wordStep {
		x = step(x)
		frame[i] = x
	}
	if level > 1 {
		x = descend(level-1, x)
	}
	for i := 0; i < len(frame); i += wordStep {
		x = step(x ^ frame[i])
	}
	return x
}
