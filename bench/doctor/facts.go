package doctor

import (
	"slices"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/internal/load"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/strategies"
)

// Facts are what is judged. What was not told is zero, and where zero is an answer as well, a pointer that is nil.
type Facts struct {
	Platform trial.Platform
	Needs    Needs
	Refused  map[string][]Refusal // by suite, what this machine cannot measure

	// CPUs.
	Allowed        []int         // that this process may use, threads of one core beside each other
	Server, Driver []int         // how a run shares them out; empty: it cannot
	Siblings       map[int][]int // of each allowed CPU, those that are threads of the same core
	Quota          *float64      // CPUs' worth of time that the control group grants; 0: no limit

	// Clocks.
	Turbo        *bool
	TurboOff     string // the command that turns it off
	Clocksources []string
	ClockRead    time.Duration // what reading the time takes

	SynCookies string
	TimeWait   *int64 // sockets that are in it

	Look    Look
	LoadAvg *float64 // of the last minute

	MemoryLeft int64 // bytes, what the control group leaves included
	Threads    []ThreadLimit
	Results    string
	DiskFree   *uint64 // bytes where Results are written

	Virtual   *string // what kind of virtual machine this is; empty: none
	Container *string

	Built     []string // how the program was built, as far as that slows it down
	Set       []string // variables of the environment that change how Go programs run
	CCompiler string   // the command; empty: there is none
}

// Look is what happened on the machine while nothing and, then, while as much as possible was wanted of it.
type Look struct {
	Quiet    time.Duration  // 0: nobody looked
	Others   *time.Duration // CPU time that other processes used in Quiet
	Waited   *time.Duration // of Quiet, somebody was ready and had no CPU
	Busiest  []Process      // of the others, the busiest first
	Busy     time.Duration  // each of Wanted threads asked for a CPU for so long
	Wanted   int
	Got      time.Duration  // CPU time that they were given, together
	Stolen   *time.Duration // by other virtual machines, in Busy
	SawSteal bool           // the system has counted some since it started: it can
}

// Process is one that is not ours.
type Process struct {
	PID  int
	Name string
	CPU  time.Duration
}

// A ThreadLimit is one of those that bound how many threads this process may start.
type ThreadLimit struct {
	By    ThreadLimiter
	Most  int64
	Left  int64  // how many more
	Hard  int64  // of ByUser: as far as Most can be raised without a privilege
	Group string // of ByGroup: the folder of the control group, below /
}

// A ThreadLimiter is who bounds threads; its text names the limit.
type ThreadLimiter string

const (
	ByKernel  ThreadLimiter = "kernel.threads-max" // of all users together (proc_sys_kernel(5))
	ByNumbers ThreadLimiter = "kernel.pid_max"     // each thread takes a number, and there are so many (proc_sys_kernel(5))
	ByUser    ThreadLimiter = "RLIMIT_NPROC"       // all threads of one user, but for privileged processes (getrlimit(2))
	ByGroup   ThreadLimiter = "pids.max"           // of a control group: of a container, a service or a session
)

// A Refusal is a scenario that cannot be measured.
type Refusal struct {
	Scenario string
	Files    uint64 // open files that it needs
	Err      error
}

// Needs are what suites take of a machine.
type Needs struct {
	Suites   []SuiteNeeds
	Files    uint64 // open files of one process
	Clients  int    // connections to one server at once
	Held     int    // connections to all servers at once
	Servers  int    // at once
	Sessions bool   // some load makes new connections all the time
	Trials   int    // of the largest suite, at most
	Ports    load.Ports
}

// SuiteNeeds are of one suite.
type SuiteNeeds struct {
	Name      string
	Scenarios int
	Threads   int    // of driver and servers at once, at most
	Most      string // the scenario that needs so many
}

// NeedsOf sums up what suites need, each of which has passed Check.
func NeedsOf(suites []bench.Suite) Needs {
	var n Needs
	for _, s := range suites {
		of := SuiteNeeds{Name: s.Name, Scenarios: len(s.Scenarios)}
		for _, sc := range s.Scenarios {
			if threads := threadsOf(s.Kinds, sc); threads > of.Threads {
				of.Threads, of.Most = threads, sc.Name
			}
		}
		n.Suites = append(n.Suites, of)
		n.Trials = max(n.Trials, s.Trials())
		for _, sc := range s.Scenarios {
			n.Clients = max(n.Clients, sc.Load.Clients)
			n.Held = max(n.Held, sc.Connections())
			n.Servers = max(n.Servers, sc.Connections()/sc.Load.Clients)
			n.Sessions = n.Sessions || sc.Load.Loop == trial.Sessions
		}
	}
	n.Files = load.Files(n.Held)
	n.Ports = load.PortsOf(n.Clients)
	return n
}

// ownThreads are those of one process beside its connections': those that run Go code, the runtime's own, and some in system calls.
const ownThreads = 32

// threadsOf are all that driver and servers have at once in a scenario at most: strategies with a thread for each task have as many as
// they have clients, or workers or connections where these are fewer.
func threadsOf(kinds strategies.Kinds, sc bench.Scenario) int {
	names, threads := sc.Strategies, 0
	if len(names) > 0 {
		names = append(slices.Clone(names), names[0]) // the twin
	}
	for _, name := range names {
		spec, err := kinds.Spec(name)
		if err != nil || !slices.ContainsFunc(kinds, func(k strategies.Kind) bool { return k.Name == spec.Kind && k.OwnThreads }) {
			continue
		}
		some := min(sc.Load.Clients, spec.Limits.Workers)
		if most := spec.Limits.MaxConns; most > 0 {
			some = min(some, most)
		}
		if sc.Interleaved > 0 {
			threads += some
		} else {
			threads = max(threads, some)
		}
	}
	return threads + ownThreads*(1+sc.Connections()/sc.Load.Clients)
}

// refusals are what the machine cannot do for a suite. Asking raises this process's limit on open files, where that is
// allowed, as a run would.
func refusals(s bench.Suite) []Refusal {
	var all []Refusal
	for _, sc := range s.Scenarios {
		alone := s
		alone.Scenarios = []bench.Scenario{sc}
		if err := alone.Feasible(); err != nil {
			all = append(all, Refusal{Scenario: sc.Name, Files: load.Files(sc.Connections()), Err: err})
		}
	}
	return all
}
