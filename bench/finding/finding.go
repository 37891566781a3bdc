package finding

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/poolbench/poolbench/bench/trial"
)

// The codes; the package's comment says what each means. They stand in records, and do not change.
const (
	SocketsExhausted  = "sockets-exhausted"
	MachineDisturbed  = "machine-disturbed"
	DriverPaused      = "driver-paused"
	LateEdge          = "late-edge"
	DriverBound       = "driver-bound"
	DriverMissed      = "driver-missed"
	InconsistentLoad  = "inconsistent-load"
	InconsistentTimes = "inconsistent-times"
	ArrivalsDistorted = "arrivals-distorted"
	DriverLate        = "driver-late"
	DriverGC          = "driver-gc"
	DriverPreempted   = "driver-preempted"
	AboveHalfCeiling  = "above-half-ceiling"
	ListenOverflows   = "listen-overflows"
	PortsInTimeWait   = "ports-in-time-wait"
	NotSteady         = "not-steady"
)

// A rule is one question to the record: whether there is something to say, and what. Each has one code of its own.
type rule func(trial.Trial) (trial.Finding, bool)

// rules has causes before their effects, because the first invalid one is given as the reason: a driver that did not
// get to run is also late.
var rules = []rule{
	socketsExhausted,
	machineDisturbed,
	driverPaused,
	lateEdge,
	driverBound,
	driverMissed,
	inconsistentLoad,
	inconsistentTimes,
	arrivalsDistorted,
	driverLate,
	driverGC,
	driverPreempted,
	aboveHalfCeiling,
	listenOverflows,
	portsInTimeWait,
	notSteady,
}

// Of returns what t says about itself, at most one finding of each code, causes before their effects. t.Findings is
// not looked at. It may be called concurrently.
func Of(t trial.Trial) []trial.Finding {
	var all []trial.Finding
	for _, r := range rules {
		if f, ok := r(t); ok {
			all = append(all, f)
		}
	}
	return all
}

// Invalid says why a trial with these findings must not be used: the first reason among them; empty if there is none.
func Invalid(fs []trial.Finding) string {
	for _, f := range fs {
		if f.Invalid {
			return f.Text
		}
	}
	return ""
}

// Reason is why t must not be used: the code of the finding that Invalid takes its text from, and what to do about it. Where no
// finding is the reason (the server died, say), the code is empty and do is what the record says. false: it can be used.
func Reason(t trial.Trial) (code, do string, invalid bool) {
	if t.Invalid == "" {
		return "", "", false
	}
	for _, f := range t.Findings {
		if f.Invalid {
			_, do, _ = strings.Cut(f.Text, "; ") // each text has what was seen, and then what to do
			return f.Code, do, true
		}
	}
	return "", t.Invalid, true
}

// Usual is what most often made trials invalid: the code of a finding, or what the record says, in one line, where none is the
// reason. Empty if all can be used, or there are none.
func Usual(trials []trial.Trial) string {
	times := map[string]int{}
	for _, t := range trials {
		if code, do, invalid := Reason(t); invalid {
			times[cmp.Or(code, strings.Join(strings.Fields(do), " "))]++
		}
	}
	most := ""
	for _, why := range slices.Sorted(maps.Keys(times)) {
		if times[why] > times[most] {
			most = why
		}
	}
	return most
}

// AsWanted says that f is what t was measured for, and no news to a reader: a driver at its limit with the null server.
func AsWanted(t trial.Trial, f trial.Finding) bool {
	return t.Strategy == trial.NullServer && f.Code == DriverBound && !f.Invalid
}

// Shares of a window, of CPU time, or of whatever a rule is about.
const (
	// notable: p99 is made by one request in a hundred, so that what touches as many can be seen in it.
	notable = 0.01

	// practical is the smallest difference that is ever named (stat.Threshold): what could make one of that size alone
	// has to be known.
	practical = 0.05

	// disturbance: twice as much, and the figures say more about whatever made it than about the server.
	disturbance = 0.1
)

func none() (trial.Finding, bool) { return trial.Finding{}, false }

// note is a finding about a trial that can be used.
func note(code, format string, args ...any) (trial.Finding, bool) {
	return trial.Finding{Code: code, Text: fmt.Sprintf(format, args...)}, true
}

// invalid is a finding about one that cannot.
func invalid(code, format string, args ...any) (trial.Finding, bool) {
	f, _ := note(code, format, args...)
	f.Invalid = true
	return f, true
}
