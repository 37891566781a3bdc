// Package trial holds the typed records of what was measured, and their files. It decides nothing: package bench
// makes the records, packages stat and report read them.
package trial

import (
	"slices"
	"strings"
	"time"
)

// Schema is the version of the record. It changes when a field changes its meaning or goes away, not when one is
// added; a reader refuses other versions.
const Schema = 3

// NullServer is the Strategy of trials that measured the driver itself, against a server that does next to nothing.
const NullServer = "null"

// A Trial is one measurement: one strategy under one load in a server process. Units are in the names of the JSON
// fields; durations are nanoseconds.
type Trial struct {
	Schema     int       `json:"schema"`
	Seq        int       `json:"seq"` // place in the order in which the run's trials ended, from 0
	Started    time.Time `json:"started"`
	Scenario   string    `json:"scenario"`
	Workload   string    `json:"workload"`
	Measured   string    `json:"measured"`             // what one count is: "request" or "session"
	Strategy   string    `json:"strategy"`             // full name with every limit
	Twin       bool      `json:"twin,omitempty"`       // a second trial of the same strategy in the same repetition: the A/A pair
	Repetition int       `json:"repetition"`           // from 0
	Attempt    int       `json:"attempt,omitempty"`    // above 0: measured again, because the attempt before it was invalid
	Calibrates bool      `json:"calibrates,omitempty"` // measured a capacity, the server's or the driver's own; compared with nothing
	Load       Load      `json:"load"`

	Server Process `json:"server"`
	Driver Process `json:"driver"`

	WarmUp  time.Duration `json:"warm_up_ns"`
	Window  time.Duration `json:"window_ns"`   // as it really was, edge to edge
	TimeOut time.Duration `json:"time_out_ns"` // the client's; unanswered and unsent requests stand in the percentiles at this value

	// Spent is the time that the run had taken when this trial had ended, all before it included, and without the time between a
	// stop and going on: what the run's budget is held to. Trials that took turns have one end.
	Spent time.Duration `json:"spent_ns,omitempty"`

	Turns *Turns `json:"turns,omitempty"` // nil: the load was active all through the window
	Stop  *Stop  `json:"stop,omitempty"`  // nil: the server was stopped after the load

	Counts  Counts  `json:"counts"`
	Clients Clients `json:"clients"`
	Latency Latency `json:"latency"`
	Series  Series  `json:"series,omitzero"`  // the same, but for the clients, by when it happened
	Others  []Other `json:"others,omitempty"` // what became of the clients that are not measured

	Driving     Driving     `json:"driving"`
	ServerUsage Usage       `json:"server_usage"`
	DriverUsage Usage       `json:"driver_usage"`
	System      System      `json:"system"`
	Accepted    Connections `json:"connections"` // the server's own count at its end

	// Invalid says why the trial must not be used; empty for a good one. An invalid trial is kept and never ranked.
	Invalid  string    `json:"invalid,omitempty"`
	Findings []Finding `json:"findings,omitempty"`
}

// Kind is the strategy's name without its limits.
func (t Trial) Kind() string { return Kind(t.Strategy) }

// Kind is the part of a strategy's full name before its limits.
func Kind(strategy string) string {
	kind, _, _ := strings.Cut(strategy, ":")
	return kind
}

// Active is how much of the window the load was active in, its own slices where it was active in turns: what rates are
// about.
func (t Trial) Active() time.Duration {
	if t.Turns == nil {
		return t.Window
	}
	return t.Turns.active(t.Window)
}

// Turns says that the trial was interleaved: several servers were alive at the same time, and one driver process loaded them
// in turns, in slices of length Every. Slices are numbered from the window's opening on, and those whose number is Index
// modulo Of were this trial's own: no request was due in the others. Requests in flight at the end of a slice finish in the
// next one, where they take something from its owner; slices of ten times the response time keep that to a few percent.
//
// Load.Rate is the rate in own slices. DriverUsage and System are of the whole window and the work for all of them, ServerUsage
// is of this server alone.
type Turns struct {
	Every time.Duration `json:"every_ns"`
	Index int           `json:"index"` // from 0
	Of    int           `json:"of"`    // trials that took turns, this one included

	Neighbours Neighbours `json:"neighbours"`
}

// Neighbours are the other servers, taken together, in the same window; all are 0 where one of them did not tell.
type Neighbours struct {
	CPU     time.Duration `json:"cpu_ns"`
	UserCPU time.Duration `json:"cpu_user_ns"`
}

func (t Turns) active(window time.Duration) time.Duration {
	cycle := t.Every * time.Duration(t.Of)
	if cycle <= 0 { // no turns at all
		return window
	}
	return window/cycle*t.Every + min(max(window%cycle-time.Duration(t.Index)*t.Every, 0), t.Every)
}

