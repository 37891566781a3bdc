package workload

import "sync"

// iterations is the work for one request: at six processor cycles each, about 200 µs at 4 GHz. It is a number and
// not a time, because work that ends by the clock gets cheaper when the machine is overloaded, and overload is what
// this workload is for.
const iterations = 130_000

// seeds is how many different requests there are. The client holds the results of all, computed once, because it
// cannot pay for a second computation of each; 16 take it a few milliseconds, with its first check.
const seeds = 16

// cpu is work that cannot be waited for: what it takes from one request it takes from all others.
func cpu() Workload {
	return Workload{
		Name:    "cpu",
		About:   "A fixed amount of computing, about 200 µs, for each answer: rendering, parsing or hashing.",
		Handler: lines(appendResult).handler,
		Busy:    busyLine(),
		Client:  lineClient(cpuRequest, checkResult),
	}
}

func cpuRequest(dst []byte, seq uint64) []byte { return appendLine(dst, seq%seeds) }

// appendResult answers any line: what the work starts from is the line's hash.
func appendResult(dst, line []byte) []byte { return appendHex(dst, work(hash(line))) }

// hash is FNV-1a, 64 bits (Fowler, Noll, Vo), which hash/fnv has only with an allocation.
func hash(line []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range line {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}

// work is a chain in which each step needs the result of the one before, so that neither the compiler nor the
// processor can skip or overlap steps; it touches no memory. The steps are one to one (a xor with the number's own
// upper half, an odd factor, a constant), so two requests never end in the same result.
func work(x uint64) uint64 {
	for range iterations {
		x = (x^x>>32)*6364136223846793005 + 1442695040888963407 // Knuth's MMIX generator, and a xor
	}
	return x
}

// results holds the answer to each of the seeds.
var results = sync.OnceValue(func() (answers [seeds]string) {
	for seed := range answers {
		line := cpuRequest(nil, uint64(seed))
		answers[seed] = string(appendResult(nil, line[:len(line)-1]))
	}
	return answers
})

func checkResult(seq uint64, line []byte) error {
	want := results()[seq%seeds]
	if string(line) == want {
		return nil
	}
	return wrongAnswer(seq, line, want)
}
