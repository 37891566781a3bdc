package workload

import (
	"fmt"
	"sync"
	"time"
)

// iterations is the work for one request: at six processor cycles each, about 200 µs at 4 GHz. It is a number and
// not a time, because work that ends by the clock gets cheaper when the machine is overloaded, and overload is what
// this workload is for.
const (
	iterations   = 130_000
	iterationsIn = 200 * time.Microsecond // for texts alone
)

// cpu is work that cannot be waited for: what it takes from one request it takes from all others.
func cpu(times int) Workload {
	answer := func(dst, line []byte) []byte { return appendHex(dst, work(hash(line), times*iterations)) }
	results := eachSeed(func(seed uint64) string {
		line := cpuRequest(nil, seed)
		return string(answer(nil, line[:len(line)-1]))
	})
	return Workload{
		Name:     "cpu",
		About:    fmt.Sprintf("A fixed amount of computing, about %s, for each answer: rendering, parsing or hashing.", spaced(time.Duration(times)*iterationsIn)),
		Settings: workSetting(iterationsIn),
		With:     withWork(cpu),
		Handler:  lines(answer).handler,
		Busy:     busyLine(),
		Client:   lineClient(cpuRequest, checkAgainst(results)),
	}
}

func cpuRequest(dst []byte, seq uint64) []byte { return appendLine(dst, seq%seeds) }

// hash is FNV-1a, 64 bits (Fowler, Noll, Vo), which hash/fnv has only with an allocation.
func hash(line []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range line {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}

// work is a chain in which each step needs the result of the one before, so that neither the compiler nor the
// processor can skip or overlap steps; it touches no memory. The steps are one to one, so two requests never end in the same
// result.
func work(x uint64, steps int) uint64 {
	for range steps {
		x = step(x)
	}
	return x
}

// step is Knuth's MMIX generator behind a xor of the number with its own upper half: one to one.
func step(x uint64) uint64 { return (x^x>>32)*6364136223846793005 + 1442695040888963407 }

// seeds is how many different requests there are where the answer is costly. The client holds the results of all, each computed
// once, because it cannot pay for a second computation of each answer.
const seeds = 16

// eachSeed returns f of the seed that belongs to a request, computed when it is first asked for.
func eachSeed(f func(seed uint64) string) func(seq uint64) string {
	var results [seeds]func() string
	for seed := range results {
		results[seed] = sync.OnceValue(func() string { return f(uint64(seed)) })
	}
	return func(seq uint64) string { return results[seq%seeds]() }
}

// checkAgainst accepts the result that belongs to a request, and no other.
func checkAgainst(results func(seq uint64) string) func(seq uint64, line []byte) error {
	return func(seq uint64, line []byte) error {
		want := results(seq)
		if string(line) == want {
			return nil
		}
		return wrongAnswer(seq, line, want)
	}
}