// Stop is what became of the requests in progress when the server was told to stop, at the window's end and with the
// load going on. They need not be requests of the window, and what was sent later is in no count.
//
//	InProgress = Answered + Rejected + Lost
type Stop struct {
	Took       time.Duration `json:"took_ns"`     // from being told to the end of the process, as the harness saw it
	InProgress int64         `json:"in_progress"` // sent (a session: begun), and without an outcome when the server was told
	Answered   int64         `json:"answered"`    // OK, before the process ended
	Rejected   int64         `json:"rejected"`    // the server's busy answer: its client knows, and can go elsewhere
	Lost       int64         `json:"lost"`        // all others
	Forced     int64         `json:"forced"`      // connections closed by force at the drain time-out, by the server's own count
}

// Plus is the sum of what became of the requests, and the longer of the times.
func (s Stop) Plus(o Stop) Stop {
	return Stop{
		Took: max(s.Took, o.Took), InProgress: s.InProgress + o.InProgress,
		Answered: s.Answered + o.Answered, Rejected: s.Rejected + o.Rejected, Lost: s.Lost + o.Lost, Forced: s.Forced + o.Forced,
	}
}

// Loop says who decides when the next request is due.
type Loop string

const (
	Closed   Loop = "closed"   // each client asks again when it has its answer: the server sets the pace
	Open     Loop = "open"     // requests are due by a schedule, on connections that stay
	Sessions Loop = "sessions" // as Open, and each arrival is a new connection that runs the whole exchange
)

// Arrivals is the shape of an open loop's schedule.
type Arrivals string

const (
	Poisson  Arrivals = "poisson"
	Constant Arrivals = "constant"
)

// Load is the load that was asked for. With Closed, Think applies and the offered load is whatever the server
// takes; otherwise Rate, Arrivals and Profile apply.
type Load struct {
	Loop     Loop          `json:"loop"`
	Clients  int           `json:"clients"` // connections held at once; with Sessions, the most that may be open at once
	Think    time.Duration `json:"think_ns,omitempty"`
	Rate     float64       `json:"offered_per_s,omitempty"`
	Fraction float64       `json:"offered_fraction,omitempty"`     // Rate over the capacity that was measured in the same run
	Ceiling  float64       `json:"offered_over_ceiling,omitempty"` // Rate over what the driver itself can do, measured in the same run
	Arrivals Arrivals      `json:"arrivals,omitempty"`
	Profile  []Segment     `json:"profile,omitempty"` // how the rate changes; empty: it stays at Rate
	Others   []Share       `json:"others,omitempty"`  // shares of Clients that behave otherwise; the rest is normal
}

// Process is who took part, as the process itself said.
type Process struct {
	Name       string `json:"name"` // the server: its strategy; the driver: which driver, such as "epoll"
	PID        int    `json:"pid"`
	GoVersion  string `json:"go_version"`
	GOMAXPROCS int    `json:"gomaxprocs"`
	CPUs       []int  `json:"cpus,omitempty"` // pinned to these; empty: not pinned

	// Backlog is the server's: connections that the kernel keeps for it until they are accepted, as the system has set
	// it, which may be less than the strategy's name asks for; 0 where the system does not tell.
	Backlog int `json:"backlog,omitempty"`
}

// Counts is the outcome of every request (or session) of the window. A request belongs to the window if its
// intended time does, or if it was open through all of it.
//
//	Intended = Sent + Unsent
//	Sent = OK + Rejected + Failed + TimedOut + Unanswered
type Counts struct {
	Intended   int64 `json:"intended"`
	Sent       int64 `json:"sent"`
	Unsent     int64 `json:"unsent"` // its connection never became free, or (finding driver-missed) the driver never got to it
	OK         int64 `json:"ok"`
	Rejected   int64 `json:"rejected"`   // the server's busy answer
	Failed     int64 `json:"failed"`     // a wrong answer, or the connection ended or was refused
	TimedOut   int64 `json:"timed_out"`  // no answer within the client's time-out
	Unanswered int64 `json:"unanswered"` // still open when the trial ended
	Good       int64 `json:"good"`       // OK answers that came inside the window, whenever their request was intended: goodput
}

// Connections is the server's count of what it accepted, each connection in one class.
//
//	Accepted = Active + Queued + Served + Shed + Aborted + Forced
type Connections struct {
	Accepted     int64 `json:"accepted"`
	Active       int64 `json:"active"`
	Queued       int64 `json:"queued"`
	Served       int64 `json:"served"`
	Shed         int64 `json:"shed"`
	Aborted      int64 `json:"aborted"`
	Forced       int64 `json:"forced"`
	Panics       int64 `json:"panics"`
	RequestsShed int64 `json:"requests_shed"`
}

