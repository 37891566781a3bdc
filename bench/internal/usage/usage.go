// Package usage reads what a process and the machine have used so far, and takes two such snapshots apart into what
// was used between them. Nothing is sampled in between and nothing stops the world, so that measuring costs nothing
// while it matters. What a platform does not tell is 0; Linux tells all, other Unix systems most of it. What the
// figures mean for a trial is package stat's business.
package usage

import (
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// A Snapshot is what one process has used since it started, or has now. It is written as JSON between processes of
// the same binary, and nowhere else.
type Snapshot struct {
	At time.Time

	// Since the process started.
	CPU                 time.Duration // user and system, all threads
	UserCPU             time.Duration // that part of CPU which the process spent in its own code
	SystemCPU           time.Duration // and that in the kernel on its behalf; CPU = UserCPU + SystemCPU
	VoluntarySwitches   int64         // context switches: the process waited
	InvoluntarySwitches int64         // context switches: its time was up
	GCCycles            int64
	GCPause             time.Duration // stop-the-world time of the garbage collector
	Allocated           int64         // bytes, on the heap

	// Now.
	HeapLive   int64 // bytes that the last garbage collection found in use; before the first one that nobody forced, all on the heap
	PeakRSS    int64 // bytes, the most so far: VmHWM, because ru_maxrss starts with that of the parent process
	BaseRSS    int64 // bytes, what [Resident] said before the process had anything to do; 0: it has not looked
	Goroutines int64
	Threads    int64 // of the operating system
}

// The runtime's own names, in the order in which readRuntime takes them.
var runtimeMetrics = [...]string{
	"/gc/cycles/total:gc-cycles",
	"/gc/cycles/automatic:gc-cycles",
	"/gc/heap/allocs:bytes",
	"/gc/heap/live:bytes",
	"/memory/classes/heap/objects:bytes",
	"/sched/goroutines:goroutines",
	"/sched/threads/total:threads",
}

// Self returns a snapshot of this process. It may be called concurrently.
func Self() Snapshot {
	s := Snapshot{At: time.Now()}
	s.readProcess()
	s.readRuntime()
	return s
}

// AsOf returns s with the CPU time that somebody else has read, at the moment at which they did. It is divided into user
// and system as the process itself says of its time so far, so that the parts stay those of one whole.
func (s Snapshot) AsOf(at time.Time, cpu time.Duration) Snapshot {
	user := 0.0
	if s.CPU > 0 {
		user = float64(s.UserCPU) / float64(s.CPU)
	}
	s.At, s.CPU, s.UserCPU = at, cpu, time.Duration(user*float64(cpu))
	s.SystemCPU = s.CPU - s.UserCPU
	return s
}

func (s *Snapshot) readRuntime() {
	var samples [len(runtimeMetrics)]metrics.Sample
	for i, name := range runtimeMetrics {
		samples[i].Name = name
	}
	metrics.Read(samples[:])
	value := func(i int) int64 {
		// A runtime that no longer has a metric does not tell it.
		if samples[i].Value.Kind() != metrics.KindUint64 {
			return 0
		}
		return int64(samples[i].Value.Uint64())
	}
	s.GCCycles, s.Allocated, s.HeapLive = value(0), value(2), value(3)
	if value(1) == 0 { // one that was forced at the start knows nothing of what came later
		s.HeapLive = value(4)
	}
	s.Goroutines, s.Threads = value(5), value(6)

	// runtime/metrics has pauses as a histogram only, and a sum over its buckets would be wrong by their width.
	var gc debug.GCStats
	debug.ReadGCStats(&gc)
	s.GCPause = gc.PauseTotal
}

// Between returns what one process used from snapshot a to its later snapshot b.
func Between(a, b Snapshot) trial.Usage {
	return trial.Usage{
		CPU:                 b.CPU - a.CPU,
		UserCPU:             b.UserCPU - a.UserCPU,
		VoluntarySwitches:   b.VoluntarySwitches - a.VoluntarySwitches,
		InvoluntarySwitches: b.InvoluntarySwitches - a.InvoluntarySwitches,
		GCCycles:            b.GCCycles - a.GCCycles,
		GCPause:             b.GCPause - a.GCPause,
		Allocated:           b.Allocated - a.Allocated,

		HeapLive:   b.HeapLive,
		PeakRSS:    b.PeakRSS,
		BaseRSS:    b.BaseRSS,
		Goroutines: b.Goroutines,
		Threads:    b.Threads,
	}
}