// Usage is what a process used between the window's edges; fields that the platform does not tell are 0.
type Usage struct {
	CPU                 time.Duration `json:"cpu_ns"`      // user and system
	UserCPU             time.Duration `json:"cpu_user_ns"` // of CPU: only roughly, because kernels divide all that a process has used so far by samples
	VoluntarySwitches   int64         `json:"voluntary_switches"`
	InvoluntarySwitches int64         `json:"involuntary_switches"`
	GCCycles            int64         `json:"gc_cycles"`
	GCPause             time.Duration `json:"gc_pause_ns"`
	Allocated           int64         `json:"allocated_bytes"`

	// At the window's end, not differences.
	HeapLive   int64 `json:"heap_live_bytes"`
	PeakRSS    int64 `json:"peak_rss_bytes"` // VmHWM: of this process alone, not inherited
	Goroutines int64 `json:"goroutines"`
	Threads    int64 `json:"threads"`

	// BaseRSS is what a server's process had resident before its strategy began, after a garbage collection: the program
	// itself, and nothing that is there for connections. 0 of a driver, and in records made before there was this field.
	BaseRSS int64 `json:"base_rss_bytes,omitempty"`
}

// System is what the machine did between the window's edges; zero where the platform does not tell.
type System struct {
	ListenOverflows int64         `json:"listen_overflows"`
	ListenDrops     int64         `json:"listen_drops"`
	Steal           time.Duration `json:"steal_ns"`        // taken by other virtual machines, all CPUs
	CPUPressure     time.Duration `json:"cpu_pressure_ns"` // some task waited for a CPU
	CPUBusy         time.Duration `json:"cpu_busy_ns"`     // all CPUs: what they did for anybody; the kernel counts in units of 10 ms

	// Before the window.
	EarlyOverflows int64         `json:"listen_overflows_before_window"` // from the first connect on
	TimeWait       int64         `json:"time_wait"`                      // sockets in TIME_WAIT before the first connect
	TimeWaitWait   time.Duration `json:"time_wait_wait_ns,omitempty"`    // for so long the trial waited for them to become fewer
}

// Driving is how the driver itself did, so that its own faults are not taken for the server's. Figures that a driver
// does not know are 0.
type Driving struct {
	// Shards is the number of event loops that drove, each on a CPU of its own; 0 for a driver without. Idle, Spun and
	// LongestGap are told by drivers with shards alone, and are of own slices where the trial was interleaved.
	Shards     int           `json:"shards,omitempty"`
	Idle       time.Duration `json:"idle_ns,omitempty"`        // in the window, of the busiest shard: it waited for something to do
	Spun       time.Duration `json:"spun_ns,omitempty"`        // of all shards: that part of waiting which used a CPU
	LongestGap time.Duration `json:"longest_gap_ns,omitempty"` // in the window: for so long a shard did not look at its sockets and its schedule although it was not asleep, or slept on

	LateEdge  time.Duration `json:"late_edge_ns,omitempty"`      // the usage snapshots were taken up to so long after the window's edges
	Missed    int64         `json:"missed,omitempty"`            // requests of the window that were due and that the driver never got to
	Exhausted int64         `json:"sockets_exhausted,omitempty"` // connects that failed because the driver had no port or file left

	// ArrivalError says how far the gaps between arrivals, as they were really dealt to connections, are from those of the
	// schedule: the earth mover's distance between the two distributions over the mean gap. 0: as scheduled; 1: no
	// resemblance. Open loops only.
	ArrivalError float64 `json:"arrival_error,omitempty"`

	// InFlight is the average number of requests that were sent and had no outcome, over the window: counted as they come
	// and go, not calculated from their times. Whole is the number of them that were sent and answered OK inside the window,
	// and Partial the time, inside the window and summed, of all others. All are 0 where the window ends by number.
	InFlight float64       `json:"in_flight,omitempty"`
	Whole    int64         `json:"in_flight_whole,omitempty"`
	Partial  time.Duration `json:"in_flight_partial_ns,omitempty"`
}

// A Finding is what a trial says about itself: what limited it, what disturbed it, and whether it can be used. Package
// bench/finding decides it; it prints as a footnote.
type Finding struct {
	Code    string `json:"code"` // stable, kebab-case
	Text    string `json:"text"` // what was seen, and what to do
	Invalid bool   `json:"invalid,omitempty"`
}

// Has reports whether the trial has the finding with this code.
func (t Trial) Has(code string) bool {
	return slices.ContainsFunc(t.Findings, func(f Finding) bool { return f.Code == code })
}

// A Warning is something a reader must know about a run; it prints as a footnote.
type Warning struct {
	Code string `json:"code"` // stable, kebab-case
	Text string `json:"text"` // what was seen, and what to do
}
